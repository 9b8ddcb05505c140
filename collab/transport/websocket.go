package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"github.com/olahol/melody"
	"golang.org/x/time/rate"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
)

// cutWait is how long a stalled connection is given to take its close frame;
// expelWait one whose right was taken away, before which content may still be
// ahead of it (law S8).
const (
	cutWait   = 50 * time.Millisecond
	expelWait = 200 * time.Millisecond
)

// lingerBytes is how much of a frame that was too long is read away, so that
// the close frame is not lost to the reset that unread bytes cause.
const lingerBytes = 4 << 20

// WebSocket serves GET /api/documents/{id}/socket. It is an http.Handler; all
// methods may be called from any goroutine.
type WebSocket struct {
	config   Config
	decoder  protocol.Decoder
	melody   *melody.Melody
	draining atomic.Bool // upgrades are refused
	stopping atomic.Bool // and those that were under way are closed
}

// connKey finds our connection in a melody session.
const connKey = "conn"

// NewWebSocket makes the handler. Nothing runs until a request comes.
func NewWebSocket(config Config) *WebSocket {
	h := &WebSocket{config: config.withDefaults(), melody: melody.New()}
	h.decoder = h.config.decoder()
	limits := h.config.Limits
	h.melody.Config = &melody.Config{
		WriteWait:         limits.WriteWait,
		PongWait:          limits.PongWait,
		PingPeriod:        limits.PingPeriod,
		MaxMessageSize:    int64(limits.HelloBytes), // raised once hello is in
		MessageBufferSize: 1,                        // unused: messages leave by the pipe
	}
	h.melody.Upgrader = &websocket.Upgrader{
		CheckOrigin:  checkOrigin(h.config.CheckOrigin),
		Error:        notUpgraded,
		Subprotocols: []string{protocol.Subprotocol},
		// Clients send a hundred bytes at a time; only control frames are written
		// by the library. An idle connection holds the 1 KiB only.
		ReadBufferSize:  1 << 10,
		WriteBufferSize: 256,
		WriteBufferPool: new(sync.Pool),
	}
	h.melody.HandleConnect(h.connected)
	h.melody.HandleMessage(h.received)
	h.melody.HandleMessageBinary(func(s *melody.Session, _ []byte) {
		connOf(s).Close(protocol.CloseProtocol, "binary frames are not spoken here") // what 1003 says
	})
	h.melody.HandlePong(func(s *melody.Session) { connOf(s).slow() })
	h.melody.HandleError(h.failed)
	h.melody.HandleDisconnect(func(s *melody.Session) { connOf(s).ended() })
	return h
}

func connOf(s *melody.Session) *conn { return s.Keys[connKey].(*conn) } // set before the session exists, never changed

func checkOrigin(configured func(*http.Request) bool) func(*http.Request) bool {
	if configured != nil {
		return configured
	}
	return func(r *http.Request) bool {
		origin := r.Header.Get("Origin")
		if origin == "" {
			return true
		}
		u, err := url.Parse(origin)
		return err == nil && strings.EqualFold(u.Host, r.Host)
	}
}

