package ot_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// walkAlong applies random changes to a Document and its twin and compares
// all they can be asked.
func walkAlong(t *testing.T, seed uint64, steps int) {
	r := ottest.Rand(seed)
	doc, err := ot.FromDelta(ottest.AnyDocument(r))
	if err != nil {
		t.Fatal(err)
	}
	twin := ottest.NewTwin(doc.Delta())
	type kept struct {
		doc  *ot.Document
		want []byte
	}
	var frozen []kept
	for step := range steps {
		if r.IntN(5) == 0 {
			frozen = append(frozen, kept{doc.Clone(), doc.AppendJSON(nil)})
		}
		d := nextChange(r, doc, twin)
		if err := doc.Apply(d); err != nil {
			t.Fatalf("seed %d step %d: %v", seed, step, err)
		}
		twin.Apply(d)
		if err := doc.CheckTree(); err != nil {
			t.Fatalf("seed %d step %d: after %s: %v", seed, step, d.AppendJSON(nil), err)
		}
		want := twin.Slice(0, twin.Len())
		if !doc.Delta().Equal(want) || doc.Len() != twin.Len() {
			t.Fatalf("seed %d step %d: %s made\n%s, twin has\n%s", seed, step, d.AppendJSON(nil), doc.AppendJSON(nil), want.AppendJSON(nil))
		}
		compare(t, fmt.Sprintf("seed %d step %d", seed, step), doc, twin, r.IntN(doc.Len()+1), r.IntN(doc.Len()+1))
	}
	for i, k := range frozen {
		if got := k.doc.AppendJSON(nil); !bytes.Equal(got, k.want) {
			t.Fatalf("seed %d: clone %d changed from\n%s to\n%s", seed, i, k.want, got)
		}
	}
}

// nextChange makes a change that lets the document grow to some hundred units
// and shrink again.
func nextChange(r *rand.Rand, doc *ot.Document, twin *ottest.Twin) ot.Delta {
	n := doc.Len()
	switch {
	case n > 300 || n > 50 && r.IntN(20) == 0:
		from := r.IntN(n)
		return ot.NewBuilder(2).Retain(edge(twin, from), ot.Attributes{}).
			Delete(edge(twin, from+r.IntN(n-from+1)) - edge(twin, from)).Delta()
	case r.IntN(8) == 0:
		return ot.NewBuilder(2).Retain(edge(twin, r.IntN(n+1)), ot.Attributes{}).
			Insert(strings.Repeat("long😀", r.IntN(30)), ot.Attrs("a", r.IntN(2))).Delta()
	case r.IntN(20) == 0:
		return ottest.AnyDelta(r, doc.Delta())
	}
	return ottest.AnyPart(r, doc)
}

func edge(twin *ottest.Twin, at int) int {
	if twin.Splits(at) {
		return at - 1
	}
	return at
}

func compare(t *testing.T, where string, doc *ot.Document, twin *ottest.Twin, from, to int) {
	t.Helper()
	from, to = min(from, to), max(from, to)
	from, to = edge(twin, from), edge(twin, to)
	if got, want := doc.Slice(from, to), twin.Slice(from, to); !got.Equal(want) || got.CheckCanonical() != nil {
		t.Fatalf("%s: Slice(%d, %d) is %s, want %s", where, from, to, got.AppendJSON(nil), want.AppendJSON(nil))
	}
	if got, want := doc.TextRange(from, to), twin.Text(from, to); got != want {
		t.Fatalf("%s: TextRange(%d, %d) is %q, want %q", where, from, to, got, want)
	}
	if got, want := doc.AppendJSON(nil), doc.Delta().AppendJSON(nil); !bytes.Equal(got, want) {
		t.Fatalf("%s: JSON is %s, want %s", where, got, want)
	}
}

func TestDocumentIsItsTwin(t *testing.T) {
	for seed := range uint64(20) {
		walkAlong(t, seed, 100)
	}
}

func TestDocumentIsItsTwinWithTinyNodes(t *testing.T) {
	ot.ShrinkNodes(t)
	for seed := range uint64(100) {
		walkAlong(t, seed, 100)
	}
}

func TestNewDocument(t *testing.T) {
	t.Run("[D0] revision 0 is one newline", func(t *testing.T) {
		if got := string(ot.NewDocument().AppendJSON(nil)); got != `[{"insert":"\n"}]` {
			t.Fatal(got)
		}
	})
}

func TestFromDeltaRefuses(t *testing.T) {
	null := ot.InsertText("a", ot.Attrs("bold", nil))
	for _, d := range []ot.Delta{{ot.Retain(1, ot.Attributes{})}, {ot.Delete(1)}, {null}} {
		_, err := ot.FromDelta(d)
		wantOp(t, err, 0)
	}
	wantOp(t, ot.NewDocument().Apply(ot.Delta{null}), 0)
}

