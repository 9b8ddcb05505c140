package transport

import (
	"net"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/protocol"
)

// A client that pings and does not read does not make the server remember all
// the answers (law R5); what was asked for first is still answered.
func TestControlFramesAreBounded(t *testing.T) {
	ours, theirs := net.Pipe() // not the kernel's: everything is left to a goroutine that waits
	defer theirs.Close()
	c := &conn{handler: NewWebSocket(Config{}), done: make(chan struct{})}
	c.pipe = newPipe(ours, c)
	defer c.pipe.Close()
	pong := append([]byte{0x80 | websocket.PongMessage, 125}, make([]byte, 125)...)
	for range 1000 {
		if n, err := c.pipe.Write(pong); n != len(pong) || err != nil {
			t.Fatal(n, err)
		}
	}
	c.pipe.mu.Lock()
	waiting := len(c.pipe.control)
	c.pipe.mu.Unlock()
	if waiting > controlBytes || waiting%len(pong) != 0 {
		t.Errorf("[R5] %d bytes of answers wait", waiting)
	}
	for read := 0; read < len(pong)+waiting; {
		n, err := theirs.Read(make([]byte, 4096))
		if err != nil {
			t.Fatalf("after %d bytes: %v", read, err)
		}
		read += n
	}
}

// Nothing follows a close frame (RFC 6455, section 5.5.1).
func TestNothingFollowsAClose(t *testing.T) {
	c := &conn{}
	c.pipe = newPipe(nil, c)
	c.output.Store(busy) // somebody else's turn: what is written gathers
	for _, frame := range [][]byte{{0x80 | websocket.PingMessage, 0}, {closeFrame, 0}} {
		if _, err := c.pipe.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	if got, over := c.pipe.takeControl(nil); !over || len(got) != 4 {
		t.Errorf("%v, over: %v", got, over)
	}
	if got := c.next(nil); len(got) > 0 {
		t.Errorf("%v follows", got)
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
