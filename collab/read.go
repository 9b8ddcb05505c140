package collab

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// Content is a document at a revision. Document is frozen: read it from any
// goroutine, change a Clone.
type Content struct {
	Epoch    persistence.ID
	Revision int64
	Document *ot.Document
	Title    string
}

// Read gives the durable content (law S5). Errors: persistence.ErrNotFound,
// ErrStopped, ErrUnavailable. Any goroutine.
func (h *Hub) Read(ctx context.Context, document persistence.ID) (Content, error) {
	return Content{}, errors.ErrUnsupported
}

// ReadAt gives the content at a revision, ErrRevision where there is none. Any
// goroutine.
func (h *Hub) ReadAt(ctx context.Context, document persistence.ID, revision int64) (Content, error) {
	return Content{}, errors.ErrUnsupported
}
