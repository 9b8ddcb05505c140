package collab

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// shelf makes documents of some 200 KB each and writes them through the hub.
func (h *harness) shelf(n int) (documents []persistence.ID) {
	h.t.Helper()
	for range n {
		h.doc = h.id()
		if err := h.store.Create(h.t.Context(), persistence.Document{ID: h.doc, Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
			h.t.Fatal(err)
		}
		h.write(strings.Repeat("x", 200_000))
		documents = append(documents, h.doc)
	}
	return documents
}

func (h *harness) write(s string) {
	h.t.Helper()
	w := Write{Document: h.doc, Who: as(user(1)), Role: protocol.RoleEditor, Delta: ot.Delta{text(s)}}
	if _, err := h.hub.Submit(h.t.Context(), w); err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait() // its snapshot too
}

func (h *harness) joinAt(document persistence.ID) *pipe {
	h.t.Helper()
	h.doc = document
	return h.join(1)
}

func TestMemoryOfLiveDocuments(t *testing.T) {
	const most = 2 << 20
	refused := map[string]int{}
	tune := func(c *Config) {
		clear(refused)
		c.Limits.DocumentsBytes = most
		c.Metrics.Refused = func(limit string) { refused[limit]++ }
	}
	in(t, "[R5][R8] documents that nobody is in make room, the longest idle first", tune, func(t *testing.T, h *harness) {
		first := h.shelf(1)[0]
		alice := h.joinAt(first)
		rest := h.shelf(20)
		if n := h.hub.Stats().Bytes; n > most+500_000 {
			t.Errorf("%d bytes are held, %d may be", n, most)
		}
		if h.hub.live(first) == nil || alice.closed() != 0 {
			t.Error("the document that somebody is in has left")
		}
		if h.hub.live(rest[0]) != nil || h.hub.live(rest[19]) == nil {
			t.Error("it was not the oldest that left")
		}
		for _, document := range rest {
			if h.doc = document; len(h.text()) != 200_001 {
				t.Errorf("of a document that had left %d bytes came back", len(h.text()))
			}
		}
		if len(refused) > 0 {
			t.Errorf("refused: %v", refused)
		}
	})
	in(t, "[R5] where people are in all of them another waits its turn", tune, func(t *testing.T, h *harness) {
		all := h.shelf(12)
		var here []*pipe
		for _, document := range all {
			h.doc = document
			c, _, err := h.attach(user(1), protocol.RoleEditor, nil)
			if err == nil {
				here = append(here, c)
				continue
			}
			var closing *CloseError
			if !errors.As(err, &closing) || closing.Code != protocol.CloseGeneric || !strings.Contains(closing.Reason, "try again") {
				t.Fatal(err)
			}
			if _, err := h.hub.Read(t.Context(), document); !errors.Is(err, ErrUnavailable) {
				t.Errorf("read: %v", err)
			}
		}
		if n := len(here); n < 5 || n > 10 || refused["documents_bytes"] != 2*(12-n) {
			t.Fatalf("%d of 12 were let in, refused: %v", n, refused)
		}
		here[0].peer.Detach()
		synctest.Wait()
		h.joinAt(all[11])
	})
	in(t, "[R5] what is written counts, and is measured anew when it is deleted", tune, func(t *testing.T, h *harness) {
		h.shelf(1)
		c := h.join(1)
		synctest.Wait()
		before := h.hub.Stats().Bytes
		h.write(strings.Repeat("y", 200_000))
		synctest.Wait()
		if grown := h.hub.Stats().Bytes - before; grown < 200_000 {
			t.Errorf("it weighs %d bytes more", grown)
		}
		for range 3 { // some snapshots
			h.write(strings.Repeat("z", 100_000))
			w := Write{Document: h.doc, Who: as(user(1)), Role: protocol.RoleEditor, Delta: ot.Delta{ot.Delete(300_000)}}
			if _, err := h.hub.Submit(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			h.write(strings.Repeat("z", 200_000))
		}
		c.hear()
		synctest.Wait()
		s := h.hub.live(h.doc)
		if real := s.state.Load().document.Memory(); s.measured+s.grown > 2*real {
			t.Errorf("it weighs %d and %d bytes, and takes %d", s.measured, s.grown, real)
		}
	})
}
