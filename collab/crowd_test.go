package collab

import (
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// Who was told of a peer must hear of its end, whichever way it was told.
func TestNobodyIsLeftBehindInTheCrowd(t *testing.T) {
	in(t, "[V1] one who leaves before the first broadcast leaves those who met it in their welcome", nil, func(t *testing.T, h *harness) {
		first := h.join(1)
		second, w, err := h.attach(user(2), protocol.RoleEditor, nil)
		if err != nil || len(w.Peers) != 1 || w.Peers[0].Peer != first.peer.ID() {
			t.Fatalf("met %v, %v", w.Peers, err)
		}
		first.peer.Detach()
		time.Sleep(time.Second)
		if left := of[protocol.Leave](second.hear()); len(left) != 1 || left[0].Peer != first.peer.ID() {
			t.Errorf("told that %v left", left)
		}
	})
	in(t, "[V1][R5] a slow reader cut by the news that somebody left is told of itself", func(c *Config) { c.Limits.OutboxBytes = presenceRoom + 100 }, func(t *testing.T, h *harness) {
		slow, gone, stays := h.join(1), h.join(2), h.join(3)
		time.Sleep(time.Second)
		for _, c := range []*pipe{slow, gone, stays} {
			c.hear()
		}
		stays.submit(1, 0, text(strings.Repeat("x", presenceRoom)))
		stays.hear()
		gone.hear()
		gone.peer.Detach()
		time.Sleep(time.Second)
		told := of[protocol.Leave](stays.hear())
		if slow.closed() != protocol.CloseSlow {
			t.Fatalf("the slow reader closed with %d", slow.closed())
		}
		if len(told) != 2 {
			t.Errorf("told that %v left, want both", told)
		}
	})
}
