package collab

import "time"

// quiet is how long after its last change a document is trimmed to little.
const quiet = 5 * time.Second

// tick is the timer's turn; it reports whether the session has left memory.
func (s *session) tick() (gone bool) {
	now := s.config.Now()
	s.flushCrowd(now)
	s.expire(now)
	if s.due(s.shrinkAt, now) {
		s.shrinkAt = time.Time{}
		s.advancePresence()
		s.seq.window.shrink(s.seq.durable, 16, 16<<10)
		s.seq.scratch, s.fanout = nil, fanout{turn: s.fanout.turn}
	}
	if s.due(s.idleAt, now) && s.idle() {
		s.leave()
		return true
	}
	return false
}

func (s *session) due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// idle: nobody is here and nothing is on its way.
func (s *session) idle() bool {
	return len(s.peers) == 0 && len(s.follows) == 0 && s.inFlight == nil && !s.behind.busy() && !s.saver.busy
}

// arm sets the timer to the next thing that is due. A timer that fires early
// costs one empty turn, so it is only moved forward.
func (s *session) arm(now time.Time) {
	if !s.idle() || s.seq.window.head() != s.handed.Revision {
		s.idleAt = time.Time{}
		s.leavesAt.Store(0)
	} else if s.idleAt.IsZero() {
		s.idleAt = now.Add(s.config.Limits.Idle)
		s.leavesAt.Store(s.idleAt.UnixNano())
	}
	next := s.idleAt
	for _, t := range [...]time.Time{s.crowd.flushAt, s.shrinkAt, s.commitAt, s.expireAt} {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if next.IsZero() || !s.armed.IsZero() && !next.Before(s.armed) {
		return
	}
	s.armed = next
	s.timer.Reset(max(0, next.Sub(now)))
}

// leave takes an idle document out of memory (law R8): the registry first, so
// that whoever comes meanwhile gets a new session, which waits for none.
func (s *session) leave() {
	s.hub.remove(s)
	s.saveNow()
}
