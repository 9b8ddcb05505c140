package transport

import (
	"net/http"
	"net/netip"
	"sync"
)

// Door counts the connections of a process over all transports, and turns away
// what would be too many (law R5). Any goroutine.
type Door struct {
	limits     Limits
	forwarding *Forwarding
	refused    func(limit string)

	mu        sync.Mutex // held for access to the following only (law R3)
	open      int
	strangers int
	addresses map[netip.Prefix]int
}

// NewDoor makes a door. The proxies of forwarding (nil: none) are believed when
// they say for whom they ask, beside this machine's own; refused (may be nil) is told each limit that
// turned somebody away, and must not block.
func NewDoor(limits Limits, forwarding *Forwarding, refused func(limit string)) *Door {
	if refused == nil {
		refused = func(string) {}
	}
	return &Door{limits: limits.withDefaults(), forwarding: forwarding, refused: refused, addresses: map[netip.Prefix]int{}}
}

// pass is one connection's. The zero pass counts for nothing.
type pass struct {
	door     *Door
	address  netip.Prefix // zero: not counted
	inside   bool         // it counts as a connection
	stranger bool         // nobody knows yet whose it is
}

// stranger lets in somebody who has not said who they are; nil: there are too many.
func (d *Door) stranger(r *http.Request) *pass {
	p := &pass{door: d, address: d.address(r), stranger: true}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.strangers >= d.limits.Strangers {
		d.refused("strangers")
		return nil
	}
	d.strangers++
	return p
}

// enter counts the connection; it says which limit is in its way, or "".
func (p *pass) enter() (limit string) {
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.open >= d.limits.Connections:
		limit = "connections"
	case p.address.IsValid() && d.addresses[p.address] >= d.limits.AddressConnections:
		limit = "address_connections"
	default:
		d.open++
		if p.address.IsValid() {
			d.addresses[p.address]++
		}
		p.inside = true
		return ""
	}
	d.refused(limit)
	return limit
}

// known: they have said who they are.
func (p *pass) known() {
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.stranger {
		p.stranger = false
		d.strangers--
	}
}

// leave counts out whatever the pass counts for. More than once is once.
func (p *pass) leave() {
	p.known()
	d := p.door
	d.mu.Lock()
	defer d.mu.Unlock()
	if !p.inside {
		return
	}
	p.inside = false
	d.open--
	if !p.address.IsValid() {
		return
	}
	if d.addresses[p.address]--; d.addresses[p.address] == 0 {
		delete(d.addresses, p.address)
	}
}

// networkBits is how much of an IPv6 address is one subscriber's.
const networkBits = 64

// address is where a request comes from: the network's word, or that of a proxy
// we believe. This machine itself is not counted.
func (d *Door) address(r *http.Request) netip.Prefix {
	from := d.forwarding.Client(r, func(proxy netip.Addr) bool { return proxy.IsLoopback() || d.forwarding.Trusts(proxy) })
	if !from.IsValid() || from.IsLoopback() {
		return netip.Prefix{}
	}
	bits := from.BitLen()
	if from.Is6() {
		bits = networkBits
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
