package ottest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coscribe/coscribe/ot"
)

// TracesVariable names the environment variable that holds the folder of
// recorded editing histories (josephg/editing-traces, gzipped JSON).
const TracesVariable = "COSCRIBE_TRACES"

// Trace is a recorded editing history.
type Trace struct {
	EndContent string
	Txns       []TraceTxn
}

// TraceTxn is one transaction of a Trace. Its patches apply in order.
type TraceTxn struct {
	Parents []int // transactions it was made on, in a concurrent trace
	Agent   int
	Patches []TracePatch
}

// TracePatch replaces Deleted code points at Position by Inserted.
type TracePatch struct {
	Position, Deleted int // Unicode code points, not UTF-16 units
	Inserted          string
}

// UnmarshalJSON reads [position, deleted, inserted].
func (p *TracePatch) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.Position, &p.Deleted, &p.Inserted})
}

// tester is the part of testing.TB that ReadTrace needs; so this package can
// be linked into a program without package testing.
type tester interface {
	Helper()
	Skipf(format string, args ...any)
	Fatal(args ...any)
}

// ReadTrace reads a trace by name; it skips the test where there are none.
func ReadTrace(t tester, name string) *Trace {
	t.Helper()
	folder := os.Getenv(TracesVariable)
	if folder == "" {
		t.Skipf("%s is not set: it names the folder of recorded editing histories", TracesVariable)
	}
	trace, err := OpenTrace(filepath.Join(folder, name+".json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// OpenTrace reads a trace from a file of gzipped JSON.
func OpenTrace(path string) (*Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("ottest: trace %s: %w", path, err)
	}
	var trace Trace
	if err := json.NewDecoder(z).Decode(&trace); err != nil {
		return nil, fmt.Errorf("ottest: trace %s: %w", path, err)
	}
	return &trace, nil
}

// Deltas returns the changes of a sequential trace, in UTF-16 units, for a
// document that starts as one newline, which stays last.
func (trace *Trace) Deltas() []ot.Delta {
	var all []ot.Delta
	text := []rune{}
	wide := 0 // characters of two units now in the text
	for _, txn := range trace.Txns {
		for _, p := range txn.Patches {
			all = append(all, p.delta(text, wide > 0))
			wide += countWide([]rune(p.Inserted)) - countWide(text[p.Position:p.Position+p.Deleted])
			text = splice(text, p)
		}
	}
	return all
}

// Delta returns the patch as a change of text, in UTF-16 units.
func (p TracePatch) Delta(text []rune) ot.Delta { return p.delta(text, true) }

func (p TracePatch) delta(text []rune, wide bool) ot.Delta {
	at, gone := p.Position, p.Deleted
	if wide {
		at += countWide(text[:p.Position])
		gone += countWide(text[p.Position : p.Position+p.Deleted])
	}
	return ot.NewBuilder(3).Retain(at, ot.Attributes{}).Insert(p.Inserted, ot.Attributes{}).Delete(gone).Delta()
}

func countWide(text []rune) (n int) {
	for _, c := range text {
		if c > 0xFFFF {
			n++
		}
	}
	return n
}

func splice(text []rune, p TracePatch) []rune {
	in := []rune(p.Inserted)
	tail := len(text) - p.Position - p.Deleted
	size := p.Position + len(in) + tail
	if size > cap(text) {
		text = append(make([]rune, 0, 2*size), text...)
	}
	old := text
	text = text[:max(size, len(text))]
	copy(text[p.Position+len(in):size], old[p.Position+p.Deleted:p.Position+p.Deleted+tail])
	copy(text[p.Position:], in)
	return text[:size]
}
