package collab

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// in runs a test inside a bubble, with a hub that is closed at its end.
func in(t *testing.T, name string, tune func(*Config), test func(t *testing.T, h *harness)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, tune)
			test(t, h)
			h.store.Release()
			h.close()
		})
	})
}

func TestDurability(t *testing.T) {
	in(t, "[S6] the author gets ack, everyone else gets change", nil, func(t *testing.T, h *harness) {
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
	in(t, "[S5][R2] nothing leaves before its commit, and sequencing goes on meanwhile", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		alice.hear()
		bob.hear()
		h.store.Hold()
		for i := range int64(5) {
			alice.submit(i+1, 0, text("a"))
			synctest.Wait()
		}
		if n := h.store.Queued(); n != 1 {
			t.Errorf("%d batches are in flight, want one", n)
		}
		if got := append(alice.hear(), bob.hear()...); len(got) != 0 {
			t.Errorf("before the commit: %v", got)
		}
		if got := h.text(); got != "\n" {
			t.Errorf("a read saw %q", got)
		}
		_, w, err := h.attach(user(3), protocol.RoleViewer, nil)
		if err != nil || w.Document.Revision != 0 {
			t.Errorf("a join saw revision %d, %v", w.Document.Revision, err)
		}
		h.store.Step(1)
		if acks := of[protocol.Ack](alice.hear()); len(acks) != 1 {
			t.Errorf("acks after the first commit: %v", acks)
		}
		bob.hear()
		frames := bob.frames
		h.store.Step(1)
		if changes := of[protocol.Change](bob.hear()); len(changes) != 4 || bob.frames != frames+1 {
			t.Errorf("the second commit came as %d changes in %d frames, want 4 in one", len(changes), bob.frames-frames)
		}
		if got := h.text(); got != "aaaaa\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[S4][S6] an author's frame has acks in place of its own changes, in order", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		h.store.Hold()
		alice.submit(1, 0, text("a"))
		synctest.Wait()
		for i := range int64(2) {
			bob.submit(i+1, 0, text("b"))
			alice.submit(i+2, 0, text("a"))
			synctest.Wait()
		}
		h.store.Release()
		var order []int64
		for _, m := range alice.hear() {
			switch m := m.(type) {
			case protocol.Ack:
				order = append(order, m.Revision)
			case protocol.Change:
				if m.Author != bob.user {
					t.Errorf("own change %d came as another's", m.Revision)
				}
				order = append(order, m.Revision)
			}
		}
		for i, r := range order {
			if r != int64(i+1) || len(order) != 5 {
				t.Fatalf("revisions came as %v", order)
			}
		}
	})
	in(t, "[L3][S2] a commit whose answer is lost poisons the session, and its change is in the log once", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		h.store.LoseNext(errors.New("the reply was lost"))
		alice.submit(1, 0, text("once"))
		if got := of[protocol.Reject](alice.hear()); len(got) != 0 || alice.closed() != protocol.CloseGeneric || bob.closed() != protocol.CloseGeneric {
			t.Fatalf("rejects %v, closed %d and %d", got, alice.closed(), bob.closed())
		}
		if got := h.hub.Stats(); got != (Stats{}) {
			t.Errorf("left behind: %+v", got)
		}
		again, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Revision: 0, Seq: 1})
		if err != nil || w.Acknowledged == nil || *w.Acknowledged != (protocol.Acknowledged{Seq: 1, Revision: 1}) {
			t.Fatalf("acknowledged %v, %v", w.Acknowledged, err)
		}
		if len(w.Document.Changes) != 1 || w.Document.Changes[0].Seq != 1 {
			t.Errorf("missed: %v", w.Document.Changes)
		}
		again.submit(1, 0, text("once"))
		if acks := of[protocol.Ack](again.hear()); len(acks) != 1 || acks[0].Revision != 1 {
			t.Errorf("acks of the resend: %v", acks)
		}
		if got := h.text(); got != "once\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[S9] a full disk is a reject that may be retried, and readers stay", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		h.store.FailNext(persistence.ErrFull)
		alice.submit(1, 0, text("x"))
		got := of[protocol.Reject](alice.hear())
		if len(got) != 1 || got[0].Code != protocol.CodeStorageFull || !got[0].Retry || got[0].RetryAfter == 0 {
			t.Fatalf("rejects %v", got)
		}
		alice.submit(1, 0, text("x"))
		if acks := of[protocol.Ack](alice.hear()); len(acks) != 1 || acks[0].Revision != 1 {
			t.Errorf("acks %v", acks)
		}
		if changes := of[protocol.Change](bob.hear()); len(changes) != 1 || bob.closed() != 0 {
			t.Errorf("changes %v, closed %d", changes, bob.closed())
		}
	})
}

