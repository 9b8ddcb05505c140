package server

import (
	"fmt"
	"net/http"
	"net/netip"

	"github.com/coscribe/coscribe/collab/transport"
)

// Peers says from where requests truly come; see transport.Forwarding for what
// is believed. Any goroutine; nil trusts no proxy.
type Peers struct{ transport.Forwarding }

// NewPeers reads the trusted proxies: addresses, or networks as 10.0.0.0/8.
// standard says that they write Forwarded (RFC 7239), and not X-Forwarded-For and
// X-Forwarded-Proto.
func NewPeers(proxies []string, standard bool) (*Peers, error) {
	p := &Peers{transport.Forwarding{Standard: standard}}
	for _, text := range proxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network: write 10.1.2.3 or 10.0.0.0/8", text)
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		p.Proxies = append(p.Proxies, prefix.Masked())
	}
	return p, nil
}

// believed is the zero Forwarding's for nil.
func (p *Peers) believed() *transport.Forwarding {
	if p == nil {
		return nil
	}
	return &p.Forwarding
}

// Proxied says whether the request came by a trusted proxy.
func (p *Peers) Proxied(r *http.Request) bool { return p.believed().Trusts(transport.Direct(r)) }

// Address is the client's.
func (p *Peers) Address(r *http.Request) netip.Addr {
	believed := p.believed()
	return believed.Client(r, believed.Trusts)
}

// Secure says whether the client's own connection is encrypted: by this
// server, or by a trusted proxy that says so.
func (p *Peers) Secure(r *http.Request) bool {
	return r.TLS != nil || p.believed().Encrypted(r)
}
