package collab

import (
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
)

func TestStretch(t *testing.T) {
	t.Run("[R2] a change of many ops that missed much is caught up outside the loop, even within the window", func(t *testing.T) {
		s := &stage{t: t, seq: newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults()), durable: ot.NewDocument()}
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
}