func TestResume(t *testing.T) {
	in(t, "[C2][S6] of what was missed a client's own is told with its seq, and others' with none", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		bob.submit(4, 0, text("b"))
		bob.hear()
		alice.submit(7, 0, text("a"))
		synctest.Wait()
		bob.submit(8, 1, text("b"))
		bob.hear()
		_, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Seq: 7})
		if err != nil || w.Document.More {
			t.Fatalf("%+v, %v", w, err)
		}
		var seqs []int64
		for _, m := range w.Document.Changes {
			seqs = append(seqs, m.Seq)
		}
		if want := []int64{0, 7, 0}; !slices.Equal(seqs, want) {
			t.Errorf("what was missed has seqs %v, want %v", seqs, want)
		}
	})
	in(t, "[S6] a resume replaces the older connection, whose words are not heard any more", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		again, w, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch})
		if err != nil || !w.Document.Resumed || w.Client != alice.client {
			t.Fatalf("%+v, %v", w, err)
		}
		alice.submit(1, 0, text("ghost"))
		again.submit(1, 0, text("alive"))
		if again.hear(); alice.closed() != protocol.CloseReplaced {
			t.Errorf("closed %d", alice.closed())
		}
		if got := h.text(); got != "alive\n" {
			t.Errorf("text %q", got)
		}
	})
	in(t, "[S6] a resume that was overtaken by a later one does not replace it", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		resume := func(attempt int64) (*pipe, error) {
			p, _, err := h.attach(alice.user, protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch, Attempt: attempt})
			return p, err
		}
		live, err := resume(2)
		if err != nil {
			t.Fatal(err)
		}
		var closing *CloseError
		if _, err = resume(1); !errors.As(err, &closing) || !closing.Code.Reconnect() {
			t.Errorf("the late one: %v", err)
		}
		live.submit(1, 0, text("alive"))
		if live.hear(); live.closed() != 0 || h.text() != "alive\n" {
			t.Errorf("closed %d, text %q", live.closed(), h.text())
		}
		if _, err = resume(3); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
	in(t, "[S3] a client id of another user or document is refused, and nothing is disclosed", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		for _, written := range []bool{false, true} {
			if written {
				alice.submit(1, 0, text("x"))
				alice.hear()
			}
			_, _, err := h.attach(user(2), protocol.RoleEditor, &protocol.Resume{Client: alice.client, Epoch: alice.epoch})
			var closing *CloseError
			if !errors.As(err, &closing) || closing.Code != protocol.CloseForbidden {
				t.Errorf("written %v: %v", written, err)
			}
		}
		if alice.closed() != 0 {
			t.Error("the owner was disconnected")
		}
	})
	in(t, "[S7] another epoch, a revision past the head, an unknown client: a reset with content and a new id", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		alice.submit(1, 0, text("x"))
		alice.hear()
		for _, r := range []struct {
			resume protocol.Resume
			reset  string
			seq    int64
		}{
			{protocol.Resume{Client: alice.client, Epoch: h.id().String(), Revision: 1, Seq: 1}, "epoch", 1},
			{protocol.Resume{Client: alice.client, Epoch: alice.epoch, Revision: 9, Seq: 1}, "epoch", 1},
			{protocol.Resume{Client: h.id().String(), Epoch: alice.epoch, Revision: 1, Seq: 1}, "too_old", 0},
			{protocol.Resume{Client: "nonsense", Epoch: alice.epoch, Revision: 1, Seq: 1}, "too_old", 0},
		} {
			_, w, err := h.attach(alice.user, protocol.RoleEditor, &r.resume)
			if err != nil || w.Reset != r.reset || w.Client == r.resume.Client || w.Document.Content == nil ||
				w.Acknowledged == nil || w.Acknowledged.Seq != r.seq {
				t.Errorf("%+v: %+v, %v", r.resume, w, err)
			}
		}
	})
	in(t, "[R5][S4] missed changes beyond a page follow at the connection's pace, then it is live", func(c *Config) {
		c.Limits.WindowChanges, c.Limits.OutboxBytes = 4, 300<<10
	}, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		big := strings.Repeat("x", 40<<10)
		for i := range int64(20) {
			alice.submit(i+1, i, text(big))
			alice.hear()
			bob.hear()
			if i == 0 {
				bob.peer.Detach()
			}
		}
		c, w, err := h.attach(bob.user, protocol.RoleEditor, &protocol.Resume{Client: bob.client, Epoch: bob.epoch, Revision: 1})
		if err != nil || !w.Document.More || len(w.Document.Changes) == 0 || len(w.Document.Changes) > 7 {
			t.Fatalf("first page of %d, more %v, %v", len(w.Document.Changes), w.Document.More, err)
		}
		alice.submit(21, 20, text("live"))
		alice.hear()
		last := int64(1 + len(w.Document.Changes))
		for range 10 {
			for _, m := range of[protocol.Change](c.hear()) {
				if m.Revision != last+1 {
					t.Fatalf("revision %d after %d", m.Revision, last)
				}
				last = m.Revision
			}
		}
		if alice.submit(22, 21, text("!")); last != 21 || c.closed() != 0 {
			t.Fatalf("came to %d, closed %d", last, c.closed())
		}
		if live := of[protocol.Change](c.hear()); len(live) != 1 || live[0].Revision != 22 {
			t.Errorf("live: %v", live)
		}
	})
}

