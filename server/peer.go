package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Peers says from where requests truly come. Forwarded headers are anybody's to
// write, so they are read only when the request itself comes from a proxy that
// the operator has named. Any goroutine; nil trusts none.
type Peers struct{ proxies []netip.Prefix }

// NewPeers reads the trusted proxies: addresses, or networks as 10.0.0.0/8.
func NewPeers(proxies []string) (*Peers, error) {
	p := &Peers{}
	for _, text := range proxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network: write 10.1.2.3 or 10.0.0.0/8", text)
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		p.proxies = append(p.proxies, prefix.Masked())
	}
	return p, nil
}

func (p *Peers) trusted(address netip.Addr) bool {
	if p == nil {
		return false
	}
	for _, prefix := range p.proxies {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// direct is the other end of the request's own connection. A Unix socket has
// none: the zero address.
func direct(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, _ := netip.ParseAddr(host)
	return address.Unmap().WithZone("")
}

// Proxied says whether the request came by a trusted proxy.
func (p *Peers) Proxied(r *http.Request) bool { return p.trusted(direct(r)) }

// Address is the client's: the last one in X-Forwarded-For that no trusted
// proxy has, when the request came by one. What stands left of it is the
// client's own claim.
func (p *Peers) Address(r *http.Request) netip.Addr {
	address := direct(r)
	if !p.trusted(address) {
		return address
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if address = hop.Unmap().WithZone(""); !p.trusted(address) {
			break
		}
	}
	return address
}

// Secure says whether the client's own connection is encrypted: by this
// server, or by a trusted proxy that says so.
func (p *Peers) Secure(r *http.Request) bool {
	return r.TLS != nil || p.Proxied(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
