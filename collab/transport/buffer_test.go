package transport

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/olahol/melody"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// noEngine has no documents; nobody gets that far here.
type noEngine struct{}

func (noEngine) Attach(context.Context, collab.Attach) (*collab.Peer, error) {
	return nil, persistence.ErrNotFound
}

func (noEngine) Afresh(try func(collab.Generation) error) error { return try(0) }

type anybody struct{ Access }

func (anybody) Identify(*http.Request) (Identity, bool, error) {
	return Identity{}, true, nil
}

// Where melody would drop a frame in silence, the connection is cut instead, so
// that the client resumes (laws S4, R5).
func TestFullBufferCutsTheConnection(t *testing.T) {
	h := NewWebSocket(Config{Hub: noEngine{}, Access: anybody{}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()
	client, _, err := websocket.DefaultDialer.Dial("ws://"+listener.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var sessions []*melody.Session
	for deadline := time.Now().Add(5 * time.Second); len(sessions) == 0; { // the client is told first
		if sessions, err = h.melody.Sessions(); err != nil || time.Now().After(deadline) {
			t.Fatalf("no session, %v", err)
		}
	}
	<-connOf(sessions[0]).started
	// The client does not read: the socket's buffers fill, then melody's.
	frame := []byte(strings.Repeat("x", 1<<20))
	for i := 0; !connOf(sessions[0]).closing.Load(); i++ {
		if i == 10_000 {
			t.Fatal("[R5] frames were dropped and the connection goes on")
		}
		if err := sessions[0].Write(frame); err != nil && !errors.Is(err, melody.ErrSessionClosed) {
			t.Fatal(err)
		}
	}
	select {
	case <-connOf(sessions[0]).done:
	case <-time.After(5 * time.Second):
		t.Fatal("[R5] the cut takes its time")
	}
}

func TestCutReason(t *testing.T) {
	long := strings.Repeat("é", 100)
	if got := cutReason(long); len(got) > protocol.MaxCloseReason || !strings.HasPrefix(long, got) || len(got) < protocol.MaxCloseReason-1 {
		t.Errorf("%d bytes: %q", len(got), got)
	}
	if got := cutReason("short"); got != "short" {
		t.Errorf("%q", got)
	}
}
