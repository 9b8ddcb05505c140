package collab

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/coscribe/coscribe/persistence"
)

// Generation counts what happened to people's rights. Whoever is to be let in,
// to write or to follow reads it before looking a role up, and hands it in: if
// a revocation that concerns them was running since, the role is not used
// (ErrStale) and looked up again.
type Generation uint64

// ErrStale: rights changed after the role was looked up. Look it up again, and
// come back; see Hub.Afresh.
var ErrStale = errors.New("rights changed meanwhile")

// rights puts revocations and what is done under roles into one order (law S8).
// Any goroutine.
type rights struct {
	generation atomic.Uint64
	running    atomic.Int64 // revocations under way

	mu     sync.Mutex // held for access to the following only (law R3)
	open   []*revoking
	uses   map[*using]struct{} // under way, see Hub.Use
	recent []*revoking         // that have ended, in order
	floor  Generation          // whoever looked before this may have missed one that is forgotten
}

// revoking is a revocation that runs or did lately: whom it concerns. Nil sets
// mean all.
type revoking struct {
	documents set
	anyone    bool // everybody in the documents
	users     set
	logins    set
	began     Generation
	ended     Generation    // 0: it runs
	done      chan struct{} // closed at its end
}

type set map[persistence.ID]struct{}

func setOf(ids []persistence.ID) set {
	if ids == nil {
		return nil
	}
	s := make(set, len(ids))
	for _, id := range ids {
		s[id] = struct{}{}
	}
	return s
}

func (s set) has(id persistence.ID) bool {
	_, ok := s[id]
	return ok
}

// Bounds of what is remembered of revocations that have ended. One that names
// more ids is kept as if it concerned everybody: that costs a second look.
const (
	recentRevocations = 256
	recentIDs         = 1024
)

// concerns says whether somebody in a document is meant.
func (r *revoking) concerns(document, user, login persistence.ID) bool {
	if r.documents != nil && !r.documents.has(document) {
		return false
	}
	return r.anyone || r.users.has(user) || !login.IsZero() && r.logins.has(login)
}

// look begins a look at roles: those with a higher number began later.
func (r *rights) look() Generation { return Generation(r.generation.Add(1)) }

func (r *rights) now() Generation { return Generation(r.generation.Load()) }

// begin enters a revocation. Whoever comes in from now on with a role that was
// looked up before its end is turned away; whoever came in before is found by
// those who look after this.
func (r *rights) begin(what *Revocation) *revoking {
	e := &revoking{
		documents: setOf(what.Documents), users: setOf(what.Users), logins: setOf(what.Logins),
		anyone: what.Users == nil && what.Logins == nil, done: make(chan struct{}),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running.Add(1)
	e.began = Generation(r.generation.Add(1))
	r.open = append(r.open, e)
	return e
}

// end lets those in again who looked after it.
func (r *rights) end(e *revoking) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.open {
		if r.open[i] == e {
			r.open = append(r.open[:i], r.open[i+1:]...)
			break
		}
	}
	past := &revoking{documents: e.documents, anyone: e.anyone, users: e.users, logins: e.logins}
	if len(e.users)+len(e.logins) > recentIDs {
		past.anyone, past.users, past.logins = true, nil, nil
	}
	if len(e.documents) > recentIDs {
		past.documents = nil
	}
	past.ended = Generation(r.generation.Add(1))
	r.recent = append(r.recent, past)
	if len(r.recent) > recentRevocations {
		r.floor = r.recent[0].ended
		r.recent = append(r.recent[:0], r.recent[1:]...)
	}
	r.running.Add(-1)
	close(e.done)
}

// stale says whether what was looked up at a generation may have been taken
// away meanwhile.
func (r *rights) stale(since Generation, document, user, login persistence.ID) bool {
	if r.now() == since && r.running.Load() == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missed(since, document, user, login)
}

// missed is stale of a caller that holds mu.
func (r *rights) missed(since Generation, document, user, login persistence.ID) bool {
	if since < r.floor {
		return true
	}
	for _, e := range r.open {
		if e.concerns(document, user, login) {
			return true
		}
	}
	for i := len(r.recent) - 1; i >= 0 && r.recent[i].ended > since; i-- {
		if r.recent[i].concerns(document, user, login) {
			return true
		}
	}
	return false
}

// await returns when no revocation runs any more that somebody in a document
// was concerned by at the call.
func (r *rights) await(ctx context.Context, document, user, login persistence.ID) {
	r.mu.Lock()
	ends := r.concerning(document, user, login)
	r.mu.Unlock()
	_ = ended(ctx, ends)
}

// concerning are the ends of the revocations under way that concern somebody in
// a document; mu is held.
func (r *rights) concerning(document, user, login persistence.ID) (ends []chan struct{}) {
	for _, e := range r.open {
		if e.concerns(document, user, login) {
			ends = append(ends, e.done)
		}
	}
	return ends
}

// Generation is that of this moment.
func (h *Hub) Generation() Generation { return h.rights.now() }

// Afresh calls try, which looks a role up and uses it with the generation that
// it is given, and calls it again while that is ErrStale.
func (h *Hub) Afresh(try func(since Generation) error) error {
	err := ErrStale
	for i := 0; i < askAgain && errors.Is(err, ErrStale); i++ {
		err = try(h.Generation())
	}
	return err
}
