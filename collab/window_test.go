package collab

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
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
	in(t, "[S9] what a full disk took back is sequenced anew behind a window that does not reach to the start", nil, func(t *testing.T, h *harness) {
		typist := h.join(0)
		for seq := range int64(100) {
			typist.submit(seq+1, seq, text("x"))
			typist.hear()
		}
		time.Sleep(2 * quiet)
		synctest.Wait()
		if base := h.hub.live(h.doc).seq.window.base; base == 0 {
			t.Fatal("the window reaches to the start: the test shows nothing")
		}
		h.store.Hold()
		h.store.FailNext(persistence.ErrFull)
		for seq := int64(101); seq <= 103; seq++ {
			typist.submit(seq, 100, text("y"))
		}
		synctest.Wait()
		h.store.Release()
		if got := of[protocol.Reject](typist.hear()); len(got) != 3 || got[0].Code != protocol.CodeStorageFull {
			t.Fatalf("rejects %v", got)
		}
		for seq := int64(101); seq <= 103; seq++ {
			typist.submit(seq, 100, text("y"))
		}
		if acks := of[protocol.Ack](typist.hear()); len(acks) != 3 || acks[2].Revision != 103 {
			t.Errorf("acks %v", acks)
		}
		if got, want := h.text(), strings.Repeat("y", 3)+strings.Repeat("x", 100)+"\n"; got != want {
			t.Errorf("the text is %q", got)
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
