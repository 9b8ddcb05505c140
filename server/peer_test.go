package server

import (
	"net/http/httptest"
	"testing"
)

func TestPeers(t *testing.T) {
	peers, err := NewPeers([]string{"10.0.0.0/8", "::1", "192.0.2.9"}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, from, forwarded, proto, address string
		secure                                bool
	}{
		{"nobody between", "198.51.100.7:1234", "", "", "198.51.100.7", false},
		{"[ASVS 4.1.3] a header that anybody can write", "198.51.100.7:1234", "203.0.113.1", "https", "198.51.100.7", false},
		{"a proxy", "10.1.2.3:1", "203.0.113.1", "https", "203.0.113.1", true},
		{"two proxies", "10.1.2.3:1", "203.0.113.1, 192.0.2.9", "http", "203.0.113.1", false},
		{"[ASVS 4.1.3] a client that writes the header itself", "10.1.2.3:1", "127.0.0.1, 203.0.113.1", "", "203.0.113.1", false},
		{"a proxy that says nothing", "[::1]:1", "", "", "::1", false},
		{"a proxy that says nonsense", "10.1.2.3:1", "nonsense", "", "10.1.2.3", false},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:1", "203.0.113.1", "", "203.0.113.1", false},
		{"a socket of the machine", "@", "203.0.113.1", "https", "", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.from
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if test.proto != "" {
			r.Header.Set("X-Forwarded-Proto", test.proto)
		}
		if got := addressText(peers.Address(r)); got != test.address || peers.Secure(r) != test.secure {
			t.Errorf("%s: %q, secure %v", test.name, got, !test.secure)
		}
	}
	for _, bad := range []string{"", "x", "10.0.0.0/40", "example.org"} {
		if _, err := NewPeers([]string{bad}, false); err == nil {
			t.Errorf("%q is a proxy", bad)
		}
	}
}

// The standard header, from proxies that write it; what else there is a client
// may have written.
func TestPeersByTheStandardHeader(t *testing.T) {
	peers, err := NewPeers([]string{"10.0.0.0/8", "2001:db8::1"}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, from, forwarded, address string
		secure                         bool
	}{
		{"a proxy", "10.1.2.3:1", "for=203.0.113.1;proto=https;by=10.1.2.3", "203.0.113.1", true},
		{"with spaces, another order and case", "10.1.2.3:1", `Proto=HTTPS; For="203.0.113.1:4711"`, "203.0.113.1", true},
		{"IPv6", "10.1.2.3:1", `for="[2001:db8:cafe::17]:4711";proto=http`, "2001:db8:cafe::17", false},
		{"two proxies", "10.1.2.3:1", `for=203.0.113.1;proto=https, for="[2001:db8::1]";proto=http`, "203.0.113.1", true},
		{"[ASVS 4.1.3] a client that writes the header itself", "10.1.2.3:1", "for=127.0.0.1;proto=https, for=203.0.113.1", "203.0.113.1", false},
		{"[ASVS 4.1.3] a header that anybody can write", "198.51.100.7:1234", "for=203.0.113.1;proto=https", "198.51.100.7", false},
		{"a hidden client", "10.1.2.3:1", "for=_hidden;proto=https", "10.1.2.3", true},
		{"an unknown client", "10.1.2.3:1", "for=unknown", "10.1.2.3", false},
		{"a comma in quotes", "10.1.2.3:1", `for="a,for=203.0.113.9";proto=https`, "10.1.2.3", true},
		{"quotes that do not end", "10.1.2.3:1", `for=203.0.113.1, for="203.0.113.2`, "10.1.2.3", false},
		{"a proxy that says nothing", "10.1.2.3:1", "", "10.1.2.3", false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = test.from
		r.Header.Set("Forwarded", test.forwarded)
		r.Header.Set("X-Forwarded-For", "192.0.2.66") // passes such proxies unread
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := addressText(peers.Address(r)); got != test.address || peers.Secure(r) != test.secure {
			t.Errorf("%s: %q, secure %v", test.name, got, !test.secure)
		}
	}
	others, err := NewPeers([]string{"10.0.0.0/8"}, false)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "10.1.2.3:1"
	r.Header.Set("Forwarded", "for=192.0.2.66;proto=https")
	if got := addressText(others.Address(r)); got != "10.1.2.3" || others.Secure(r) {
		t.Errorf("[ASVS 4.1.3] a proxy that does not write it is believed to: %q", got)
	}
}
