package collabtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// recorded writes a history of our own to a file.
func recorded(t *testing.T, name, history string) string {
	t.Helper()
	content := []byte(history)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(content)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		content = b.Bytes()
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What the recorded histories show at length, small ones of our own show
// everywhere: a replay through a server ends on the text that it should.
func TestLoadReplaysHistories(t *testing.T) {
	local := newLocal(t)
	for name, history := range map[string]string{
		"one author.json":    `{"startContent":"b🐙","endContent":"a🦊\nb","txns":[{"patches":[[0,0,"a\n"]]},{"patches":[[3,1,""],[1,0,"🦊"]]}]}`,
		"one author.json.gz": `{"startContent":"","endContent":"b","txns":[{"patches":[[0,0,"abc"]]},{"patches":[[2,1,""],[0,1,""]]}]}`,
		"nobody.json":        `{}`,
		"two who take turns.json": `{"endContent":"aXbYc","numAgents":2,"txns":[{"agent":0,"parents":[],"patches":[[0,0,"abc"]]},
			{"agent":0,"parents":[0],"patches":[[1,0,"X"]]},{"agent":1,"parents":[0],"patches":[[2,0,"Y"]]}]}`,
	} {
		report, err := Load(t.Context(), LoadConfig{URL: local.URL + "/", Trace: recorded(t, name, history), Readers: 1}, nil)
		if err != nil || !report.Converged || report.Rejected+report.Reconnects != 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	for name, history := range map[string]string{
		"the trace ends on another text":   `{"endContent":"abd","txns":[{"patches":[[0,0,"abc"]]}]}`,
		"past the end":                     `{"endContent":"","txns":[{"patches":[[1,0,"abc"]]}]}`,
		"past the end of":                  `{"endContent":"abc","txns":[{"patches":[[0,0,"abc"],[1,3,""]]}]}`,
		"reaches past the end of the text": `{"endContent":"🦊","txns":[{"patches":[[0,0,"🦊"]]},{"patches":[[1,9223372036854775807,""]]}]}`,
		"negative position":                `{"endContent":"","txns":[{"patches":[[-1,0,"abc"]]}]}`,
		"negative position or length":      `{"endContent":"","txns":[{"patches":[[0,-1,"abc"]]}]}`,
		"by nobody":                        `{"endContent":"","txns":[{"agent":2,"patches":[]}]}`,
		"before its parent":                `{"endContent":"","txns":[{"parents":[0],"patches":[]}]}`,
		"more than two agents":             `{"endContent":"","numAgents":3,"txns":[]}`,
		"invalid character":                `nonsense`,
	} {
		report, err := Load(t.Context(), LoadConfig{URL: local.URL, Trace: recorded(t, "x.json", history)}, nil)
		if err == nil || !strings.Contains(err.Error(), name) || report.Converged {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// stopper ends a load once it has told that it runs.
type stopper struct{ stop context.CancelFunc }

func (s stopper) Write(b []byte) (int, error) {
	s.stop()
	return len(b), nil
}

// A replay that somebody stops ends, however long its next edit is away.
func TestReplayStops(t *testing.T) {
	local := newLocal(t)
	ctx, cancel := context.WithCancel(t.Context())
	path := recorded(t, "slow.json", `{"endContent":"ab","txns":[{"patches":[[0,0,"a"]]},{"patches":[[1,0,"b"]]}]}`)
	report, err := Load(ctx, LoadConfig{URL: local.URL, Trace: path, Rate: 0.001}, stopper{cancel})
	if !errors.Is(err, context.Canceled) || report.Converged {
		t.Errorf("%+v, %v", report, err)
	}
}
