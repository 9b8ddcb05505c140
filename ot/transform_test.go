package ot_test

import (
	"testing"

	"github.com/coscribe/coscribe/ot"
)

func TestTransform(t *testing.T) {
	for _, c := range []struct{ name, over, d, first, second string }{ // d moved over a change that was first, and one that was second
		{"[A2] tie", `[{"insert":"a"}]`, `[{"insert":"b"}]`, `[{"retain":1},{"insert":"b"}]`, `[{"insert":"b"}]`},
		{"insert over delete", `[{"delete":2}]`, `[{"retain":1},{"insert":"b"}]`, `[{"insert":"b"}]`, `[{"insert":"b"}]`},
		{"delete over insert inside", `[{"retain":1},{"insert":"x"}]`, `[{"delete":2}]`, `[{"delete":1},{"retain":1},{"delete":1}]`, `[{"delete":1},{"retain":1},{"delete":1}]`},
		{"delete over the same delete", `[{"delete":2}]`, `[{"delete":2}]`, `[]`, `[]`},
		{"delete over a part", `[{"retain":1},{"delete":2}]`, `[{"delete":4}]`, `[{"delete":2}]`, `[{"delete":2}]`},
		{"format over delete", `[{"delete":1}]`, `[{"retain":2,"attributes":{"a":1}}]`, `[{"retain":1,"attributes":{"a":1}}]`, `[{"retain":1,"attributes":{"a":1}}]`},
		{"[A7] format over format", `[{"retain":1,"attributes":{"a":1,"b":1}}]`, `[{"retain":1,"attributes":{"a":2,"c":2}}]`, `[{"retain":1,"attributes":{"c":2}}]`, `[{"retain":1,"attributes":{"a":2,"c":2}}]`},
		{"[A7] format over removal", `[{"retain":1,"attributes":{"a":null}}]`, `[{"retain":1,"attributes":{"a":2}}]`, `[]`, `[{"retain":1,"attributes":{"a":2}}]`},
		{"[A7] removal over format", `[{"retain":1,"attributes":{"a":2}}]`, `[{"retain":1,"attributes":{"a":null}}]`, `[]`, `[{"retain":1,"attributes":{"a":null}}]`},
		{"[A1] over an emoji", `[{"insert":"😀"}]`, `[{"retain":1},{"insert":"b"}]`, `[{"retain":3},{"insert":"b"}]`, `[{"retain":3},{"insert":"b"}]`},
		{"[A1] over an embed", `[{"insert":{"e":1}}]`, `[{"retain":1},{"insert":"b"}]`, `[{"retain":2},{"insert":"b"}]`, `[{"retain":2},{"insert":"b"}]`},
		{"[A4] an insert that meets a delete goes before it", `[{"retain":1},{"delete":1}]`, `[{"delete":1},{"retain":1},{"insert":"x"}]`, `[{"insert":"x"},{"delete":1}]`, `[{"insert":"x"},{"delete":1}]`},
		{"[A4] far before, not canonical", `[{"retain":9},{"insert":"z"}]`, `[{"insert":"a"},{"insert":"b"},{"retain":2}]`, `[{"insert":"ab"}]`, `[{"insert":"ab"}]`},
		{"[A4] far behind, not canonical", `[{"insert":"z"}]`, `[{"retain":2},{"insert":"a"},{"insert":"b"}]`, `[{"retain":3},{"insert":"ab"}]`, `[{"retain":3},{"insert":"ab"}]`},
		{"far behind a delete", `[{"retain":1},{"delete":4}]`, `[{"retain":6},{"delete":1},{"retain":2,"attributes":{"a":1}}]`, `[{"retain":2},{"delete":1},{"retain":2,"attributes":{"a":1}}]`, `[{"retain":2},{"delete":1},{"retain":2,"attributes":{"a":1}}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantDelta(t, ot.Transform(parse(c.over), parse(c.d), true), c.first)
			wantDelta(t, ot.Transform(parse(c.over), parse(c.d), false), c.second)
		})
	}
}

func TestTransformIndex(t *testing.T) {
	for _, c := range []struct {
		name, d     string
		index       int
		own, others int // where one's own caret goes, and another's
	}{
		{"[A8] insert exactly there", `[{"retain":2},{"insert":"abc"}]`, 2, 5, 2},
		{"[A8] insert before", `[{"retain":1},{"insert":"abc"}]`, 2, 5, 5},
		{"[A8] insert behind", `[{"retain":3},{"insert":"abc"}]`, 2, 2, 2},
		{"[A8] delete before", `[{"delete":1}]`, 2, 1, 1},
		{"[A8] delete around", `[{"retain":1},{"delete":5}]`, 3, 1, 1},
		{"[A8] delete behind", `[{"retain":2},{"delete":5}]`, 2, 2, 2},
		{"[A8] replaced around", `[{"retain":1},{"insert":"xy"},{"delete":5}]`, 3, 3, 3},
		{"[A8] emoji and embed", `[{"insert":"😀"},{"insert":{"e":1}}]`, 1, 4, 4},
		{"[A8] formatting", `[{"retain":5,"attributes":{"a":1}}]`, 3, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(c.d)
			if own, others := ot.TransformIndex(d, c.index, true), ot.TransformIndex(d, c.index, false); own != c.own || others != c.others {
				t.Fatalf("own to %d, another's to %d; want %d, %d", own, others, c.own, c.others)
			}
		})
	}
}

func TestInvert(t *testing.T) {
	base := parse(`[{"insert":"a😀"},{"insert":"b","attributes":{"bold":true}},{"insert":{"e":1}},{"insert":"\n"}]`)
	for _, c := range []struct{ name, d, want string }{
		{"insert", `[{"retain":1},{"insert":"😀x"}]`, `[{"retain":1},{"delete":3}]`},
		{"delete across runs", `[{"retain":1},{"delete":4}]`, `[{"retain":1},{"insert":"😀"},{"insert":"b","attributes":{"bold":true}},{"insert":{"e":1}}]`},
		{"[A7] format", `[{"retain":3},{"retain":2,"attributes":{"bold":null,"italic":true}}]`, `[{"retain":3},{"retain":1,"attributes":{"bold":true,"italic":null}},{"retain":1,"attributes":{"bold":null,"italic":null}}]`},
		{"[A7] format to what it was", `[{"retain":3},{"retain":1,"attributes":{"bold":true}}]`, `[]`},
		{"[A4] replace", `[{"insert":"x"},{"delete":1}]`, `[{"insert":"a"},{"delete":1}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantDelta(t, ot.Invert(parse(c.d), base), c.want)
			doc, err := ot.FromDelta(base)
			if err != nil {
				t.Fatal(err)
			}
			wantDelta(t, doc.Invert(parse(c.d)), c.want)
		})
	}
}
