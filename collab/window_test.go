package collab

import (
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// What a slowly written document remembers is bounded by age; the log has the
// rest, for whoever is still further behind.
func TestWindowAges(t *testing.T) {
	in(t, "[R5] the older half goes when it is old, and an older base is still caught up", nil, func(t *testing.T, h *harness) {
		typist, late := h.join(0), h.join(1)
		session := h.hub.live(h.doc)
		longest := 0
		for seq := int64(1); seq <= 1000; seq++ {
			typist.submit(seq, 0, text("x"))
			time.Sleep(200 * time.Millisecond)
			typist.hear()
			longest = max(longest, len(session.seq.window.entries))
		}
		if longest > 2*windowLeast+1 || longest < windowLeast {
			t.Errorf("the window had up to %d changes", longest)
		}
		late.submit(1, 3, keep(3), text("late"))
		if acks := of[protocol.Ack](late.hear()); len(acks) != 1 || acks[0].Revision != 1001 {
			t.Errorf("acks %v", acks)
		}
	})
	in(t, "a burst is kept as long as it is young", nil, func(t *testing.T, h *harness) {
		typist := h.join(0)
		for seq := int64(1); seq <= 1000; seq++ {
			typist.submit(seq, 0, text("x"))
			time.Sleep(time.Millisecond)
			typist.hear()
		}
		if n := len(h.hub.live(h.doc).seq.window.entries); n != 1000 {
			t.Errorf("%d of 1000 changes are kept", n)
		}
	})
}
