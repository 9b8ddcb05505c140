package collab

import (
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestBulk(t *testing.T) {
	t.Run("[D5] what a change adds to a document's JSON is never counted too low", func(t *testing.T) {
		for seed := range uint64(300) {
			r := ottest.Rand(seed)
			document, b := ottest.Document(r), bulk{}
			for step := range 30 {
				d := ottest.Change(r, document)
				if !b.take(document, d, leastDocumentBytes) {
					t.Fatalf("seed %d step %d: %v does not fit", seed, step, d)
				}
				if err := document.Apply(d); err != nil {
					t.Fatal(err)
				}
				if size, _ := document.JSONLen(); leastDocumentBytes-size < b.room {
					t.Fatalf("seed %d step %d: after %s room is %d, of which the document of %d bytes leaves %d", seed, step, d.AppendJSON(nil), b.room, size, leastDocumentBytes-size)
				}
			}
		}
	})
	t.Run("[D5][R5] formatting that a document would have to say too often is refused; deletes go on", func(t *testing.T) {
		q := newSequencer(ot.NewDocument(), 0, Limits{}.withDefaults())
		alice, seq, base := named("alice"), int64(0), int64(0)
		q.know(alice, alice, nil)
		submit := func(ops ...ot.Op) effect {
			seq++
			return q.step(&submission{client: alice, seq: seq, base: base, delta: ops, author: &author{}, at: time.UnixMicro(0)})
		}
		const pieces = 40_000
		for range pieces / DefaultChangeOps {
			part := ot.NewBuilder(DefaultChangeOps)
			for range DefaultChangeOps / 2 {
				part.Insert("x", ot.Attributes{})
				part.Insert("y", ot.Attrs("bold", true))
			}
			if e := submit(part.Delta()...); e.kind != sequenced {
				t.Fatal(e.reject)
			}
		}
		q.commit(seq)
		base = seq
		link := ot.Attrs("link", "https://"+strings.Repeat("x", 2000))
		if e := submit(ot.Retain(pieces, link)); e.kind != rejected || e.reject.Code != protocol.CodeDocumentTooLarge {
			t.Fatalf("effect %+v", e)
		}
		if e := submit(ot.Retain(pieces/4, link)); e.kind != sequenced {
			t.Errorf("a quarter was refused: %v", e.reject)
		}
		if e := submit(ot.Delete(pieces / 2)); e.kind != sequenced {
			t.Errorf("a delete was refused: %v", e.reject)
		}
	})
}
