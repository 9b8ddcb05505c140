//go:build unix

package main

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/ot"
)

func TestSignals(t *testing.T) {
	t.Run("[R7] [S5] SIGTERM with a socket open ends with exit 0, and what was acknowledged is there", func(t *testing.T) {
		data := t.TempDir()
		url, command := serve(t, data)
		b := &browser{t: t, url: url, http: browse(t, start(t, testConfig(t))).http}
		d := b.create("Open", "")
		client, err := collabtest.Dial(t.Context(), collabtest.SocketConfig{URL: url, Document: d.ID})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if err := client.Edit(func(int) ot.Delta { return ot.Delta{ot.InsertText("kept", ot.Attributes{})} }); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := client.Wait(ctx, func(c *collabtest.Client) bool { return c.Pending() == 0 }); err != nil {
			t.Fatal(err)
		}
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(patience):
			t.Fatal("it does not stop")
		}
		client.Close()
		b.url, command = serve(t, data)
		if text := string(b.send("GET", "/api/documents/"+d.ID+"/content?format=text", nil).body); text != "kept\n" {
			t.Errorf("the text is %q", text)
		}
		t.Log("a kill leaves nothing behind that the next start minds")
		if err := command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = command.Wait()
		b.url, _ = serve(t, data)
		if text := string(b.send("GET", "/api/documents/"+d.ID+"/content?format=text", nil).body); text != "kept\n" {
			t.Errorf("after the kill the text is %q", text)
		}
	})
}

func TestSecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal)
		stops, ends := 0, 0
		go stopBy(signals, func() { stops++ }, func() { ends++ })
		for _, want := range []struct {
			wait        time.Duration
			stops, ends int
		}{{0, 1, 0}, {0, 1, 0}, {oneSignal / 2, 1, 0}, {oneSignal, 1, 1}} {
			time.Sleep(want.wait)
			signals <- os.Interrupt
			synctest.Wait()
			if stops != want.stops || ends != want.ends {
				t.Errorf("stopped %d times and ended %d times, want %d and %d", stops, ends, want.stops, want.ends)
			}
		}
	})
}

// A stop may come before the start is over: the first signal right after the
// line that says ready once ended with "context canceled" and exit 1.
func TestStopWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	config := testConfig(t)
	config.Access = "link" // with a setup link to be written
	if err := (&serveCommand{Config: config}).Run(ctx); err != nil {
		t.Errorf("[R7] told to stop while it started, it ended with %v", err)
	}
}

// serve starts the real binary on a free port and waits for its line.
func serve(t *testing.T, data string) (url string, command *exec.Cmd) {
	t.Helper()
	command = exec.Command(binary, "serve", "--access", "open", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--data", data)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	said := regexp.MustCompile(`ready at (http://\S+)`)
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if match := said.FindStringSubmatch(lines.Text()); match != nil {
			return match[1], command
		}
	}
	t.Fatal("the program did not say where it serves")
	return "", nil
}

func TestExplainPermission(t *testing.T) {
	said := explain(&fs.PathError{Op: "mkdir", Path: "/var/lib/coscribe", Err: syscall.EACCES})
	if !strings.Contains(said, "--data") || !strings.Contains(said, "/var/lib/coscribe") {
		t.Error(said)
	}
}
