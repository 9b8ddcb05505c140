package collab

import (
	"fmt"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

func TestStoredCarets(t *testing.T) {
	in(t, "[V2][A8] a stored caret is pushed along by its owner's text, and not by another's at the same place", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		alice.submit(1, 0, text("hello"))
		alice.hear()
		alice.say(protocol.Presence{Base: 1, Seq: 1, Selection: &protocol.Selection{Anchor: 5, Head: 5}})
		time.Sleep(time.Second)
		alice.submit(2, 1, keep(5), text("!"))
		alice.hear()
		bob.submit(1, 2, keep(6), text("?"))
		bob.hear()
		_, w, err := h.attach(user(3), protocol.RoleViewer, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range w.Peers {
			if p.Peer == alice.peer.ID() && (p.Selection == nil || *p.Selection != protocol.Selection{Anchor: 6, Head: 6}) {
				t.Errorf("alice's caret is at %+v", p.Selection)
			}
		}
	})
}

func TestPlacingACaretIsBounded(t *testing.T) {
	// Alice inserts first; bob's change of many ops missed all of that, and he
	// says where his caret is after both.
	place := func(t *testing.T, changes int64, ops int) *protocol.Selection {
		s := newStage(t)
		alice, bob := named("alice"), named("bob")
		s.seq.know(alice, alice, nil)
		s.seq.know(bob, bob, nil)
		for seq := range changes {
			if e := s.seq.step(&submission{client: alice, seq: seq + 1, base: 0, delta: ot.Delta{text("z")}, author: &author{}}); e.kind != sequenced {
				t.Fatal(e.reject)
			}
		}
		s.command([]string{"commit", fmt.Sprint(changes)}, "")
		big := ot.NewBuilder(ops)
		for range ops / 2 {
			big.Insert("x", ot.Attributes{})
			big.InsertEmbed(ot.Embed{Key: "divider", Value: "true"}, ot.Attributes{})
		}
		s.step(&attempt{submission: submission{client: bob, seq: 1, base: 0, delta: big.Delta(), author: &author{}}})
		s.command([]string{"commit", fmt.Sprint(changes + 1)}, "")
		at, ok := s.seq.place(s.seq.clients[bob], &protocol.Presence{Base: changes, Seq: 1, Selection: &protocol.Selection{}})
		if !ok {
			t.Fatal("the caret waits for a change that is durable")
		}
		return at
	}
	t.Run("[V2] a caret behind a change of many ops that missed some is placed", func(t *testing.T) {
		if at := place(t, 3, 5000); at == nil {
			t.Error("it is not")
		}
	})
	t.Run("[V1][R2] one that takes long to place, for a message of sixty bytes, is not shown", func(t *testing.T) {
		if at := place(t, 10, 5000); at != nil {
			t.Errorf("it is at %v", at)
		}
	})
}
