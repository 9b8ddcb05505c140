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

func TestResumeOfAForgottenClient(t *testing.T) {
	look := &lookup{}
	in(t, "[S2] a client that is committed and forgotten after its row was looked for is looked for again", func(c *Config) { look.Log, c.Log = c.Log, look }, func(t *testing.T, h *harness) {
		alice := h.join(1)
		h.store.Hold()
		alice.submit(1, 0, text("once"))
		synctest.Wait()
		alice.peer.Detach()
		look.then = func() {
			h.store.Release()
			synctest.Wait()
			h.hub.live(h.doc).forgetAt = 0
			h.join(2)
			synctest.Wait()
		}
		_, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Seq: 1})
		if err != nil || w.Acknowledged == nil || w.Acknowledged.Seq != 1 {
			t.Errorf("acknowledged %v, %v", w.Acknowledged, err)
		}
	})
}
