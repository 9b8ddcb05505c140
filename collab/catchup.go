package collab

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// behind is the queue of changes whose base is below the window. They are
// caught up outside the loop from the immutable log, one at a time (law R2).
type behind struct {
	queue   []*behindJob
	running bool
}

type behindJob struct {
	attempt *attempt
	effect  effect
}

// Bounds of the changes waiting to be caught up: per document, and of one peer,
// whose honest client has one in flight.
const (
	behindQueue  = 64
	behindOfPeer = 4
)

func (b *behind) busy() bool { return b.running }

// of counts a peer's.
func (b *behind) of(p *Peer) (n int) {
	for _, job := range b.queue {
		if p != nil && job.attempt.from == p {
			n++
		}
	}
	return n
}

// caughtUp is the event of a change having been read for.
type caughtUp struct {
	attempt *attempt
	err     error
}

func (s *session) fallBehind(a *attempt, e effect) {
	if len(s.behind.queue) >= behindQueue || s.behind.of(a.from) >= behindOfPeer {
		s.refuse(a, &RejectError{Code: protocol.CodeUnavailable, Reason: "too many old changes are waiting", RetryAfter: 1000})
		return
	}
	s.behind.queue = append(s.behind.queue, &behindJob{a, e})
	s.nextBehind()
}

func (s *session) nextBehind() {
	if s.behind.running || len(s.behind.queue) == 0 {
		return
	}
	job := s.behind.queue[0]
	s.behind.queue = s.behind.queue[1:]
	s.behind.running = true
	s.hub.running.Go(func() {
		err := s.readFor(job.attempt, job.effect)
		s.tell(caughtUp{job.attempt, err})
	})
}

// readFor does what an effect asked for. It runs outside the loop and touches
// nothing but the attempt and the log through a durable revision.
func (s *session) readFor(a *attempt, e effect) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("catching up: %v", r)
		}
	}()
	moved, from := a.latest()
	grown := a.grown
	var hit *found
	var bad error
	err = s.config.Log.Changes(context.Background(), s.id, from, e.revision, func(c *persistence.Change) bool {
		d, err := ot.ParseDelta(c.Delta)
		if err != nil {
			bad = fmt.Errorf("%w: document %s revision %d: %w", persistence.ErrDamaged, s.id, c.Revision, err)
			return false
		}
		if c.Client == a.client && c.Seq == a.seq {
			hit = &found{revision: c.Revision, same: moved.Equal(d), at: c.At}
			return false
		}
		a.moving += 1 + len(moved)/opsForPiece
		moved = ot.Transform(d, moved, true)
		grown += d.Growth()
		return true
	})
	if err == nil {
		err = bad
	}
	switch {
	case err != nil:
		return err
	case hit != nil:
		a.found = hit
	default:
		a.moved, a.caught, a.grown = moved, e.revision, grown
	}
	return nil
}

// caughtUp goes on with a change that was read for.
func (s *session) caughtUp(r caughtUp) {
	s.behind.running = false
	defer s.nextBehind()
	a := r.attempt
	if a.from != nil && !a.from.attached {
		return // law S6: dropped, the client resends
	}
	switch refused := s.mayStill(a); {
	case refused != nil:
		s.refuse(a, refused)
	case r.err == nil:
		s.step(a)
	default:
		s.config.Logger.Error("reading the log failed", "document", s.id, "error", r.err)
		s.refuse(a, &RejectError{Code: protocol.CodeUnavailable, Reason: "the log cannot be read now", RetryAfter: storageRetry})
	}
}

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
		select {
		case s.inbox <- envelope{from: p, body: pageTurned{g.after}}:
		case <-s.done:
		}
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
	var bad error
	err := log.Changes(context.Background(), document, after, through, func(c *persistence.Change) bool {
		if size += messageBytes + len(c.Delta); size > welcomeBytes && len(changes) > 0 {
			return false
		}
		d, err := ot.ParseDelta(c.Delta)
		if err != nil {
			bad = fmt.Errorf("%w: document %s revision %d: %w", persistence.ErrDamaged, document, c.Revision, err)
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
	if err == nil {
		err = bad
	}
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
