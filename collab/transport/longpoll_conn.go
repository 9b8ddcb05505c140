package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
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

// pollPace is for how long what others did is gathered: from the last answer, or
// from a request that brought something, whose own answer is then not overtaken
// by another's change. Else each change in a busy document would cost every
// reader a request (decision 0202). What answers the client itself never waits.
const pollPace = 30 * time.Millisecond

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
	pressing bool          // something kept is not to be gathered
	paced    time.Time     // until then the rest is

	expiry *time.Timer // ends a connection that nobody polls

	mu      sync.Mutex // held for access to the following only (law R3)
	held    *hold      // the request that waits; nil: none
	closing *collab.CloseError
	silent  time.Time // from when on nothing is repeated but the end; zero: never
}

// hold is a request that waits for something to say. Guarded by its connection's
// mu, so that nobody wakes one that is over.
type hold struct {
	signal chan struct{}
	parked net.Conn // whose reader waits instead of signal's; nil: not parked
	woken  bool     // since that reader last looked
}

// past is a deadline that ends a read at once.
var past = time.Unix(1, 0)

// wake has whoever waits look again. It never blocks.
func (h *hold) wake() {
	if h.parked != nil {
		h.woken = true
		_ = h.parked.SetReadDeadline(past) // one that fails has ended, which its reader hears of
		return
	}
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
	defer c.mu.Unlock()
	if c.held != nil {
		c.held.wake()
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
// false when the request has ended meanwhile, or was parked: park (may be nil)
// is asked once, when nothing was said for parkAfter.
func (c *pollConn) serve(ctx context.Context, q *pollRequest, park func(*waiting) bool) (answer pollAnswer, ok bool) {
	all, gone := c.take(ctx, q)
	if gone {
		return answer, false
	}
	q.messages = nil // not to be held for as long as the request
	hold := c.handler.config.Limits.PollHold
	if q.hold != nil {
		hold = time.Duration(min(*q.hold, hold.Milliseconds())) * time.Millisecond
	}
	now := time.Now()
	w := &waiting{conn: c, held: c.hold(), received: q.received, until: now.Add(hold), last: !all || hold == 0}
	timer := time.NewTimer(hold)
	defer timer.Stop()
	parkAt := now.Add(c.handler.config.ParkAfter)
	for {
		answer, again, said, gone := w.look(ctx)
		if said || gone {
			c.release(w.held)
			return answer, said
		}
		if idle := again.Equal(w.until); idle && park != nil {
			if !time.Now().Before(parkAt) {
				if park(w) {
					return answer, false
				}
				park = nil
			} else if parkAt.Before(again) {
				again = parkAt
			}
		}
		timer.Reset(time.Until(again))
		select {
		case <-w.held.signal:
		case <-timer.C:
		case <-ctx.Done():
			c.release(w.held)
			return answer, false
		}
	}
}

// waiting is a request that waits for something to answer.
type waiting struct {
	conn     *pollConn
	held     *hold
	received int64     // server messages that it confirmed
	until    time.Time // it is answered then in any case
	last     bool      // it does not wait
}

// look answers if there is something to say. Else it says when to look again,
// unless the request is woken before; gone: its context has ended.
func (w *waiting) look(ctx context.Context) (answer pollAnswer, again time.Time, said, gone bool) {
	last := w.last || !time.Now().Before(w.until)
	answer, due, said, gone := w.conn.answer(ctx, w.held, w.received, last)
	if again = w.until; !due.IsZero() && due.Before(again) {
		again = due
	}
	return answer, again, said, gone
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
	c.pressing = slices.ContainsFunc(c.kept, presses)
	skip := min(c.accepted-q.first, int64(len(q.messages)))
	begun := time.Now()
	if skip < int64(len(q.messages)) {
		c.paced = begun.Add(pollPace)
	}
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
	defer c.mu.Unlock()
	if c.held != nil {
		c.held.wake()
	}
	c.held = held
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
// over or it is the last chance. said is false when the request goes on waiting:
// until due, if something is gathered (else zero).
func (c *pollConn) answer(ctx context.Context, held *hold, received int64, last bool) (answer pollAnswer, due time.Time, said, gone bool) {
	if !c.enter(ctx) {
		return answer, due, false, true
	}
	defer c.leave()
	defer c.handler.recovered(c)
	answer = pollAnswer{connection: c.id, sent: received, accepted: c.accepted}
	if !c.holds(held) {
		return answer, due, true, false
	}
	c.fill()
	answer.close = c.closed() // after fill, which may come upon the end
	if c.silenced() {
		c.kept, c.bytes = nil, 0
	}
	now := time.Now()
	if answer.close == nil && !last {
		if len(c.kept) == 0 {
			return answer, due, false, false
		}
		if !c.pressing && c.bytes < pollBytes && now.Before(c.paced) {
			return answer, c.paced, false, false
		}
	}
	answer.messages = slices.Clone(c.kept)
	answer.sent = c.seen + int64(len(c.kept))
	c.paced = now.Add(pollPace)
	return answer, due, true, false
}

// presses says whether a message is not to be gathered with others: it answers
// the client, or is rare.
func presses(message []byte) bool {
	return !bytes.HasPrefix(message, []byte(`{"type":"change"`)) && !bytes.HasPrefix(message, []byte(`{"type":"presence"`))
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
			c.pressing = c.pressing || presses(m)
		}
	}
}
