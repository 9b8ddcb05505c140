package collab

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/coscribe/coscribe/persistence"
)

// Follower reads a document's durable log from a revision on and then live,
// without a gap (law S5). One goroutine at a time.
type Follower struct {
	hub      *Hub
	document persistence.ID
	epoch    persistence.ID
	after    int64
	session  *session
	news     chan struct{}
	closed   sync.Once
}

// followPage bounds what Next returns at once; changes.
const followPage = 256

type followRequest struct {
	news  chan struct{}
	leave bool
	reply chan struct{}
}

// Follow starts after a revision; after < 0 means the durable head. A zero
// epoch means whichever it is. Errors: persistence.ErrNotFound, ErrEpoch,
// ErrRevision, ErrStopped, ErrUnavailable.
func (h *Hub) Follow(ctx context.Context, document, epoch persistence.ID, after int64) (*Follower, error) {
	f := &Follower{hub: h, document: document, epoch: epoch, after: after, news: make(chan struct{}, 1)}
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
		reply := make(chan struct{}, 1)
		if _, err := ask(ctx, s, followRequest{news: f.news, reply: reply}, reply); errors.Is(err, errGone) {
			continue
		} else if err != nil {
			go s.tell(followRequest{news: f.news, leave: true})
			return err
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

// Next waits for changes and returns at least one, in order, or the context's
// error, or ErrEpoch when the log was replaced. The changes are the caller's.
func (f *Follower) Next(ctx context.Context) ([]persistence.Change, error) {
	for {
		if durable := f.session.state.Load().revision; durable > f.after {
			return f.read(ctx, durable)
		}
		select {
		case <-f.news:
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
	through := min(durable, f.after+followPage)
	err := f.hub.config.Log.Changes(ctx, f.document, f.after, through, func(c *persistence.Change) bool {
		copied := *c
		copied.Delta = bytes.Clone(c.Delta)
		changes = append(changes, copied)
		return true
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

// Close ends following. Any goroutine, more than once.
func (f *Follower) Close() {
	f.closed.Do(func() { f.session.tell(followRequest{news: f.news, leave: true}) })
}

// follow enters or removes a follower.
func (s *session) follow(r followRequest) {
	if r.leave {
		delete(s.follows, r.news)
		return
	}
	if s.follows == nil {
		s.follows = map[chan struct{}]struct{}{}
	}
	s.follows[r.news] = struct{}{}
	r.reply <- struct{}{}
}
