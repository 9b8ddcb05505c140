package collab

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// A lone writer is not told of its own changes; what comes by HTTP it is told of.
func TestALoneWriterIsToldOfWrites(t *testing.T) {
	in(t, "[S4][S6] one batch with changes of the only connection and of nobody's", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		h.store.Hold()
		alice.submit(1, 0, text("a")) // waits for the disk alone
		synctest.Wait()
		alice.submit(2, 0, text("b"))
		synctest.Wait()
		written := make(chan error, 1)
		go func() {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: Identity{User: user(2)}, Role: protocol.RoleEditor, Delta: ot.Delta{text("w")}})
			written <- err
		}()
		synctest.Wait()
		alice.submit(3, 0, text("c"))
		synctest.Wait()
		h.store.Release()
		if err := <-written; err != nil {
			t.Fatal(err)
		}
		var told []int64 // revisions, in order; a change's is negative
		for _, m := range alice.hear() {
			switch m := m.(type) {
			case protocol.Ack:
				told = append(told, m.Revision)
			case protocol.Change:
				told = append(told, -m.Revision)
			}
		}
		if want := []int64{1, 2, -3, 4}; !slices.Equal(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
	})
}

// A crowd is served in slices, and the session hears what comes between them.
func TestCrowdIsServedInSlices(t *testing.T) {
	const readers = 3 * slice
	log := &countingLog{}
	in(t, "[S4][S6][R2] what comes during a long fan-out goes to the store before all are served", func(c *Config) { log.Log = c.Log; c.Log = log }, func(t *testing.T, h *harness) {
		author, other := h.join(0), h.join(1)
		crowd := make([]*pipe, readers)
		for i := range crowd {
			crowd[i] = h.join(i)
		}
		for _, c := range append(crowd, author, other) {
			c.hear()
		}
		served := 0
		author.woken = func() {
			if acks := served; acks > 0 && log.appends == 1 {
				t.Errorf("%d were served before the author", acks)
			}
		}
		for _, c := range crowd {
			c.woken = func() {
				switch served++; served {
				case 1:
					other.submit(1, 0, text("y"))
				case readers:
					if log.appends != 2 {
						t.Errorf("all were served when there had been %d commits", log.appends)
					}
				}
			}
		}
		author.submit(1, 0, text("x"))
		if acks := of[protocol.Ack](author.hear()); len(acks) != 1 {
			t.Errorf("acks %v", acks)
		}
		for i, c := range append(crowd, other) {
			messages := c.hear()
			if changes := of[protocol.Change](messages); len(changes)+len(of[protocol.Ack](messages)) != 2 || changes[0].Revision != 1 {
				t.Fatalf("reader %d got %v", i, messages)
			}
		}
		if served < readers {
			t.Errorf("%d were served", served)
		}
	})
	t.Run("the line stays as short as the crowd", func(t *testing.T) {
		var l line
		peers := make([]Peer, 4)
		for i := range 1000 {
			l.add(&peers[i%len(peers)])
			l.add(&peers[i%len(peers)]) // once
			if i >= len(peers)-1 {
				if got, want := l.take(), &peers[(i+1)%len(peers)]; got != want {
					t.Fatalf("step %d: took another", i)
				}
			}
		}
		if cap(l.peers) > 16 {
			t.Errorf("room for %d", cap(l.peers))
		}
		for range len(peers) - 1 {
			if l.take() == nil {
				t.Fatal("somebody was lost")
			}
		}
		if l.take() != nil || l.waits() != nil {
			t.Error("somebody is left")
		}
	})
}
