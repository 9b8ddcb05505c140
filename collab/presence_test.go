package collab

import (
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
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
