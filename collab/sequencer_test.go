package collab

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

func TestStretch(t *testing.T) {
	t.Run("[R2] a change of many ops that missed much is caught up outside the loop, even within the window", func(t *testing.T) {
		s := newStage(t)
		alice, bob := named("alice"), named("bob")
		s.seq.know(alice, alice, nil)
		s.seq.know(bob, bob, nil)
		submit := func(client string, seq, base int64, d ot.Delta) effect {
			return s.seq.step(&submission{client: named(client), seq: seq, base: base, delta: d, author: &author{}, at: time.UnixMicro(0)})
		}
		big := ot.NewBuilder(5000)
		for range 2500 {
			big.Insert("x", ot.Attributes{})
			big.Retain(1, ot.Attributes{})
		}
		first := ot.NewBuilder(1)
		for range 3000 {
			first.Insert("y", ot.Attributes{})
		}
		if e := submit("alice", 1, 0, first.Delta()); e.kind != sequenced {
			t.Fatal(e)
		}
		s.command([]string{"commit", "1"}, "")
		for seq := range int64(60) {
			if e := submit("alice", seq+2, 1, ot.Delta{text("z")}); e.kind != sequenced {
				t.Fatal(e)
			}
		}
		s.command([]string{"commit", "61"}, "")
		a := &attempt{submission: submission{client: bob, seq: 1, base: 1, delta: big.Delta(), author: &author{}}}
		if e := s.seq.step(&a.submission); e.kind != catchUp || e.revision != 61 {
			t.Fatalf("effect %+v", e)
		}
		s.step(a)
		if s.seq.window.head() != 62 {
			t.Errorf("head %d", s.seq.window.head())
		}
	})
	t.Run("[R2][S2] so is the search for the original of such a resend", func(t *testing.T) {
		s := newStage(t)
		alice, bob := named("alice"), named("bob")
		s.seq.know(alice, alice, nil)
		s.seq.know(bob, bob, nil)
		submit := func(client persistence.ID, seq, base int64, d ot.Delta) effect {
			return s.seq.step(&submission{client: client, seq: seq, base: base, delta: d, author: &author{}, at: time.UnixMicro(0)})
		}
		big := ot.NewBuilder(5000)
		for range 2500 {
			big.Insert("x", ot.Attributes{})
			big.InsertEmbed(ot.Embed{Key: "divider", Value: "true"}, ot.Attributes{})
		}
		for seq := range int64(60) {
			if e := submit(alice, seq+1, 0, ot.Delta{text("z")}); e.kind != sequenced {
				t.Fatal(e)
			}
		}
		if e := submit(bob, 1, 0, big.Delta()); e.kind != sequenced {
			t.Fatal(e)
		}
		if e := submit(bob, 2, 0, ot.Delta{text("b")}); e.kind != sequenced {
			t.Fatal(e)
		}
		s.command([]string{"commit", "62"}, "")
		a := &attempt{submission: submission{client: bob, seq: 1, base: 0, delta: big.Delta(), author: &author{}}}
		if e := s.seq.step(&a.submission); e.kind != search || e.revision != 62 {
			t.Fatalf("effect %+v", e)
		}
		s.step(a)
		if got := s.out.String(); got != "  read the log through r=62\n  repeated r=61\n" {
			t.Errorf("it went otherwise:\n%s", got)
		}
	})
}

func TestRollback(t *testing.T) {
	t.Run("[S2][S7] a rollback takes changes back, not who is there nor what was acknowledged", func(t *testing.T) {
		s := newStage(t)
		for seq := range 3 {
			s.command([]string{"submit", "alice", fmt.Sprint(seq + 1), "0", `[{"insert":"a"}]`}, "")
		}
		s.command([]string{"commit", "1"}, "") // while two more are under way
		alice := s.seq.clients[named("alice")]
		alice.attached = true // she came back
		s.command([]string{"rollback"}, "")
		if alice.seq != 1 || alice.revision != 1 || !alice.attached || alice.acknowledged != (protocol.Acknowledged{Seq: 1, Revision: 1}) {
			t.Errorf("she is %+v", alice)
		}
		if n := s.seq.forget(); n != 0 {
			t.Error("she was forgotten while she is there")
		}
		if q := s.seq; q.window.head() != 1 || q.window.bytes != cost(q.window.at(1).delta) {
			t.Errorf("head %d, a window of %d bytes", q.window.head(), q.window.bytes)
		}
	})
}

func TestUnknownClient(t *testing.T) {
	t.Run("[R6] who was forgotten while a change of theirs was caught up is asked to come again", func(t *testing.T) {
		e := newStage(t).seq.step(&submission{client: named("nobody"), seq: 1, delta: ot.Delta{text("a")}})
		if e.kind != rejected || e.reject.Code != protocol.CodeUnavailable {
			t.Errorf("effect %+v", e)
		}
	})
}

// garbled is a log whose second change cannot be read.
type garbled struct{ persistence.Log }

func (garbled) Changes(_ context.Context, _ persistence.ID, _, _ int64, yield func(*persistence.Change) bool) error {
	_ = yield(&persistence.Change{Revision: 1, Delta: []byte(`[{"insert":"a"}]`)}) && yield(&persistence.Change{Revision: 2, Delta: []byte(`[{"insert"`)})
	return nil
}

func TestCatchUp(t *testing.T) {
	t.Run("[L4] a change is not merged past one in the log that cannot be read", func(t *testing.T) {
		s := &session{config: &Config{Log: garbled{}}}
		a := &attempt{submission: submission{client: named("alice"), seq: 1, delta: ot.Delta{text("b")}}}
		if err := s.readFor(a, effect{kind: catchUp, revision: 2}); !errors.Is(err, persistence.ErrDamaged) || a.caught != 0 {
			t.Errorf("it stands at %d, %v", a.caught, err)
		}
	})
	t.Run("[R2] one at a time", func(t *testing.T) {
		s := &session{behind: behind{running: true, queue: []*behindJob{{}}}}
		s.nextBehind()
		if len(s.behind.queue) != 1 {
			t.Error("the next was begun beside it")
		}
	})
}
