package collabtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// Pair is a connection between a Client and a document whose two directions are
// queues of frames, delivered by hand: a test decides who hears what, when.
// Frames pass through the real codec. One goroutine, except for what the engine
// calls (Wake and Close).
type Pair struct {
	Client *Client

	hub    *collab.Hub
	attach collab.Attach
	peer   *collab.Peer

	up   [][]byte // sent by the client, not yet with the engine
	down [][]byte // taken from the engine, not yet with the client

	mu     sync.Mutex
	closed *collab.CloseError
}

var _ collab.Conn = (*Pair)(nil)

// NewPair prepares a connection of c; as says to which document and as whom
// (its Conn and Resume are set here). Connect opens it.
func NewPair(hub *collab.Hub, c *Client, as collab.Attach) *Pair {
	return &Pair{Client: c, hub: hub, attach: as}
}

// Kind implements collab.Conn.
func (p *Pair) Kind() string { return "websocket" }

// Wake implements collab.Conn; frames are taken when they are flushed.
func (p *Pair) Wake() {}

// Close implements collab.Conn: it is noticed by Closed.
func (p *Pair) Close(code protocol.CloseCode, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed == nil {
		p.closed = &collab.CloseError{Code: code, Reason: reason}
	}
}

// Closed is why the engine ended this connection, nil while it has not.
func (p *Pair) Closed() *collab.CloseError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Connected tells whether the pipe is up.
func (p *Pair) Connected() bool { return p.peer != nil && p.Closed() == nil }

// Connect attaches the client, resuming if it can. The welcome waits in the
// engine until it is flushed.
func (p *Pair) Connect(ctx context.Context) error {
	p.mu.Lock()
	p.closed = nil
	p.mu.Unlock()
	hello := p.Client.Hello()
	request := p.attach
	request.Conn, request.Resume = p, hello.Resume
	peer, err := p.hub.Attach(ctx, request)
	if err != nil {
		return fmt.Errorf("attaching: %w", err)
	}
	p.peer = peer
	return nil
}

// Disconnect drops the pipe and everything on its way in both directions.
func (p *Pair) Disconnect() {
	if p.peer != nil {
		p.peer.Detach()
	}
	p.peer, p.up, p.down = nil, nil, nil
	p.Client.Lost()
}

// Edit makes a local change and queues what is to be sent for it.
func (p *Pair) Edit(d ot.Delta) error {
	if err := p.Client.Edit(d); err != nil {
		return err
	}
	p.send()
	return nil
}

// Send queues any message for the engine.
func (p *Pair) Send(m protocol.ClientMessage) { p.up = append(p.up, protocol.AppendClient(nil, m)) }

func (p *Pair) send() {
	if !p.Connected() {
		return
	}
	if m, ok := p.Client.Next(); ok {
		p.Send(m)
	}
}

// FlushUp delivers at most n queued frames to the engine, all if n < 0, and
// says how many.
func (p *Pair) FlushUp(ctx context.Context, n int) (int, error) {
	count := 0
	for ; len(p.up) > 0 && count != n && p.Connected(); count++ {
		m, err := protocol.DecodeClient(p.up[0])
		if err != nil {
			return count, fmt.Errorf("client frame: %w", err)
		}
		frame := p.up[0]
		p.up = p.up[1:]
		if err := p.peer.Receive(ctx, m, len(frame)); err != nil {
			if refusal, ok := errors.AsType[*collab.CloseError](err); ok {
				p.Close(refusal.Code, refusal.Reason)
				continue
			}
			return count, fmt.Errorf("receiving: %w", err)
		}
	}
	return count, nil
}

// FlushDown delivers at most n frames to the client, all there are if n < 0,
// and says how many. What the client then has to send is queued.
func (p *Pair) FlushDown(ctx context.Context, n int) (int, error) {
	p.take()
	count := 0
	for ; len(p.down) > 0 && count != n; count++ {
		frame := p.down[0]
		p.down = p.down[1:]
		messages, err := protocol.DecodeServer(frame)
		if err != nil {
			return count, fmt.Errorf("server frame: %w", err)
		}
		for _, m := range messages {
			if err := p.handle(ctx, m); err != nil {
				return count, err
			}
		}
		p.send()
		p.take()
	}
	return count, nil
}

// handle gives a message to the client and stands in for the HTTP request that
// fetches large content.
func (p *Pair) handle(ctx context.Context, m protocol.ServerMessage) error {
	err := p.Client.Handle(m)
	if !errors.Is(err, ErrContent) {
		return err
	}
	w := m.(protocol.Welcome)
	content, err := p.hub.ReadAt(ctx, p.attach.Document, w.Document.Revision)
	if err != nil {
		return fmt.Errorf("fetching content: %w", err)
	}
	w.Document.Content = content.Document.AppendJSON(nil)
	return p.Client.Handle(w)
}

// take moves what the engine has for this connection onto the wire.
func (p *Pair) take() {
	for p.peer != nil {
		frame, ok := p.peer.Next()
		if !ok {
			return
		}
		p.down = append(p.down, frame)
	}
}

// Waiting says how many frames are on their way up and down.
func (p *Pair) Waiting() (up, down int) {
	p.take()
	return len(p.up), len(p.down)
}
