package collab

import (
	"context"
	"encoding/hex"
	"math"
	"strings"
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
	outbox  outbox
	pages   atomic.Pointer[pages] // nil unless it catches up from the log
	differs atomic.Int64          // one more than the last revision that its client was told it holds otherwise
	ending  CloseError            // how the connection closes when the outbox has ended; set before that
	tally   *tally                // of its user
	meter   meter                 // of what it sends

	chatter bucket // messages that are no changes; the reader's

	// Owned by the session's goroutine.
	author   *author
	who      Identity // whose User is as it was at the join; see author
	role     protocol.Role
	asked    Generation // when the look at the role began
	holds    int        // revocations under way that concern it: its changes are not heard
	joined   time.Time
	attached bool
	live     bool  // gets what is committed; false while it catches up from the log
	attempt  int64 // of its client's connections, see protocol.Resume
	known    int64 // revision it was given at the join; acks past it wait while not live
	index    int   // in session.peers
	invalid  int   // invalid changes in a row
	pending  int   // changes sequenced, not yet durable
	turn     int64 // last fan-out that had a change of its own
	inLine   bool
	presence presence
}

// ID is what others know this peer by.
func (p *Peer) ID() string { return p.id }

// Receive hands in one message from the connection's reader goroutine, and how
// many bytes it was. It blocks while the document's inbox is full, and for up
// to Limits.RateWait while more comes in than may: the next message is not read
// before that. A *CloseError means that the connection is to be ended with it.
func (p *Peer) Receive(ctx context.Context, m protocol.ClientMessage, bytes int) error {
	switch m := m.(type) {
	case protocol.Hello:
		return &CloseError{protocol.CloseProtocol, "hello was said before"}
	case protocol.Check:
		if state := p.session.state.Load(); m.Revision == state.revision {
			bytes += state.document.Len() / checkShare // hashing reads all of it
		}
		if err := p.slow(ctx, bytes); err != nil {
			return err
		}
		p.check(m)
		return nil
	case protocol.Submit:
		if refused, err := p.admit(ctx, &m, bytes); refused || err != nil {
			return err
		}
	case protocol.Presence, protocol.Ping:
		if err := p.slow(ctx, bytes); err != nil {
			return err
		}
	default:
		return &CloseError{protocol.CloseProtocol, "unknown message"}
	}
	select {
	case p.session.inbox <- envelope{from: p, body: m}:
		return nil
	case <-p.session.done:
		return errReloaded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkShare is how many UTF-16 units of a document are hashed for what a byte
// that comes in is charged: ten million take 36 ms.
const checkShare = 8

var errReloaded = &CloseError{protocol.CloseGeneric, "document was reloaded"}

// slow holds the reader back when messages other than changes come too fast.
// They are never refused: what one more costs is little.
func (p *Peer) slow(ctx context.Context, bytes int) error {
	c := p.session.config
	now := c.elapsed()
	wait := p.chatter.wait(now, c.rates.message, c.Limits.RateBurst)
	p.chatter.take(now, c.rates.message)
	held, _ := p.meter.take(now, &c.rates.over[overConnection], 0, bytes, c.Limits.RateBurst, math.MaxInt64)
	return p.hold(ctx, overConnection, min(max(wait, held), c.Limits.RateWait))
}

// admit charges a change, and holds the reader back when too many come. One
// that would have to wait for too long is refused after that, to be sent again.
func (p *Peer) admit(ctx context.Context, m *protocol.Submit, bytes int) (refused bool, err error) {
	c := p.session.config
	on := meters{&p.meter, &p.tally.meter, &p.session.meter}
	wait, over, refused := on.take(c, bytes)
	if err := p.hold(ctx, over, min(wait, c.Limits.RateWait)); err != nil || !refused {
		return false, err
	}
	p.reject(m.Seq, c.tooFast(over, wait))
	return true, nil
}

func (p *Peer) hold(ctx context.Context, s scope, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	p.session.config.Metrics.Delayed(s.String(), wait)
	err := rest(ctx, p.session.done, wait)
	if err == errGone {
		return errReloaded
	}
	return err
}

// check compares content hashes (law C6): only at the durable head, and in the
// reader's goroutine, since hashing reads the whole document.
func (p *Peer) check(m protocol.Check) {
	state := p.session.state.Load()
	if m.Revision != state.revision {
		return
	}
	hash := state.contentHash()
	ours := hex.EncodeToString(hash[:])
	if strings.EqualFold(ours, m.Hash) {
		return
	}
	c := p.session.config
	c.Metrics.HashMismatch()
	if p.session.mayTell() {
		c.Logger.Warn("client holds another document",
			"document", p.session.id, "revision", m.Revision, "server", ours, "client", clip(m.Hash, 64))
	}
	if p.differs.Swap(m.Revision+1) != m.Revision+1 {
		p.send(protocol.Reload{Reason: "hash"})
	}
}

// mismatchTold is how often a document's log says that a client holds another
// one: clients write these messages, and must not write the log. The metric
// counts each.
const mismatchTold = time.Minute

// mayTell says whether it is time for that again. Any goroutine.
func (s *session) mayTell() bool {
	now, next := int64(s.config.elapsed()), s.told.Load()
	return now >= next && s.told.CompareAndSwap(next, now+int64(mismatchTold))
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
	p.tell(detached{})
}

// tell sends the session a notice about the peer, unless it has ended.
func (p *Peer) tell(notice any) {
	select {
	case p.session.inbox <- envelope{from: p, body: notice}:
	case <-p.session.done:
	}
}

// send queues one message for this peer alone; a full outbox closes the
// connection. Any goroutine.
func (p *Peer) send(m protocol.ServerMessage) {
	p.push(fragment{bytes: protocol.AppendServer(nil, m)})
}

// reject answers a change that is not in the log. Any goroutine.
func (p *Peer) reject(seq int64, err *RejectError) {
	p.session.config.Metrics.Rejected(err.Code)
	p.send(protocol.Reject{Seq: seq, Code: err.Code, Message: err.Reason, Retry: err.Retry(), RetryAfter: err.RetryAfter})
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

// silence drops what a peer that was let go has not taken, and closes. Any
// goroutine, more than once.
func (p *Peer) silence() {
	if p.outbox.close() {
		p.session.config.Metrics.Closed(p.ending.Code)
		p.conn.Close(p.ending.Code, p.ending.Reason)
	}
}

// at is the time of acceptance as the log keeps it.
func at(now time.Time) time.Time { return persistence.Micro(now) }
