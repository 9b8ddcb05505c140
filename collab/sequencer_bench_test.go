package collab

import (
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
)

// BenchmarkSequencerSubmit: one one-character change through the sequencer,
// moved over ten that its author had not seen.
func BenchmarkSequencerSubmit(b *testing.B) {
	q := newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults())
	alice, bob := named("alice"), named("bob")
	q.know(alice, alice, nil)
	q.know(bob, bob, nil)
	who := &author{}
	now := time.Now()
	seq := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		client := alice
		if seq%2 == 0 {
			client = bob
		}
		s := submission{client: client, seq: seq, base: max(0, seq-11), delta: ot.Delta{ot.InsertText("x", ot.Attributes{})}, at: now, author: who}
		if e := q.step(&s); e.kind != sequenced {
			b.Fatal(e.reject)
		}
		q.commit(seq)
		q.window.trim(seq, DefaultWindowChanges, DefaultWindowBytes)
	}
}
