package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coscribe/coscribe/persistence"
)

// leaks watches over all tests of this package: what their browsers are given
// and send that is secret must not be in the log of any program that start runs,
// at any level, in its metrics or audit log, in the body of an error, or in an
// address that somebody is sent to.
var leaks = &vault{secrets: map[string]string{}, heads: map[[secretHead]byte][]string{}, kinds: map[string]int{}}

const (
	secretHead  = 8  // bytes by which a secret is looked for first
	secretLeast = 10 // bytes; what is shorter may stand anywhere
)

// vault knows secrets, and what was searched for them. Any goroutine.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string // what each is
	heads   map[[secretHead]byte][]string
	kinds   map[string]int

	programs, logBytes, errors int // searched so far
}

// keep remembers a secret.
func (v *vault) keep(kind, secret string) {
	if len(secret) < secretLeast {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets[secret] == "" {
		head := [secretHead]byte([]byte(secret))
		v.secrets[secret], v.heads[head] = kind, append(v.heads[head], secret)
		v.kinds[kind]++
	}
}

// find says which secret is in a text, and where; "" is none.
func (v *vault) find(text []byte) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for at := 0; at+secretHead <= len(text); at++ {
		for _, secret := range v.heads[[secretHead]byte(text[at:])] {
			if bytes.HasPrefix(text[at:], []byte(secret)) {
				return fmt.Sprintf("%s: …%s", v.secrets[secret], text[max(0, at-100):min(len(text), at+len(secret)+20)])
			}
		}
	}
	return ""
}

// secretFields are those of bodies whose text is secret, by what it is.
var secretFields = map[string]string{
	"password": "a password", "current": "a password", "new": "a password", "secret": "a link's secret", "token": "a token", "url": "a link's secret",
}

// body remembers the secrets of a JSON text.
func (v *vault) body(text []byte) {
	var value any
	if json.Unmarshal(text, &value) == nil {
		v.value("", value)
	}
}

func (v *vault) value(field string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			v.value(strings.ToLower(name), inner)
		}
	case []any:
		for _, inner := range value {
			v.value(field, inner)
		}
	case string:
		if field == "url" {
			_, value, _ = strings.Cut(value, "#")
		}
		if kind := secretFields[field]; kind != "" {
			v.keep(kind, value)
		}
	}
}

// cookies remembers those of ours.
func (v *vault) cookies(all []*http.Cookie) {
	for _, cookie := range all {
		if strings.Contains(cookie.Name, "coscribe") {
			v.keep("a cookie", cookie.Value)
		}
	}
}

// refusal says which secret the answer to a request tells, if it is an error.
func (v *vault) refusal(a answer) string {
	if a.status < http.StatusBadRequest {
		return ""
	}
	v.mu.Lock()
	v.errors++
	v.mu.Unlock()
	return v.find(a.body)
}

// hearing carries a browser's requests, and remembers the secrets in their
// heads and in those of the answers.
type hearing struct {
	t  *testing.T
	by http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (h *hearing) RoundTrip(request *http.Request) (*http.Response, error) {
	if _, token, ok := strings.Cut(request.Header.Get("Authorization"), "Bearer "); ok {
		leaks.keep("a bearer", token)
	}
	leaks.cookies(request.Cookies())
	for _, field := range []string{"code", "state"} { // of a provider: they go through an address, once
		leaks.keep("of a provider", request.URL.Query().Get(field))
	}
	response, err := h.by.RoundTrip(request)
	if err == nil {
		at, _, _ := strings.Cut(response.Header.Get("Location"), "#")
		if found := leaks.find([]byte(at)); found != "" && !strings.HasPrefix(found, "of a provider") {
			h.t.Errorf("[ASVS 14.2.1] an address holds %s", found)
		}
		leaks.cookies(response.Cookies())
	}
	return response, err
}

// logbook is a log that is kept whole. Any goroutine.
type logbook struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (r *logbook) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text = append(r.text, p...)
	return len(p), nil
}

func (r *logbook) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.text)
}

// told says what a program tells of secrets in its metrics and audit log.
func (p *Program) told(t *testing.T) string {
	t.Helper()
	var all bytes.Buffer
	if p.metrics != nil {
		answer := httptest.NewRecorder()
		p.metrics.Handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "go_goroutines") {
			t.Errorf("no metrics: %d %s", answer.Code, answer.Body)
		}
		all.Write(answer.Body.Bytes())
	}
	lines, err := p.Store.Audit(context.Background(), persistence.AuditQuery{Limit: 1000})
	if err != nil {
		t.Errorf("the audit log: %v", err)
	}
	for _, line := range lines {
		fmt.Fprintf(&all, "%s %s %s\n", line.Action, line.Name, line.Detail)
	}
	return leaks.find(all.Bytes())
}

// searched notes that a program's log was looked through.
func (v *vault) searched(log []byte) string {
	v.mu.Lock()
	v.programs++
	v.logBytes += len(log)
	v.mu.Unlock()
	return v.find(log)
}

// blind says what a run of all tests should have seen and has not.
func (v *vault) blind() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, some := range [...]string{"test.run", "test.skip", "test.bench", "test.list"} {
		if flag.Lookup(some).Value.String() != "" {
			return "" // not all
		}
	}
	for _, kind := range []string{"a password", "a link's secret", "a token", "a cookie", "a bearer", "of a provider"} {
		if v.kinds[kind] < 5 {
			return fmt.Sprintf("of %s only %d were seen: %v", kind, v.kinds[kind], v.kinds)
		}
	}
	if v.programs < 40 || v.logBytes < 200_000 || v.errors < 1000 {
		return fmt.Sprintf("only %d programs, %d bytes of logs and %d errors were searched", v.programs, v.logBytes, v.errors)
	}
	return ""
}

// If a leak were not seen, no test would see any.
func TestLeaksAreNoticed(t *testing.T) {
	log := new(logbook)
	config := memberConfig(t)
	config.Log, config.LogLevel = log, "debug"
	program, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	owner, _ := setUp(t, program)
	token := owner.issue("/api/me/tokens", map[string]any{"name": "mine", "role": "owner"}).Token
	link := owner.link(owner.create("Shared", "x").ID, map[string]any{"role": "viewer"})
	if found := leaks.find(log.bytes()) + program.told(t); found != "" {
		t.Fatalf("[ASVS 16.2.5] %s", found)
	}
	if !bytes.Contains(log.bytes(), []byte("level=DEBUG msg=request")) {
		t.Fatal("the log is not that of this program")
	}
	for what, secret := range map[string]string{"a password": goodPassword, "a cookie": loginCookie(t, owner), "a token": token, "a link's secret": secretIn(t, link.URL)} {
		before := len(log.bytes())
		program.logger.Debug("planted", "here", secret)
		if found := leaks.find(log.bytes()[before:]); !strings.Contains(found, what) {
			t.Errorf("%s in a log is taken for %q", what, found)
		}
		if found := leaks.refusal(answer{status: http.StatusBadRequest, body: []byte(`{"detail":"No such thing: ` + secret + `"}`)}); !strings.Contains(found, what) {
			t.Errorf("%s in an error is taken for %q", what, found)
		}
	}
	entry := persistence.AuditEntry{Action: "planted", Detail: token}
	if err := program.Store.EditPeople(t.Context(), func(edit persistence.PeopleEdit) error { return edit.Record(entry) }); err != nil {
		t.Fatal(err)
	}
	if found := program.told(t); !strings.Contains(found, "a token") {
		t.Errorf("a token in the audit log is taken for %q", found)
	}
}