func TestRefusedChangeLeavesNothingBehind(t *testing.T) {
	for _, c := range []struct{ law, delta string }{
		{"[D1] retain past the end", `[{"insert":"x"},{"retain":6}]`},
		{"[D1] delete past the end", `[{"insert":"x"},{"delete":6}]`},
		{"[D2] half a pair deleted", `[{"insert":"x"},{"delete":2}]`},
		{"[D2] insert inside a pair", `[{"delete":1},{"retain":1},{"insert":"x"}]`},
	} {
		t.Run(c.law, func(t *testing.T) {
			doc, err := ot.FromDelta(parse(`[{"insert":"a😀b\n"}]`))
			if err != nil {
				t.Fatal(err)
			}
			before := doc.Delta()
			if err := doc.Apply(parse(c.delta)); err == nil {
				t.Fatal("accepted")
			}
			if !doc.Delta().Equal(before) {
				t.Fatalf("left %s", doc.AppendJSON(nil))
			}
		})
	}
}

// Clones are read, cloned and changed on other goroutines while the original
// is edited; the race detector watches.
func TestClonesAreIndependent(t *testing.T) {
	t.Run("[A6] a clone and its clones, each on its own goroutine", func(t *testing.T) {
		r := ottest.Rand(7)
		doc := ottest.Document(r)
		var wait sync.WaitGroup
		for range 50 {
			held, want := doc.Clone(), doc.AppendJSON(nil)
			for range 2 {
				wait.Go(func() {
					mine := held.Clone()
					if err := mine.Apply(ot.Delta{ot.InsertText("mine", ot.Attributes{})}); err != nil {
						t.Error(err)
					}
					if got := held.AppendJSON(nil); !bytes.Equal(got, want) {
						t.Errorf("a clone changed from %s to %s", want, got)
					}
				})
			}
			for range 20 {
				if err := doc.Apply(ottest.Change(r, doc)); err != nil {
					t.Fatal(err)
				}
			}
		}
		wait.Wait()
	})
}

func TestDocumentOfManyRuns(t *testing.T) {
	b := ot.NewBuilder(0)
	for i := range 20_000 {
		b.Insert("w", ot.Attrs("a", i%3)).InsertEmbed(ot.Embed{Key: "e", Value: "1"}, ot.Attributes{})
	}
	doc, err := ot.FromDelta(b.Delta())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.CheckTree(); err != nil {
		t.Fatal(err)
	}
	all := ot.Attrs("b", true)
	if err := doc.Apply(ot.Delta{ot.Retain(doc.Len(), all)}); err != nil {
		t.Fatal(err)
	}
	for o := range doc.Runs(0, doc.Len()) {
		if v, _ := o.Attributes().Get("b"); v != "true" {
			t.Fatal("a run was left out")
		}
	}
	if err := doc.Apply(ot.Delta{ot.Delete(doc.Len())}); err != nil || doc.Len() != 0 || len(doc.Delta()) != 0 {
		t.Fatalf("%v, %d left", err, doc.Len())
	}
	if err := doc.Apply(ot.Delta{ot.InsertText("again", ot.Attributes{})}); err != nil || doc.Text() != "again" {
		t.Fatalf("%v, %q", err, doc.Text())
	}
}

func TestRangesAreCut(t *testing.T) {
	doc, err := ot.FromDelta(parse(`[{"insert":"a😀b\n"}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to int
		want     string
	}{
		{-4, 3, "a😀"}, {3, math.MaxInt, "b\n"}, {math.MinInt, math.MaxInt, "a😀b\n"}, {0, 5, "a😀b\n"}, {0, 4, "a😀b"}, {1, 5, "😀b\n"},
		{3, 1, ""}, {5, 9, ""}, {math.MaxInt, math.MinInt, ""}, {-9, -3, ""}, {math.MinInt, -1, ""},
	} {
		if got := doc.TextRange(c.from, c.to); got != c.want {
			t.Errorf("TextRange(%d, %d) is %q, want %q", c.from, c.to, got, c.want)
		}
		want := ot.NewBuilder(1).Insert(c.want, ot.Attributes{}).Delta()
		if got := doc.Slice(c.from, c.to); !got.Equal(want) {
			t.Errorf("Slice(%d, %d) is %s, want %q", c.from, c.to, got.AppendJSON(nil), c.want)
		}
		if got := doc.Pieces(c.from, c.to); got != len(want) {
			t.Errorf("%d pieces from %d to %d of %q", got, c.from, c.to, c.want)
		}
	}
}

func TestJSONIsMeasured(t *testing.T) {
	for seed := range uint64(200) {
		doc := ottest.Document(ottest.Rand(seed))
		json := doc.AppendJSON(nil)
		if n, attributes := doc.JSONLen(); n != len(json) || attributes > n {
			t.Fatalf("seed %d: JSONLen is %d, attributes %d, of %s", seed, n, attributes, json)
		}
		if got, ok := doc.AppendJSONWithin([]byte("."), len(json)); !ok || string(got) != "."+string(json) {
			t.Fatalf("seed %d: within %d bytes it is %q", seed, len(json), got)
		}
		if got, ok := doc.AppendJSONWithin([]byte("."), len(json)-1); ok || string(got) != "." {
			t.Fatalf("seed %d: within %d bytes it is %q", seed, len(json)-1, got)
		}
		if n := doc.Pieces(0, doc.Len()); n < len(doc.Delta()) {
			t.Fatalf("seed %d: %d pieces of %s", seed, n, json)
		}
	}
}
