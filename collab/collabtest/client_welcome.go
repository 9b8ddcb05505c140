package collabtest

import (
	"fmt"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// Welcome takes the answer to Hello: the document, or what was missed of it.
func (c *Client) Welcome(m protocol.Welcome) error {
	resumed := m.Document.Resumed
	if !resumed && m.Document.Content == nil {
		return ErrContent
	}
	changes, content := m.Document.Changes, m.Document.Content
	m.Document.Changes, m.Document.Content = nil, nil
	c.welcome = m
	if m.Token != "" {
		c.token = m.Token
	}
	c.ready = true
	if !resumed {
		return c.start(m, content)
	}
	if m.Client != c.id || m.Document.Epoch != c.epoch {
		return fmt.Errorf("resumed as client %q in epoch %q", m.Client, m.Document.Epoch)
	}
	// What the log has will come among the changes; the rest goes out again.
	c.queued = c.sent.Seq != 0 && (m.Acknowledged == nil || m.Acknowledged.Seq < c.sent.Seq)
	for i := range changes {
		if err := c.Change(&changes[i]); err != nil {
			return err
		}
	}
	return nil
}

// start begins with whole content: for the first time, or after a reset, when
// pending edits are carried over by what differs between the documents (S7).
func (c *Client) start(m protocol.Welcome, content []byte) error {
	delta, err := ot.ParseDelta(content)
	if err != nil {
		return fmt.Errorf("content: %w", err)
	}
	fresh, err := ot.FromDelta(delta)
	if err != nil {
		return fmt.Errorf("content: %w", err)
	}
	if err := c.carry(m, fresh); err != nil {
		return err
	}
	c.doc, c.revision = fresh, m.Document.Revision
	c.id, c.epoch = m.Client, m.Document.Epoch
	c.seq = 0
	return nil
}

// carry makes the buffer hold all that is pending, standing after fresh.
func (c *Client) carry(m protocol.Welcome, fresh *ot.Document) error {
	if c.sent.Seq == 0 && len(c.buffer) == 0 {
		return nil
	}
	base := c.doc
	if covered := m.Acknowledged != nil && c.sent.Seq != 0 && m.Acknowledged.Seq >= c.sent.Seq; covered {
		if err := base.Apply(c.flight); err != nil {
			return fmt.Errorf("own change: %w", err)
		}
		c.clearFlight()
	} else if c.sent.Seq != 0 {
		c.buffer = ot.Compose(c.flight, c.buffer)
		c.inFlightEdits = 0 // they stay pending
		c.clearFlight()
	}
	between, err := ot.Diff(base.Delta(), fresh.Delta())
	if err != nil {
		return fmt.Errorf("carrying pending edits over: %w", err)
	}
	c.buffer = ot.Transform(between, c.buffer, true)
	return nil
}
