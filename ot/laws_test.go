package ot_test

import (
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// random gives a document and changes of it; the seed is all a failing test
// needs to print.
type random struct {
	t    *testing.T
	seed uint64
	doc  ot.Delta
	a, b ot.Delta // changes of doc
	c    ot.Delta // a change of doc·a
}

// forAll runs a property on many random inputs; replay one with a loop over
// the one seed.
func forAll(t *testing.T, law string, property func(random)) {
	t.Run(law, func(t *testing.T) {
		for seed := range uint64(4000) {
			r := ottest.Rand(seed)
			x := random{t: t, seed: seed, doc: ottest.AnyDocument(r)}
			x.a, x.b = ottest.AnyDelta(r, x.doc), ottest.AnyDelta(r, x.doc)
			x.c = ottest.AnyDelta(r, ot.Compose(x.doc, x.a))
			property(x)
		}
	})
}

func (x random) equal(what string, got, want ot.Delta) {
	x.t.Helper()
	if !got.Equal(want) {
		x.t.Fatalf("seed %d: %s\ngot  %s\nwant %s\ndoc  %s\na    %s\nb    %s\nc    %s", x.seed, what, got.AppendJSON(nil),
			want.AppendJSON(nil), x.doc.AppendJSON(nil), x.a.AppendJSON(nil), x.b.AppendJSON(nil), x.c.AppendJSON(nil))
	}
}

func TestLaws(t *testing.T) {
	forAll(t, "[A1] lengths count UTF-16 units", func(x random) {
		after := ot.Compose(x.doc, x.a)
		if got := x.doc.Len() + x.a.Growth(); got != after.Len() || got != ottest.NewTwin(after).Len() {
			t.Fatalf("seed %d: %d units foretold, %d found", x.seed, got, after.Len())
		}
		if x.a.BaseLen() > x.doc.Len() || x.a.Len()-x.a.BaseLen() != x.a.Growth() {
			t.Fatalf("seed %d: base %d, length %d, growth %d", x.seed, x.a.BaseLen(), x.a.Len(), x.a.Growth())
		}
	})
	forAll(t, "[A2] TP1, whoever goes first", func(x random) {
		for _, first := range []bool{true, false} {
			left := ot.Compose(ot.Compose(x.doc, x.a), ot.Transform(x.a, x.b, first))
			right := ot.Compose(ot.Compose(x.doc, x.b), ot.Transform(x.b, x.a, !first))
			x.equal("the two ways round", left, right)
		}
	})
	forAll(t, "[A3] applying a composition is applying both", func(x random) {
		x.equal("doc·(a·c)", ot.Compose(x.doc, ot.Compose(x.a, x.c)), ot.Compose(ot.Compose(x.doc, x.a), x.c))
	})
	forAll(t, "[A3] compose is associative", func(x random) {
		after := ot.Compose(ot.Compose(x.doc, x.a), x.c)
		d := ottest.AnyDelta(ottest.Rand(x.seed+1), after)
		x.equal("(a·c)·d", ot.Compose(ot.Compose(x.a, x.c), d), ot.Compose(x.a, ot.Compose(x.c, d)))
	})
	forAll(t, "[A3] the inverse undoes", func(x random) {
		inverse := ot.Invert(x.a, x.doc)
		x.equal("doc·a·inverse", ot.Compose(ot.Compose(x.doc, x.a), inverse), x.doc)
		doc, err := ot.FromDelta(x.doc)
		if err != nil {
			t.Fatal(err)
		}
		x.equal("the document's own inverse", doc.Invert(x.a), inverse)
	})
	forAll(t, "[A4] answers are canonical", func(x random) {
		for _, d := range []ot.Delta{
			ot.Compose(x.a, x.c), ot.Compose(x.doc, x.a), ot.Transform(x.a, x.b, true), ot.Transform(x.a, x.b, false), ot.Invert(x.a, x.doc),
		} {
			if err := d.CheckCanonical(); err != nil {
				t.Fatalf("seed %d: %s: %v", x.seed, d.AppendJSON(nil), err)
			}
		}
	})
	forAll(t, "[A10] the algebra is the plain one", func(x random) {
		var plain ottest.Plain
		x.equal("compose", ot.Compose(x.a, x.c), plain.Compose(x.a, x.c))
		x.equal("transform", ot.Transform(x.a, x.b, true), plain.Transform(x.a, x.b, true))
		x.equal("transform", ot.Transform(x.a, x.b, false), plain.Transform(x.a, x.b, false))
		x.equal("invert", ot.Invert(x.a, x.doc), plain.Invert(x.a, x.doc))
		for i := range x.doc.Len() + 2 {
			for _, own := range []bool{true, false} {
				if got, want := ot.TransformIndex(x.a, i, own), plain.TransformIndex(x.a, i, own); got != want {
					t.Fatalf("seed %d: index %d own %v goes to %d, want %d", x.seed, i, own, got, want)
				}
			}
		}
	})
	forAll(t, "[A6] no argument is changed", func(x random) {
		var before []string
		all := []ot.Delta{x.doc, x.a, x.b, x.c}
		for _, d := range all {
			before = append(before, string(d.AppendJSON(nil)))
		}
		ot.Compose(x.a, x.c)
		ot.Compose(x.doc, x.a)
		ot.Transform(x.a, x.b, true)
		ot.Transform(x.b, x.a, false)
		ot.Invert(x.a, x.doc)
		if _, err := ot.Diff(x.doc, ot.Compose(x.doc, x.b)); err != nil {
			t.Fatal(err)
		}
		for i, d := range all {
			if got := string(d.AppendJSON(nil)); got != before[i] {
				t.Fatalf("seed %d: argument %d changed from %s to %s", x.seed, i, before[i], got)
			}
		}
	})
}

// [A8] A position moves as if it were a marker in the text.
func TestTransformIndexIsAMarker(t *testing.T) {
	forAll(t, "[A8] a caret stays before what it stood before", func(x random) {
		marker := ot.Embed{Key: "marker", Value: "true"}
		for i := 0; i <= x.doc.Len(); i++ {
			if cut(x.doc, i) {
				continue
			}
			put := ot.NewBuilder(2).Retain(i, ot.Attributes{}).InsertEmbed(marker, ot.Attributes{}).Delta()
			for _, own := range []bool{true, false} {
				// Another's insert at the place goes behind the marker, one's own before it.
				after := ot.Compose(ot.Compose(x.doc, x.a), ot.Transform(x.a, put, own))
				want := place(after, marker)
				if got := ot.TransformIndex(x.a, i, own); got != want {
					t.Fatalf("seed %d: %d own %v goes to %d, the marker to %d: %s on %s", x.seed, i, own, got, want, x.a.AppendJSON(nil), x.doc.AppendJSON(nil))
				}
			}
		}
	})
}

func cut(doc ot.Delta, at int) bool { return ottest.NewTwin(doc).Splits(at) }

// place returns where an embed stands.
func place(doc ot.Delta, e ot.Embed) (at int) {
	for _, o := range doc {
		if o.Embed() == e {
			break
		}
		at += o.Len()
	}
	return at
}

func TestCounterExamples(t *testing.T) {
	t.Run("[A5] over a composition an insert lands elsewhere than over its parts", func(t *testing.T) {
		doc := parse(`[{"insert":"ab"}]`)
		b := parse(`[{"retain":1},{"insert":"x"}]`)
		c := parse(`[{"delete":1}]`)
		mine := parse(`[{"insert":"y"}]`)
		base := ot.Compose(ot.Compose(doc, b), c)
		walked := ot.Compose(base, ot.Transform(c, ot.Transform(b, mine, true), true))
		composed := ot.Compose(base, ot.Transform(ot.Compose(b, c), mine, true))
		wantText(t, walked, "yxb")
		wantText(t, composed, "xyb")
	})
	t.Run("[A9] TP2 does not hold, so there is one sequencer", func(t *testing.T) {
		doc := parse(`[{"insert":"abc"}]`)
		a := parse(`[{"retain":2},{"insert":"x"}]`)
		b := parse(`[{"retain":1},{"delete":1}]`)
		c := parse(`[{"retain":1},{"insert":"y"}]`)
		aThenB := ot.Compose(ot.Compose(doc, a), ot.Transform(a, b, true))
		bThenA := ot.Compose(ot.Compose(doc, b), ot.Transform(b, a, false))
		wantText(t, aThenB, "axc")
		wantText(t, bThenA, "axc")
		wantText(t, ot.Compose(aThenB, ot.Transform(ot.Transform(a, b, true), ot.Transform(a, c, true), true)), "ayxc")
		wantText(t, ot.Compose(bThenA, ot.Transform(ot.Transform(b, a, false), ot.Transform(b, c, true), true)), "axyc")
	})
}

func wantText(t *testing.T, doc ot.Delta, want string) {
	t.Helper()
	if got := string(doc.AppendJSON(nil)); got != `[{"insert":"`+want+`"}]` {
		t.Fatalf("%s, want %q", got, want)
	}
}

// The faults of Plain are noticed by these tests too, not by the live
// campaign alone.
func TestFaultsAreNoticed(t *testing.T) {
	for _, f := range ottest.Faults {
		t.Run("[A10] "+string(f), func(t *testing.T) {
			p := ottest.Plain{Fault: f}
			for seed := range uint64(4000) {
				r := ottest.Rand(seed)
				doc := ottest.AnyDocument(r)
				a, b := ottest.AnyDelta(r, doc), ottest.AnyDelta(r, doc)
				before := string(a.AppendJSON(nil))
				if !p.Compose(append(ot.Delta{}, doc...), a).Equal(ot.Compose(doc, a)) ||
					!p.Transform(a, b, true).Equal(ot.Transform(a, b, true)) {
					return
				}
				if p.Compose(a, ot.Transform(a, b, true)); string(a.AppendJSON(nil)) != before {
					return // aliasing
				}
			}
			t.Fatal("not noticed")
		})
	}
}
