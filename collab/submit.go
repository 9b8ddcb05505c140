package collab

import (
	"errors"
	"math"

	"github.com/coscribe/coscribe/collab/protocol"
)

// pendingRetry is when a peer with too many changes under way may send one
// again: some commits later; ms.
const pendingRetry = 100

// submit sequences a peer's change.
func (s *session) submit(p *Peer, m *protocol.Submit) {
	if m.Fault != nil {
		s.rejectTo(p, m.Seq, reject(m.Fault.Code, "%s", m.Fault.Message))
		return
	}
	if p.pending >= s.config.Limits.Pending {
		s.rejectTo(p, m.Seq, &RejectError{protocol.CodeRateLimited, "too many changes are waiting to be saved", pendingRetry})
		return
	}
	s.step(&attempt{
		submission: submission{
			client: p.client, seq: m.Seq, base: m.Base, delta: m.Delta,
			at: at(s.config.Now()), author: p.author, peer: p.id,
		},
		from: p,
	})
}

// attempt is a submission on its way, and who is to hear of it.
type attempt struct {
	submission
	from  *Peer             // nil for a write
	write *Write            // nil for a peer's
	reply chan<- writeReply // of a write
}

// refuse answers an attempt that is not in the log.
func (s *session) refuse(a *attempt, err error) {
	var reject *RejectError
	if a.from != nil && errors.As(err, &reject) {
		s.rejectTo(a.from, a.seq, reject)
	} else {
		a.reply <- writeReply{err: err}
	}
}

// mayStill says why an attempt that was on its way is not to be sequenced now,
// nil if it is (law S8).
func (s *session) mayStill(a *attempt) error {
	if a.from != nil {
		if refused := a.from.mayNot(protocol.Submit{}); refused != nil {
			return refused
		}
		return nil
	}
	if s.stale(a.write.Since, a.author.row.ID, &a.write.Who) {
		return ErrStale
	}
	return nil
}

func (s *session) step(a *attempt) {
	e := s.seq.step(&a.submission)
	if a.work+a.moving > littleWork && e.kind != catchUp && e.kind != search {
		s.charge(a)
	}
	switch e.kind {
	case sequenced:
		if a.from != nil {
			a.from.invalid = 0
			a.from.pending++
		} else {
			s.waiting = append(s.waiting, waiter{e.revision, e.at, a.reply})
		}
	case repeated:
		s.repeat(a, e)
	case rejected:
		s.refuse(a, e.reject)
	case catchUp, search:
		s.fallBehind(a, e)
	}
}

// What a change makes the server do is not always in proportion to its bytes:
// formatting all of a document looks at each piece of it, and an old base has the
// change moved over all since. Beyond littleWork that is charged to the rates as if
// it were so many bytes, so that a loop of such changes takes a tenth of a core for
// each connection, and a document's half of one; what is moved outside the loop holds
// up nobody else there, and is the author's alone. One unit is a piece of a document
// looked at and formatted, or some ops moved over a change: about 0.4 µs.
const (
	littleWork  = 10_000
	mostWork    = 4_000_000 // so that somebody who was away for long waits for seconds and not for minutes
	workBytes   = 16
	opsForPiece = 2
)

// charge counts the work of an attempt as bytes of its author's.
func (s *session) charge(a *attempt) {
	c := s.config
	on := meters{overDocument: &s.meter}
	if a.from != nil {
		on[overConnection], on[overUser] = &a.from.meter, &a.from.tally.meter
	} else {
		on[overUser] = &s.hub.tallies.of(a.author.row.ID, c.elapsed()).meter
	}
	for i := range scopes {
		work := a.work
		if i != overDocument {
			work += a.moving
		}
		if on[i] != nil {
			on[i].take(c.elapsed(), &c.rates.over[i], 0, workBytes*min(work, mostWork), c.Limits.RateBurst, math.MaxInt64)
		}
	}
	a.work, a.moving = 0, 0
}

// repeat answers a resend as the first was answered (law S2): when its
// original is durable. One that is not yet will be acknowledged with its batch,
// since that goes by the client and not by the connection.
func (s *session) repeat(a *attempt, e effect) {
	durable := e.revision <= s.seq.durable
	switch p := a.from; {
	case p == nil && durable:
		a.reply <- writeReply{revision: e.revision, at: e.at}
	case p == nil:
		s.waiting = append(s.waiting, waiter{e.revision, e.at, a.reply})
	case durable && (p.live || e.revision <= p.known):
		p.push(fragment{bytes: protocol.AppendAck(nil, protocol.Ack{Seq: a.seq, Revision: e.revision, At: e.at})})
	}
}

func (s *session) rejectTo(p *Peer, seq int64, err *RejectError) {
	p.reject(seq, err)
	switch err.Code {
	case protocol.CodeInvalidChange, protocol.CodeChangeTooLarge, protocol.CodeIDConflict:
		if p.invalid++; p.invalid >= s.config.Limits.Invalid {
			s.detach(p)
			p.finish(protocol.CloseInvalidChange, "too many invalid changes")
		}
	}
}
