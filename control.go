package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/coscribe/coscribe/persistence/sqlite"
)

// controlFile is the socket in the data directory by which the program's own
// commands reach a running server. Only the user who runs it can open it: that
// is the credential.
const controlFile = "control.sock"

// controlWait is how long a command waits for a server that is starting.
const controlWait = 5 * time.Second

// control serves the commands on the socket in a data directory.
type control struct {
	path string
	http *http.Server
}

// listenControl takes the socket and serves handler on it. The caller has the
// data directory for itself, so a socket that is there already is one that a
// killed server left behind.
func listenControl(dir string, handler http.Handler) (*control, error) {
	// The socket is made in a directory of its own and moved when its mode is
	// right, so that at no time others can open it.
	hidden, err := os.MkdirTemp(dir, "control-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(hidden) }()
	made := filepath.Join(hidden, controlFile)
	address, release, err := socketAddress(made)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", address)
	release()
	if err != nil {
		return nil, err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false) // it moves
	c := &control{path: filepath.Join(dir, controlFile), http: &http.Server{Handler: handler, ReadHeaderTimeout: headerWait}}
	if err := errors.Join(os.Chmod(made, 0o600), os.Rename(made, c.path)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() { _ = c.http.Serve(listener) }() // ends with Close
	return c, nil
}

// close ends it after the requests under way. A nil control is closed.
func (c *control) close(ctx context.Context) error {
	if c == nil {
		return nil
	}
	err := os.Remove(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // somebody cleaned up before us
	}
	if shut := c.http.Shutdown(ctx); shut != nil {
		err = errors.Join(err, c.http.Close())
	}
	return err
}

// socketPathBytes is what every system takes as a socket's path.
const socketPathBytes = 100

// socketAddress is the path as a socket's address, by which a file of any depth
// can be reached on Linux. release is called when it has been used.
func socketAddress(path string) (address string, release func(), err error) {
	if len(path) <= socketPathBytes || runtime.GOOS != "linux" {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { _ = dir.Close() }, nil
}

// operator is how a command works on a data directory: by the API, as the local
// operator, of the server that runs there - or, when none does, of one that the
// command runs itself for as long as it takes, without a network.
type operator struct {
	client *http.Client
	own    *Program // nil: a server runs
}

// operate reaches the server of a data directory. Close ends it.
func operate(ctx context.Context, dir string) (*operator, error) {
	o := &operator{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialControl(ctx, dir) },
	}}}
	for deadline := time.Now().Add(controlWait); ; {
		conn, err := dialControl(ctx, dir)
		if err == nil {
			return o, conn.Close()
		}
		o.own, err = Open(ctx, Config{Data: dir, MetricsListen: "off", LogLevel: "warn"})
		if err == nil || !errors.Is(err, sqlite.ErrInUse) || time.Now().After(deadline) {
			return o, err
		}
		select { // it may be starting
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func dialControl(ctx context.Context, dir string) (net.Conn, error) {
	address, release, err := socketAddress(filepath.Join(dir, controlFile))
	if err != nil {
		return nil, err
	}
	defer release()
	return new(net.Dialer).DialContext(ctx, "unix", address)
}

// Close ends the server that the command ran itself.
func (o *operator) Close() error {
	o.client.CloseIdleConnections()
	if o.own == nil {
		return nil
	}
	return o.own.Close()
}

// call asks the API: in is the body as JSON (nil: none), and out what the answer
// is read into (nil: nothing). A problem is an error that says its detail.
func (o *operator) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://coscribe"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	answer, err := o.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %w", method, path, refusedBy(answer.StatusCode, text))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// refusedBy says an answer that is none by its problem's detail.
func refusedBy(status int, text []byte) error {
	var problem struct{ Detail string }
	if json.Unmarshal(text, &problem) != nil || problem.Detail == "" {
		problem.Detail = http.StatusText(status)
	}
	return errors.New(problem.Detail)
}
