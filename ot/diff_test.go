package ot_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestDiff(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"nothing", `[{"insert":"a\n"}]`, `[{"insert":"a\n"}]`, `[]`},
		{"an insert", `[{"insert":"ac\n"}]`, `[{"insert":"abc\n"}]`, `[{"retain":1},{"insert":"b"}]`},
		{"a delete", `[{"insert":"abc\n"}]`, `[{"insert":"ac\n"}]`, `[{"retain":1},{"delete":1}]`},
		{"a line among many", `[{"insert":"one\ntwo\nthree\n"}]`, `[{"insert":"one\n2\nthree\n"}]`, `[{"retain":4},{"insert":"2"},{"delete":3}]`},
		{"lines that moved", `[{"insert":"a\nb\nc\n"}]`, `[{"insert":"b\nc\na\n"}]`, `[{"delete":2},{"retain":3},{"insert":"\na"}]`},
		{"[D3] the last line gone", `[{"insert":"a\nb\n"}]`, `[{"insert":"a\n"}]`, `[{"retain":1},{"delete":2}]`},
		{"[D3] a line added at the end", `[{"insert":"a\n"}]`, `[{"insert":"a\nb\n"}]`, `[{"retain":1},{"insert":"\nb"}]`},
		{"[D3] a formatted end", `[{"insert":"a\nb\n"}]`, `[{"insert":"a"},{"insert":"\n","attributes":{"header":1}}]`, `[{"retain":1},{"delete":2},{"retain":1,"attributes":{"header":1}}]`},
		{"attributes", `[{"insert":"abc\n"}]`, `[{"insert":"a"},{"insert":"b","attributes":{"bold":true}},{"insert":"c\n"}]`, `[{"retain":1},{"retain":1,"attributes":{"bold":true}}]`},
		{"attributes gone", `[{"insert":"b","attributes":{"bold":true,"x":1}},{"insert":"\n"}]`, `[{"insert":"b","attributes":{"x":2}},{"insert":"\n"}]`, `[{"retain":1,"attributes":{"bold":null,"x":2}}]`},
		{"another embed", `[{"insert":{"image":"a"}},{"insert":"\n"}]`, `[{"insert":{"image":"b"}},{"insert":"\n"}]`, `[{"insert":{"image":"b"}},{"delete":1}]`},
		{"the same embed", `[{"insert":{"image":"a"}},{"insert":"\n"}]`, `[{"insert":"x"},{"insert":{"image":"a"}},{"insert":"\n"}]`, `[{"insert":"x"}]`},
		{"[D2] halves in common", `[{"insert":"😀\n"}]`, `[{"insert":"😁\n"}]`, `[{"insert":"😁"},{"delete":2}]`},
		{"a rewritten word", `[{"insert":"the cat sat\n"}]`, `[{"insert":"the dog and a sat\n"}]`, `[{"retain":4},{"insert":"dog and a"},{"delete":3}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ot.Diff(parse(c.a), parse(c.b))
			if got := string(d.AppendJSON(nil)); err != nil || got != c.want {
				t.Fatalf("%s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestDiffRefusesWhatIsNoDocument(t *testing.T) {
	for _, bad := range []ot.Delta{{ot.Retain(1, ot.Attributes{})}, {ot.InsertText("a", ot.Attributes{}), ot.Delete(1)}} {
		for _, pair := range [][2]ot.Delta{{bad, nil}, {nil, bad}} {
			_, err := ot.Diff(pair[0], pair[1])
			if e := (*ot.Error)(nil); !errors.As(err, &e) || e.Op != len(bad)-1 {
				t.Fatalf("%v, want op %d named", err, len(bad)-1)
			}
		}
	}
}

func TestDiffTurnsOneIntoTheOther(t *testing.T) {
	check := func(seed uint64, a, b ot.Delta) {
		d, err := ot.Diff(a, b)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ot.FromDelta(a)
		if err == nil {
			err = doc.Apply(d)
		}
		if err != nil || !doc.Delta().Equal(b) || d.CheckCanonical() != nil {
			t.Fatalf("seed %d: %s on %s gave %s, want %s; %v", seed, d.AppendJSON(nil), a.AppendJSON(nil), doc.AppendJSON(nil), b.AppendJSON(nil), err)
		}
	}
	for seed := range uint64(3000) {
		r := ottest.Rand(seed)
		check(seed, ottest.AnyDocument(r), ottest.AnyDocument(r))
		doc := ottest.Document(r)
		before := doc.Delta()
		if err := doc.Apply(ottest.Change(r, doc)); err != nil {
			t.Fatal(err)
		}
		check(seed, before, doc.Delta())
	}
	// Too different to be worth comparing: replaced whole, in little time.
	long := func(s string) ot.Delta {
		return ot.NewBuilder(1).Insert(strings.Repeat(s, 40_000)+"\n", ot.Attributes{}).Delta()
	}
	check(0, long("abc"), long("cba"))
}
