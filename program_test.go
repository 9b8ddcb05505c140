package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/ot"
)

func TestHeadersAndPages(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	for path, status := range map[string]int{"/": 200, "/d/0190b5a4-0000-7000-8000-000000000001": 200, "/nothing": 404, "/assets/none.js": 404,
		"/api/documents": 200, "/api/docs": 200, "/api/openapi.json": 200, "/healthz": 200, "/readyz": 200, "/robots.txt": 200} {
		a := b.want(status, b.send("GET", path, nil), nil)
		policy := a.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy allows something unsafe: %s", path, policy)
		}
		if a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: headers are missing: %v", path, a.header)
		}
	}
	if cache := b.send("GET", "/", nil).header.Get("Cache-Control"); cache != "no-cache" {
		t.Errorf("the page is cached: %q", cache)
	}
	// Of an address that is none, a program is told in a sentence, and a person by the page, as not found.
	if a := b.want(http.StatusNotFound, b.send("GET", "/nothing", nil), nil); !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("a program was answered %s", a.header.Get("Content-Type"))
	}
	if a := b.want(http.StatusNotFound, b.send("GET", "/nothing", nil, "Accept", "text/html,*/*;q=0.8"), nil); !strings.Contains(string(a.body), `<div id="app">`) {
		t.Errorf("a person was answered %s", a.body)
	}
	for _, path := range []string{"/assets/..%2findex.html", "/assets/%2e%2e/%2e%2e/README.md", "/assets/icon-1.svg.br", "/dist/README.md", "/assets/"} {
		b.want(http.StatusNotFound, b.send("GET", path, nil), nil)
	}
}

func TestGuestsCookieComesWithThePage(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	cookie := b.send("GET", "/", nil).header.Get("Set-Cookie")
	for _, part := range []string{"coscribe_guest=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
	if again := b.send("GET", "/", nil).header.Get("Set-Cookie"); again != "" {
		t.Errorf("a known guest got another cookie: %s", again)
	}
	if lie := browse(t, start(t, testConfig(t))).send("GET", "/", nil, "X-Forwarded-Proto", "https").header.Get("Set-Cookie"); strings.Contains(lie, "Secure") {
		t.Errorf("[ASVS 4.1.3] anybody's word is believed: %s", lie)
	}
	config := testConfig(t)
	config.TrustedProxy = []string{"127.0.0.1"}
	secure := browse(t, start(t, config)).send("GET", "/", nil, "X-Forwarded-Proto", "https").header.Get("Set-Cookie")
	for _, part := range []string{"__Host-coscribe_guest=", "HttpOnly", "SameSite=Lax", "Path=/", "Secure"} {
		if !strings.Contains(secure, part) || strings.Contains(secure, "Domain") {
			t.Errorf("[ASVS 3.3.1] behind TLS the cookie %q lacks %s", secure, part)
		}
	}
}

func TestMetrics(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	d := b.create("Counted", "x")
	b.insert(d.ID, "y")
	response, err := http.Get("http://" + program.metricsAt.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"coscribe_changes_committed_total 1", "coscribe_documents_live 1", "coscribe_store_ready 1", "coscribe_commit_seconds_count",
		`route="/api/documents/{id}/changes"`, "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(string(text), name) {
			t.Errorf("the metrics lack %s", name)
		}
	}
	if strings.Contains(string(text), d.ID) {
		t.Error("the metrics name a document")
	}
	b.want(http.StatusNotFound, b.send("GET", "/metrics", nil), nil)
}

func TestGracefulStop(t *testing.T) {
	t.Run("[R7] a socket is told to come back, its text is on disk, and the program ends", func(t *testing.T) {
		config := testConfig(t)
		program, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		b := browse(t, program)
		d := b.create("Open", "")
		client, err := collabtest.Dial(t.Context(), collabtest.SocketConfig{URL: program.URL(), Document: d.ID})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Edit(func(int) ot.Delta { return ot.Delta{ot.InsertText("typed", ot.Attributes{})} }); err != nil {
			t.Fatal(err)
		}
		wait, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := client.Wait(wait, func(c *collabtest.Client) bool { return c.Pending() == 0 }); err != nil {
			t.Fatal(err)
		}
		events, err := http.Get(program.URL() + "/api/documents/events")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = events.Body.Close() }()

		run, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- program.Run(run) }()
		stop()
		if err := <-ended; err != nil {
			t.Fatalf("run: %v", err)
		}
		if err := program.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		if _, err := io.ReadAll(events.Body); err != nil {
			t.Errorf("the event stream did not end cleanly: %v", err)
		}
		client.Close()

		again := start(t, config)
		if text := string(browse(t, again).send("GET", "/api/documents/"+d.ID+"/content?format=text", nil).body); text != "typed\n" {
			t.Errorf("after the stop the text is %q", text)
		}
	})
	t.Run("[R7] readiness goes down first", func(t *testing.T) {
		program := start(t, testConfig(t))
		b := browse(t, program)
		b.want(http.StatusOK, b.send("GET", "/readyz", nil), nil)
		program.Server.Drain()
		b.want(http.StatusServiceUnavailable, b.send("GET", "/readyz", nil), nil)
		b.want(http.StatusOK, b.send("GET", "/healthz", nil), nil)
	})
}

func TestOpenSaysWhatToDo(t *testing.T) {
	program := start(t, testConfig(t))
	taken := testConfig(t)
	taken.Listen = strings.TrimPrefix(program.URL(), "http://")
	inUse := testConfig(t)
	inUse.Data = program.Config.Data
	file := testConfig(t)
	file.Data = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file.Data, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	origin := testConfig(t)
	origin.AllowedOrigin = []string{"wiki.example.org/path"}
	address := testConfig(t)
	address.Listen = "nonsense"
	password := testConfig(t)
	password.OwnerMail, password.OwnerPasswordFile = "olga@example.org", filepath.Join(t.TempDir(), "none")
	keys := testConfig(t)
	keys.EmbedKeys = []string{password.OwnerPasswordFile}
	for name, test := range map[string]struct {
		config Config
		words  string
	}{
		"port taken":     {taken, "--listen"},
		"data in use":    {inUse, "--data"},
		"data is a file": {file, file.Data},
		"origin":         {origin, "--allowed-origin"},
		"address":        {address, "nonsense"},
		"password file":  {password, "--owner-password-file: open " + password.OwnerPasswordFile + ": no such file or directory: check the path"},
		"keys":           {keys, "--embed-keys: open " + password.OwnerPasswordFile + ": no such file or directory: check the path"},
	} {
		other, err := Open(t.Context(), test.config)
		if err == nil {
			_ = other.Close()
			t.Errorf("%s: it opened", name)
			continue
		}
		said := explain(err)
		if !strings.Contains(said, test.words) {
			t.Errorf("%s: %q does not say %q", name, said, test.words)
		}
		if optionsFile := strings.HasSuffix(test.words, "check the path"); optionsFile && strings.Contains(said, "--data") {
			t.Errorf("%s: %q sends to the data directory", name, said)
		}
	}
	t.Run("metrics without a port are no reason to stop", func(t *testing.T) {
		config := testConfig(t)
		config.MetricsListen = strings.TrimPrefix(program.URL(), "http://")
		start(t, config)
	})
}
