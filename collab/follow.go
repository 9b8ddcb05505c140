package collab

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/persistence"
)

// Follower reads a document's durable log from a revision on and then live,
// without a gap (law S5). One goroutine at a time.
type Follower struct{}

// Follow starts after a revision. A zero epoch means whichever it is. Errors:
// persistence.ErrNotFound, ErrEpoch, ErrRevision, ErrStopped, ErrUnavailable.
func (h *Hub) Follow(ctx context.Context, document, epoch persistence.ID, after int64) (*Follower, error) {
	return nil, errors.ErrUnsupported
}

// Epoch is the log being followed.
func (f *Follower) Epoch() persistence.ID { return persistence.ID{} }

// Next waits for changes and returns at least one, in order, or the context's
// error, or ErrEpoch when the log was replaced. The changes are the caller's.
func (f *Follower) Next(ctx context.Context) ([]persistence.Change, error) {
	return nil, errors.ErrUnsupported
}

// Close ends following. Any goroutine, more than once.
func (f *Follower) Close() {}
