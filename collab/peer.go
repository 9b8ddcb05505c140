package collab

import (
	"context"
	"encoding/hex"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Peer is one connection in one document. It belongs to the session's
// goroutine; the methods are for the transport.
type Peer struct {
	session *session
	conn    Conn
	id      string
	client  persistence.ID
	author  *author
	outbox  outbox
	pages   atomic.Pointer[pages] // nil unless it catches up from the log
	differs atomic.Int64          // one more than the last revision that its client was told it holds otherwise
	ending  CloseError            // how the connection closes when the outbox has ended; set before that

	// Owned by the session's goroutine.
	role     protocol.Role
	attached bool
	live     bool  // gets what is committed; false while it catches up from the log
	attempt  int64 // of its client's connections, see protocol.Resume
	known    int64 // revision it was given at the join; acks past it wait while not live
	index    int   // in session.peers
	invalid  int   // invalid changes in a row
	pending  int   // changes sequenced, not yet durable
	turn     int64 // last fan-out that had a change of its own
	presence presence
}

// ID is what others know this peer by.
func (p *Peer) ID() string { return p.id }

// Receive hands in one message from the connection's reader goroutine. It
// blocks at most while the document's inbox is full. A *CloseError means that
// the connection is to be ended with it.
func (p *Peer) Receive(ctx context.Context, m protocol.ClientMessage) error {
	switch m := m.(type) {
	case protocol.Hello:
		return &CloseError{protocol.CloseProtocol, "hello was said before"}
	case protocol.Check:
		p.check(m)
		return nil
	case protocol.Submit, protocol.Presence, protocol.Ping:
	default:
		return &CloseError{protocol.CloseProtocol, "unknown message"}
	}
	select {
	case p.session.inbox <- envelope{from: p, body: m}:
		return nil
	case <-p.session.done:
		return &CloseError{protocol.CloseGeneric, "document was reloaded"}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check compares content hashes (law C6): only at the durable head, and in the
// reader's goroutine, since hashing reads the whole document.
func (p *Peer) check(m protocol.Check) {
	state := p.session.state.Load()
	if m.Revision != state.revision {
		return
	}
	hash := state.contentHash()
	if ours := hex.EncodeToString(hash[:]); ours != m.Hash && p.differs.Swap(m.Revision+1) != m.Revision+1 {
		c := p.session.config
		c.Metrics.HashMismatch()
		c.Logger.Error("client holds another document",
			"document", p.session.id, "revision", m.Revision, "server", ours, "client", clip(m.Hash, 64))
		p.send(protocol.Reload{Reason: "hash"})
	}
}

func clip(s string, n int) string { return s[:min(n, len(s))] }

// Next gives the next frame to send: one message, or several as a JSON array.
// The bytes are shared and must not be changed. It never blocks; ok is false
// when there is nothing to say. One goroutine at a time, any one.
func (p *Peer) Next() (frame []byte, ok bool) {
	frame, ok = p.outbox.next(p.session.config.Limits.FrameBytes)
	if ok {
		return frame, true
	}
	if p.outbox.ended() {
		p.session.config.Metrics.Closed(p.ending.Code)
		p.conn.Close(p.ending.Code, p.ending.Reason)
	} else if pages := p.pages.Load(); pages != nil {
		pages.turn()
	}
	return nil, false
}

// Detach says that the pipe is gone. Any goroutine, more than once. It may
// wait while the document's inbox is full.
func (p *Peer) Detach() {
	p.outbox.close()
	select {
	case p.session.inbox <- envelope{from: p, body: detached{}}:
	case <-p.session.done:
	}
}

// send queues one message for this peer alone; a full outbox closes the
// connection. Any goroutine.
func (p *Peer) send(m protocol.ServerMessage) {
	p.push(fragment{bytes: protocol.AppendServer(nil, m)})
}

// push queues fragments and wakes the transport; it reports whether the peer
// could not take them and its connection is being closed.
func (p *Peer) push(fragments ...fragment) (over bool) {
	wake, over := p.outbox.push(&p.session.config.Limits, fragments...)
	if over {
		p.cut(protocol.CloseSlow, "reading too slowly")
	} else if wake {
		p.conn.Wake()
	}
	return over
}

// cut closes the connection with what is queued unsent. The session learns of
// it by the transport's Detach, or has already let the peer go.
func (p *Peer) cut(code protocol.CloseCode, reason string) {
	p.outbox.close()
	p.session.config.Metrics.Closed(code)
	p.conn.Close(code, reason)
}

// finish closes the connection once what is queued has been sent. Only the
// session's goroutine calls it.
func (p *Peer) finish(code protocol.CloseCode, reason string) {
	p.ending = CloseError{code, reason}
	p.outbox.end()
	p.conn.Wake()
}

// at is the time of acceptance as the log keeps it.
func at(now time.Time) time.Time { return persistence.Micro(now) }
