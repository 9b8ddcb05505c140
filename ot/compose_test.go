package ot_test

import (
	"strings"
	"testing"

	"github.com/coscribe/coscribe/ot"
)

func wantDelta(t *testing.T, got ot.Delta, want string) {
	t.Helper()
	if s := string(got.AppendJSON(nil)); s != want {
		t.Fatalf("%s, want %s", s, want)
	}
	if err := got.CheckCanonical(); err != nil {
		t.Fatalf("[A4] %v", err)
	}
}

func TestCompose(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"insert then insert before it", `[{"insert":"b"}]`, `[{"insert":"a"}]`, `[{"insert":"ab"}]`},
		{"insert then delete cancels", `[{"insert":"abc"}]`, `[{"retain":1},{"delete":1}]`, `[{"insert":"ac"}]`},
		{"insert then delete of all", `[{"insert":"abc"}]`, `[{"delete":3}]`, `[]`},
		{"insert then delete across", `[{"insert":"abc"}]`, `[{"retain":2},{"delete":2}]`, `[{"insert":"ab"},{"delete":1}]`},
		{"delete then insert goes before", `[{"delete":1}]`, `[{"insert":"a"}]`, `[{"insert":"a"},{"delete":1}]`},
		{"delete then delete", `[{"delete":1}]`, `[{"delete":2}]`, `[{"delete":3}]`},
		{"retain then delete", `[{"retain":1,"attributes":{"a":1}}]`, `[{"delete":1}]`, `[{"delete":1}]`},
		{"delete then retain", `[{"delete":1}]`, `[{"retain":1,"attributes":{"a":1}}]`, `[{"delete":1},{"retain":1,"attributes":{"a":1}}]`},
		{"[A7] insert then format", `[{"insert":"a"}]`, `[{"retain":1,"attributes":{"a":1}}]`, `[{"insert":"a","attributes":{"a":1}}]`},
		{"[A7] insert then remove: no null stays", `[{"insert":"a","attributes":{"a":1}}]`, `[{"retain":1,"attributes":{"a":null,"b":null}}]`, `[{"insert":"a"}]`},
		{"[A7] format then remove: the null stays", `[{"retain":1,"attributes":{"a":1}}]`, `[{"retain":1,"attributes":{"a":null}}]`, `[{"retain":1,"attributes":{"a":null}}]`},
		{"[A7] false, 0 and the empty string are values", `[{"insert":"a","attributes":{"a":1,"b":1,"c":1}}]`, `[{"retain":1,"attributes":{"a":false,"b":0,"c":""}}]`, `[{"insert":"a","attributes":{"a":false,"b":0,"c":""}}]`},
		{"format then format merges", `[{"retain":2,"attributes":{"a":1}},{"retain":1}]`, `[{"retain":2},{"retain":1,"attributes":{"a":1}}]`, `[{"retain":3,"attributes":{"a":1}}]`},
		{"[A1] an emoji counts two", `[{"insert":"😀b"}]`, `[{"retain":2},{"delete":1}]`, `[{"insert":"😀"}]`},
		{"[A1] an embed counts one", `[{"insert":{"e":1}},{"insert":"b"}]`, `[{"retain":1},{"delete":1}]`, `[{"insert":{"e":1}}]`},
		{"a bare retain at the end goes", `[{"insert":"a"},{"retain":3}]`, `[]`, `[{"insert":"a"}]`},
	} {
		t.Run(c.name, func(t *testing.T) { wantDelta(t, ot.Compose(parse(c.a), parse(c.b)), c.want) })
	}
}

func TestComposeMergesManyPieces(t *testing.T) {
	const n = 50_000
	all := ot.NewBuilder(1).Insert(strings.Repeat("ab", n), ot.Attributes{}).Delta()
	each := ot.NewBuilder(2 * n)
	for range n {
		each.Retain(1, ot.Attributes{}).Delete(1)
	}
	got := ot.Compose(all, each.Delta())
	if len(got) != 1 || got[0].Text() != strings.Repeat("a", n) {
		t.Fatalf("%d ops", len(got))
	}
}

func TestAttrs(t *testing.T) {
	a := ot.Attrs("b", true, "a", nil, "\U00010000", 1.0, "\uE000", ot.Value(`"x"`))
	wantDelta(t, ot.Delta{ot.Retain(1, a)}, "[{\"retain\":1,\"attributes\":{\"a\":null,\"b\":true,\"\U00010000\":1,\"\uE000\":\"x\"}}]")
	if v, ok := a.Get("b"); v != "true" || !ok || a.Len() != 4 {
		t.Fatal(v, ok, a.Len())
	}
	if _, ok := a.Get("c"); ok {
		t.Fatal("found what is not there")
	}
	odd := []any{"a", 1, "b"}
	for name, call := range map[string]func(){
		"odd":     func() { ot.Attrs(odd...) },
		"no name": func() { ot.Attrs(1, 2) },
		"no JSON": func() { ot.Attrs("a", func() {}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			call()
		})
	}
}
