package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence/sqlite"
	"github.com/coscribe/coscribe/server"
)

// binary is the real program, built once.
var binary string

// patience is how long a test waits for what must come: only what hangs meets
// it, on the slowest and busiest machine.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "coscribe-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "coscribe")
		build := exec.Command("go", "build", "-o", binary, ".")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			fmt.Fprintln(os.Stderr, "building the program:", err)
			return 1
		}
		code := m.Run()
		if blind := leaks.blind(); code == 0 && blind != "" {
			fmt.Fprintln(os.Stderr, "the search for secrets is blind:", blind)
			return 1
		}
		return code
	}())
}

// testConfig is a server on a free port with a data directory of its own.
func testConfig(t *testing.T) Config {
	config := Config{Listen: "127.0.0.1:0", Data: t.TempDir(), MetricsListen: "127.0.0.1:0", LogLevel: "error", LogFormat: "text", Access: "open"}
	config.Limits.Drain = time.Millisecond // nobody waits for those who are still connected
	return config
}

// start runs a whole program in this process and stops it with the test. Nothing
// that it tells of itself may hold a secret (see leaks_test.go).
func start(t *testing.T, config Config) *Program {
	t.Helper()
	log := new(logbook)
	config.Log, config.LogLevel = log, "debug"
	program, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if found := program.told(t); found != "" {
			t.Errorf("[ASVS 16.2.5] metrics or audit log hold %s", found)
		}
		if err := program.Close(); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if found := leaks.searched(log.bytes()); found != "" {
			t.Errorf("[ASVS 16.2.5] the log holds %s", found)
		}
		if said := log.bytes(); t.Failed() {
			t.Logf("the program's log ends with\n%s", said[max(0, len(said)-4000):])
		}
	})
	return program
}

// browser is a caller with cookies.
type browser struct {
	t    *testing.T
	url  string
	http *http.Client
}

func browse(t *testing.T, program *Program) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, url: program.URL(), http: &http.Client{Jar: jar, Timeout: patience, Transport: &hearing{t, http.DefaultTransport}}}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// header pairs are names and values in turn.
func (b *browser) send(method, path string, body any, header ...string) answer {
	b.t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
		leaks.body([]byte(body))
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
		leaks.body(encoded)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, content)
	if err != nil {
		b.t.Fatal(err)
	}
	if content != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	leaks.body(read)
	a := answer{response.StatusCode, response.Header, read}
	if found := leaks.refusal(a); found != "" {
		b.t.Errorf("[ASVS 16.5.1] %s %s is refused with %s", method, path, found)
	}
	if told := undescribed(request, a.status, a.header, a.body); told != "" {
		b.t.Errorf("%s %s is answered with %d: %s", method, path, a.status, told)
	}
	return a
}

// want fails unless the status is the one expected; it decodes into out.
func (b *browser) want(status int, a answer, out any) answer {
	b.t.Helper()
	if a.status != status {
		b.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if out != nil {
		if err := json.Unmarshal(a.body, out); err != nil {
			b.t.Fatalf("%v in %s", err, a.body)
		}
	}
	return a
}

// problem fails unless the answer is this problem document.
func (b *browser) problem(status int, code string, a answer) {
	b.t.Helper()
	var p server.Problem
	if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		b.t.Fatalf("no problem document: status %d, %s: %s", a.status, a.header.Get("Content-Type"), a.body)
	}
	if a.status != status || p.Status != status || p.Code != code || p.Detail == "" || p.Title == "" {
		b.t.Fatalf("problem is %d %s (status %d): %s; want %d %s", p.Status, p.Code, a.status, p.Detail, status, code)
	}
}

type person struct{ ID, Name, Color string }

type documentView struct {
	ID, Title, Epoch, Role string
	Revision               int64
	CreatedBy, UpdatedBy   person
	CreatedAt, UpdatedAt   time.Time
	TrashedAt              *time.Time
	People                 []person
	Here                   int
}

type contentView struct {
	Epoch    string
	Revision int64
	Content  json.RawMessage
}

// create makes a document with this text.
func (b *browser) create(title, text string) documentView {
	b.t.Helper()
	var d documentView
	ops := []map[string]string{}
	if text != "" {
		ops = append(ops, map[string]string{"insert": text})
	}
	b.want(http.StatusCreated, b.send("POST", "/api/documents", map[string]any{"title": title, "content": ops}), &d)
	return d
}

func (b *browser) content(id, query string) contentView {
	b.t.Helper()
	var c contentView
	b.want(http.StatusOK, b.send("GET", "/api/documents/"+id+"/content"+query, nil), &c)
	return c
}

// insert writes text at the start of a document and returns the revision.
func (b *browser) insert(id, text string, header ...string) int64 {
	b.t.Helper()
	var wrote struct{ Revision int64 }
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+id+"/changes", map[string]any{"delta": []any{map[string]string{"insert": text}}}, header...), &wrote)
	return wrote.Revision
}

// coscribe runs the real binary.
func coscribe(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, args...)
	out, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

// The parts that a program is made of, named here so that a change of their
// faces is noticed by this package's tests.
var (
	_ server.Engine    = (*collab.Hub)(nil)
	_ server.Store     = (*sqlite.Store)(nil)
	_ transport.Access = (*server.Accounts)(nil)
)
