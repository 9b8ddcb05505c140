package collab

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// pages feeds a peer that missed more than fits a welcome: from the log, at
// the pace at which its connection takes them, so that they count as no
// slowness. At their end the peer goes live in one turn of the loop.
type pages struct {
	peer    *Peer
	reading atomic.Bool
	after   int64 // revision up to which the peer has been given; the reader's
}

// pageTurned is the event of a peer having been given all through a revision.
type pageTurned struct{ through int64 }

func newPages(p *Peer, after int64) *pages { return &pages{peer: p, after: after} }

// turn reads the next page, unless that is being done. Any goroutine; does not
// block.
func (g *pages) turn() {
	if g.reading.CompareAndSwap(false, true) {
		go g.read()
	}
}

func (g *pages) read() {
	p := g.peer
	s := p.session
	defer func() {
		if r := recover(); r != nil {
			s.config.Logger.Error("reading missed changes panicked", "document", s.id, "panic", fmt.Sprint(r))
			p.cut(protocol.CloseGeneric, "log cannot be read now")
		}
	}()
	through := s.state.Load().revision
	changes, err := readPage(s.config.Log, s.id, p.client, g.after, through)
	if err != nil {
		s.config.Logger.Error("reading missed changes failed", "document", s.id, "error", err)
		p.cut(protocol.CloseGeneric, "log cannot be read now")
		return
	}
	if len(changes) == 0 {
		p.tell(pageTurned{g.after})
		return
	}
	var body []byte
	for i := range changes {
		if i > 0 {
			body = append(body, ',')
		}
		body = protocol.AppendChange(body, changes[i])
	}
	g.after += int64(len(changes))
	// Queued before the next page may be read, for the order; and woken after,
	// since the page may have left while no next one could be asked for.
	p.push(fragment{bytes: body, many: len(changes) > 1})
	g.reading.Store(false)
	p.conn.Wake()
}

// readPage reads the changes after a revision, at most welcomeBytes of them
// but at least one, as they are told to the given client.
func readPage(log persistence.Log, document, client persistence.ID, after, through int64) ([]protocol.Change, error) {
	changes := []protocol.Change{}
	if after >= through {
		return changes, nil
	}
	size := 0
	err := deltas(context.Background(), log, document, after, through, func(c *persistence.Change, d ot.Delta) bool {
		if size += messageBytes + len(c.Delta); size > welcomeBytes && len(changes) > 0 {
			return false
		}
		m := protocol.Change{
			Revision: c.Revision, At: c.At, Delta: d,
			Author: protocol.User{ID: c.Author.ID.String(), Name: c.Author.Name, Color: c.Author.Color},
		}
		if c.Client == client {
			m.Seq = c.Seq
		}
		changes = append(changes, m)
		return true
	})
	return changes, err
}

// messageBytes is roughly what a change message has beside its delta; bytes.
const messageBytes = 256

func wireCost(d ot.Delta) int { return messageBytes + cost(d) - entryBytes }

// goLive is the turn in which a peer that caught up starts to be told what is
// committed: the rest comes from the window, with no gap and no overlap.
func (s *session) goLive(p *Peer, through int64) {
	g := p.pages.Load()
	if g == nil {
		return
	}
	durable := s.seq.durable
	if through < s.seq.window.base {
		g.reading.Store(false)
		p.conn.Wake()
		return
	}
	p.live = true
	p.pages.Store(nil)
	p.outbox.owe()
	s.stir()
	if through == durable {
		return
	}
	var body []byte
	span := s.seq.window.span(through, durable)
	for i := range span {
		m := span[i].message()
		if span[i].client == p.client {
			m.Seq = span[i].seq
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = protocol.AppendChange(body, m)
	}
	if p.push(fragment{bytes: body, many: len(span) > 1}) {
		s.detach(p)
	}
}
