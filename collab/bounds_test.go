package collab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// What visitors leave behind in a live document is bounded, also while nobody
// changes it.
func TestVisitorsLeaveNothingBehind(t *testing.T) {
	remembered := func(h *harness) int {
		synctest.Wait()
		return len(h.hub.live(h.doc).seq.clients)
	}
	in(t, "[R5] clients that came and went are forgotten", nil, func(t *testing.T, h *harness) {
		h.join(1)
		for range 3 * maxClients {
			h.join(2).peer.Detach()
		}
		if n := remembered(h); n > 2*maxClients {
			t.Errorf("%d are remembered", n)
		}
	})
	in(t, "[R5] so are writes that were refused", nil, func(t *testing.T, h *harness) {
		h.join(1)
		for range 3 * maxClients {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: Identity{User: user(2)}, Role: protocol.RoleEditor, Delta: ot.Delta{keep(9), text("x")}})
			var refused *RejectError
			if !errors.As(err, &refused) || refused.Code != protocol.CodeInvalidChange {
				t.Fatal(err)
			}
		}
		if n := remembered(h); n > 2*maxClients {
			t.Errorf("%d are remembered", n)
		}
	})
	in(t, "[C6][R5] a client is told once that its revision differs, however often it asks", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		for range 100 {
			c.say(protocol.Check{Revision: 0, Hash: "00"})
		}
		if got := of[protocol.Reload](c.hear()); len(got) != 1 {
			t.Errorf("%d reloads", len(got))
		}
	})
	in(t, "[R5] who follows is given a log of large changes in pieces", nil, func(t *testing.T, h *harness) {
		const size = welcomeBytes / 2
		for range 6 {
			w := Write{Document: h.doc, Who: Identity{User: user(1)}, Role: protocol.RoleEditor, Delta: ot.Delta{text(strings.Repeat("x", size))}}
			if _, err := h.hub.Submit(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: Identity{User: user(1)}})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var heard []int64
		for len(heard) < 6 {
			changes, err := f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(changes) > 2 {
				t.Errorf("%d of %d bytes at once", len(changes), size)
			}
			for _, c := range changes {
				heard = append(heard, c.Revision)
			}
		}
		if !slices.Equal(heard, []int64{1, 2, 3, 4, 5, 6}) {
			t.Errorf("heard %v", heard)
		}
	})
	in(t, "[R6] one peer's old changes do not fill the queue of all", func(c *Config) { c.Log = &slowLog{Log: c.Log} }, func(t *testing.T, h *harness) {
		alice, bob, mallory := h.join(1), h.join(2), h.join(3)
		for i := range int64(40) {
			alice.submit(i+1, i, text("x"))
			synctest.Wait()
		}
		time.Sleep(10 * time.Second) // the window shrinks
		for i := range int64(behindQueue) {
			mallory.submit(i+1, 0, text("m"))
		}
		bob.submit(1, 0, text("b"))
		synctest.Wait()
		time.Sleep(time.Minute)
		if got := of[protocol.Ack](bob.hear()); len(got) != 1 {
			t.Errorf("bob was answered %v", got)
		}
	})
}

// slowLog takes a second to read.
type slowLog struct{ persistence.Log }

func (l *slowLog) Changes(ctx context.Context, document persistence.ID, after, through int64, yield func(*persistence.Change) bool) error {
	time.Sleep(time.Second)
	return l.Log.Changes(ctx, document, after, through, yield)
}

func TestWritesMeetADocumentThatLeaves(t *testing.T) {
	in(t, "[R8] a write without a key goes to the next session when the one it asked has left memory", func(c *Config) { c.Log = &slowSnapshots{Log: c.Log} }, func(t *testing.T, h *harness) {
		for i := range 200 {
			if _, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: Identity{User: user(1)}, Role: protocol.RoleEditor, Delta: ot.Delta{text(fmt.Sprint(i))}}); err != nil {
				t.Fatal(err)
			}
		}
		old := h.hub.live(h.doc)
		time.Sleep(DefaultIdle + 100*time.Millisecond) // it is storing its snapshot
		select {
		case <-old.done:
			t.Fatal("it is gone already: the test shows nothing")
		default:
		}
		reply := make(chan error, 1)
		go func() {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: Identity{User: user(1)}, Role: protocol.RoleEditor, Delta: ot.Delta{text("!")}})
			reply <- err
		}()
		if err := <-reply; err != nil {
			t.Error(err)
		}
	})
}

// slowSnapshots takes a second to store one.
type slowSnapshots struct{ persistence.Log }

func (l *slowSnapshots) PutSnapshot(ctx context.Context, document persistence.ID, s persistence.Snapshot) error {
	time.Sleep(time.Second)
	return l.Log.PutSnapshot(ctx, document, s)
}
