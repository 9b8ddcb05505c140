package collab

import (
	"context"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// seat is somebody whom a live document serves, as its loop knew them: a peer,
// or a follower.
type seat struct {
	peer     *Peer
	follower *Follower
	who      Identity
	role     protocol.Role
	by       string
	since    time.Time
}

// verdict is what somebody may do now.
type verdict struct {
	seat
	asked   Generation // when the look began
	role    protocol.Role
	closing *CloseError // nil: they stay, with role
	reason  string      // for removed; "": that is not said
	unknown bool        // it could not be read
}

// holdOff asks a session to hear nothing from those concerned.
type holdOff struct {
	revoking *revoking
	reply    chan<- held
}

// letGo ends that, and applies what was found out. Without a revocation it only
// applies.
type letGo struct {
	revoking *revoking
	verdicts []verdict
}

type rosterRequest struct{ reply chan<- []seat }

// roster asks who is here; nobody if nobody can be.
func (s *session) roster(ctx context.Context) ([]seat, error) {
	reply := make(chan []seat, 1)
	seats, err := ask(ctx, s, rosterRequest{reply}, reply)
	if err == errGone {
		return nil, nil
	}
	return seats, err
}

// seats are those whom a revocation concerns; nil: everybody.
func (s *session) seats(e *revoking) []seat {
	var found []seat
	for _, p := range s.peers {
		if e == nil || e.concerns(s.id, p.author.row.ID, p.who.Login) {
			found = append(found, seat{peer: p, who: p.who, role: p.role, by: p.conn.Kind(), since: p.joined})
		}
	}
	for f := range s.follows {
		if e == nil || e.concerns(s.id, f.user, f.who.Login) {
			found = append(found, seat{follower: f, who: f.who, role: protocol.RoleViewer, by: "stream", since: f.joined})
		}
	}
	return found
}

// holdOff is the turn in which a revocation enters (law S8).
func (s *session) holdOff(r holdOff) {
	seats := s.seats(r.revoking)
	for _, seat := range seats {
		if seat.peer != nil {
			seat.peer.holds++
			if s.held == nil {
				s.held = map[*revoking][]*Peer{}
			}
			s.held[r.revoking] = append(s.held[r.revoking], seat.peer)
		}
	}
	r.reply <- held{seats, s.seal()}
}

// seal is answered once all that was sequenced until now is durable; nil if it
// is.
func (s *session) seal() <-chan writeReply {
	head := s.seq.window.head()
	if head <= s.seq.durable {
		return nil
	}
	answer := make(chan writeReply, 1)
	s.waiting = append(s.waiting, waiter{revision: head, reply: answer})
	return answer
}

// letGo hears those again who were held off, by what they may do now.
func (s *session) letGo(r letGo) {
	if r.revoking != nil {
		for _, p := range s.held[r.revoking] {
			p.holds--
		}
		delete(s.held, r.revoking)
	}
	for i := range r.verdicts {
		s.judge(&r.verdicts[i])
	}
}

// judge applies a verdict, unless a look that began later was applied already:
// of two looks the later one saw at least as much.
func (s *session) judge(v *verdict) {
	if f := v.follower; f != nil {
		if v.closing != nil && v.asked > f.asked {
			f.asked = v.asked
			f.finish(v.closing)
		}
		return
	}
	p := v.peer
	if !p.attached || v.asked <= p.asked {
		return
	}
	p.asked = v.asked
	switch {
	case v.closing != nil:
		s.expel(p, v.closing, v.reason)
	case v.role != p.role:
		p.role = v.role
		p.send(protocol.RoleChange{Role: v.role})
	}
}

// expel lets a peer go who may no longer be here. What was queued for it may
// still leave, but not for long.
func (s *session) expel(p *Peer, closing *CloseError, reason string) {
	if reason != "" {
		p.send(protocol.Removed{Reason: reason})
	}
	s.detach(p)
	p.finish(closing.Code, closing.Reason)
	time.AfterFunc(lastWords, p.silence)
}

// expires has the loop look again when somebody's credential ends.
func (s *session) expires(at time.Time) {
	if !at.IsZero() && (s.expireAt.IsZero() || at.Before(s.expireAt)) {
		s.expireAt = at
	}
}

// expire lets those go whose credential has ended by itself.
func (s *session) expire(now time.Time) {
	if !s.due(s.expireAt, now) {
		return
	}
	s.expireAt = time.Time{}
	for i := len(s.peers) - 1; i >= 0; i-- {
		if p := s.peers[i]; p.who.expired(now) {
			s.expel(p, errExpired, "")
		} else {
			s.expires(p.who.Expires)
		}
	}
	for f := range s.follows {
		if f.who.expired(now) {
			f.finish(errExpired)
		} else {
			s.expires(f.who.Expires)
		}
	}
}

// stale says whether a role that was looked up outside the loop is still to be
// used for somebody who is not yet known here (law S8).
func (s *session) stale(since Generation, user persistence.ID, who *Identity) bool {
	return s.hub.rights.stale(since, s.id, user, who.Login)
}
