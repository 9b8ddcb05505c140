package collabtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
)

// tracePath finds a recorded trace; the project does not ship them.
func tracePath(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("COSCRIBE_TRACES")
	if folder == "" {
		t.Skip("COSCRIBE_TRACES does not name the folder of the editing traces: this test was not run")
	}
	return filepath.Join(folder, name+".json.gz")
}

func TestTracesThroughAServer(t *testing.T) {
	for _, name := range []string{"sveltecomponent", "rustcode", "automerge-paper", "friendsforever"} {
		t.Run(name, func(t *testing.T) {
			path := tracePath(t, name)
			local := newLocal(t)
			report, err := Load(t.Context(), LoadConfig{URL: local.URL, Trace: path, Readers: 1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if report.Edits == 0 || report.Acked == 0 || report.Reconnects+report.Rejected > 0 {
				t.Errorf("%+v", report)
			}
			t.Logf("%d edits in %d changes, %.1f s, ack %s", report.Edits, report.Acked, report.Seconds, report.Ack)
		})
	}
}

// Two sites exchange the trace's changes with Transform alone, in the order in
// which a sequencer would have put them.
func TestConcurrentTraceBetweenTwoSites(t *testing.T) {
	tr, err := readTrace(tracePath(t, "friendsforever"))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	sites := [2]*replica{newReplica(tr), newReplica(tr)}
	for i := range tr.Txns {
		x := &tr.Txns[i]
		d, err := sites[x.Agent].edit(x)
		if err != nil {
			t.Fatalf("transaction %d: %v", i, err)
		}
		// What this site has not seen was sequenced before; the other site has
		// done all of it, so the change fits there as it is.
		sites[1-x.Agent].hear(d)
	}
	for n, s := range sites {
		for _, u := range s.unseen {
			if err := s.seen.Apply(u); err != nil {
				t.Fatal(err)
			}
		}
		if got := s.seen.Text(); got != tr.EndContent+"\n" {
			t.Errorf("site %d ends on another text", n)
		}
	}
	t.Logf("%d transactions in %v", len(tr.Txns), time.Since(began))
}

func TestTraceCountsCodePoints(t *testing.T) {
	tr := &trace{EndContent: "a🦊c", Txns: []transaction{
		{Patches: []patch{{0, 0, "🦊🐙b"}}},
		{Parents: []int{0}, Patches: []patch{{1, 2, "c"}, {0, 0, "a"}}},
	}}
	if err := tr.prepare(); err != nil {
		t.Fatal(err)
	}
	r := newReplica(tr)
	doc := ot.NewDocument()
	for i := range tr.Txns {
		d, err := r.edit(&tr.Txns[i])
		if err == nil {
			err = doc.Apply(d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if doc.Text() != "a🦊c\n" || r.seen.Text() != doc.Text() {
		t.Errorf("[A1] %q and %q", doc.Text(), r.seen.Text())
	}
}
