package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// LongPoll serves POST /api/documents/{id}/poll, for networks that break
// WebSocket. It is an http.Handler; all methods may be called from any
// goroutine. The promises are WebSocket's (law P4): what was delivered is kept
// until the client says that it came, and what the client repeats is skipped.
type LongPoll struct {
	config   Config
	decoder  protocol.Decoder
	allowed  func(*http.Request) bool
	draining atomic.Bool

	mu    sync.Mutex // held for access to the following only (law R3)
	conns map[string]*pollConn
	head  []byte // the last parked request's, shared by those that have the same

	back   *returned
	parked sync.WaitGroup // Add is under mu and before draining
}

// NewLongPoll makes the handler. Nothing runs until a request comes.
func NewLongPoll(config Config) *LongPoll {
	h := &LongPoll{config: config.withDefaults(), allowed: checkOrigin(config.CheckOrigin), conns: map[string]*pollConn{}, back: newReturned()}
	h.decoder = h.config.decoder()
	return h
}

// ServeHTTP answers one poll, at once or within Limits.PollHold. Endings of a
// connection are told in an answer with status 200; other statuses mean that
// the request got nowhere.
func (h *LongPoll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	if !h.allowed(r) {
		otherSite(w)
		return
	}
	from, ok := h.config.recognise(w, r)
	if !ok {
		return
	}
	answer, ok := h.poll(w, r, from)
	if !ok {
		return // nobody is there to be answered, they were, or they will be
	}
	body := answer.bytes()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(h.config.Limits.WriteWait))
	if _, err := w.Write(body); err == nil && control.Flush() == nil {
		_ = control.SetWriteDeadline(time.Time{}) // the network connection goes on to other requests
	}
}

// poll reads the request, finds or opens its connection and lets it answer.
func (h *LongPoll) poll(w http.ResponseWriter, r *http.Request, from caller) (answer pollAnswer, ok bool) {
	at := h.config.Door.stranger(r)
	if at == nil {
		full(w, "strangers")
		return answer, false
	}
	q, c, err := h.read(w, r, from)
	at.known()
	switch {
	case errors.Is(err, errGone):
		return answer, false
	case err != nil:
		refusal := bodyRefusal(err)
		if c == nil {
			return pollAnswer{close: refusal}, true
		}
		c.Close(refusal.Code, refusal.Reason)
	case q.connection == "" && h.draining.Load():
		stopping(w)
		return answer, false
	case q.connection == "":
		var refusal *collab.CloseError
		if c, refusal = h.open(r.Context(), from, at, &q); refusal != nil {
			at.leave()
			return pollAnswer{close: refusal}, true
		}
		if answer, ok = c.serve(r.Context(), &q, nil); !ok { // its id was never told
			h.forget(c, protocol.CloseGeneric, "nobody polled")
		}
		return answer, ok
	case c == nil:
		return pollAnswer{close: &collab.CloseError{Code: protocol.CloseGeneric, Reason: "unknown connection"}}, true
	}
	return c.serve(r.Context(), &q, func(waits *waiting) bool { return h.park(w, r, waits) })
}

// read reads the body within its bounds: those of a hello until it has named a
// connection of this caller, which is returned.
func (h *LongPoll) read(w http.ResponseWriter, r *http.Request, from caller) (q pollRequest, c *pollConn, err error) {
	limits := h.config.Limits
	control := http.NewResponseController(w)
	begun := time.Now()
	_ = control.SetReadDeadline(begun.Add(limits.HelloWait))
	body := &boundedBody{from: r.Body, left: limits.HelloBytes}
	q, err = readPoll(body, func(id string) {
		if c = h.find(id, from); c != nil {
			c.touch()
			body.left += limits.FrameBytes
			_ = control.SetReadDeadline(time.Now().Add(limits.PongWait))
			all := body.left
			body.arrived = func() {
				// What comes of a large change over a slow line shows that the client is there.
				c.touch()
				now := time.Now()
				paid := begun.Add(limits.PongWait + time.Duration(all-body.left)*time.Second/slowestBody)
				if until := now.Add(limits.PongWait); until.Before(paid) {
					paid = until
				}
				_ = control.SetReadDeadline(paid)
			}
		}
	})
	// The deadline would end the request while it waits for its answer.
	_ = control.SetReadDeadline(time.Time{})
	if c != nil && err == nil {
		c.touch()
	}
	late := errors.Is(body.err, os.ErrDeadlineExceeded)
	if late && c == nil {
		err = errNoHello
	} else if body.err != nil && !errors.Is(body.err, io.EOF) && !errors.Is(body.err, errTooBig) {
		err = errGone // the network's fault: the client sends it again
	}
	return q, c, err
}

