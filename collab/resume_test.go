package collab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

func TestResumeEdges(t *testing.T) {
	in(t, "[S3] a client id of another document is refused, also to its own user and before its first change", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		other := h.id()
		if err := h.store.Create(t.Context(), persistence.Document{ID: other, Title: "B", Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
			t.Fatal(err)
		}
		first := h.doc
		h.doc = other
		_, _, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch})
		h.doc = first
		var closing *CloseError
		if !errors.As(err, &closing) || closing.Code != protocol.CloseForbidden {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		if n := len(h.hub.live(other).peers); n != 0 {
			t.Errorf("%d are in the document all the same", n)
		}
	})
	rows := &noRows{err: errors.New("disk")}
	in(t, "[S2] a client whose row cannot be read is not taken for an unknown one", func(c *Config) { rows.Log, c.Log = c.Log, rows }, func(t *testing.T, h *harness) {
		alice := h.join(1)
		alice.submit(1, 0, text("once"))
		alice.hear()
		h.close()
		h.start(func(c *Config) { rows.Log, c.Log = c.Log, rows })
		_, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Seq: 1})
		if closing, ok := errors.AsType[*CloseError](err); !ok || closing.Code != protocol.CloseGeneric {
			t.Errorf("reset %q, %v", w.Reset, err)
		}
	})
	in(t, "[S6] a change that was being caught up for a replaced connection is dropped, and its resend taken", func(c *Config) { c.Log = &slowLog{Log: c.Log} }, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		for i := range int64(40) {
			alice.submit(i+1, i, text("x"))
			synctest.Wait()
		}
		time.Sleep(10 * time.Second) // the window shrinks
		bob.submit(1, 0, text("b"))
		synctest.Wait()
		again, _, err := h.attach(bob.user, protocol.RoleEditor, &protocol.Resume{Client: bob.client, Epoch: bob.epoch, Revision: 40, Seq: 1})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := h.text(); strings.Contains(got, "b") {
			t.Errorf("text %q: the dead connection was heard", got)
		}
		again.submit(1, 0, text("b"))
		time.Sleep(time.Minute)
		if acks := of[protocol.Ack](again.hear()); len(acks) != 1 || acks[0].Revision != 41 {
			t.Errorf("acks %v", acks)
		}
	})
	in(t, "[S4] what was committed since the last page comes when the peer goes live", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		for i := range int64(30) {
			alice.submit(i+1, i, text(strings.Repeat("x", 20<<10)))
			alice.hear()
		}
		late, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch})
		if err != nil || !w.Document.More {
			t.Fatalf("more %v, %v: the test shows nothing", w.Document.More, err)
		}
		late.peer.pages.Load().reading.Store(true) // as if its last page was read
		late.peer.session.inbox <- envelope{from: late.peer, body: pageTurned{through: 27}}
		got := of[protocol.Change](late.hear())
		if len(got) != 3 || got[0].Revision != 28 || got[2].Revision != 30 || got[0].Seq != 28 {
			t.Errorf("%d changes came", len(got))
		}
	})
}

// lookup is a log in which something happens right after a client's row was
// looked for.
type lookup struct {
	persistence.Log
	then func()
}

func (l *lookup) Client(ctx context.Context, document, client persistence.ID) (persistence.ClientRow, error) {
	row, err := l.Log.Client(ctx, document, client)
	if then := l.then; then != nil {
		l.then = nil
		then()
	}
	return row, err
}

// commitAndForget lets the store commit what it holds, and the session forget
// clients that have gone.
func (h *harness) commitAndForget() {
	h.store.Release()
	synctest.Wait()
	h.hub.live(h.doc).forgetAt = 0
	h.join(2)
	synctest.Wait()
}

func TestResumeOfAForgottenClient(t *testing.T) {
	look := &lookup{}
	in(t, "[S2] a client that is committed and forgotten after its row was looked for is looked for again", func(c *Config) { look.Log, c.Log = c.Log, look }, func(t *testing.T, h *harness) {
		alice := h.join(1)
		h.store.Hold()
		alice.submit(1, 0, text("once"))
		synctest.Wait()
		alice.peer.Detach()
		look.then = h.commitAndForget
		_, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Seq: 1})
		if err != nil || w.Acknowledged == nil || w.Acknowledged.Seq != 1 {
			t.Errorf("acknowledged %v, %v", w.Acknowledged, err)
		}
	})
}

// What a client says its id is may be none. It gets a new one, whoever else has
// come and gone meanwhile.
func TestResumeUnderNoID(t *testing.T) {
	in(t, "[S7] a resume under what is no id gets a new client, also after others were forgotten", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		h.join(2).peer.Detach()
		synctest.Wait()
		h.hub.live(h.doc).forgetAt = 0
		h.join(3) // and now somebody is forgotten
		_, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: "none", Epoch: alice.epoch, Seq: 1})
		if err != nil || w.Reset != "too_old" || w.Client == "" {
			t.Errorf("reset %q, client %q, %v", w.Reset, w.Client, err)
		}
	})
}

// A laptop that slept for a long time sends what it had sent before.
func TestBaseOfLongAgo(t *testing.T) {
	const age = 100_000
	in(t, "[R2] a change whose base is 100,000 revisions old merges", nil, func(t *testing.T, h *harness) {
		bob := h.join(2)
		bob.submit(1, 0, text("base"))
		bob.hear()
		bob.peer.Detach()
		time.Sleep(2 * DefaultIdle)
		if h.hub.live(h.doc) != nil {
			t.Fatal("the document is in memory: the test shows less than it says")
		}
		head, err := h.store.Head(t.Context(), h.doc)
		if err != nil {
			t.Fatal(err)
		}
		const group = 1000
		for range age / group {
			b := persistence.Batch{Document: h.doc, Base: head, Changes: make([]persistence.Change, group)}
			for i := range b.Changes {
				b.Changes[i] = persistence.Change{
					Revision: head.Revision + 1 + int64(i), Author: persistence.Author{ID: userID(1)},
					At: persistence.Micro(time.Now()), Delta: []byte(`[{"insert":"x"}]`),
				}
			}
			b.Seal()
			h.store.Append(b, func(failure error) { err = errors.Join(err, failure) })
			head = b.Head()
		}
		synctest.Wait()
		if err != nil {
			t.Fatal(err)
		}
		again, w, err := h.attach(bob.user, protocol.RoleEditor, &protocol.Resume{Client: bob.client, Epoch: bob.epoch, Revision: 1, Seq: 2})
		if err != nil || !w.Document.Resumed || !w.Document.More {
			t.Fatalf("resumed %v, more %v, %v", w.Document.Resumed, w.Document.More, err)
		}
		again.submit(2, 1, keep(4), text(" and mine"))
		told := append(w.Document.Changes, of[protocol.Change](again.hear())...)
		if len(told) != age+1 {
			t.Fatalf("%d of %d missed changes were told, and its own", len(told), age)
		}
		// While it catches up its own comes among the others', with its seq.
		if own := told[age]; own.Seq != 2 || own.Revision != age+2 {
			t.Errorf("its own is %d at revision %d", own.Seq, own.Revision)
		}
		if got, want := h.text(), strings.Repeat("x", age)+"base and mine\n"; got != want {
			t.Errorf("%d characters, ending in %q", len(got), got[max(0, len(got)-20):])
		}
	})
}
