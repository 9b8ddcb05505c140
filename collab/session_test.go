package collab

import (
	"testing"
	"testing/synctest"

	"github.com/coscribe/coscribe/collab/protocol"
)

func TestSession(t *testing.T) {
	t.Run("[S6] the author gets ack, everyone else gets change", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			defer h.close()
			alice, bob := h.join(1), h.join(2)
			alice.submit(1, 0, text("hello"))
			acks, changes := of[protocol.Ack](alice.hear()), of[protocol.Change](bob.hear())
			if len(acks) != 1 || acks[0].Seq != 1 || acks[0].Revision != 1 {
				t.Errorf("acks: %v", acks)
			}
			if len(changes) != 1 || changes[0].Revision != 1 || changes[0].Author != alice.user {
				t.Errorf("changes: %v", changes)
			}
			if got := h.text(); got != "hello\n" {
				t.Errorf("text %q", got)
			}
		})
	})
}
