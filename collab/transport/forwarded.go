package transport

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Forwarding is what is believed of a request's way here. Headers are anybody's
// to write, so they are read only when the request itself comes from a proxy
// that was named, and only those that it is said to write: what it does not
// write it lets pass as the client sent it.
type Forwarding struct {
	Proxies []netip.Prefix
	// Standard: they write Forwarded (RFC 7239); else X-Forwarded-For and
	// X-Forwarded-Proto.
	Standard bool
}

// Trusts says whether an address is one of the proxies.
func (f *Forwarding) Trusts(address netip.Addr) bool {
	if f == nil {
		return false
	}
	for _, proxy := range f.Proxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}

// Direct is the other end of the request's own connection. A Unix socket has
// none: the zero address.
func Direct(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	address, _ := netip.ParseAddr(host)
	return address.Unmap().WithZone("")
}

// Client is where a request comes from, if those are proxies whom trusts says:
// the last hop that none of them is. What stands left of it is the client's own
// claim.
func (f *Forwarding) Client(r *http.Request, trusts func(netip.Addr) bool) netip.Addr {
	address := Direct(r)
	if !trusts(address) {
		return address
	}
	hops := f.hops(r)
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(hops[i].from)
		if err != nil { // hidden, or nonsense
			break
		}
		if address = hop.Unmap().WithZone(""); !trusts(address) {
			break
		}
	}
	return address
}

// Encrypted says whether a trusted proxy says that the client's own connection
// is encrypted.
func (f *Forwarding) Encrypted(r *http.Request) bool {
	if !f.Trusts(Direct(r)) {
		return false
	}
	if !f.Standard {
		return strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
	}
	hops := f.hops(r)
	for i := len(hops) - 1; i > 0; i-- {
		// What came from another of our proxies says nothing of the client.
		if from, err := netip.ParseAddr(hops[i].from); err != nil || !f.Trusts(from.Unmap()) {
			return strings.EqualFold(hops[i].scheme, "https")
		}
	}
	return strings.EqualFold(hops[0].scheme, "https")
}

// hop is one step of a request's way, as a proxy tells of it.
type hop struct{ from, scheme string }

func (f *Forwarding) hops(r *http.Request) (hops []hop) {
	if f == nil || !f.Standard {
		for _, from := range strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",") {
			hops = append(hops, hop{from: strings.TrimSpace(from)})
		}
		return hops
	}
	for _, element := range fields(strings.Join(r.Header.Values("Forwarded"), ","), ',') {
		var h hop
		for _, pair := range fields(element, ';') {
			name, value, _ := strings.Cut(pair, "=")
			value = unquoted(strings.TrimSpace(value))
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "for":
				h.from = node(value)
			case "proto":
				h.scheme = value
			}
		}
		hops = append(hops, h)
	}
	return hops
}

// fields parts a header where the separator stands outside of quotes.
func fields(text string, separator byte) (parts []string) {
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case quoted && text[i] == '\\':
			i++
		case !quoted && text[i] == separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func unquoted(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	return strings.ReplaceAll(text[1:len(text)-1], `\`, "") // an address has none to keep
}

// node is the address of a node (RFC 7239, 6): without its port, IPv6 without
// its brackets.
func node(text string) string {
	if rest, ok := strings.CutPrefix(text, "["); ok {
		address, _, _ := strings.Cut(rest, "]")
		return address
	}
	address, _, _ := strings.Cut(text, ":")
	return address
}
