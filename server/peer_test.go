package server

import (
	"net/http/httptest"
	"testing"
)

func TestPeers(t *testing.T) {
	peers, err := NewPeers([]string{"10.0.0.0/8", "::1", "192.0.2.9"})
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
		if _, err := NewPeers([]string{bad}); err == nil {
			t.Errorf("%q is a proxy", bad)
		}
	}
}
