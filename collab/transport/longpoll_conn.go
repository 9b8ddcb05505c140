package transport

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
)

// pollBytes is how much is taken from the peer for one answer, and so, with one
// more frame, how much is kept for a client that has not said it saw it.
const pollBytes = 256 << 10

// takeWait is for how long one request may go on giving messages to a document
// that takes them slowly. What is left is not accepted, and the client sends it
// again at once, in its next request: an answer never waits behind a flood.
const takeWait = time.Second

// pollConn is one long-poll connection: the collab.Conn that the engine sees.
// It outlives the requests that carry it. No goroutine runs for it: one request
// at a time has the turn, takes what came, and takes from the peer what goes.
type pollConn struct {
	handler *LongPoll
	id      string
	pass    *pass
	from    caller                      // of the request that opened it
	who     Identity                    // the peer's; known once it is attached
	done    chan struct{}               // the peer is gone
	peer    atomic.Pointer[collab.Peer] // nil until attached

	turn     chan struct{} // full while a request owns the following
	accepted int64         // client messages taken
	seen     int64         // server messages the client has confirmed
	kept     [][]byte      // and those after, in order: delivered until confirmed
	bytes    int           // of kept

	expiry *time.Timer // ends a connection that nobody polls

	mu      sync.Mutex // held for access to the following only (law R3)
	held    *hold      // the request that waits; nil: none
	closing *collab.CloseError
	silent  time.Time // from when on nothing is repeated but the end; zero: never
}

// hold is a request that waits for something to say.
type hold struct{ signal chan struct{} }

func (h *hold) wake() {
	select {
	case h.signal <- struct{}{}:
	default:
	}
}

var _ collab.Conn = (*pollConn)(nil)

// Kind implements collab.Conn.
func (c *pollConn) Kind() string { return "longpoll" }

// Wake implements collab.Conn. Without a request waiting the next one asks.
func (c *pollConn) Wake() {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held != nil {
		held.wake()
	}
}

// Close implements collab.Conn. The reason is told to the next request, or the
// one that waits, behind what was taken; the peer goes at once.
func (c *pollConn) Close(code protocol.CloseCode, reason string) {
	c.mu.Lock()
	first := c.closing == nil
	if first {
		c.closing = &collab.CloseError{Code: code, Reason: cutReason(reason)}
		if expels(code) {
			c.silent = time.Now().Add(expelWait)
		}
	}
	c.mu.Unlock()
	if first {
		c.Wake()
		go c.end()
	}
}

// end lets the peer go.
func (c *pollConn) end() {
	c.pass.leave()
	if peer := c.peer.Load(); peer != nil {
		peer.Detach()
	}
	close(c.done)
}

// attached makes the peer known, unless all has ended meanwhile.
func (c *pollConn) attached(peer *collab.Peer, who Identity) {
	c.who = who
	c.peer.Store(peer)
	if c.closed() != nil {
		peer.Detach()
	}
}

func (c *pollConn) closed() *collab.CloseError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// silenced says whether the connection's user may no longer be told what they
// have not confirmed (law S8): an answer that was lost right before the end is
// repeated for as long as another connection would have had to take it.
func (c *pollConn) silenced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.silent.IsZero() && time.Now().After(c.silent)
}

// belongs tells whether a request comes from whoever opened the connection: by
// the same credentials, or by those as whom they came in. Another login of the
// same user is somebody else: it may reach less. Who came without any has the
// connection's id, which nobody can guess.
func (c *pollConn) belongs(from caller) bool {
	if from.document != c.from.document {
		return false
	}
	if !from.known {
		return !c.from.known
	}
	return same(&from.who, &c.who) || c.from.known && same(&from.who, &c.from.who)
}

// touch puts off the end of a connection that nobody polls.
func (c *pollConn) touch() { c.expiry.Reset(c.handler.config.Limits.PollExpiry) }

