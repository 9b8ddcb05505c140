package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestProxySignIn(t *testing.T) {
	program, ada := owned(t, func(c *Config) {
		c.TrustedProxy = []string{"127.0.0.1"}
		c.ProxyUserHeader, c.ProxyNameHeader, c.ProxyMailHeader, c.ProxyCreate = "Remote-User", "Remote-Name", "Remote-Email", true
	})
	cleo := []string{"Accept", "text/html", "Remote-User", "cleo", "Remote-Name", "Cleo C.", "Remote-Email", "cleo@example.org"}
	t.Run("whom the trusted proxy names is signed in when they open a page, once", func(t *testing.T) {
		b := browse(t, program)
		b.send("GET", "/", nil, cleo...)
		me := b.me()
		if me.Name != "Cleo C." || me.Mail != "cleo@example.org" || me.Standing != "member" {
			t.Fatalf("they are %+v", me)
		}
		if a := b.send("GET", "/d/x", nil, cleo...); a.header.Get("Set-Cookie") != "" {
			t.Error("each page makes a login")
		}
		again := browse(t, program)
		if a := again.send("GET", "/api/me", nil, cleo...); a.status != http.StatusOK || !strings.Contains(string(a.body), me.ID) {
			t.Errorf("another browser of theirs: %d %s", a.status, a.body)
		}
	})
	t.Run("when the proxy names somebody else, they are that", func(t *testing.T) {
		b := browse(t, program)
		b.send("GET", "/", nil, cleo...)
		b.send("GET", "/", nil, "Accept", "text/html", "Remote-User", "dan")
		if me := b.me(); me.Name != "dan" {
			t.Errorf("they are %+v", me)
		}
	})
	t.Run("a mail address alone does not give an account away", func(t *testing.T) {
		b := browse(t, program)
		b.send("GET", "/", nil, "Accept", "text/html", "Remote-User", "thief", "Remote-Email", "ada@example.org")
		if me := b.me(); me.ID != "" {
			t.Errorf("they are %+v", me)
		}
		if ada.me().Standing != "owner" {
			t.Error("the owner is not signed in any more")
		}
	})
	t.Run("a name that comes twice is nobody", func(t *testing.T) {
		b := browse(t, program)
		request, err := http.NewRequestWithContext(t.Context(), "GET", program.URL()+"/api/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header["Remote-User"] = []string{"cleo", "dan"}
		response, err := b.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("status %d", response.StatusCode)
		}
	})
	t.Run("[ASVS 4.1.3] the header of whoever is no trusted proxy is nothing", func(t *testing.T) {
		program, _ := owned(t, func(c *Config) {
			c.TrustedProxy, c.ProxyUserHeader, c.ProxyCreate = []string{"192.0.2.1"}, "Remote-User", true
		})
		b := browse(t, program)
		for _, headers := range [][]string{cleo, append([]string{"X-Forwarded-For", "192.0.2.1"}, cleo...)} {
			b.send("GET", "/", nil, headers...)
			if a := b.send("GET", "/api/me", nil, headers...); a.status != http.StatusUnauthorized {
				t.Errorf("%v: %d %s", headers, a.status, a.body)
			}
		}
	})
	t.Run("the header needs a trusted proxy", func(t *testing.T) {
		config := testConfig(t)
		config.ProxyUserHeader = "Remote-User"
		if _, err := Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "--trusted-proxy") {
			t.Errorf("error %v", err)
		}
	})
}
