package collabtest

import (
	"errors"
	"fmt"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// Errors of Client.Handle that ask for a new connection.
var (
	// ErrGap: a revision is missing; reconnect with a resume (law C4).
	ErrGap = errors.New("gap in revisions")
	// ErrContent: the welcome left its content out; fetch it at the document's
	// revision and handle the welcome again with it.
	ErrContent = errors.New("content must be fetched")
	// ErrReload: the document has another log now, or this client another id;
	// reconnect, pending edits are carried over.
	ErrReload = errors.New("reload asked for")
)

// Client is the Go twin of the browser's client document: what it knows of the
// server, and what it has not yet been told is saved. It is pure - no goroutine,
// clock or I/O - and belongs to one goroutine.
//
// It is synchronised (nothing pending), awaiting (one change in flight, frozen
// as sent), or awaiting with a buffer of what was typed since (law C1).
type Client struct {
	doc      *ot.Document // the server's at revision, nothing pending in it
	revision int64

	id, epoch, token string
	attempt          int64            // connections opened, see protocol.Resume
	ready            bool             // welcomed on this connection
	welcome          protocol.Welcome // the last one, without content and changes

	seq    int64           // last one used
	sent   protocol.Submit // the frozen change; Seq 0: none
	queued bool            // sent has to go out (again)
	flight ot.Delta        // sent, moved to stand after doc
	buffer ot.Delta        // stands after doc·flight
	edits  int             // local edits in flight and in the buffer

	inFlightEdits int

	// Rejected is told of every change that is finally refused, with what it
	// stood for moved to now (law C8). May be nil.
	Rejected func(Rejection)
}

// Rejection is a refused change, offered back to its author.
type Rejection struct {
	Seq     int64
	Code    protocol.Code
	Message string
	Delta   ot.Delta // as it would have applied
	Text    string   // what it inserted
}

// NewClient returns a client that has not yet been connected.
func NewClient() *Client { return &Client{doc: ot.NewDocument()} }

// Hello is the first message of a connection: a resume if there is something
// to resume (law C2).
func (c *Client) Hello() protocol.Hello {
	h := protocol.Hello{Protocol: protocol.Version, Token: c.token}
	if c.id != "" {
		c.attempt++
		h.Resume = &protocol.Resume{Client: c.id, Epoch: c.epoch, Revision: c.revision, Seq: c.seq, Attempt: c.attempt}
	}
	return h
}

// SetToken sets what Hello presents; a welcome's token replaces it.
func (c *Client) SetToken(token string) { c.token = token }

// Edit makes a local change to the view.
func (c *Client) Edit(d ot.Delta) error {
	if d.BaseLen() > c.Len() {
		return fmt.Errorf("edit reaches past the end: base %d, length %d", d.BaseLen(), c.Len())
	}
	if c.buffer == nil {
		c.buffer = d
	} else {
		c.buffer = ot.Compose(c.buffer, d)
	}
	c.edits++
	return nil
}

// Next gives the message to send now, if there is one: a change to send again,
// or the buffer, which is frozen by this. What is frozen belongs in the journal
// before it leaves (law C3).
func (c *Client) Next() (protocol.Submit, bool) {
	if !c.ready {
		return protocol.Submit{}, false
	}
	if c.sent.Seq == 0 {
		if len(c.buffer) == 0 {
			c.edits, c.buffer = 0, nil // it came to nothing (law C1)
			return protocol.Submit{}, false
		}
		c.seq++
		c.sent = protocol.Submit{Seq: c.seq, Base: c.revision, Delta: c.buffer}
		c.flight, c.buffer, c.queued = c.buffer, nil, true
		c.inFlightEdits = c.edits
	}
	if !c.queued {
		return protocol.Submit{}, false
	}
	c.queued = false
	return c.sent, true
}

// Lost says that the connection is gone: what was in flight may or may not be
// in the log, the next welcome tells.
func (c *Client) Lost() { c.ready, c.queued = false, false }

// Forget gives up the client id and keeps what is pending: the next connection
// is a new client's.
func (c *Client) Forget() { c.id = "" }

// Handle takes one message from the server. The errors above ask for a new
// connection; any other is a breach of the protocol.
func (c *Client) Handle(m protocol.ServerMessage) error {
	switch m := m.(type) {
	case protocol.Change:
		return c.Change(&m)
	case protocol.Ack:
		return c.Ack(m)
	case protocol.Reject:
		return c.reject(m)
	case protocol.Welcome:
		return c.Welcome(m)
	case protocol.Reload:
		return ErrReload
	case protocol.RoleChange:
		c.welcome.Role = m.Role
	case protocol.Title:
		c.welcome.Document.Title = m.Title
	}
	return nil
}

// Change applies another client's change, or in a catch-up one's own.
func (c *Client) Change(m *protocol.Change) error {
	if m.Revision <= c.revision {
		return nil
	}
	if m.Revision != c.revision+1 {
		return fmt.Errorf("revision %d after %d: %w", m.Revision, c.revision, ErrGap)
	}
	if m.Seq != 0 && m.Seq == c.sent.Seq {
		if !c.flight.Equal(m.Delta) {
			return fmt.Errorf("seq %d was sequenced as another change than this client foresaw", m.Seq)
		}
		return c.landed(m.Revision)
	}
	if err := c.doc.Apply(m.Delta); err != nil {
		return fmt.Errorf("revision %d: %w", m.Revision, err)
	}
	c.revision = m.Revision
	c.move(m.Delta)
	return nil
}

// move carries what is pending over a change that was sequenced before it; one
// by one, never over a composition (law A5).
func (c *Client) move(change ot.Delta) {
	if c.sent.Seq != 0 {
		if len(c.buffer) > 0 {
			after := ot.Transform(c.flight, change, false)
			c.buffer = ot.Transform(after, c.buffer, true)
		}
		c.flight = ot.Transform(change, c.flight, true)
		return
	}
	if len(c.buffer) > 0 {
		c.buffer = ot.Transform(change, c.buffer, true)
	}
}

// Ack says that the change in flight is durable.
func (c *Client) Ack(m protocol.Ack) error {
	if m.Seq != c.sent.Seq || c.sent.Seq == 0 {
		return nil // answered before, by a catch-up
	}
	if m.Revision != c.revision+1 {
		return fmt.Errorf("ack at %d after %d: %w", m.Revision, c.revision, ErrGap)
	}
	return c.landed(m.Revision)
}

func (c *Client) landed(revision int64) error {
	if err := c.doc.Apply(c.flight); err != nil {
		return fmt.Errorf("own change at revision %d: %w", revision, err)
	}
	c.revision = revision
	c.clearFlight()
	return nil
}

func (c *Client) clearFlight() {
	c.sent, c.flight, c.queued = protocol.Submit{}, nil, false
	c.edits -= c.inFlightEdits
	c.inFlightEdits = 0
}

// reject takes a refused change out of the view (law C8), or keeps it to be
// sent again unchanged.
func (c *Client) reject(m protocol.Reject) error {
	if m.Seq != c.sent.Seq || c.sent.Seq == 0 {
		return nil
	}
	if m.Retry {
		c.queued = true
		return nil
	}
	refused := c.flight
	c.buffer = ot.Transform(c.doc.Invert(refused), c.buffer, true)
	c.clearFlight()
	c.offer(m, refused)
	if m.Code == protocol.CodeIDConflict {
		c.Forget()
		return fmt.Errorf("seq %d: %w", m.Seq, ErrReload)
	}
	return nil
}

func (c *Client) offer(m protocol.Reject, refused ot.Delta) {
	if c.Rejected == nil {
		return
	}
	text := ""
	for _, op := range refused {
		if op.Kind() == ot.KindInsert {
			text += op.Text()
		}
	}
	c.Rejected(Rejection{Seq: m.Seq, Code: m.Code, Message: m.Message, Delta: refused, Text: text})
}

// View is the document as its person sees it, pending edits included. The
// result is the caller's.
func (c *Client) View() (*ot.Document, error) {
	view := c.doc.Clone()
	for _, d := range []ot.Delta{c.flight, c.buffer} {
		if err := view.Apply(d); err != nil {
			return nil, fmt.Errorf("pending edits do not fit the document: %w", err)
		}
	}
	return view, nil
}

// Document is the server's document at Revision; it changes with the next
// message and must not be changed by the caller.
func (c *Client) Document() *ot.Document { return c.doc }

// Len is the view's length in UTF-16 units.
func (c *Client) Len() int { return c.doc.Len() + c.flight.Growth() + c.buffer.Growth() }

// Revision is the last one applied.
func (c *Client) Revision() int64 { return c.revision }

// Pending is how many local edits have not been acknowledged.
func (c *Client) Pending() int { return c.edits }

// InFlight is the seq of the change that waits for its answer, 0 for none.
func (c *Client) InFlight() int64 { return c.sent.Seq }

// ID is the client id the server issued, "" before the first welcome.
func (c *Client) ID() string { return c.id }

// Welcomed is the last welcome, without its content and changes.
func (c *Client) Welcomed() protocol.Welcome { return c.welcome }
