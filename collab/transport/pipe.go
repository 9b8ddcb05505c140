package transport

import (
	"bufio"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// pipe is the network connection under a WebSocket. Messages leave in the
// goroutine that has them, mostly the document session's, by one system call
// that never waits (law R2): waking a goroutine per connection for each of them
// costs more than sending it. What the kernel does not take at once is left to
// a goroutine made for it.
//
// melody reads from it and writes what the WebSocket protocol itself has to
// say: the upgrade's answer, pings, pongs, closes. That is queued and leaves
// before the next message. Who may send is conn.output's to say.
type pipe struct {
	net.Conn
	owner *conn
	raw   syscall.RawConn // nil: there is no writing without waiting
	write func(fd uintptr) bool
	out   []byte // what write is to send and has not yet

	heard time.Time // of the reading goroutine: when more time was last given

	mu      sync.Mutex // held for access to the following only (law R3)
	control []byte     // whole frames
	closing bool       // the last of them is a close: no message follows it
}

// controlBytes bounds the control frames waiting for a client that pings and
// does not read (law R5); more are dropped, as RFC 6455, section 5.5.3, allows.
const controlBytes = 1 << 10

// closeFrame is the first byte of a close frame.
const closeFrame = 0x80 | websocket.CloseMessage

// hijacker gives melody's upgrader a pipe in place of the connection.
type hijacker struct {
	http.ResponseWriter
	conn *conn
}

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	network, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn.pipe = newPipe(network, h.conn)
	return h.conn.pipe, buffered, nil
}

func newPipe(network net.Conn, owner *conn) *pipe {
	p := &pipe{Conn: network, owner: owner}
	p.write = func(fd uintptr) bool {
		p.out = p.out[writeNow(fd, p.out):]
		return true
	}
	if c, ok := network.(syscall.Conn); ok {
		p.raw, _ = c.SyscallConn() // an error leaves it nil
	}
	return p
}

// Write takes a whole frame, or the upgrade's answer, from the WebSocket
// library. Any goroutine.
func (p *pipe) Write(frame []byte) (int, error) {
	p.mu.Lock()
	if n := len(p.control); n == 0 || n+len(frame) <= controlBytes {
		p.control = append(p.control, frame...)
		p.closing = p.closing || frame[0] == closeFrame
	}
	p.mu.Unlock()
	p.owner.Wake()
	return len(frame), nil
}

// Read implements net.Conn. What comes in shows that the client is there, as a
// pong does: behind a long frame on a slow line none can come.
func (p *pipe) Read(b []byte) (n int, err error) {
	n, err = p.Conn.Read(b)
	if n == 0 || p.owner.closing.Load() {
		return n, err
	}
	if now := time.Now(); now.Sub(p.heard) >= time.Second {
		p.heard = now
		_ = p.Conn.SetReadDeadline(now.Add(p.owner.handler.config.Limits.PongWait))
	}
	return n, err
}

// SetWriteDeadline has no effect: Write never waits, and what waits for the
// kernel has a deadline of its own.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// takeControl moves what Write queued behind dst. over: a close frame was in
// it, or before, and nothing else may follow.
func (p *pipe) takeControl(dst []byte) (frames []byte, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dst = append(dst, p.control...)
	p.control = nil
	return dst, p.closing
}

// offer sends what the kernel takes now and returns the rest. Only who has the
// turn calls it.
func (p *pipe) offer(frames []byte) (rest []byte) {
	if p.raw == nil {
		return frames
	}
	p.out = frames
	_ = p.raw.Write(p.write) // an error shows when the rest is written
	rest, p.out = p.out, nil
	return rest
}

// finish writes the rest, waiting for the kernel.
func (p *pipe) finish(rest []byte, wait time.Duration) error {
	if err := p.Conn.SetWriteDeadline(time.Now().Add(wait)); err != nil {
		return err
	}
	if _, err := p.Conn.Write(rest); err != nil {
		return err
	}
	return p.Conn.SetWriteDeadline(time.Time{})
}

// appendText appends a server's text frame (RFC 6455, section 5.2): whole, not
// masked.
func appendText(dst, message []byte) []byte {
	switch n := len(message); {
	case n <= 125:
		dst = append(dst, 0x80|websocket.TextMessage, byte(n))
	case n <= 0xffff:
		dst = append(dst, 0x80|websocket.TextMessage, 126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 0x80|websocket.TextMessage, 127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, message...)
}
