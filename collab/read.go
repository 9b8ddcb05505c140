package collab

import (
	"context"
	"errors"
	"sync"

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
	row, err := h.config.Documents.Document(ctx, document)
	if err != nil {
		return Content{}, err
	}
	s, err := h.open(ctx, document)
	if err != nil {
		return Content{}, err
	}
	state := s.state.Load()
	return Content{Epoch: state.epoch, Revision: state.revision, Document: state.document, Title: row.Title}, nil
}

// ReadAt gives the content at a revision, ErrRevision where there is none. Old
// revisions are replayed from a snapshot, few at a time. Any goroutine.
func (h *Hub) ReadAt(ctx context.Context, document persistence.ID, revision int64) (Content, error) {
	now, err := h.Read(ctx, document)
	if errors.Is(err, persistence.ErrDamaged) {
		now, err = h.damaged(ctx, document) // what comes before the damage is whole
	}
	switch {
	case err != nil:
		return Content{}, err
	case revision == now.Revision && now.Document != nil:
		return now, nil
	case revision < 0 || revision > now.Revision:
		return Content{}, ErrRevision
	}
	content := Content{Epoch: now.Epoch, Revision: revision, Title: now.Title}
	key := revisionKey{document, now.Epoch, revision}
	if content.Document = h.cache.get(key); content.Document != nil {
		return content, nil
	}
	select {
	case h.replay <- struct{}{}:
		defer func() { <-h.replay }()
	case <-ctx.Done():
		return Content{}, ctx.Err()
	}
	r, err := h.rebuild(ctx, document, revision)
	if err != nil {
		return Content{}, err
	}
	content.Document = r.document.Clone()
	h.cache.put(key, content.Document)
	return content, nil
}

// damaged says where the log of a document stands that cannot be opened.
func (h *Hub) damaged(ctx context.Context, document persistence.ID) (Content, error) {
	row, err := h.config.Documents.Document(ctx, document)
	return Content{Epoch: row.Head.Epoch, Revision: row.Head.Revision, Title: row.Title}, err
}

// Whole is the last revision before the damage of a document that cannot be
// opened; its head if there is none. It replays the log, few at a time. Any
// goroutine.
func (h *Hub) Whole(ctx context.Context, document persistence.ID) (int64, error) {
	select {
	case h.replay <- struct{}{}:
		defer func() { <-h.replay }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	head, err := h.config.Log.Head(ctx, document)
	if err != nil {
		return 0, err
	}
	r := &replayed{document: ot.NewDocument()}
	err = r.extend(ctx, h.config.Log, document, 0, head.Revision)
	if err != nil && !errors.Is(err, persistence.ErrDamaged) {
		return 0, err
	}
	return r.reached, nil
}

// revisionCache keeps the last old revisions that were asked for: somebody who
// looks at one asks for it again in another format.
type revisionCache struct {
	mu   sync.Mutex
	kept [2]struct {
		key      revisionKey
		document *ot.Document
	}
}

type revisionKey struct {
	document, epoch persistence.ID
	revision        int64
}

func (c *revisionCache) get(key revisionKey) *ot.Document {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.kept {
		if c.kept[i].document != nil && c.kept[i].key == key {
			c.kept[0], c.kept[i] = c.kept[i], c.kept[0]
			return c.kept[0].document
		}
	}
	return nil
}

func (c *revisionCache) put(key revisionKey, document *ot.Document) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept[1] = c.kept[0]
	c.kept[0].key, c.kept[0].document = key, document
}
