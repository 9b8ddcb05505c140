package server

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"
)

// keptPort is one below those that systems give to whoever asks for any port:
// between two uses nobody else is given it.
func keptPort(t *testing.T) net.Listener {
	t.Helper()
	for range 1000 {
		if listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 30_000+mathrand.IntN(2000))); err == nil {
			return listener
		}
	}
	t.Fatal("no port is free")
	return nil
}

func TestProviderComesBack(t *testing.T) {
	p, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	first := keptPort(t)
	address := first.Addr().String()
	if err := p.Start(first, nil); err != nil {
		t.Fatal(err)
	}
	issuer := p.Issuer()
	if err := p.Shutdown(); err != nil {
		t.Fatal(err)
	}
	o, err := NewOIDC(OIDCConfig{Issuer: issuer, ClientID: p.ClientID, Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	o.now = func() time.Time { return clock }
	if _, err := o.discovered(t.Context()); !errors.Is(err, errProviderDown) {
		t.Fatalf("while it is down: %v", err)
	}
	again, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Start(listener, nil); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Shutdown() }()
	if _, err := o.discovered(t.Context()); !errors.Is(err, errProviderDown) {
		t.Errorf("right after a failure it was asked again: %v", err)
	}
	clock = clock.Add(providerRetry)
	if _, err := o.discovered(t.Context()); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

// What is remembered of states that came back is bounded, and whoever fills it
// up has nobody's come back a second time but those that give way.
func TestReturnedStatesAreBounded(t *testing.T) {
	o, err := NewOIDC(OIDCConfig{Issuer: "https://id.example.org", ClientID: "coscribe", Scopes: []string{"openid"}})
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	o.now = func() time.Time { return clock }
	flood := func(from, to int) {
		t.Helper()
		for n := from; n < to; n++ {
			if state := fmt.Sprint(n); !o.once(state) || o.once(state) {
				t.Fatalf("[ASVS 10.1.2] state %d: a first time is refused, or a second one is not", n)
			}
			if len(o.returned) > maxReturned {
				t.Fatalf("[R5] %d states are remembered, at most %d should be", len(o.returned), maxReturned)
			}
		}
	}
	flood(0, maxReturned)
	if o.once("0") {
		t.Error("[ASVS 10.1.2] with room for it, a state is forgotten")
	}
	flood(maxReturned, maxReturned+100)
	// What is over gives way first, and only that.
	clock = clock.Add(roundTripLife + time.Second)
	flood(2*maxReturned, 2*maxReturned+200)
	for n := 2 * maxReturned; n < 2*maxReturned+200; n++ {
		if o.once(fmt.Sprint(n)) {
			t.Errorf("[ASVS 10.1.2] state %d is forgotten while others were over", n)
		}
	}
	if len(o.returned) > maxReturned/2 {
		t.Errorf("[R5] %d states that are over are remembered", len(o.returned))
	}
}

func TestIssuersAreChecked(t *testing.T) {
	for issuer, good := range map[string]bool{
		"https://id.example.org": true, "https://id.example.org/realms/team": true, "http://127.0.0.1:9000/oidc": true, "http://localhost:9000": true,
		"http://id.example.org": false, "id.example.org": false, "https://": false, "https://u:p@id.example.org": false, "https://id.example.org?x": false, "": false,
	} {
		if _, err := NewOIDC(OIDCConfig{Issuer: issuer, ClientID: "coscribe", Scopes: []string{"profile", "openid"}}); (err == nil) != good {
			t.Errorf("%q: %v", issuer, err)
		}
	}
	for what, config := range map[string]OIDCConfig{
		"no client id":   {Scopes: []string{"openid"}},
		"no scopes":      {ClientID: "coscribe"},
		"other scopes":   {ClientID: "coscribe", Scopes: []string{"profile", "email"}},
		"an empty scope": {ClientID: "coscribe", Scopes: []string{""}},
	} {
		config.Issuer = "https://id.example.org"
		if _, err := NewOIDC(config); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for back, want := range map[string]string{
		"/": "/", "/d/x?y=1#z": "/d/x?y=1#z", "": "/", "d": "/", "//evil.example": "/", "///evil.example": "/", "/\\evil.example": "/", "\\\\evil.example": "/",
		"https://evil.example": "/", "javascript:alert(1)": "/", "/\t/evil.example": "/", "/a\nb": "/", "/%2f/evil.example": "/%2f/evil.example",
	} {
		if got := localPath(back); got != want {
			t.Errorf("%q leads to %q", back, got)
		}
	}
}

func TestProxyHeaders(t *testing.T) {
	peers, err := NewPeers([]string{"192.0.2.0/24"}, false)
	if err != nil {
		t.Fatal(err)
	}
	p := &ProxySignIn{UserHeader: "Remote-User", GroupsHeader: "Remote-Groups", MailHeader: "Remote-Email"}
	request := func(from string, header http.Header) *http.Request {
		return &http.Request{RemoteAddr: from, Header: header}
	}
	ada := http.Header{"Remote-User": {" ada "}, "Remote-Groups": {"a, b", "c,,"}, "Remote-Email": {"ADA@example.org"}}
	who := p.stranger(peers, request("192.0.2.7:1", ada))
	if who == nil || who.Subject != "ada" || who.Mail != "ada@example.org" || len(who.Groups) != 3 {
		t.Errorf("from the proxy: %+v", who)
	}
	for name, r := range map[string]*http.Request{
		"somebody else":                request("198.51.100.1:1", ada),
		"somebody who claims to be it": request("198.51.100.1:1", http.Header{"Remote-User": {"ada"}, "X-Forwarded-For": {"192.0.2.7"}}),
		"an empty name":                request("192.0.2.7:1", http.Header{"Remote-User": {" "}}),
		"two names":                    request("192.0.2.7:1", http.Header{"Remote-User": {"ada", "ben"}}),
		"no name":                      request("192.0.2.7:1", http.Header{}),
	} {
		if who := p.stranger(peers, r); who != nil {
			t.Errorf("%s: %+v", name, who)
		}
	}
}
