package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The disk fails under the real server: from one moment on every write or every
// fsync of its write-ahead log answers an error, as a dying disk or a file
// system that turned read-only does.
func TestFaultDiskError(t *testing.T) {
	strace := tool(t, "strace")
	mayTrace(t, strace)
	kinds := []struct{ call, number string }{{"fsync", "EIO"}, {"pwrite64", "EIO"}, {"pwrite64", "EROFS"}}
	if testing.Short() {
		kinds = kinds[:1]
	}
	for _, failing := range kinds {
		t.Run(fmt.Sprintf("[L3] %s answers %s", failing.call, failing.number), func(t *testing.T) {
			random, seed := seeded(t)
			server := serveProcess(t, t.TempDir())
			server.start()
			people := gather(t, server, seed, 30*time.Millisecond, 3, server.document("One"), server.document("Two"))
			people.write()
			rounds := count(*faultErrors, 20, 1)
			for round := range rounds {
				people.until(1 + random.IntN(120))
				people.all()
				people.forgetDrops()
				heal := injectErrors(t, strace, server, failing.call, failing.number)
				people.stopped()
				heal()
				if round%2 == 0 {
					server.kill()
				} else {
					server.end()
				}
				server.start()
				people.compare()
				if t.Failed() {
					t.Fatalf("after round %d", round+1)
				}
			}
			took := people.converge(patience)
			server.stop()
			server.verify()
			t.Logf("%d failures, %d changes acknowledged, each there exactly once; all equal %v after the last", rounds, people.acks(), took.Round(time.Millisecond))
		})
	}
}

// until waits for so many more acknowledged changes.
func (c *crowd) until(more int) {
	c.t.Helper()
	want := c.acks() + more
	for deadline := time.Now().Add(patience); c.acks() < want; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("no more than %d changes are acknowledged; the server says:\n%s", c.acks(), c.server.log)
		}
	}
}

// stopped checks what a server does whose disk has failed.
func (c *crowd) stopped() {
	c.t.Helper()
	status, said := 0, ""
	for deadline := time.Now().Add(patience); status != http.StatusServiceUnavailable; time.Sleep(2 * time.Millisecond) {
		if status, said = c.server.readyNow(); time.Now().After(deadline) {
			c.t.Fatalf("the disk fails, and /readyz says %d %s", status, said)
		}
	}
	// Whoever lost their connection has read all that was told on it.
	for deadline := time.Now().Add(patience); !c.everybodyDropped(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("the disk fails, and not everybody is told to come back; the server says:\n%s", c.server.log)
		}
	}
	before := c.acks()
	time.Sleep(500 * time.Millisecond) // what is wrong may come; nothing is waited for
	if now := c.acks(); now != before {
		c.t.Errorf("[L3] %d changes were acknowledged after the disk had failed", now-before)
	}
	for _, w := range c.writers {
		w.mu.Lock()
		for _, drop := range w.drops {
			if !strings.Contains(drop, "4000") {
				c.t.Errorf("a writer was cut with %q instead of 4000", drop)
			}
		}
		if len(w.rejected) > 0 {
			c.t.Errorf("[L3] a change of unknown outcome was rejected: %+v", w.rejected[0])
		}
		w.mu.Unlock()
	}
	for document := range c.logs {
		if status, body, err := get(c.t.Context(), c.server.url()+"/api/documents/"+document+"/content?format=text"); err != nil || status != http.StatusOK {
			c.t.Errorf("reading while the disk fails: status %d, %v, %.100s", status, err, body)
		}
	}
	if status, _, err := get(c.t.Context(), c.server.url()+"/healthz"); err != nil || status != http.StatusOK {
		c.t.Errorf("the process is not alive: %d, %v", status, err)
	}
}

// all waits until the server has everybody: what they met on the way there is
// behind them.
func (c *crowd) all() {
	c.t.Helper()
	const peers = "coscribe_peers"
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		values, err := c.server.measured(peers)
		if err != nil {
			c.t.Fatal(err)
		}
		if int(values[peers]) == len(c.writers) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the server has %v peers of %d", values[peers], len(c.writers))
		}
	}
}

func (c *crowd) forgetDrops() {
	for _, w := range c.writers {
		w.mu.Lock()
		w.drops = nil
		w.mu.Unlock()
	}
}

func (c *crowd) everybodyDropped() bool {
	for _, w := range c.writers {
		w.mu.Lock()
		dropped := len(w.drops) > 0
		w.mu.Unlock()
		if !dropped {
			return false
		}
	}
	return true
}

// injectErrors makes a call of the running server fail on its write-ahead log
// until heal is called.
func injectErrors(t *testing.T, strace string, server *served, call, number string) (heal func()) {
	t.Helper()
	command := exec.Command(strace, "-f", "-o", os.DevNull, "-P", filepath.Join(server.data, "coscribe.db-wal"),
		"-e", "trace="+call, "-e", "inject="+call+":error="+number, "-p", fmt.Sprint(server.process.Process.Pid))
	said := &logTail{}
	command.Stderr = said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); !strings.Contains(said.String(), "attached"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("strace does not attach: %s", said)
		}
	}
	return func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	}
}