func TestBounds(t *testing.T) {
	in(t, "[R5] a reader that does not read is cut, and resumes without loss", func(c *Config) {
		c.Limits.OutboxFrames = 3
	}, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		for i := range int64(8) {
			alice.submit(i+1, i, text("x"))
			if acks := of[protocol.Ack](alice.hear()); len(acks) != 1 {
				t.Fatal("others noticed")
			}
		}
		if bob.closed() != protocol.CloseSlow {
			t.Fatalf("closed %d", bob.closed())
		}
		_, w, err := h.attach(bob.user, protocol.RoleEditor, &protocol.Resume{Client: bob.client, Epoch: bob.epoch})
		if err != nil || len(w.Document.Changes) != 8 {
			t.Errorf("missed %d, %v", len(w.Document.Changes), err)
		}
	})
	in(t, "[P3] a viewer's change is rejected as read-only, a role applies live", nil, func(t *testing.T, h *harness) {
		c, _, err := h.attach(user(1), protocol.RoleViewer, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.submit(1, 0, text("x"))
		if got := of[protocol.Reject](c.hear()); len(got) != 1 || got[0].Code != protocol.CodeReadOnly {
			t.Fatalf("rejects %v", got)
		}
		if err := h.setRole(1, protocol.RoleEditor); err != nil {
			t.Fatal(err)
		}
		c.submit(1, 0, text("x"))
		if got := c.hear(); len(of[protocol.RoleChange](got)) != 1 || len(of[protocol.Ack](got)) != 1 {
			t.Errorf("heard %v", got)
		}
		if err := h.setRole(1, protocol.RoleNone); err != nil {
			t.Fatal(err)
		}
		if got := c.hear(); len(of[protocol.Removed](got)) != 1 || c.closed() != protocol.CloseForbidden {
			t.Errorf("heard %v, closed %d", got, c.closed())
		}
	})
	in(t, "[P5] ten invalid changes in a row end the connection for good", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		for i := range int64(DefaultInvalid) {
			c.submit(i+1, 0, keep(5), text("x"))
		}
		if got := of[protocol.Reject](c.hear()); len(got) != DefaultInvalid || c.closed() != protocol.CloseInvalidChange {
			t.Errorf("%d rejects, closed %d", len(got), c.closed())
		}
		if got := h.text(); got != "\n" {
			t.Errorf("text %q", got)
		}
	})
	var logs bytes.Buffer
	counted := 0
	tune := func(c *Config) {
		c.Logger, c.Metrics.HashMismatch = slog.New(slog.NewTextHandler(&logs, nil)), func() { counted++ }
	}
	in(t, "[C6] a hash is compared at the durable head only; a mismatch is counted and logged with both", tune, func(t *testing.T, h *harness) {
		c := h.join(1)
		hash := ot.NewDocument().Hash()
		c.say(protocol.Check{Revision: 0, Hash: hex.EncodeToString(hash[:])})
		c.say(protocol.Check{Revision: 0, Hash: strings.ToUpper(hex.EncodeToString(hash[:]))})
		c.say(protocol.Check{Revision: 7, Hash: "00"})
		if got := of[protocol.Reload](c.hear()); len(got) != 0 {
			t.Errorf("reloads %v", got)
		}
		if counted != 0 || logs.Len() != 0 {
			t.Errorf("counted %d, logged %s", counted, logs.String())
		}
		c.say(protocol.Check{Revision: 0, Hash: "00"})
		if got := of[protocol.Reload](c.hear()); len(got) != 1 || got[0].Reason != "hash" {
			t.Errorf("reloads %v", got)
		}
		said := logs.String()
		if counted != 1 || !strings.Contains(said, h.doc.String()) || !strings.Contains(said, "server="+hex.EncodeToString(hash[:])) || !strings.Contains(said, "client=00") {
			t.Errorf("counted %d, logged %s", counted, said)
		}
	})
	in(t, "[R5] clients cannot fill the log by wrong hashes: a document tells of one a minute, as a warning; each is counted", tune, func(t *testing.T, h *harness) {
		counted = 0
		logs.Reset()
		clients := []*pipe{h.join(1), h.join(2)}
		said := func() int { return strings.Count(logs.String(), "client holds another document") }
		for i := range 20 {
			clients[i%2].say(protocol.Check{Revision: 0, Hash: fmt.Sprintf("%02d", i)})
		}
		if counted != 20 || said() != 1 || strings.Contains(logs.String(), "level=ERROR") {
			t.Errorf("counted %d, logged %s", counted, logs.String())
		}
		time.Sleep(mismatchTold)
		clients[0].say(protocol.Check{Revision: 0, Hash: "00"})
		if counted != 21 || said() != 2 {
			t.Errorf("a minute later: counted %d, logged %s", counted, logs.String())
		}
		for _, c := range clients {
			if got := of[protocol.Reload](c.hear()); len(got) != 1 {
				t.Errorf("reloads %v", got)
			}
		}
	})
}

