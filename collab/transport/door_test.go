package transport

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestDoor(t *testing.T) {
	t.Run("[R5] AddressConnections: what fits comes in, one above does not, others do", func(t *testing.T) {
		var refused []string
		d := NewDoor(Limits{AddressConnections: 3}, nil, func(limit string) { refused = append(refused, limit) })
		from := func(address string) *pass {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = address
			p := d.stranger(r)
			if p.enter() != "" {
				p.leave()
				return nil
			}
			return p
		}
		first := from("203.0.113.5:1000")
		for range 2 {
			if from("203.0.113.5:1001") == nil {
				t.Fatal("turned away too early")
			}
		}
		if from("203.0.113.5:1002") != nil {
			t.Error("one above came in")
		}
		if from("203.0.113.6:1000") == nil || from("[2001:db8::1]:1") == nil {
			t.Error("others were turned away")
		}
		for range 10 { // this machine is not counted: a proxy runs here
			if from("127.0.0.1:1") == nil || from("[::1]:1") == nil {
				t.Fatal("this machine was turned away")
			}
		}
		first.leave()
		first.leave() // once
		if from("203.0.113.5:1003") == nil || from("203.0.113.5:1004") != nil {
			t.Error("the place of one who left")
		}
		if len(refused) != 2 || refused[0] != "address_connections" {
			t.Errorf("counted %v", refused)
		}
	})
	t.Run("[R5] nothing is kept of who left", func(t *testing.T) {
		d := NewDoor(Limits{}, nil, nil)
		r := httptest.NewRequest("GET", "/", nil)
		p := d.stranger(r)
		p.enter()
		p.known()
		if d.strangers != 0 || d.open != 1 || len(d.addresses) != 1 {
			t.Errorf("%d strangers, %d open, %v", d.strangers, d.open, d.addresses)
		}
		p.leave()
		if d.strangers != 0 || d.open != 0 || len(d.addresses) != 0 {
			t.Errorf("%d strangers, %d open, %v", d.strangers, d.open, d.addresses)
		}
	})
	t.Run("an address is the network's word, or that of a proxy we believe", func(t *testing.T) {
		d := NewDoor(Limits{}, &Forwarding{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, nil)
		for _, test := range []struct{ from, said, want string }{
			{"203.0.113.5:1", "", "203.0.113.5/32"},
			{"203.0.113.5:1", "198.51.100.1", "203.0.113.5/32"}, // a lie
			{"127.0.0.1:1", "198.51.100.1", "198.51.100.1/32"},
			{"127.0.0.1:1", "6.6.6.6, 198.51.100.1", "198.51.100.1/32"}, // the client wrote the first
			{"127.0.0.1:1", "198.51.100.1, 10.1.1.1", "198.51.100.1/32"},
			{"10.1.1.1:1", "nonsense", "10.1.1.1/32"},
			{"[::ffff:203.0.113.5]:1", "", "203.0.113.5/32"},
			{"[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::/64"},
			{"[fe80::1%eth0]:1", "", "fe80::/64"},
		} {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.from
			if test.said != "" {
				r.Header.Set("X-Forwarded-For", test.said)
			}
			if got := d.address(r).String(); got != test.want {
				t.Errorf("%s says %q: %s, want %s", test.from, test.said, got, test.want)
			}
		}
	})
}
