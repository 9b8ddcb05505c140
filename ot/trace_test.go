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

// site is one of two replicas that have nothing but ot.Transform: each change
// says how many of the other's it has seen.
type site struct {
	first    bool // on a tie
	doc      *ot.Document
	pending  []ot.Delta // own changes the other has not seen, moved over what came from it
	offset   int        // how many own changes came before those
	received int
}

type message struct {
	delta ot.Delta
	seen  int // changes of the receiver that the sender had seen
}

func (s *site) receive(t *testing.T, m message) {
	s.pending = s.pending[m.seen-s.offset:]
	s.offset = m.seen
	d := m.delta
	for i, own := range s.pending {
		s.pending[i], d = ot.Transform(d, own, !s.first), ot.Transform(own, d, s.first)
	}
	s.received++
	if err := s.doc.Apply(d); err != nil {
		t.Fatal(err)
	}
}

// write applies one transaction of the trace and returns it as one change.
func (s *site) write(t *testing.T, patches []ottest.TracePatch) (all ot.Delta) {
	for _, p := range patches {
		d := p.Delta([]rune(s.doc.Text()))
		all = ot.Compose(all, d)
		if err := s.doc.Apply(d); err != nil {
			t.Fatal(err)
		}
	}
	s.pending = append(s.pending, all)
	return all
}

func TestConcurrentTrace(t *testing.T) {
	trace := ottest.ReadTrace(t, "friendsforever")
	sites := [2]*site{{first: true, doc: ot.NewDocument()}, {doc: ot.NewDocument()}}
	var sent [2][]message
	seen := make([][2]int, len(trace.Txns)) // by transaction: how many of each agent's it builds on
	concurrent := 0
	for i, txn := range trace.Txns {
		for _, p := range txn.Parents {
			seen[i][0], seen[i][1] = max(seen[i][0], seen[p][0]), max(seen[i][1], seen[p][1])
		}
		other := 1 - txn.Agent
		s := sites[txn.Agent]
		for s.received < seen[i][other] {
			s.receive(t, sent[other][s.received])
		}
		if s.received < len(sent[other]) {
			concurrent++
		}
		sent[txn.Agent] = append(sent[txn.Agent], message{s.write(t, txn.Patches), s.received})
		seen[i][txn.Agent]++
	}
	for g, s := range sites {
		for s.received < len(sent[1-g]) {
			s.receive(t, sent[1-g][s.received])
		}
		if s.doc.Text() != trace.EndContent+"\n" {
			t.Fatalf("[A2] site %d ends on another text", g)
		}
	}
	if concurrent < 100 {
		t.Fatalf("only %d transactions were concurrent: nothing was shown", concurrent)
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

func TestTraceMemory(t *testing.T) {
	trace := ottest.ReadTrace(t, "automerge-paper")
	deltas := trace.Deltas()
	before := heap()
	doc := ot.NewDocument()
	for _, d := range deltas {
		if err := doc.Apply(d); err != nil {
			t.Fatal(err)
		}
	}
	held := float64(heap()-before) / float64(len(trace.EndContent))
	t.Logf("the document takes %.2f times its text", held)
	if held > 4 {
		t.Fatal("that is more than 4")
	}
	runtime.KeepAlive(doc)
	runtime.KeepAlive(deltas)
}

// heap returns the bytes in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
