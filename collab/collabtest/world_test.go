package collabtest

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/coscribe/coscribe/persistence"
)

var (
	worldSeeds = flag.Uint64("world.seeds", 1000, "how many seeds TestWorld runs")
	worldFirst = flag.Uint64("world.first", 1, "the first of them")
	worldSteps = flag.Int("world.steps", 150, "steps of each")
)

func runWorld(t *testing.T, seed uint64, steps int) WorldReport {
	var report WorldReport
	synctest.Test(t, func(t *testing.T) {
		w := NewWorld(seed, synctest.Wait)
		if err := w.Run(t.Context(), steps); err != nil {
			if *worldSeeds == 1 {
				for r, d := range w.laws.documents {
					t.Logf("%d %v %s", r, w.laws.authors[r], d.AppendJSON(nil))
				}
			}
			t.Errorf("seed %d: %v\nreplay: go test ./collab/collabtest -run 'TestWorld$' -world.first=%d -world.seeds=1 -world.steps=%d",
				seed, err, seed, steps)
		}
		report = w.Report
	})
	return report
}

func TestWorld(t *testing.T) {
	var sum WorldReport
	for seed := *worldFirst; seed < *worldFirst+*worldSeeds && !t.Failed(); seed++ {
		r := runWorld(t, seed, *worldSteps)
		sum.Changes += r.Changes
		sum.Resumed += r.Resumed
		sum.Reset += r.Reset
		sum.Repeated += r.Repeated
		sum.Replaced += r.Replaced
		sum.Failed += r.Failed
		sum.Lost += r.Lost
		sum.Panics += r.Panics
		sum.Kills += r.Kills
		sum.Reloads += r.Reloads
		sum.Carets += r.Carets
		sum.Revoked += r.Revoked
		sum.Stale += r.Stale
	}
	t.Logf("%+v", sum)
	if t.Failed() || *worldSeeds < 100 {
		return
	}
	for what, n := range map[string]int{
		"changes": int(sum.Changes), "resumes": sum.Resumed, "resets": sum.Reset, "duplicates": sum.Repeated,
		"replaced connections": sum.Replaced, "failed appends": sum.Failed, "lost answers": sum.Lost,
		"panics": sum.Panics, "kills": sum.Kills, "reloads": sum.Reloads, "carets": sum.Carets,
		"revocations": sum.Revoked, "stale joins": sum.Stale,
	} {
		if n == 0 {
			t.Errorf("the run was empty: no %s", what)
		}
	}
}

func TestWorldReplays(t *testing.T) {
	t.Run("[R4] the same seed gives the same trace", func(t *testing.T) {
		for seed := uint64(1); seed <= 30; seed++ {
			a, b := runWorld(t, seed, 300), runWorld(t, seed, 300)
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Fatalf("seed %d: %+v\nand then %+v", seed, a, b)
			}
		}
	})
}

// A store that takes back what it answered is found, by what clients were told
// and by what was read.
func TestWorldNoticesALostChange(t *testing.T) {
	id, client := persistence.NewID(), persistence.NewID()
	log := func(seqs ...int64) *persistence.Memory {
		store := persistence.NewMemory()
		if err := store.Create(t.Context(), persistence.Document{ID: id, Head: persistence.Head{Epoch: persistence.ID{1}}}, nil); err != nil {
			t.Fatal(err)
		}
		for _, seq := range seqs {
			head, err := store.Head(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			batch := persistence.Batch{Document: id, Base: head, Changes: []persistence.Change{{Client: client, Seq: seq, Delta: []byte(`[{"insert":"x"}]`)}}}
			batch.Seal()
			done := make(chan error, 1)
			store.Append(batch, func(err error) { done <- err })
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		return store
	}
	for _, told := range []bool{true, false} {
		l := newLaws(log(1, 2), id)
		if err := l.advance(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told {
			l.acks[saying{client.String(), 2}] = 2
		}
		if err := l.acknowledgedOnce(t.Context()); err != nil {
			t.Errorf("a log that is whole: %v", err)
		}
		for _, seqs := range [][]int64{{1}, {1, 3}, {2, 1}} {
			if l.store = log(seqs...); l.acknowledgedOnce(t.Context()) == nil {
				t.Errorf("[S5] a log of %v that had 1 and 2 is not noticed; a client was told: %v", seqs, told)
			}
		}
	}
}
