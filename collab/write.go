package collab

import (
	"context"
	"errors"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// Write is a change that comes from elsewhere than a connection.
type Write struct {
	Document       persistence.ID
	User           protocol.User
	Role           protocol.Role
	Epoch          *persistence.ID // nil: whichever it is
	Base           *int64          // nil: the durable head
	Delta          ot.Delta        // canonicalised here
	OnConflict     string          // "rebase" (default) or "fail"
	IdempotencyKey string          // "": none
}

// WriteResult says where the change went.
type WriteResult struct {
	Epoch    persistence.ID
	Revision int64
	At       time.Time
}

// Submit writes through the live document and returns after the commit. A key
// that was used before, by the same user in the same document, gets its first
// answer. Errors: *RejectError, *CloseError, ErrEpoch, ErrMoved, ErrStopped,
// ErrUnavailable. Any goroutine.
func (h *Hub) Submit(ctx context.Context, w Write) (WriteResult, error) {
	return WriteResult{}, errors.ErrUnsupported
}
