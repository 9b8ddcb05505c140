package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coscribe/coscribe/persistence/sqlite"
)

// listed asks for the list of documents, as a command does.
func listed(t *testing.T, dir string) (int, error) {
	t.Helper()
	o, err := operate(t.Context(), dir)
	if err != nil {
		return 0, err
	}
	var list struct{ Documents []struct{ Title string } }
	err = o.call(t.Context(), http.MethodGet, "/api/documents", nil, &list)
	return len(list.Documents), errors.Join(err, o.Close())
}

func TestControl(t *testing.T) {
	// Deeper than a socket's path may be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("deep/", 30))
	config := testConfig(t)
	config.Data = dir

	t.Run("commands work on a data directory that nobody serves", func(t *testing.T) {
		if n, err := listed(t, dir); err != nil || n != 0 {
			t.Fatalf("%d documents, %v", n, err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "control*"))
		if err != nil || len(left) != 0 {
			t.Errorf("%v is left behind, %v", left, err)
		}
	})
	program := start(t, config)
	client := browse(t, program)
	client.create("One", "text")
	socket := filepath.Join(dir, controlFile)
	t.Run("commands reach the server that runs, at the same time", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if n, err := listed(t, dir); err != nil || n != 1 {
					t.Errorf("%d documents, %v", n, err)
				}
			})
		}
		all.Wait()
	})
	t.Run("only the user who runs the server can open its socket", func(t *testing.T) {
		seen, err := os.Lstat(socket)
		if err != nil {
			t.Fatal(err)
		}
		if mode := seen.Mode(); mode.Perm() != 0o600 || mode.Type() != os.ModeSocket {
			t.Errorf("its mode is %v", mode)
		}
	})
	t.Run("a problem is said with its detail", func(t *testing.T) {
		o, err := operate(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		err = o.call(t.Context(), http.MethodPost, "/api/documents", map[string]any{"title": strings.Repeat("x", 10_000)}, nil)
		if err == nil || !strings.Contains(err.Error(), "title") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a command that finds the directory taken and no socket says so", func(t *testing.T) {
		hidden := socket + ".away"
		if err := os.Rename(socket, hidden); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Rename(hidden, socket) }()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := operate(ctx, dir); !errors.Is(err, sqlite.ErrInUse) && !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestControlAfterAKill(t *testing.T) {
	config := testConfig(t)
	// What a killed server leaves behind: a socket that nobody answers.
	if err := os.MkdirAll(config.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(config.Data, controlFile))
	if err != nil {
		t.Fatal(err)
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := listed(t, config.Data); err != nil || n != 0 {
		t.Errorf("without a server: %d documents, %v", n, err)
	}
	start(t, config)
	if n, err := listed(t, config.Data); err != nil || n != 0 {
		t.Errorf("with a server: %d documents, %v", n, err)
	}
}
