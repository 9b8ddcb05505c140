package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// from asks a program as somebody at an address does.
func from(program *Program, address, method, path string, header ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "http://docs.example.org"+path, nil)
	request.RemoteAddr = net.JoinHostPort(address, "4711")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	program.Server.ServeHTTP(answer, request)
	return answer
}

func TestPlainHTTPFromTheNetwork(t *testing.T) {
	const proxy, somebody = "192.0.2.1", "203.0.113.9"
	config := testConfig(t)
	config.TrustedProxy, config.PublicURL = []string{proxy}, "https://docs.example.org"
	program := start(t, config)
	t.Run("[ASVS 12.2.1] a declared proxy does not open plain HTTP to everybody", func(t *testing.T) {
		for _, try := range [][2]string{{"GET", "/api/me"}, {"POST", "/api/signin"}, {"GET", "/api/signin/methods"}, {"GET", "/"}, {"GET", "/api/documents/events"}} {
			a := from(program, somebody, try[0], try[1], "X-Forwarded-Proto", "https", "X-Forwarded-For", proxy)
			if a.Code != http.StatusMisdirectedRequest || !strings.Contains(a.Body.String(), "encryption_needed") {
				t.Errorf("%v: %d %s", try, a.Code, a.Body)
			}
		}
		if a := from(program, somebody, "GET", "/", "Accept", "text/html"); a.Code != http.StatusMisdirectedRequest || a.Body.String() != "Passwords and texts could be read on their way here. Open Coscribe at https://docs.example.org.\n" {
			t.Errorf("a page: %d %s", a.Code, a.Body)
		}
	})
	for _, address := range []string{proxy, "127.0.0.1", "::1"} {
		if a := from(program, address, "GET", "/api/me"); a.Code != http.StatusOK {
			t.Errorf("from %s: %d %s", address, a.Code, a.Body)
		}
	}
	if a := from(program, somebody, "GET", "/healthz"); a.Code != http.StatusOK {
		t.Errorf("who watches the process: %d %s", a.Code, a.Body)
	}
	config = testConfig(t)
	config.TLS.AllowPlainHTTP = true
	config.PublicURL = "http://docs.example.org"
	if a := from(start(t, config), somebody, "GET", "/api/me"); a.Code != http.StatusOK {
		t.Errorf("where it is allowed: %d %s", a.Code, a.Body)
	}
}

// A site whose name is made to point here reaches nothing of an open server.
func TestNamesOfAnOpenServer(t *testing.T) {
	config := testConfig(t)
	config.AllowedHost, config.PublicURL, config.AllowedOrigin = []string{"docs.lan.example"}, "https://docs.example.org", []string{"https://wiki.example.org"}
	config.TrustedProxy = []string{"127.0.0.1"}
	program := start(t, config)
	b := browse(t, program)
	d := b.create("Here", "x")
	ask := func(host, path string, header ...string) answer {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), "GET", b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		for i := 0; i < len(header); i += 2 {
			request.Header.Set(header[i], header[i+1])
		}
		response, err := b.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{status: response.StatusCode, body: body}
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "192.168.1.7", "localhost", "LOCALHOST:1", "localhost.", "docs", "docs.local", "app.localhost", "docs.lan.example:80", "DOCS.example.org", "wiki.example.org"} {
		if a := ask(host, "/api/documents/"+d.ID); a.status != http.StatusOK {
			t.Errorf("by %s: %d %s", host, a.status, a.body)
		}
	}
	for _, host := range []string{"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8080", "docs.example.org.evil.example", "xlocalhost.com", "evil.example."} {
		for _, path := range []string{"/api/documents/" + d.ID, "/api/documents/" + d.ID + "/content", "/api/documents", "/api/documents/" + d.ID + "/socket", "/"} {
			if a := ask(host, path); a.status != http.StatusMisdirectedRequest || !strings.Contains(string(a.body), "unknown_host") {
				t.Errorf("[ASVS 13.3] %s by %s: %d %s", path, host, a.status, a.body)
			}
		}
	}
	if a := ask("evil.example", "/api/documents/"+d.ID, "X-Forwarded-Proto", "https"); a.status != http.StatusOK {
		t.Errorf("what a proxy has encrypted under a name that it has: %d %s", a.status, a.body)
	}
	for _, bad := range []string{"", "https://docs.example.org", "docs.example.org:443", "a/b"} {
		config := testConfig(t)
		config.AllowedHost = []string{bad}
		if _, err := Open(t.Context(), config); err == nil || !strings.Contains(err.Error(), "--allowed-host") {
			t.Errorf("%q is a name: %v", bad, err)
		}
	}
	t.Run("a server that asks who one is takes every name", func(t *testing.T) {
		config := memberConfig(t)
		program := start(t, config)
		b = browse(t, program)
		if a := ask("docs.example.net", "/api/signin/methods"); a.status != http.StatusOK {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