// ServeHTTP upgrades the request and returns; the connection lives on in
// goroutines of its own, which keeps net/http's stack and request out of the
// cost of an idle connection.
func (h *WebSocket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.draining.Load() {
		stopping(w)
		return
	}
	if !speaks(w, r) {
		return
	}
	from, ok := h.config.recognise(w, r)
	if !ok {
		return
	}
	at := h.config.Door.stranger(r)
	if at == nil {
		full(w, "strangers")
		return
	}
	if limit := at.enter(); limit != "" {
		at.leave()
		full(w, limit)
		return
	}
	most := cmp.Or(h.config.Engine.ConnectionMessages, collab.DefaultConnectionMessages)
	c := &conn{
		handler:  h,
		from:     from,
		pass:     at,
		controls: rate.NewLimiter(rate.Limit(most), most),
		started:  make(chan struct{}),
		done:     make(chan struct{}),
		flushed:  make(chan struct{}, 1),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go func() {
		defer c.ended() // also when the upgrade was refused
		defer h.recovered(c)
		// notUpgraded answers a refused upgrade before this returns.
		_ = h.melody.HandleRequestWithKeys(hijacker{w, c}, r, map[string]any{connKey: c})
	}()
	select {
	case <-c.started: // hijacked: w and r are net/http's no more
	case <-c.done:
	}
}

// Drain refuses new connections from now on (law R7).
func (h *WebSocket) Drain() { h.draining.Store(true) }

// Connections is how many are open.
func (h *WebSocket) Connections() int { return h.melody.Len() }

// Shutdown drains, closes what is still open with 1001 and returns when all of
// it is gone, or at the context's end after cutting the rest.
func (h *WebSocket) Shutdown(ctx context.Context) error {
	h.Drain()
	h.stopping.Store(true) // before listing: who is not listed will see it
	sessions, err := h.melody.Sessions()
	if err != nil {
		return fmt.Errorf("listing connections: %w", err)
	}
	for _, s := range sessions {
		connOf(s).goAway()
	}
	for _, s := range sessions {
		select {
		case <-connOf(s).done:
		case <-ctx.Done():
			_ = s.WebsocketConnection().Close()
		}
	}
	return ctx.Err()
}

// connected runs before melody reads or writes.
func (h *WebSocket) connected(s *melody.Session) {
	c := connOf(s)
	c.session = s
	s.Request = nil // holds headers and context for as long as the session
	// An absolute deadline: no traffic moves it (law P2).
	// A stalled network misses it as well as a bad client, so it may come back.
	c.hello = time.AfterFunc(h.config.Limits.HelloWait, func() {
		c.Close(protocol.CloseGeneric, "no hello in time")
	})
	socket := s.WebsocketConnection()
	answer := socket.PingHandler()
	socket.SetPingHandler(func(payload string) error {
		c.slow()
		return answer(payload)
	})
	close(c.started)
	if h.stopping.Load() {
		c.goAway()
	}
}

// received runs in the connection's reading goroutine.
func (h *WebSocket) received(s *melody.Session, frame []byte) {
	c := connOf(s)
	defer h.recovered(c)
	if c.closing.Load() {
		return
	}
	begun := time.Now()
	m, err := h.decoder.Decode(frame)
	if err != nil {
		c.refuse(err)
		return
	}
	if peer := c.peer.Load(); peer == nil {
		c.join(m)
	} else if err := peer.Receive(c.ctx, m, len(frame)); err != nil {
		c.refuse(err)
		return
	}
	// While a full document held this goroutine back, no pong was read.
	if now := time.Now(); now.Sub(begun) > time.Second {
		_ = s.WebsocketConnection().SetReadDeadline(now.Add(h.config.Limits.PongWait))
	}
}

// slow holds reading back while a client sends more pings and pongs of the
// WebSocket protocol in a second than it may send messages (law R5): a flood of
// them took three quarters of a core. They come before the hello too, when there
// is no peer to charge. Only the reading goroutine calls it.
func (c *conn) slow() { _ = c.controls.Wait(c.ctx) }

// failed hears of errors in whatever goroutine they happen; it must neither
// block there nor call back into melody.
func (h *WebSocket) failed(s *melody.Session, err error) {
	if errors.Is(err, websocket.ErrReadLimit) {
		// The reading goroutine, and 1009 has been sent: read the rest away.
		network := connOf(s).pipe.Conn // whose reads give no more time
		_ = network.SetReadDeadline(time.Now().Add(h.config.Limits.CloseWait))
		_, _ = io.CopyN(io.Discard, network, lingerBytes)
	}
}

// recovered ends one connection for a panic in its handling, and no other.
func (h *WebSocket) recovered(c *conn) {
	if p := recover(); p != nil {
		h.config.Logger.Error("connection failed", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		c.Close(protocol.CloseInternal, "internal error")
	}
}

// conn is one WebSocket connection: the collab.Conn that the engine sees.
//
// Sending: whoever sets busy has the turn. It takes frames from the peer and
// offers them to the pipe until there are none, or the kernel takes no more; then
// finish has the turn until it does. Meanwhile messages gather in the outbox and
// then leave joined.
type conn struct {
	handler  *WebSocket
	from     caller
	pass     *pass
	controls *rate.Limiter   // of pings and pongs
	pipe     *pipe           // set before started is closed
	session  *melody.Session // likewise
	hello    *time.Timer
	ctx      context.Context
	cancel   context.CancelFunc

	peer    atomic.Pointer[collab.Peer] // nil until attached
	output  atomic.Uint32               // busy and dirty
	closing atomic.Bool                 // what comes in is no longer read
	flushed chan struct{}               // busy was given back while closing

	started chan struct{} // the upgrade is through
	done    chan struct{} // the pipe is gone
	once    sync.Once     // of done
}

// Bits of conn.output. While anything is left to send, one of them is set.
const (
	busy  = 1 << iota // somebody has the turn
	dirty             // Next may have something
)

var _ collab.Conn = (*conn)(nil)

// Kind implements collab.Conn.
func (c *conn) Kind() string { return "websocket" }

// Wake implements collab.Conn: it sends what there is, as far as that needs no
// waiting.
func (c *conn) Wake() {
	c.output.Or(dirty)
	c.pump()
}

func (c *conn) pump() {
	for c.output.CompareAndSwap(dirty, busy) {
		if !c.send() {
			return
		}
		c.idle()
	}
}

// frames are buffers for send.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// keepFrame is the largest buffer that goes back to frames; bytes.
const keepFrame = 64 << 10

// send has the turn. It reports false when it left it to finish.
func (c *conn) send() bool {
	buffer := frames.Get().(*[]byte)
	for {
		*buffer = c.next((*buffer)[:0])
		if len(*buffer) == 0 {
			break
		}
		if rest := c.pipe.offer(*buffer); len(rest) > 0 {
			go c.finish(buffer, rest)
			return false
		}
	}
	recycle(buffer)
	return true
}

func recycle(buffer *[]byte) {
	if cap(*buffer) <= keepFrame {
		frames.Put(buffer)
	}
}

// next appends what is to be sent next.
func (c *conn) next(dst []byte) []byte {
	dst, over := c.pipe.takeControl(dst)
	if over {
		return dst
	}
	if peer := c.peer.Load(); peer != nil {
		if message, ok := peer.Next(); ok {
			dst = appendText(dst, message)
		}
	}
	return dst
}

// finish has the turn while the kernel takes no more.
func (c *conn) finish(buffer *[]byte, rest []byte) {
	defer c.handler.recovered(c)
	if c.pipe.finish(rest, c.handler.config.Limits.WriteWait) != nil {
		_ = c.pipe.Close() // the reader ends the rest; the turn is never given back
		return
	}
	recycle(buffer)
	c.output.Or(dirty)
	c.idle()
	c.pump()
}

func (c *conn) idle() {
	c.output.And(^uint32(busy))
	if c.closing.Load() {
		select {
		case c.flushed <- struct{}{}:
		default:
		}
	}
}

// join handles the first message; reading waits for it.
func (c *conn) join(m protocol.ClientMessage) {
	if !c.hello.Stop() {
		return // too late, already closing
	}
	c.session.WebsocketConnection().SetReadLimit(int64(c.handler.config.Limits.FrameBytes))
	peer, _, refused := c.handler.config.join(c.ctx, c.from, m, c)
	if refused != nil {
		c.Close(refused.Code, refused.Reason)
		return
	}
	c.pass.known()
	c.peer.Store(peer)
	select {
	case <-c.done: // gone meanwhile: ended has not seen the peer
		peer.Detach()
	default:
		c.Wake()
	}
}

// refuse closes for an error of the codec or the engine.
func (c *conn) refuse(err error) {
	if e, ok := errors.AsType[*protocol.FrameError](err); ok {
		c.Close(e.Close, e.Reason)
		return
	}
	refusal := c.handler.config.refusal(err)
	c.Close(refusal.Code, refusal.Reason)
}

// expels says whether a code takes a document away from who is in it.
func expels(code protocol.CloseCode) bool {
	switch code {
	case protocol.CloseUnauthorized, protocol.CloseForbidden, protocol.CloseNotFound, protocol.CloseTokenExpired:
		return true
	}
	return false
}

func (c *conn) goAway() { c.Close(protocol.CloseGoingAway, "the server is stopping") }

// Close implements collab.Conn.
func (c *conn) Close(code protocol.CloseCode, reason string) {
	if c.closing.CompareAndSwap(false, true) {
		go c.close(code, reason)
	}
}

// close lets what is on its way leave, says why, waits for the answer and ends
// the pipe. A slow reader gets none of that time.
func (c *conn) close(code protocol.CloseCode, reason string) {
	select {
	case <-c.started:
	case <-c.done:
		return
	}
	socket := c.session.WebsocketConnection()
	wait := c.handler.config.Limits.CloseWait
	switch {
	case code == protocol.CloseSlow:
		wait = cutWait
	case expels(code):
		wait = min(wait, expelWait)
		fallthrough
	default:
		c.flush(wait)
	}
	payload := websocket.FormatCloseMessage(int(code), cutReason(reason))
	if socket.WriteControl(websocket.CloseMessage, payload, time.Now().Add(wait)) == nil {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-c.done:
		case <-timer.C:
		}
	}
	_ = socket.Close()
}

// flush waits until the outbox is empty and nothing is inside melody.
func (c *conn) flush(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for c.Wake(); c.output.Load() != 0; {
		select {
		case <-c.flushed:
		case <-c.done:
			return
		case <-timer.C:
			return
		}
	}
}

// ended runs when the pipe is gone, or was never made.
func (c *conn) ended() {
	c.once.Do(func() {
		c.closing.Store(true)
		c.cancel()
		c.pass.leave()
		if c.hello != nil {
			c.hello.Stop()
		}
		close(c.done)
		if peer := c.peer.Load(); peer != nil {
			peer.Detach()
		}
	})
}

// cutReason shortens a reason to what a close frame holds, in whole characters.
func cutReason(reason string) string {
	if len(reason) <= protocol.MaxCloseReason {
		return reason
	}
	end := protocol.MaxCloseReason
	for end > 0 && !utf8.RuneStart(reason[end]) {
		end--
	}
	return reason[:end]
}
