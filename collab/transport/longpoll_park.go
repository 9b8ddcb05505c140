package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// parked is a poll that waits outside net/http: there it would hold two buffers
// of 4 KiB, the request, and two goroutines, one of which has the stack that
// reading the request took (decision 0202). One small goroutine reads from the
// network connection - which says nothing until it is answered, or ends - and
// is woken by its deadline. Afterwards the network connection goes back to
// net/http for the next request.
type parked struct {
	handler *LongPoll
	waits   *waiting
	network net.Conn
	head    []byte // headers of the answer but for Date and those of its body
	early   bool   // the client has said more without waiting for the answer
}

// park takes a request that waits out of net/http; false: it stays, because
// nobody serves Returned, the server stops, or its network connection ends with
// it or carries others (HTTP/2).
func (h *LongPoll) park(w http.ResponseWriter, r *http.Request, waits *waiting) bool {
	if !r.ProtoAtLeast(1, 1) || r.Close || !h.back.served.Load() {
		return false
	}
	h.mu.Lock()
	draining := h.draining.Load()
	if !draining {
		h.parked.Add(1)
	}
	h.mu.Unlock()
	if draining {
		return false
	}
	network, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		h.parked.Done()
		return false
	}
	p := &parked{handler: h, waits: waits, network: network, head: h.shared(w.Header()), early: buffered.Reader.Buffered() > 0}
	c := waits.conn
	c.mu.Lock()
	waits.held.parked = network
	c.mu.Unlock()
	go p.run()
	return true
}

// shared gives headers as they are sent, once for all that have the same.
func (h *LongPoll) shared(header http.Header) []byte {
	var head bytes.Buffer
	_ = header.Write(&head)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !bytes.Equal(h.head, head.Bytes()) {
		h.head = bytes.Clone(head.Bytes())
	}
	return h.head
}

// run waits, answers, and gives the network connection back or ends it.
func (p *parked) run() {
	defer p.handler.parked.Done()
	c := p.waits.conn
	answer, ok := p.wait()
	c.release(p.waits.held) // nobody wakes the reader any more
	if !ok || !p.say(&answer) {
		_ = p.network.Close()
	}
}

// wait returns when there is something to answer; ok is false when the client
// is gone.
func (p *parked) wait() (answer pollAnswer, ok bool) {
	c, byteOfNext := p.waits.conn, make([]byte, 1)
	for {
		c.rise(p.waits.held)
		// No context: the one of the request ended when it was parked, and this one
		// ends by until.
		answer, again, said, _ := p.waits.look(context.Background())
		if said {
			return answer, true
		}
		if !c.rest(p.waits.held, again) {
			continue
		}
		switch n, err := p.network.Read(byteOfNext); {
		case n > 0: // a request behind this one: it ends it, as any does
			p.early, p.waits.last = true, true
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return answer, false
		}
	}
}

// rise says that a parked request looks; who wakes it from now on is seen.
func (c *pollConn) rise(held *hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held.woken = false
}

// rest sets until when a parked request may read; false: it was woken meanwhile.
func (c *pollConn) rest(held *hold, until time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !held.woken {
		_ = held.parked.SetReadDeadline(until) // reading tells what is wrong
	}
	return !held.woken
}

// say writes the answer as net/http would have (RFC 9112) and gives the network
// connection back; false: it is to be closed.
func (p *parked) say(answer *pollAnswer) bool {
	h, body := p.handler, answer.bytes()
	keep := !p.early && !h.draining.Load()
	dst := append(make([]byte, 0, len(body)+len(p.head)+200), "HTTP/1.1 200 OK\r\n"...)
	dst = append(dst, p.head...)
	dst = append(dst, "Content-Type: application/json\r\nDate: "...)
	dst = time.Now().UTC().AppendFormat(dst, http.TimeFormat)
	dst = strconv.AppendInt(append(dst, "\r\nContent-Length: "...), int64(len(body)), 10)
	if !keep {
		dst = append(dst, "\r\nConnection: close"...)
	}
	dst = append(append(dst, "\r\n\r\n"...), body...)
	_ = p.network.SetDeadline(time.Now().Add(h.config.Limits.WriteWait))
	if _, err := p.network.Write(dst); err != nil {
		return false
	}
	if !keep {
		p.linger()
		return false
	}
	return p.network.SetDeadline(time.Time{}) == nil && h.back.give(p.network)
}

// linger waits for the client to have read the answer: closing with something
// unread would reset the network connection, and the answer might be lost.
func (p *parked) linger() {
	if half, ok := p.network.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_ = p.network.SetReadDeadline(time.Now().Add(p.handler.config.Limits.CloseWait))
		_, _ = io.CopyN(io.Discard, p.network, lingerBytes)
	}
}

// Returned is a listener of the network connections on which a poll waited for
// longer than Config.ParkAfter and was answered. Give it to an http.Server that
// serves the same handler, for which they are new: its ReadHeaderTimeout is how
// long they may rest between two polls. Without, polls wait inside net/http.
func (h *LongPoll) Returned() net.Listener {
	h.back.served.Store(true)
	return h.back
}

// returned implements net.Listener. Any goroutine.
type returned struct {
	served atomic.Bool // somebody accepts
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once // of closed
}

func newReturned() *returned {
	return &returned{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands a network connection to who accepts; false: nobody does any more.
func (r *returned) give(network net.Conn) bool {
	select {
	case r.conns <- network:
		return true
	case <-r.closed:
		return false
	}
}

// Accept implements net.Listener.
func (r *returned) Accept() (net.Conn, error) {
	select {
	case network := <-r.conns:
		return network, nil
	case <-r.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (r *returned) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}

// Addr implements net.Listener.
func (r *returned) Addr() net.Addr { return returnedAddr{} }

type returnedAddr struct{}

func (returnedAddr) Network() string { return "longpoll" }
func (returnedAddr) String() string  { return "answered" }
