package collab

import (
	"strings"
	"testing"
	"testing/synctest"
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

// Carets that found no room in the outbox come once there is some.
func TestOwedCaretsCome(t *testing.T) {
	in(t, "[V1] who was owed carets is given everybody's", nil, func(t *testing.T, h *harness) {
		slow, alice, bob := h.join(0), h.join(1), h.join(2)
		time.Sleep(time.Second)
		for _, c := range []*pipe{slow, alice, bob} {
			c.hear()
		}
		alice.submit(1, 0, text(strings.Repeat("x", presenceRoom+1)))
		alice.hear()
		want := map[string]protocol.Selection{alice.peer.ID(): {Anchor: 7, Head: 9}, bob.peer.ID(): {Anchor: 3, Head: 3}}
		for _, c := range []*pipe{alice, bob} {
			at := want[c.peer.ID()]
			c.say(protocol.Presence{Base: 1, Selection: &at})
		}
		time.Sleep(time.Second)
		if got := slow.hear(); len(got) != 1 || len(of[protocol.Change](got)) != 1 {
			t.Fatalf("while there was no room it got %v", got)
		}
		time.Sleep(time.Second)
		shown := of[protocol.PeerPresence](slow.hear())
		for _, p := range shown {
			if p.Selection == nil || *p.Selection != want[p.Peer] {
				t.Errorf("%s is at %v", p.Peer, p.Selection)
			}
		}
		if len(shown) != len(want) {
			t.Errorf("%d are shown, not %d", len(shown), len(want))
		}
	})
}

// What everybody shows of themselves goes to everybody.
func TestCrowdIsBounded(t *testing.T) {
	state := []byte(`{"pad":"` + strings.Repeat("x", DefaultPresenceBytes-100) + `"}`)
	shown := func(c *pipe) map[string]bool {
		all := map[string]bool{}
		for range 3 { // what found no room in the outbox comes once there is some
			for _, p := range of[protocol.PeerPresence](c.hear()) {
				all[p.Peer] = len(p.State) > 0
			}
			time.Sleep(time.Minute)
		}
		return all
	}
	in(t, "[V1][R5] states are kept up to a bound of the document; the next is shown once there is room", nil, func(t *testing.T, h *harness) {
		watcher, first, second := h.join(1), h.join(2), h.join(3)
		synctest.Wait()
		h.hub.live(h.doc).crowd.states = crowdStates - len(state) // others'
		for _, c := range []*pipe{first, second} {
			c.say(protocol.Presence{State: state})
			synctest.Wait()
		}
		told := shown(watcher)
		if is, there := told[second.peer.ID()]; !told[first.peer.ID()] || is || !there {
			t.Errorf("with a state the watcher was told of the first: %v, of the second: %v, who is there: %v", told[first.peer.ID()], is, there)
		}
		first.peer.Detach()
		synctest.Wait()
		second.say(protocol.Presence{State: state})
		if !shown(watcher)[second.peer.ID()] {
			t.Error("there is room now, and it is not shown")
		}
	})
	in(t, "[V1][R5] one round tells a bounded part of them, and the next ones the rest", nil, func(t *testing.T, h *harness) {
		watcher := h.join(1)
		var crowd []*pipe
		for i := range crowdBytes/len(state) + 10 {
			crowd = append(crowd, h.join(2+i))
		}
		shown(watcher)
		for _, c := range crowd {
			c.say(protocol.Presence{State: state})
		}
		told, rounds := map[string]bool{}, 0
		for range 100 {
			time.Sleep(h.hub.live(h.doc).pace() / 2)
			size := 0
			for _, p := range of[protocol.PeerPresence](watcher.hear()) {
				size += len(p.State)
				told[p.Peer] = len(p.State) > 0
			}
			if size > crowdBytes+DefaultPresenceBytes {
				t.Errorf("a round of %d bytes", size)
			}
			if size > 0 {
				rounds++
			}
		}
		if rounds < 2 || len(told) < len(crowd) {
			t.Errorf("%d of %d were told in %d rounds", len(told), len(crowd), rounds)
		}
		for _, c := range []*pipe{crowd[0], crowd[len(crowd)-1]} { // told of in the first round, and in the last
			of := shown(c)
			if _, itself := of[c.peer.ID()]; itself || len(of) < len(crowd)-1 {
				t.Errorf("one heard of %d, of itself %v", len(of), itself)
			}
		}
	})
}