// end is SIGTERM to a server whose disk has failed: it ends, in a campaign
// within 30 s, with whatever code.
func (s *served) end() {
	s.t.Helper()
	began := time.Now()
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	if took := time.Since(began); campaign() && took > 30*time.Second {
		s.t.Errorf("stopping took %v", took)
	}
	s.process = nil
}

// The disk is full: a small file system in memory is filled up under writers
// and emptied again. Nothing is restarted.
func TestFaultDiskFull(t *testing.T) {
	_, seed := seeded(t)
	mount := mounter(t)
	place := t.TempDir()
	server := serveProcess(t, place)
	server.before = append(mount, `mount -t tmpfs -o size=24m tmpfs "$0" && exec "$@"`, place)
	server.start()
	server.beside = []string{tool(t, "nsenter"), "--preserve-credentials", "-m", "-t", fmt.Sprint(server.process.Process.Pid)}
	if os.Geteuid() != 0 {
		server.beside = append(server.beside, "-U")
	}
	seen := fmt.Sprintf("/proc/%d/root%s", server.process.Process.Pid, place) // the directory from outside
	document := server.document("One")
	people := gather(t, server, seed, 30*time.Millisecond, 3, document, server.document("Two"))
	people.write()
	rounds := count(*faultErrors, 20, 1)
	for round := range rounds {
		people.until(40)
		ballast := fill(t, seen)
		people.full(document)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		people.until(len(people.writers)) // by itself
		people.compare()
		if t.Failed() {
			t.Fatalf("after round %d", round+1)
		}
	}
	took := people.converge(patience)
	server.verify()
	t.Logf("%d times full and free again without a restart, %d changes acknowledged, each there exactly once; all equal %v after the last",
		rounds, people.acks(), took.Round(time.Millisecond))
}

// mounter is a command that runs a script where it may mount, seen by nobody
// else; its first argument is $0.
func mounter(t *testing.T) []string {
	t.Helper()
	line := []string{tool(t, "unshare"), "-m", "sh", "-c"}
	if os.Geteuid() != 0 {
		line = []string{line[0], "-r", "-m", "sh", "-c"}
	}
	place := t.TempDir()
	if said, err := exec.Command(line[0], append(line[1:], `mount -t tmpfs -o size=1m tmpfs "$0"`, place)...).CombinedOutput(); err != nil {
		lack(t, fmt.Sprintf("a small file system may not be mounted here (%v: %.200s): run as root, or allow user namespaces", err, said))
	}
	return line
}

// fill takes all room that is left.
func fill(t *testing.T, dir string) (ballast string) {
	t.Helper()
	ballast = filepath.Join(dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for size := 1 << 20; size > 0; {
		if _, err = f.Write(bytes.Repeat([]byte{'x'}, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	return ballast
}

// full checks what a server does whose disk is full.
func (c *crowd) full(document string) {
	c.t.Helper()
	const refused = `coscribe_changes_rejected_total{code="storage_full"}`
	var counted map[string]float64
	var err error
	for deadline := time.Now().Add(patience); counted[refused] == 0; time.Sleep(5 * time.Millisecond) {
		if counted, err = c.server.measured(refused); time.Now().After(deadline) {
			c.t.Fatalf("the disk is full, and nobody was told so: %v; the server says:\n%s", err, c.server.log)
		}
	}
	// A little room may be left in files that are written over.
	for deadline := time.Now().Add(patience); c.hasRoom(document); {
		if time.Now().After(deadline) {
			c.t.Fatal("changes are taken although the disk is full")
		}
	}
	if status, said := c.server.readyNow(); status != http.StatusOK {
		c.t.Errorf("a full disk, which may be free in a moment, takes readiness away: %d %s", status, said)
	}
	status, body, err := get(c.t.Context(), c.server.url()+"/api/documents/"+document+"/content?format=text")
	if err != nil || status != http.StatusOK {
		c.t.Errorf("reading while the disk is full: status %d, %v, %.100s", status, err, body)
	}
}

// hasRoom writes a word by the API: it is taken, or the disk is full.
func (c *crowd) hasRoom(document string) bool {
	c.t.Helper()
	c.probes++
	response, err := http.Post(c.server.url()+"/api/documents/"+document+"/changes", "application/json",
		strings.NewReader(fmt.Sprintf(`{"delta":[{"insert":"probe.%d "}]}`, c.probes)))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if response.StatusCode == http.StatusOK && err == nil {
		return true
	}
	if err != nil || response.StatusCode < 500 || !strings.Contains(string(said), `"storage_full"`) {
		c.t.Fatalf("writing by the API while the disk is full: %s, %v, %s", response.Status, err, said)
	}
	return false
}

// A file system that is read-only from the start: the program says so and ends.
func TestFaultReadOnly(t *testing.T) {
	mount := mounter(t)
	server := serveProcess(t, t.TempDir())
	server.start()
	document := server.document("Kept")
	server.stop()
	server.before = append(mount, `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"`, server.data)
	server.launch()
	err := server.process.Wait()
	server.process = nil
	if err == nil || !strings.Contains(server.log.String(), "read-only") || !strings.Contains(server.log.String(), server.data) {
		t.Errorf("on a read-only file system: %v; it says %s", err, server.log)
	}
	server.before = nil
	server.start()
	if status, body, err := get(t.Context(), server.url()+"/api/documents/"+document); err != nil || status != http.StatusOK {
		t.Errorf("writable again: status %d, %v, %.100s", status, err, body)
	}
}
