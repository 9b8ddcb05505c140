package collab

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// meanwhile is a store in which something happens right after the n-th look at
// a document's row.
type meanwhile struct {
	persistence.Documents
	n    int64
	then func()
	seen atomic.Int64
}

func (m *meanwhile) Document(ctx context.Context, id persistence.ID) (persistence.Document, error) {
	d, err := m.Documents.Document(ctx, id)
	if m.seen.Add(1) == m.n {
		m.then()
	}
	return d, err
}

// A join looks at the row before and after it entered the session, and loading
// looks at it once more: whenever a document is trashed or renamed meanwhile,
// the peer learns of it.
func TestJoinsMeetNews(t *testing.T) {
	for n := int64(1); n <= 3; n++ {
		look := &meanwhile{n: n}
		tune := func(c *Config) { look.Documents, c.Documents = c.Documents, look }
		in(t, "[S8] nobody stays in a document that was trashed while they joined", tune, func(t *testing.T, h *harness) {
			look.then = func() {
				if err := h.store.Trash(t.Context(), h.doc, persistence.Author{}, time.Unix(1, 0)); err != nil {
					t.Error(err)
				}
				go h.trashed()
				time.Sleep(time.Second)
			}
			c, _, err := h.attach(user(1), protocol.RoleEditor, nil)
			synctest.Wait()
			var refused *CloseError
			if errors.As(err, &refused) && refused.Code == protocol.CloseNotFound {
				if got := h.hub.Stats().Peers; got != 0 {
					t.Errorf("look %d: %d peers are left behind", n, got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.hear(); c.closed() != protocol.CloseNotFound {
				t.Errorf("look %d: the peer stayed in the trash, closed %d", n, c.closed())
			}
		})
	}
	for n := int64(1); n <= 3; n++ {
		look := &meanwhile{n: n}
		tune := func(c *Config) { look.Documents, c.Documents = c.Documents, look }
		in(t, "a document renamed while somebody joins has its new title for them", tune, func(t *testing.T, h *harness) {
			look.then = func() {
				if err := h.store.Rename(t.Context(), h.doc, "New", persistence.Author{}, time.Unix(1, 0)); err != nil {
					t.Error(err)
				}
				go h.hub.Renamed(t.Context(), h.doc)
				time.Sleep(time.Second)
			}
			c, w, err := h.attach(user(1), protocol.RoleEditor, nil)
			if err != nil {
				t.Fatal(err)
			}
			title := w.Document.Title
			for _, m := range of[protocol.Title](c.hear()) {
				title = m.Title
			}
			if title != "New" {
				t.Errorf("look %d: the peer knows it as %q", n, title)
			}
		})
	}
}
