package main

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

func TestCommands(t *testing.T) {
	config := testConfig(t)
	program, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(program.Close)
	defer func() { _ = stop() }()
	b := browse(t, program)
	d := b.create("Kept", "one\n")
	b.insert(d.ID, "two ")
	backup := filepath.Join(t.TempDir(), "backup.db")

	must := func(want string, args ...string) string {
		t.Helper()
		output, code := coscribe(t, args...)
		if code != 0 || !strings.Contains(output, want) {
			t.Fatalf("coscribe %s: exit %d: %s", strings.Join(args, " "), code, output)
		}
		return output
	}
	refused := func(want string, args ...string) {
		t.Helper()
		output, code := coscribe(t, args...)
		if code != 1 || !strings.Contains(output, want) {
			t.Errorf("coscribe %s: exit %d, want 1 and %q: %s", strings.Join(args, " "), code, want, output)
		}
	}

	// Beside a running server.
	must("", "healthcheck", "--url", program.URL())
	must("No damage", "verify", "--data", config.Data)
	head := must("revision 2 ", "hash", d.ID, "--data", config.Data)
	first := must("revision 1 ", "hash", d.ID, "1", "--data", config.Data)
	if strings.Fields(head)[0] == strings.Fields(first)[0] {
		t.Error("two revisions have one hash")
	}
	must("Backed up", "backup", backup, "--data", config.Data)
	refused("choose another file", "backup", backup, "--data", config.Data)
	refused("--data", "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", config.Data)
	refused("--listen", "serve", "--listen", strings.TrimPrefix(program.URL(), "http://"), "--metrics-listen", "off", "--data", t.TempDir())
	refused("no document id", "hash", "nonsense", "--data", config.Data)
	refused("not found: see coscribe document list", "hash", "0190b5a4-0000-7000-8000-000000000001", "--data", config.Data)
	refused("choose one from 0 to 2", "hash", d.ID, "9", "--data", config.Data)
	refused("such as 2026-11-23T14:30:00Z", "audit", "--from", "yesterday", "--data", config.Data)
	for _, listen := range []string{"localhost", "8080", "127.0.0.1"} {
		refused("write address and port", "serve", "--listen", listen, "--data", t.TempDir())
	}
	if output, code := coscribe(t, "serve", "--listen", "127.0.0.1:0", "--tls-cert", "none", "--tls-key", "none", "--data", t.TempDir()); code != 1 || !strings.HasSuffix(output, "check the path\n") {
		t.Errorf("exit %d: %s", code, output)
	}
	refused("check the path", "verify", "--data", filepath.Join(t.TempDir(), "none"))

	// Load: a history is replayed as fast as the server takes it - in less than
	// the quarter of an hour that it would take at five edits per second.
	const edits = 5000
	history := func(end string) string {
		file := filepath.Join(t.TempDir(), "history.json")
		steps := strings.Repeat(`{"patches":[[0,0,"x"]]},`, edits)
		if err := os.WriteFile(file, []byte(`{"endContent":"`+end+`","txns":[`+steps[:len(steps)-1]+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	table := must("all equal, on the server too", "load", "--url", program.URL()+"/", "--trace", history(strings.Repeat("x", edits)))
	for _, line := range []string{"acknowledged/s", fmt.Sprintf("edits made                   %d in", edits), "changes acknowledged", "edit to ack ", "edit to others' screens", "p50 ", "p95 ", "p99 ", "bytes sent per change", "bytes received per change"} {
		if !strings.Contains(table, line) {
			t.Errorf("load does not tell of %q: %s", line, table)
		}
	}
	refused("NOT shown to be equal", "load", "--url", program.URL(), "--trace", history("another text"))
	refused("is not the address of a server", "load", "--url", strings.TrimPrefix(program.URL(), "http://"))
	refused("numbers from 0", "load", "--url", program.URL(), "--readers=-1")
	refused("--help", "serve", "--no-such-flag")
	must("coscribe ", "version")
	must("COSCRIBE_ALLOWED_ORIGIN", "serve", "--help")

	if err := stop(); err != nil {
		t.Fatal(err)
	}
	refused("start the server, or say with --url", "healthcheck", "--url", program.URL())
	t.Run("[S7] a restore has the same content and new epochs", func(t *testing.T) {
		restored := filepath.Join(t.TempDir(), "restored")
		must("Restored", "restore", backup, "--data", restored)
		refused("--data", "restore", backup, "--data", restored)
		must("No damage", "verify", "--data", restored)
		again := must("revision 2 ", "hash", d.ID, "--data", restored)
		if strings.Fields(again)[0] != strings.Fields(head)[0] {
			t.Errorf("the content differs: %s, was %s", again, head)
		}
		if strings.Fields(again)[4] == d.Epoch {
			t.Error("the epoch is the old one")
		}
	})
	t.Run("a restore as of a moment leaves out what came later", func(t *testing.T) {
		var log struct{ Changes []struct{ At time.Time } }
		b := browse(t, start(t, config))
		b.want(200, b.send("GET", "/api/documents/"+d.ID+"/changes", nil), &log)
		until := log.Changes[0].At.Format(time.RFC3339Nano) // of the creation; "two " is later
		restored := filepath.Join(t.TempDir(), "restored")
		must("1 documents, 1 changes", "restore", backup, "--until", until, "--data", restored)
		if again := must("revision 1 ", "hash", d.ID, "--data", restored); strings.Fields(again)[0] != strings.Fields(first)[0] {
			t.Errorf("the content differs: %s, was %s", again, first)
		}
		for _, until := range []string{"", "yesterday", "2026-11-23", "14:30", "2026-11-23T14:30:00", "2026-11-23T14:30Z", "2026-11-23T25:30:00Z", "2026-02-30T14:30:00Z"} {
			refused("such as 2026-11-23T14:30:00Z", "restore", backup, "--until="+until, "--data", filepath.Join(restored, "new"))
		}
		for _, until := range []string{"1999-01-01T00:00:00Z", "2999-12-31t23:59:59.5+01:00", "1999-01-01 00:00:00-00:30"} {
			refused("another moment", "restore", backup, "--until", until, "--data", filepath.Join(restored, "new"))
		}
		whole, err := os.ReadFile(backup)
		if err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(t.TempDir(), "half.db")
		if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		refused("take another backup", "restore", half, "--data", filepath.Join(restored, "new"))
		refused("is a directory: name the file", "restore", config.Data, "--data", filepath.Join(restored, "new"))
		refused("name a directory", "restore", backup, "--data", filepath.Join(backup, "in-a-file"))
	})
	t.Run("[L4] verify names the document and revision of a flipped byte", func(t *testing.T) {
		path := filepath.Join(config.Data, "coscribe.db")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := strings.Index(string(content), `"two "`)
		if at < 0 {
			t.Fatal("the change is not where it was written; is there a write-ahead log left?")
		}
		content[at+1] = 'T'
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		output, code := coscribe(t, "verify", "--data", config.Data)
		if code != 1 || !strings.Contains(output, fmt.Sprintf("document %s revision 2", d.ID)) {
			t.Errorf("exit %d: %s", code, output)
		}
	})
}

func TestHealthcheckSaysWhy(t *testing.T) {
	program := start(t, testConfig(t))
	program.Server.Drain()
	if output, code := coscribe(t, "healthcheck", "--url", program.URL()); code != 1 || !strings.Contains(output, "stopping") {
		t.Errorf("exit %d: %s", code, output)
	}
}

func TestExplain(t *testing.T) {
	for want, err := range map[string]error{
		"make room on that disk":   &fs.PathError{Op: "write", Path: "coscribe.run.partial", Err: syscall.ENOSPC},
		"make room":                fmt.Errorf("back up: %w", persistence.ErrFull),
		"the right to read it":     inOption("--tls-cert", &fs.PathError{Op: "open", Path: "key.pem", Err: fs.ErrPermission}),
		"choose another directory": fmt.Errorf("lock: %w", &fs.PathError{Op: "open", Path: "coscribe.lock", Err: fs.ErrPermission}),
		"CAP_NET_BIND_SERVICE":     &net.OpError{Op: "listen", Net: "tcp", Addr: &net.TCPAddr{Port: 443}, Err: syscall.EACCES},
		"choose another address":   &net.OpError{Op: "listen", Net: "tcp", Addr: &net.TCPAddr{Port: 8080}, Err: syscall.EADDRINUSE},
	} {
		if said := explain(err); !strings.Contains(said, want) {
			t.Errorf("%v: %q does not say %q", err, said, want)
		}
	}
}