// slowestBody is how fast a body must come for the request not to be cut, so
// that one that trickles holds its place for no longer than its bytes are
// worth; bytes a second.
const slowestBody = 2 << 10

// What ends reading a body, beside its being wrong.
var (
	errGone    = errors.New("the request was cut")
	errNoHello = errors.New("no hello")
)

// bodyRefusal says what was wrong with a body in a close code.
func bodyRefusal(err error) *collab.CloseError {
	switch {
	case errors.Is(err, errTooBig):
		return &collab.CloseError{Code: protocol.CloseTooBig, Reason: "message is too large"}
	case errors.Is(err, errNoHello):
		return &collab.CloseError{Code: protocol.CloseGeneric, Reason: "no hello in time"} // the network's fault, perhaps
	}
	return &collab.CloseError{Code: protocol.CloseProtocol, Reason: "the body is not a poll"}
}

// open makes a connection of a request whose first message is a hello.
func (h *LongPoll) open(ctx context.Context, from caller, at *pass, q *pollRequest) (c *pollConn, refused *collab.CloseError) {
	if q.first != 0 || q.received != 0 || len(q.messages) == 0 {
		return nil, &collab.CloseError{Code: protocol.CloseProtocol, Reason: "a new connection begins with hello"}
	}
	hello, err := h.decoder.Decode(q.messages[0])
	if err != nil {
		return nil, h.refusal(err)
	}
	if limit := at.enter(); limit != "" {
		return nil, &collab.CloseError{Code: protocol.CloseRate, Reason: "the server has as many connections as it takes; try again later"}
	}
	c = &pollConn{handler: h, pass: at, id: persistence.NewID().String(), from: from, turn: make(chan struct{}, 1), done: make(chan struct{}), accepted: 1}
	defer func() {
		if p := recover(); p != nil {
			h.failed(p)
			refused = &collab.CloseError{Code: protocol.CloseInternal, Reason: "internal error"}
		}
	}()
	peer, who, refused := h.config.join(ctx, from, hello, c)
	if refused != nil {
		return nil, refused
	}
	c.attached(peer, who)
	c.expiry = time.AfterFunc(h.config.Limits.PollExpiry, func() { h.forget(c, protocol.CloseGeneric, "nobody polled") })
	h.mu.Lock()
	h.conns[c.id] = c
	h.mu.Unlock()
	return c, nil
}

// find gives a connection to whom it belongs. Somebody else's looks like none.
func (h *LongPoll) find(id string, from caller) *pollConn {
	h.mu.Lock()
	c := h.conns[id]
	h.mu.Unlock()
	if c == nil || !c.belongs(from) {
		return nil
	}
	return c
}

// forget ends a connection and what is kept of it. One that was closed is kept
// until it expires, so that a repeated poll gets the same answer.
func (h *LongPoll) forget(c *pollConn, code protocol.CloseCode, reason string) {
	h.mu.Lock()
	delete(h.conns, c.id)
	h.mu.Unlock()
	c.Close(code, reason)
}

// Drain refuses new connections from now on (law R7); those there are go on.
func (h *LongPoll) Drain() {
	h.mu.Lock() // so that nobody is parked after it
	defer h.mu.Unlock()
	h.draining.Store(true)
}

// Connections is how many are open.
func (h *LongPoll) Connections() (open int) {
	for _, c := range h.all() {
		if c.closed() == nil {
			open++
		}
	}
	return open
}

func (h *LongPoll) all() []*pollConn {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*pollConn, 0, len(h.conns))
	for _, c := range h.conns {
		all = append(all, c)
	}
	return all
}

// Shutdown drains and closes what is still open with 1001: requests that wait
// are answered with it. It returns when every peer is gone, or with the
// context's error.
func (h *LongPoll) Shutdown(ctx context.Context) error {
	h.Drain()
	for _, c := range h.all() {
		c.expiry.Stop()
		h.forget(c, protocol.CloseGoingAway, "the server is stopping")
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	gone := make(chan struct{})
	go func() {
		h.parked.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// refusal says an error of the codec or the engine in a close code.
func (h *LongPoll) refusal(err error) *collab.CloseError {
	if e, ok := errors.AsType[*protocol.FrameError](err); ok {
		return &collab.CloseError{Code: e.Close, Reason: e.Reason}
	}
	return h.config.refusal(err)
}

// recovered ends one connection for a panic in its handling, and no other.
func (h *LongPoll) recovered(c *pollConn) {
	if p := recover(); p != nil {
		h.failed(p)
		c.Close(protocol.CloseInternal, "internal error")
	}
}

func (h *LongPoll) failed(panicked any) {
	h.config.Logger.Error("connection failed", "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
}
