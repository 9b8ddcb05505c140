package ot_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestSequentialTraces(t *testing.T) {
	for _, name := range []string{"automerge-paper", "rustcode", "sveltecomponent"} {
		t.Run(name, func(t *testing.T) {
			trace := ottest.ReadTrace(t, name)
			doc := ot.NewDocument()
			for i, d := range trace.Deltas() {
				if err := ot.RichText.CheckAt(doc, d); err != nil {
					t.Fatalf("edit %d: %v", i, err)
				}
				if err := doc.Apply(d); err != nil {
					t.Fatalf("edit %d: %v", i, err)
				}
			}
			if doc.Text() != trace.EndContent+"\n" {
				t.Fatal("the text is not the recorded one")
			}
			if err := doc.CheckTree(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// reportPerEdit replaces ns/op, which is a whole trace, by time per edit.
func reportPerEdit(b *testing.B, edits int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(edits), "ns/edit")
}

func replay(b *testing.B, start string, cloneEvery int) {
	deltas := ottest.ReadTrace(b, "automerge-paper").Deltas()
	b.ReportAllocs()
	for b.Loop() {
		doc, err := ot.FromDelta(ot.Delta{ot.InsertText(start+"\n", ot.Attributes{})})
		if err != nil {
			b.Fatal(err)
		}
		var held *ot.Document
		for i, d := range deltas {
			if cloneEvery > 0 && i%cloneEvery == 0 {
				held = doc.Clone()
			}
			if err := doc.Apply(d); err != nil {
				b.Fatal(err)
			}
		}
		runtime.KeepAlive(held)
	}
	reportPerEdit(b, len(deltas))
}

func BenchmarkTrace(b *testing.B)              { replay(b, "", 0) }
func BenchmarkTraceCloneEvery100(b *testing.B) { replay(b, "", 100) }
func BenchmarkTraceIn10MB(b *testing.B)        { replay(b, strings.Repeat("0123456789", 1<<20), 0) }
func BenchmarkTraceIn10MBNotASCII(b *testing.B) {
	replay(b, strings.Repeat("0123456é9😀", 1<<20), 0)
}

// BenchmarkTraceFlat is the baseline: the same trace by moving one flat slice
// of bytes.
func BenchmarkTraceFlat(b *testing.B) {
	trace := ottest.ReadTrace(b, "automerge-paper")
	var patches []ottest.TracePatch
	for _, txn := range trace.Txns {
		patches = append(patches, txn.Patches...) // its text is ASCII but for a few characters
	}
	for b.Loop() {
		text := make([]byte, 0, 1<<20)
		for _, p := range patches {
			tail := text[p.Position+p.Deleted:]
			size := p.Position + len(p.Inserted) + len(tail)
			copy(text[p.Position+len(p.Inserted):size], tail)
			text = text[:size]
			copy(text[p.Position:], p.Inserted)
		}
	}
	reportPerEdit(b, len(patches))
}