// serve takes what a request brings and waits for something to answer. ok is
// false when the request has ended meanwhile.
func (c *pollConn) serve(ctx context.Context, q *pollRequest) (answer pollAnswer, ok bool) {
	all, gone := c.take(ctx, q)
	if gone {
		return answer, false
	}
	q.messages = nil // not to be held for as long as the request
	held := c.hold()
	defer c.release(held)
	wait := c.handler.config.Limits.PollHold
	if q.hold != nil {
		wait = time.Duration(min(*q.hold, wait.Milliseconds())) * time.Millisecond
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	for last := !all || wait == 0; ; {
		answer, said, gone := c.answer(ctx, held, q.received, last)
		if said || gone {
			return answer, said
		}
		select {
		case <-held.signal:
		case <-patience.C:
			last = true
		case <-ctx.Done():
			return answer, false
		}
	}
}

// enter waits for the turn; false: the context has ended.
func (c *pollConn) enter(ctx context.Context) bool {
	select {
	case c.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *pollConn) leave() { <-c.turn }

// take gives the peer what it has not been given before; all: nothing is left.
// gone: the request has ended, and the client will repeat what was not accepted.
func (c *pollConn) take(ctx context.Context, q *pollRequest) (all, gone bool) {
	if !c.enter(ctx) {
		return false, true
	}
	defer c.leave()
	defer c.handler.recovered(c)
	switch {
	case c.closed() != nil:
		return true, false
	case q.leave:
		c.Close(protocol.CloseGeneric, "left")
		return true, false
	case q.first > c.accepted, q.received > c.seen+int64(len(c.kept)):
		c.Close(protocol.CloseGeneric, "a gap in the messages")
		return true, false
	}
	for ; q.received > c.seen; c.seen++ {
		c.bytes -= len(c.kept[0])
		c.kept[0], c.kept = nil, c.kept[1:]
	}
	if len(c.kept) == 0 {
		c.kept = nil
	}
	skip := min(c.accepted-q.first, int64(len(q.messages)))
	begun := time.Now()
	for _, raw := range q.messages[skip:] {
		if time.Since(begun) > takeWait {
			return false, false
		}
		if err := c.receive(ctx, raw); err != nil {
			if ctx.Err() != nil {
				return false, true
			}
			c.fill() // what was said before it comes first
			refusal := c.handler.refusal(err)
			c.Close(refusal.Code, refusal.Reason)
			return true, false
		}
		c.accepted++
	}
	return true, false
}

func (c *pollConn) receive(ctx context.Context, raw json.RawMessage) error {
	if len(raw) > c.handler.config.Limits.FrameBytes {
		return &protocol.FrameError{Close: protocol.CloseTooBig, Reason: "message is too large"}
	}
	m, err := c.handler.decoder.Decode(raw)
	if err != nil {
		return err
	}
	return c.peer.Load().Receive(ctx, m, len(raw))
}

// hold makes the caller the request that waits; the one before it is woken, and
// finds that it no longer is.
func (c *pollConn) hold() *hold {
	held := &hold{signal: make(chan struct{}, 1)}
	c.mu.Lock()
	before := c.held
	c.held = held
	c.mu.Unlock()
	if before != nil {
		before.wake()
	}
	return held
}

func (c *pollConn) release(held *hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == held {
		c.held = nil
	}
}

func (c *pollConn) holds(held *hold) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held == held
}

// answer says what there is to say, or nothing when another request has taken
// over or it is the last chance. said is false when the request goes on waiting.
func (c *pollConn) answer(ctx context.Context, held *hold, received int64, last bool) (answer pollAnswer, said, gone bool) {
	if !c.enter(ctx) {
		return answer, false, true
	}
	defer c.leave()
	defer c.handler.recovered(c)
	answer = pollAnswer{connection: c.id, sent: received, accepted: c.accepted}
	if !c.holds(held) {
		return answer, true, false
	}
	c.fill()
	answer.close = c.closed() // after fill, which may come upon the end
	if c.silenced() {
		c.kept, c.bytes = nil, 0
	}
	if len(c.kept) == 0 && answer.close == nil && !last {
		return answer, false, false
	}
	answer.messages = slices.Clone(c.kept)
	answer.sent = c.seen + int64(len(c.kept))
	return answer, true, false
}

// fill takes frames from the peer. Only who has the turn calls it.
func (c *pollConn) fill() {
	peer := c.peer.Load()
	if end := c.closed(); end != nil && end.Code == protocol.CloseInternal {
		return // it may have been this that failed
	}
	for peer != nil && c.bytes < pollBytes {
		frame, ok := peer.Next()
		if !ok {
			return
		}
		n := len(c.kept)
		c.kept = appendMessages(c.kept, frame)
		for _, m := range c.kept[n:] {
			c.bytes += len(m)
		}
	}
}
