package ot_test

import (
	"fmt"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// The pairs of changes that Transform and Compose are measured on;
// ottest/oracle/bench.mjs gives the same ones to quill-delta.
func singleEdits() (a, b ot.Delta) {
	return parse(`[{"retain":1200},{"insert":"x"}]`), parse(`[{"retain":900},{"insert":"y"}]`)
}

func touchingEdits() (a, b ot.Delta) {
	return parse(`[{"retain":1200},{"insert":"x"}]`), parse(`[{"retain":1200},{"insert":"y"}]`)
}

func fiveEdits() (a, b ot.Delta) {
	return parse(`[{"retain":100},{"insert":"hello","attributes":{"bold":true}},{"retain":50},{"delete":10},{"retain":200},
			{"retain":30,"attributes":{"italic":true}},{"retain":40},{"insert":"world","attributes":{"link":"https://example.org/"}},{"retain":10},{"delete":4}]`),
		parse(`[{"retain":90},{"delete":30},{"retain":60},{"insert":"brave","attributes":{"color":"#ff0000"}},{"retain":150},
			{"retain":60,"attributes":{"bold":true,"italic":null}},{"retain":20},{"insert":"new","attributes":{"bold":true}},{"retain":30},{"retain":5,"attributes":{"code":true}}]`)
}

func parse(s string) ot.Delta {
	d, err := ot.ParseDelta([]byte(s))
	if err != nil {
		panic(err)
	}
	return d
}

// sink keeps results alive, so that the compiler computes them.
var sink ot.Delta

func BenchmarkTransform(b *testing.B) {
	for name, pair := range map[string]func() (x, y ot.Delta){
		"single": singleEdits, "five": fiveEdits, "touching": touchingEdits,
		"behind": func() (x, y ot.Delta) { y, x = singleEdits(); return x, y },
	} {
		x, y := pair()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = ot.Transform(x, y, true)
			}
		})
	}
}

func BenchmarkCompose(b *testing.B) {
	for name, pair := range map[string]func() (x, y ot.Delta){"single": singleEdits, "five": fiveEdits} {
		x, y := pair()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink = ot.Compose(x, y)
			}
		})
	}
}

// many returns a change of n ops that differ from their neighbours.
func many(n, seed int) ot.Delta {
	b := ot.NewBuilder(n)
	for i := range n {
		switch (i + seed) % 4 {
		case 0:
			b.Retain(1+i%3, ot.Attrs("a", i))
		case 1:
			b.Insert("xy", ot.Attributes{})
		case 2:
			b.Retain(2, ot.Attributes{})
		default:
			b.Delete(1 + i%2)
		}
	}
	return b.Delta()
}

func BenchmarkLinear(b *testing.B) {
	for _, n := range []int{50_000, 100_000} {
		x, y := many(n, 0), many(n, 1)
		b.Run(fmt.Sprintf("transform-%d", n), func(b *testing.B) {
			for b.Loop() {
				sink = ot.Transform(x, y, true)
			}
		})
		b.Run(fmt.Sprintf("compose-%d", n), func(b *testing.B) {
			for b.Loop() {
				sink = ot.Compose(x, y)
			}
		})
	}
	// One long text cut into many pieces that merge again.
	for _, n := range []int{50_000, 100_000} {
		whole := ot.NewBuilder(1)
		cut := ot.NewBuilder(n)
		for range n {
			whole.Insert("ab", ot.Attributes{})
			cut.Retain(1, ot.Attributes{}).Delete(1)
		}
		x, y := whole.Delta(), cut.Delta()
		b.Run(fmt.Sprintf("compose-merging-%d", n), func(b *testing.B) {
			for b.Loop() {
				sink = ot.Compose(x, y)
			}
		})
	}
}

func BenchmarkParseDelta(b *testing.B) {
	for name, in := range oneEdit {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d, err := ot.ParseDelta([]byte(in))
				if err != nil {
					b.Fatal(err)
				}
				sink = d
			}
		})
	}
}

var oneEdit = map[string]string{
	"plain":  `[{"retain":12345},{"insert":"x"}]`,
	"bold":   `[{"retain":12345},{"insert":"x","attributes":{"bold":true}}]`,
	"linked": `[{"retain":12345},{"insert":"x","attributes":{"color":"#ff0000","link":"https://example.org/"}}]`,
}

func BenchmarkAppendJSON(b *testing.B) {
	for name, in := range oneEdit {
		d := parse(in)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = d.AppendJSON(buf[:0])
			}
		})
	}
}

func BenchmarkDocument(b *testing.B) {
	r := ottest.Rand(1)
	build := ot.NewBuilder(0)
	for build.Delta().Len() < 1<<20 {
		for range 100 {
			for _, o := range ottest.Document(r).Delta() {
				build.Push(o)
			}
		}
	}
	d := build.Delta()
	doc, err := ot.FromDelta(d)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("FromDelta", func(b *testing.B) {
		for b.Loop() {
			doc, _ = ot.FromDelta(d)
		}
	})
	b.Run("Hash", func(b *testing.B) {
		for b.Loop() {
			doc.Hash()
		}
	})
	b.Run("AppendJSON", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf = doc.AppendJSON(buf[:0])
		}
		b.SetBytes(int64(len(buf)))
	})
	in := doc.AppendJSON(nil)
	b.Run("ParseDelta", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			if _, err := ot.ParseDelta(in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