func TestPresence(t *testing.T) {
	in(t, "[V1] a peer is announced with its join, its caret moves with the text, its end is told", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		bob := h.join(2)
		time.Sleep(time.Second)
		if got := of[protocol.PeerPresence](alice.hear()); len(got) != 1 || got[0].Selection != nil || got[0].User != bob.user {
			t.Fatalf("announced: %v", got)
		}
		alice.submit(1, 0, text("hello"))
		alice.hear()
		bob.hear()
		bob.say(protocol.Presence{Base: 1, Selection: &protocol.Selection{Anchor: 5, Head: 5}})
		alice.submit(2, 1, text("oh, "))
		time.Sleep(time.Second)
		got := of[protocol.PeerPresence](alice.hear())
		if len(got) != 1 || *got[0].Selection != (protocol.Selection{Anchor: 9, Head: 9}) && got[0].Revision == 2 {
			t.Errorf("caret: %v", got)
		}
		_, w, err := h.attach(user(3), protocol.RoleViewer, nil)
		if err != nil || len(w.Peers) != 2 {
			t.Fatalf("peers %v, %v", w.Peers, err)
		}
		for _, p := range w.Peers {
			if p.Peer == bob.peer.ID() && (p.Revision != 2 || *p.Selection != protocol.Selection{Anchor: 9, Head: 9}) {
				t.Errorf("[V2] a late joiner sees %+v", p)
			}
		}
		bob.peer.Detach()
		time.Sleep(time.Second)
		if leaves := of[protocol.Leave](alice.hear()); len(leaves) != 1 || leaves[0].Peer != bob.peer.ID() {
			t.Errorf("leaves %v", leaves)
		}
	})
	in(t, "[V2] a caret after a change in flight takes effect when that is durable, moved past what came between", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		time.Sleep(time.Second)
		alice.hear()
		bob.hear()
		bob.say(protocol.Presence{Base: 0, Seq: 1, Selection: &protocol.Selection{Anchor: 3, Head: 3}})
		time.Sleep(time.Second)
		if got := of[protocol.PeerPresence](alice.hear()); len(got) != 0 {
			t.Fatalf("too early: %v", got)
		}
		alice.submit(1, 0, text("12"))
		synctest.Wait()
		bob.submit(1, 0, text("bob")) // goes after alice's
		time.Sleep(time.Second)
		got := of[protocol.PeerPresence](alice.hear())
		if len(got) != 1 || got[0].Revision != 2 || *got[0].Selection != (protocol.Selection{Anchor: 5, Head: 5}) {
			t.Errorf("caret: %+v", got)
		}
	})
	in(t, "[V1] of many carets in a pace only the newest is told", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		alice.submit(1, 0, text("0123456789"))
		time.Sleep(time.Second)
		alice.hear()
		bob.hear()
		for i := range 10 {
			bob.say(protocol.Presence{Base: 1, Selection: &protocol.Selection{Anchor: i, Head: i}})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		got := of[protocol.PeerPresence](alice.hear())
		if len(got) == 0 || len(got) > 2 || got[len(got)-1].Selection.Head != 9 {
			t.Errorf("carets: %v", got)
		}
	})
}
