package collab

import (
	"context"
	"fmt"

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
	err = deltas(context.Background(), s.config.Log, s.id, from, e.revision, func(c *persistence.Change, d ot.Delta) bool {
		if c.Client == a.client && c.Seq == a.seq {
			hit = &found{revision: c.Revision, same: moved.Equal(d), at: c.At}
			return false
		}
		a.moving += 1 + len(moved)/opsForPiece
		moved = ot.Transform(d, moved, true)
		grown += d.Growth()
		return true
	})
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
