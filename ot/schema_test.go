package ot_test

import (
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestSchemaVectors(t *testing.T) {
	type vector struct {
		Delta  ot.Delta
		OK     bool
		Reason string
	}
	for i, v := range readVectors[vector](t, "schema.json") {
		if err := ot.RichText.Check(v.Delta); (err == nil) != v.OK {
			t.Errorf("[D4] vector %d (%s): %.200s gave %v", i, v.Reason, v.Delta.AppendJSON(nil), err)
		}
	}
}

func TestSchemaCheckAt(t *testing.T) {
	const doc = `[{"insert":"a😀b\n"},{"insert":{"image":"https://example.org/"}},{"insert":{"divider":true}},{"insert":"\n"}]`
	for _, c := range []struct {
		law, delta string
		op         int // named in the error, -2 if there is none
	}{
		{"[D1] retain to the end", `[{"retain":8,"attributes":{"bold":null}}]`, -2},
		{"[D1] retain past the end", `[{"retain":9,"attributes":{"bold":null}}]`, 0},
		{"[D1] delete past the end", `[{"retain":7},{"delete":2}]`, 1},
		{"[D1] huge lengths", `[{"retain":2147483647},{"delete":2147483647}]`, 0},
		{"[D2] insert inside a pair", `[{"retain":2},{"insert":"x"}]`, 0},
		{"[D2] delete half a pair", `[{"retain":1},{"delete":1}]`, 1},
		{"[D2] delete the other half", `[{"retain":2},{"delete":1}]`, 0},
		{"[D2] format half a pair", `[{"retain":1},{"retain":1,"attributes":{"bold":true}}]`, 1},
		{"[D2] delete a pair", `[{"retain":1},{"delete":2}]`, -2},
		{"[D3] delete the final newline", `[{"retain":7},{"delete":1}]`, 1},
		{"[D3] delete everything", `[{"delete":8}]`, 0},
		{"[D3] delete everything and write a newline", `[{"insert":"x\n"},{"delete":8}]`, 1},
		{"[D3] insert after the final newline", `[{"retain":8},{"insert":"x"}]`, 1},
		{"[D3] insert before the final newline", `[{"retain":7},{"insert":"x"}]`, -2},
		{"[D3] format the final newline", `[{"retain":7},{"retain":1,"attributes":{"header":1}}]`, -2},
		{"[D3] delete all but the final newline", `[{"delete":7}]`, -2},
		{"[D4] block key on text", `[{"retain":1,"attributes":{"header":1}}]`, 0},
		{"[D4] block key on text and newline", `[{"retain":5,"attributes":{"header":1}}]`, 0},
		{"[D4] block key on a newline", `[{"retain":4},{"retain":1,"attributes":{"header":1}}]`, -2},
		{"[D4] block key on an embed", `[{"retain":5},{"retain":1,"attributes":{"header":1}}]`, 1},
		{"[D4] inline key on text", `[{"retain":4,"attributes":{"bold":true}}]`, -2},
		{"[D4] inline key on a newline", `[{"retain":5,"attributes":{"bold":true}}]`, 0},
		{"[D4] inline key removed from a newline", `[{"retain":5,"attributes":{"bold":null}}]`, -2},
		{"[D4] inline key on embeds", `[{"retain":5},{"retain":2,"attributes":{"bold":true}}]`, -2},
		{"[D4] image key on an image", `[{"retain":5},{"retain":1,"attributes":{"width":20}}]`, -2},
		{"[D4] image key on a divider", `[{"retain":6},{"retain":1,"attributes":{"width":20}}]`, 1},
		{"[D4] image key on text", `[{"retain":1,"attributes":{"alt":"x"}}]`, 0},
	} {
		t.Run(c.law, func(t *testing.T) {
			document, err := ot.FromDelta(parse(doc))
			if err != nil {
				t.Fatal(err)
			}
			d := parse(c.delta)
			if err := ot.RichText.Check(d); err != nil {
				t.Fatal(err)
			}
			err = ot.RichText.CheckAt(document, d)
			wantOp(t, err, c.op)
			if err == nil {
				if err := document.Apply(d); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// wantOp fails unless err names the op, or is nil for -2.
func wantOp(t *testing.T, err error, op int) {
	t.Helper()
	got := -2
	if e, ok := err.(*ot.Error); ok {
		got = e.Op
	}
	if got != op {
		t.Fatalf("%v, want op %d named", err, op)
	}
}

// The schema survives every race: concurrent honest changes, transformed, are
// still allowed, so nobody is refused for what another did at the same time.
func TestSchemaSurvivesTransform(t *testing.T) {
	for seed := range uint64(3000) {
		r := ottest.Rand(seed)
		doc := ottest.Document(r)
		a, b := ottest.Change(r, doc), ottest.Change(r, doc)
		for _, d := range []ot.Delta{a, b} {
			if err := allowed(doc, d); err != nil {
				t.Fatalf("seed %d: %s on %s: %v", seed, d.AppendJSON(nil), doc.AppendJSON(nil), err)
			}
		}
		moved := ot.Transform(a, b, true)
		if err := doc.Apply(a); err != nil {
			t.Fatal(err)
		}
		if err := allowed(doc, moved); err != nil {
			t.Fatalf("[D3][D4] seed %d: %s over %s gave %s: %v", seed, b.AppendJSON(nil), a.AppendJSON(nil), moved.AppendJSON(nil), err)
		}
	}
}

func allowed(doc *ot.Document, d ot.Delta) error {
	if err := d.CheckCanonical(); err != nil {
		return err
	}
	if err := ot.RichText.Check(d); err != nil {
		return err
	}
	return ot.RichText.CheckAt(doc, d)
}
