package collab

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// Follow is a request to read a document's log and then hear of what is added.
type Follow struct {
	Document persistence.ID
	Epoch    persistence.ID // zero: whichever it is
	After    int64          // revision; < 0: the durable head
	Who      Identity       // somebody who may read it
	Since    Generation     // read before their role was
}

// Follower reads a document's durable log from a revision on and then live,
// without a gap (law S5), for as long as its reader may (law S8). One goroutine
// at a time.
type Follower struct {
	hub      *Hub
	document persistence.ID
	epoch    persistence.ID
	after    int64
	session  *session
	news     chan struct{}
	closed   sync.Once

	// Who reads; not changed.
	who    Identity
	user   persistence.ID
	since  Generation
	joined time.Time

	asked  Generation // when the look at the reader's role began; the session's
	ending atomic.Pointer[CloseError]
	ended  chan struct{} // closed when the reader may no longer read; ending says why
}

// followPage bounds what Next returns at once, beside welcomeBytes; changes.
const followPage = 256

type followRequest struct {
	follower *Follower
	leave    bool
	reply    chan error
}

// Follow starts following. Errors: persistence.ErrNotFound, ErrEpoch,
// ErrRevision, ErrStale, ErrStopped, ErrUnavailable, *CloseError.
func (h *Hub) Follow(ctx context.Context, r Follow) (*Follower, error) {
	who, err := newAuthor(r.Who.User)
	if err != nil {
		return nil, err
	}
	if r.Who.expired(h.config.Now()) {
		return nil, errExpired
	}
	f := &Follower{
		hub: h, document: r.Document, epoch: r.Epoch, after: r.After, news: make(chan struct{}, 1),
		who: r.Who, user: who.row.ID, since: r.Since, asked: r.Since, joined: h.config.Now(), ended: make(chan struct{}),
	}
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	return f, nil
}

// enter signs up with the live session, which tells of every commit from then on.
func (f *Follower) enter(ctx context.Context) error {
	for range askAgain {
		s, err := f.hub.open(ctx, f.document)
		if err != nil {
			return err
		}
		reply := make(chan error, 1)
		refused, err := ask(ctx, s, followRequest{follower: f, reply: reply}, reply)
		switch {
		case errors.Is(err, errGone):
			continue
		case err != nil:
			go s.tell(followRequest{follower: f, leave: true})
			return err
		case errors.Is(refused, ErrStale):
			f.hub.rights.await(ctx, f.document, f.user, f.who.Login)
			return refused
		}
		f.session = s
		state := s.state.Load()
		if f.epoch.IsZero() {
			f.epoch = state.epoch
		}
		if f.after < 0 {
			f.after = state.revision
		}
		if f.epoch != state.epoch {
			f.Close()
			return ErrEpoch
		}
		if f.after > state.revision {
			f.Close()
			return ErrRevision
		}
		return nil
	}
	return ErrUnavailable
}

// Epoch is the log being followed.
func (f *Follower) Epoch() persistence.ID { return f.epoch }

// Ended is closed when the reader may no longer read, so that what is being
// written to them can be cut short. Next says why. Any goroutine.
func (f *Follower) Ended() <-chan struct{} { return f.ended }

// Next waits for changes and returns at least one, in order, or the context's
// error, ErrEpoch when the log was replaced, a *CloseError when the reader may
// no longer read, or ErrStale when that is to be asked again. The changes are
// the caller's.
func (f *Follower) Next(ctx context.Context) ([]persistence.Change, error) {
	for {
		if ending := f.ending.Load(); ending != nil {
			return nil, ending
		}
		if durable := f.session.state.Load().revision; durable > f.after {
			changes, err := f.read(ctx, durable)
			if ending := f.ending.Load(); ending != nil {
				return nil, ending // while it was reading
			}
			return changes, err
		}
		select {
		case <-f.news:
		case <-f.ended:
		case <-f.session.done:
			if err := f.enter(ctx); err != nil {
				return nil, err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *Follower) read(ctx context.Context, durable int64) ([]persistence.Change, error) {
	var changes []persistence.Change
	through, size := min(durable, f.after+followPage), 0
	err := f.hub.config.Log.Changes(ctx, f.document, f.after, through, func(c *persistence.Change) bool {
		copied := *c
		copied.Delta = bytes.Clone(c.Delta)
		changes = append(changes, copied)
		size += messageBytes + len(c.Delta)
		return size < welcomeBytes
	})
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, persistence.ErrDamaged
	}
	f.after = changes[len(changes)-1].Revision
	return changes, nil
}

// Close ends following. The goroutine of Next, more than once.
func (f *Follower) Close() {
	f.closed.Do(func() { f.session.tell(followRequest{follower: f, leave: true}) })
}

// finish ends following for the reader. Only the session's goroutine calls it.
func (f *Follower) finish(why *CloseError) {
	if f.ending.CompareAndSwap(nil, why) {
		close(f.ended)
	}
}

// follow enters or removes a follower.
func (s *session) follow(r followRequest) {
	f := r.follower
	if r.leave {
		delete(s.follows, f)
		return
	}
	if s.stale(f.since, f.user, &f.who) {
		r.reply <- ErrStale
		return
	}
	if s.follows == nil {
		s.follows = map[*Follower]struct{}{}
	}
	s.follows[f] = struct{}{}
	s.expires(f.who.Expires)
	r.reply <- nil
}
