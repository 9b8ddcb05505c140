package ot_test

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// steered gives the fuzzer's bytes as randomness, so that coverage can lead the
// generators; when they run out it goes on by itself.
type steered struct {
	bytes []byte
	then  *rand.PCG
}

func (s *steered) Uint64() uint64 {
	if len(s.bytes) == 0 {
		return s.then.Uint64()
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return uint64(b)<<56 | uint64(b)<<24 | uint64(b) // IntN looks at the high bits of either half
}

func steer(b []byte) *rand.Rand { return rand.New(&steered{b, rand.NewPCG(1, 2)}) }

func FuzzParseDelta(f *testing.F) {
	hostile, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		f.Fatal(err)
	}
	var all []struct{ JSON string }
	if err := json.Unmarshal(hostile, &all); err != nil {
		f.Fatal(err)
	}
	for _, h := range all {
		f.Add([]byte(h.JSON))
	}
	for _, in := range oneEdit {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := ot.ParseDelta(in)
		if err != nil {
			return
		}
		if !json.Valid(in) {
			t.Fatal("accepted what is no JSON")
		}
		out := d.AppendJSON(nil)
		back, err := ot.ParseDelta(out)
		if err != nil || !back.Equal(d) {
			t.Fatalf("%s came back as %s, %v", out, back.AppendJSON(nil), err)
		}
		c := ot.Canonical(d)
		if err := c.CheckCanonical(); err != nil {
			t.Fatalf("%s: %v", c.AppendJSON(nil), err)
		}
		_ = ot.RichText.Check(d)
		if err := ot.NewDocument().Apply(d); err == nil && d.BaseLen() > 1 {
			t.Fatal("reached past the end")
		}
	})
}

func FuzzTransform(f *testing.F) {
	for i := range uint64(8) {
		f.Add(binary.LittleEndian.AppendUint64(nil, i*0x9E3779B97F4A7C15), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, in []byte, first bool) {
		r := steer(in)
		doc := ottest.AnyDocument(r)
		a, b := ottest.AnyDelta(r, doc), ottest.AnyDelta(r, doc)
		moved, other := ot.Transform(a, b, first), ot.Transform(b, a, !first)
		left, right := ot.Compose(ot.Compose(doc, a), moved), ot.Compose(ot.Compose(doc, b), other)
		if !left.Equal(right) {
			t.Fatalf("[A2] %s\n%s\n%s\nled to\n%s\n%s", doc.AppendJSON(nil), a.AppendJSON(nil), b.AppendJSON(nil), left.AppendJSON(nil), right.AppendJSON(nil))
		}
		if plain := (ottest.Plain{}).Transform(a, b, first); !plain.Equal(moved) {
			t.Fatalf("[A10] %s over %s gave\n%s, plainly\n%s", b.AppendJSON(nil), a.AppendJSON(nil), moved.AppendJSON(nil), plain.AppendJSON(nil))
		}
		if back := ot.Compose(ot.Compose(doc, a), ot.Invert(a, doc)); !back.Equal(doc) {
			t.Fatalf("[A3] %s on %s does not undo", a.AppendJSON(nil), doc.AppendJSON(nil))
		}
	})
}

func FuzzDocument(f *testing.F) {
	ot.ShrinkNodes(f)
	for i := range uint64(8) {
		f.Add(binary.LittleEndian.AppendUint64(nil, i*0x9E3779B97F4A7C15))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := steer(in)
		doc, err := ot.FromDelta(ottest.AnyDocument(r))
		if err != nil {
			t.Fatal(err)
		}
		twin := ottest.NewTwin(doc.Delta())
		held, want := doc.Clone(), doc.Delta()
		for range 12 {
			d := nextChange(r, doc, twin)
			if err := doc.Apply(d); err != nil {
				t.Fatal(err)
			}
			twin.Apply(d)
			if err := doc.CheckTree(); err != nil {
				t.Fatalf("after %s: %v", d.AppendJSON(nil), err)
			}
			if got := doc.Delta(); !got.Equal(twin.Slice(0, twin.Len())) {
				t.Fatalf("%s made %s", d.AppendJSON(nil), got.AppendJSON(nil))
			}
		}
		if !held.Delta().Equal(want) {
			t.Fatal("[A6] a clone changed")
		}
	})
}

func FuzzDiff(f *testing.F) {
	f.Add("one\ntwo\nthree\n", "one\n2\nthree\nfour\n")
	f.Add("a😀b", "a😁b")
	f.Fuzz(func(t *testing.T, x, y string) {
		a := ot.NewBuilder(1).Insert(valid(x), ot.Attributes{}).Delta()
		b := ot.NewBuilder(1).Insert(valid(y), ot.Attributes{}).Delta()
		d, err := ot.Diff(a, b)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ot.FromDelta(a)
		if err == nil {
			err = doc.Apply(d) // refuses to cut a pair
		}
		if err != nil || !doc.Delta().Equal(b) || d.CheckCanonical() != nil {
			t.Fatalf("%q to %q by %s: %v", x, y, d.AppendJSON(nil), err)
		}
	})
}

func valid(s string) string { return string([]rune(s)) }
