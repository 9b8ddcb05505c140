package collab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// The memory of live documents is bounded (law R5): each session says about what
// its document takes, and where that is as much as may be, those that nobody is
// in leave before their time. A document that people are in is never put out, and
// may grow: the rates of what is written bound how fast.

const (
	// sessionBytes is about what a session takes beside its document; bytes.
	sessionBytes = 16 << 10
	// loadSlots bounds how many documents are loaded at once: how much each takes
	// is known only afterwards.
	loadSlots = 8
)

// errNoRoom: the documents that people are in take all there is.
var errNoRoom = fmt.Errorf("%w: too many documents are open", ErrUnavailable)

// weight is what the session takes in memory, about; bytes. What is written counts
// as it is in the log, until the next snapshot has the document measured again.
func (s *session) weight() int {
	return sessionBytes + s.measured + s.grown + s.seq.window.bytes
}

// weigh tells the registry.
func (s *session) weigh() {
	now := int64(s.weight())
	s.hub.bytes.Add(now - s.weighed.Swap(now))
}

// unweigh: the session ends.
func (s *session) unweigh() { s.hub.bytes.Add(-s.weighed.Swap(0)) }

// full says which bound another live document would break, or "". Called with mu
// held.
func (h *Hub) full() (limit string) {
	switch {
	case len(h.sessions) >= h.config.Limits.Documents:
		return "documents"
	case h.bytes.Load() >= int64(h.config.Limits.DocumentsBytes):
		return "documents_bytes"
	}
	return ""
}

// makeWay asks a session to leave memory if nobody needs it now; stays is closed
// if somebody does.
type makeWay struct{ stays chan struct{} }

// makeRoom has documents leave that nobody is in, those first that have been idle
// for longest, until a quarter of the bounds is free, and waits until there is
// room for one. The error is errNoRoom, or the context's.
func (h *Hub) makeRoom(ctx context.Context) error {
	type idler struct {
		session *session
		since   int64
		asked   makeWay
	}
	var idle []idler
	h.mu.Lock()
	for _, s := range h.sessions {
		if since := s.leavesAt.Load(); since != 0 {
			idle = append(idle, idler{s, since, makeWay{make(chan struct{})}})
		}
	}
	count := len(h.sessions) - h.config.Limits.Documents*3/4
	h.mu.Unlock()
	bytes := h.bytes.Load() - int64(h.config.Limits.DocumentsBytes)*3/4
	slices.SortFunc(idle, func(a, b idler) int { return cmp.Compare(a.since, b.since) })
	for i, one := range idle {
		if count <= 0 && bytes <= 0 {
			idle = idle[:i]
			break
		}
		count--
		bytes -= one.session.weighed.Load()
		one.session.tell(one.asked)
	}
	for _, one := range idle {
		select {
		case <-one.session.done:
		case <-one.asked.stays:
		case <-ctx.Done():
			return ctx.Err()
		}
		if h.limit() == "" {
			return nil
		}
	}
	limit := h.limit()
	if limit == "" { // somebody else made it
		return nil
	}
	h.config.Metrics.Refused(limit)
	return errNoRoom
}

func (h *Hub) limit() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.full()
}

// madeWay answers who asked the session to leave; it reports whether it has left.
func (s *session) madeWay() bool {
	if len(s.asked) == 0 {
		return false
	}
	if s.idle() && s.seq.window.head() == s.handed.Revision {
		s.leave()
		return true
	}
	for _, one := range s.asked {
		close(one.stays)
	}
	s.asked = nil
	return false
}
