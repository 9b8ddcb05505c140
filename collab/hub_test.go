package collab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

func TestHub(t *testing.T) {
	in(t, "[R8] an idle document leaves memory and comes back intact", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		alice.submit(1, 0, text("kept"))
		alice.hear()
		bob.peer.Detach()
		time.Sleep(2 * DefaultIdle)
		if n := h.hub.Stats().Documents; n != 1 {
			t.Fatalf("%d documents with a peer in one", n)
		}
		alice.peer.Detach()
		time.Sleep(DefaultIdle / 2)
		if n := h.hub.Stats().Documents; n != 1 {
			t.Errorf("%d documents before the time", n)
		}
		time.Sleep(DefaultIdle)
		if n := h.hub.Stats(); n != (Stats{}) {
			t.Errorf("still %+v", n)
		}
		if got := h.text(); got != "kept\n" {
			t.Errorf("text %q", got)
		}
		// An id that was issued before is still good, also one that was never used: what it sent may be on its way.
		for _, c := range []*pipe{alice, bob} {
			_, w, err := h.attach(c.user, protocol.RoleEditor, &protocol.Resume{Client: c.client, Epoch: c.epoch, Revision: 1, Seq: 1})
			if err != nil || !w.Document.Resumed {
				t.Errorf("resume: %+v, %v", w, err)
			}
		}
	})
	in(t, "[R7] stopping refuses joins, tells peers to come back, and commits what was sequenced", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		alice.hear()
		ended := make(chan error)
		go func() { ended <- h.hub.Close(context.Background()) }()
		synctest.Wait()
		if got := of[protocol.GoAway](alice.hear()); len(got) != 1 || got[0].RetryAfter != int(DefaultDrain.Milliseconds())/2 {
			t.Errorf("goaway %v", got)
		}
		_, _, err := h.attach(user(2), protocol.RoleEditor, nil)
		var closing *CloseError
		if !errors.As(err, &closing) || closing.Code != protocol.CloseGoAway {
			t.Errorf("a join got %v", err)
		}
		alice.submit(1, 0, text("last words"))
		if acks := of[protocol.Ack](alice.hear()); len(acks) != 1 {
			t.Errorf("acks %v", acks)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if alice.hear(); alice.closed() != protocol.CloseGoAway {
			t.Errorf("closed %d", alice.closed())
		}
		h.start(nil)
		if got := h.text(); got != "last words\n" {
			t.Errorf("text %q", got)
		}
	})
	var bad persistence.ID
	in(t, "[R6] a panic reloads one document, three in a minute put it in quarantine, others go on", func(c *Config) {
		c.Activity = func(a Activity) {
			if a.Document == bad && !a.At.IsZero() {
				panic("bad document")
			}
		}
	}, func(t *testing.T, h *harness) {
		bad = h.id()
		good := h.join(1)
		if err := h.store.Create(t.Context(), persistence.Document{ID: bad, Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
			t.Fatal(err)
		}
		other := *h
		other.doc = bad
		for i := range int64(3) {
			c := other.join(2)
			c.submit(1, i, text("x"))
			if c.hear(); c.closed() != protocol.CloseGeneric {
				t.Fatalf("closed %d", c.closed())
			}
		}
		_, _, err := other.attach(user(2), protocol.RoleEditor, nil)
		var closing *CloseError
		if !errors.As(err, &closing) || closing.Code != protocol.CloseGeneric || !strings.Contains(closing.Reason, "repeatedly") {
			t.Errorf("quarantine: %v", err)
		}
		good.submit(1, 0, text("fine"))
		if acks := of[protocol.Ack](good.hear()); len(acks) != 1 || good.closed() != 0 {
			t.Errorf("the other document: acks %v, closed %d", acks, good.closed())
		}
		time.Sleep(2 * panicWindow)
		if got := other.text(); got != "xxx\n" {
			t.Errorf("after quarantine %q", got)
		}
	})
	in(t, "[S1] people, titles and removal reach those who are in it", nil, func(t *testing.T, h *harness) {
		alice, twin, bob := h.join(1), h.join(1), h.join(2)
		if got, all := h.hub.People(h.doc, 9); all != 2 || len(got) != 2 || got[0] != alice.user || got[1] != bob.user {
			t.Errorf("people %v", got)
		}
		if got, all := h.hub.People(h.doc, 1); all != 2 || len(got) != 1 || got[0] != alice.user {
			t.Errorf("the first of %d people: %v", all, got)
		}
		if err := h.store.Rename(t.Context(), h.doc, "Another title", persistence.Author{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		h.hub.Renamed(t.Context(), h.doc)
		for _, c := range []*pipe{alice, twin, bob} {
			if got := of[protocol.Title](c.hear()); len(got) != 1 || got[0].Title != "Another title" {
				t.Errorf("titles %v", got)
			}
		}
		h.trashed()
		if got := of[protocol.Removed](bob.hear()); len(got) != 1 || bob.closed() != protocol.CloseNotFound {
			t.Errorf("removed %v, closed %d", got, bob.closed())
		}
		if got, all := h.hub.People(h.doc, 9); all != 0 || len(got) != 0 {
			t.Errorf("people %v", got)
		}
	})
}

func TestWrite(t *testing.T) {
	write := func(h *harness, key, s string) Write {
		return Write{Document: h.doc, Who: as(user(9)), Role: protocol.RoleEditor, Delta: ot.Delta{text(s)}, IdempotencyKey: key}
	}
	in(t, "[S2] a key gets its first answer, whatever happened since", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		first, err := h.hub.Submit(t.Context(), write(h, "k", "one"))
		if err != nil || first.Revision != 1 {
			t.Fatalf("%+v, %v", first, err)
		}
		if got := of[protocol.Change](alice.hear()); len(got) != 1 {
			t.Errorf("editors heard %v", got)
		}
		if _, err := h.hub.Submit(t.Context(), write(h, "", "two")); err != nil {
			t.Fatal(err)
		}
		if again, err := h.hub.Submit(t.Context(), write(h, "k", "one")); err != nil || again != first {
			t.Errorf("%+v, %v", again, err)
		}
		h.close()
		h.start(nil)
		if again, err := h.hub.Submit(t.Context(), write(h, "k", "one")); err != nil || again != first {
			t.Errorf("after a restart %+v, %v", again, err)
		}
		var refused *RejectError
		if _, err := h.hub.Submit(t.Context(), write(h, "k", "other")); !errors.As(err, &refused) || refused.Code != protocol.CodeIDConflict {
			t.Errorf("another body: %v", err)
		}
		if got := h.text(); got != "twoone\n" && got != "onetwo\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[S2][S5] the same key again while its change is being saved waits for that, and gets the same answer", nil, func(t *testing.T, h *harness) {
		h.store.Hold()
		answers := make(chan WriteResult, 2)
		for range cap(answers) {
			go func() {
				result, err := h.hub.Submit(t.Context(), write(h, "k", "one"))
				if err != nil {
					t.Error(err)
				}
				answers <- result
			}()
			synctest.Wait()
		}
		if len(answers) != 0 {
			t.Errorf("answered before the commit: %+v", <-answers)
		}
		h.store.Release()
		synctest.Wait()
		if len(answers) != 2 {
			t.Fatalf("%d have their answer", len(answers))
		}
		if first, again := <-answers, <-answers; first != again || first.Revision != 1 {
			t.Errorf("%+v and %+v", first, again)
		}
	})
	look := &lookup{}
	in(t, "[S2] a key is looked for again if its change was committed and its client forgotten since the row was looked for", func(c *Config) { look.Log, c.Log = c.Log, look }, func(t *testing.T, h *harness) {
		h.store.Hold()
		go func() {
			if _, err := h.hub.Submit(t.Context(), write(h, "k", "one")); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		look.then = h.commitAndForget
		if again, err := h.hub.Submit(t.Context(), write(h, "k", "one")); err != nil || again.Revision != 1 || again.At.IsZero() {
			t.Errorf("%+v, %v", again, err)
		}
		if got := h.text(); got != "one\n" {
			t.Errorf("text %q", got)
		}
	})
	rows := &noRows{err: errors.New("disk")}
	in(t, "[S2] a key whose row cannot be read is not taken for a new one", func(c *Config) { rows.Log, c.Log = c.Log, rows }, func(t *testing.T, h *harness) {
		if _, err := h.hub.Submit(t.Context(), write(h, "k", "one")); !errors.Is(err, rows.err) {
			t.Errorf("answered %v", err)
		}
		if got := h.text(); got != "\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[S7] another epoch, a moved base, a reader: each has its error", nil, func(t *testing.T, h *harness) {
		if _, err := h.hub.Submit(t.Context(), write(h, "", "x")); err != nil {
			t.Fatal(err)
		}
		w := write(h, "", "y")
		epoch, base := h.id(), int64(0)
		w.Epoch = &epoch
		if _, err := h.hub.Submit(t.Context(), w); !errors.Is(err, ErrEpoch) {
			t.Errorf("epoch: %v", err)
		}
		w.Epoch, w.Base, w.OnConflict = nil, &base, "fail"
		if _, err := h.hub.Submit(t.Context(), w); !errors.Is(err, ErrMoved) {
			t.Errorf("moved: %v", err)
		}
		w.Role = protocol.RoleViewer
		var refused *RejectError
		if _, err := h.hub.Submit(t.Context(), w); !errors.As(err, &refused) || refused.Code != protocol.CodeReadOnly {
			t.Errorf("viewer: %v", err)
		}
		w = write(h, "", "y")
		w.Document = h.id()
		if _, err := h.hub.Submit(t.Context(), w); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("unknown document: %v", err)
		}
	})
	in(t, "[S5] followers hear every durable change once, across reloads of the document", nil, func(t *testing.T, h *harness) {
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: Identity{User: user(1)}})
		if err != nil {
			t.Fatal(err)
		}
		var heard []int64
		next := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			changes, err := f.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				heard = append(heard, c.Revision)
			}
		}
		for i := range 3 {
			if i == 1 {
				h.store.LoseNext(errors.New("lost"))
			}
			_, _ = h.hub.Submit(t.Context(), write(h, "", "x"))
			next()
		}
		f.Close()
		if len(heard) != 3 || heard[0] != 1 || heard[2] != 3 {
			t.Errorf("heard %v", heard)
		}
	})
	in(t, "[L3][S2] a write without a key that a session had taken when it failed is not asked for again", func(c *Config) { c.Log = &slowLog{Log: c.Log} }, func(t *testing.T, h *harness) {
		for range 40 {
			if _, err := h.hub.Submit(t.Context(), write(h, "", "x")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * quiet) // the window shrinks
		old := write(h, "", "old")
		old.Base = new(int64)
		answer := make(chan error)
		go func() {
			_, err := h.hub.Submit(t.Context(), old)
			answer <- err
		}()
		synctest.Wait() // the log is read for it
		h.store.FailNext(errors.New("disk"))
		if _, err := h.hub.Submit(t.Context(), write(h, "", "y")); !errors.Is(err, ErrUnavailable) {
			t.Errorf("the one whose commit failed: %v", err)
		}
		if err := <-answer; !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "unknown") {
			t.Errorf("the one that waited: %v", err)
		}
		if got := h.text(); strings.Contains(got, "old") {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[R8] a follower that gave up while it was asking to enter keeps no document in memory", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		c.hear()
		busy := make(chan struct{})
		c.woken = func() { <-busy } // the session has much to do
		written := make(chan error, 1)
		go func() {
			_, err := h.hub.Submit(t.Context(), write(h, "", "x"))
			written <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		gaveUp := make(chan error)
		go func() {
			_, err := h.hub.Follow(ctx, Follow{Document: h.doc, Who: Identity{User: user(2)}})
			gaveUp <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gaveUp; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		close(busy)
		if err := <-written; err != nil {
			t.Error(err)
		}
		c.peer.Detach()
		time.Sleep(2 * DefaultIdle)
		if got := h.hub.Stats(); got != (Stats{}) {
			t.Errorf("left behind: %+v", got)
		}
	})
	in(t, "[L2] any revision can be read, also past a damaged snapshot", func(c *Config) { c.Limits.SnapshotBytes = 1 }, func(t *testing.T, h *harness) {
		for range 5 {
			if _, err := h.hub.Submit(t.Context(), write(h, "", "x")); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		s, err := h.store.Snapshot(t.Context(), h.doc, -1)
		if err != nil {
			t.Fatal(err)
		}
		s.Content = append([]byte(nil), s.Content...)
		s.Content[len(s.Content)-3] ^= 0x40
		if err := h.store.PutSnapshot(t.Context(), h.doc, s); err != nil {
			t.Fatal(err)
		}
		h.close()
		h.start(nil)
		for r := range int64(6) {
			c, err := h.hub.ReadAt(t.Context(), h.doc, r)
			if err != nil || c.Document.Text() != strings.Repeat("x", int(r))+"\n" {
				t.Errorf("revision %d: %v", r, err)
			}
		}
		if _, err := h.hub.ReadAt(t.Context(), h.doc, 6); !errors.Is(err, ErrRevision) {
			t.Errorf("past the head: %v", err)
		}
	})
}

// noRows is a log whose rows of clients cannot be read.
type noRows struct {
	persistence.Log
	err error
}

func (l *noRows) Client(context.Context, persistence.ID, persistence.ID) (persistence.ClientRow, error) {
	return persistence.ClientRow{}, l.err
}
