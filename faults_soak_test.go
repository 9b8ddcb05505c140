package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
)

// What a server may hold more after the soak than before it: a few goroutines
// and descriptors come and go, and a heap is never twice the same.
const (
	soakGoroutines  = 10
	soakDescriptors = 10
	soakHeapShare   = 1.25    // times what it was
	soakHeap        = 4 << 20 // bytes on top
)

// People come, write and leave for a long time. When all are gone, so is what
// the server held for them.
func TestFaultSoak(t *testing.T) {
	if runtime.GOOS != "linux" {
		lack(t, "the soak reads descriptors from /proc: run it on Linux")
	}
	_, seed := seeded(t)
	lasts, documents, each, pause := 4*time.Second, 20, 3, 400*time.Millisecond
	if campaign() {
		lasts, documents, each, pause = 20*time.Minute, 200, 5, 16*time.Second
	}
	if *faultSoak > 0 {
		lasts = *faultSoak
	}
	server := serveProcess(t, t.TempDir())
	server.start()
	var ids []string
	for i := range documents {
		ids = append(ids, server.document(fmt.Sprintf("Soaked %d", i)))
	}
	people := gather(t, server, seed, pause, each, ids...)
	warm := lasts / 20
	joins := people.come(warm)
	people.goAway()
	before := server.rest(t, nil)
	for _, w := range people.writers {
		if err := w.connect(); err != nil {
			t.Fatal(err)
		}
	}
	joins += people.come(lasts)
	busy, err := server.gauge()
	if err != nil {
		t.Fatal(err)
	}
	took := people.converge(patience)
	people.goAway()
	after := server.rest(t, &before)
	if extra := after.goroutines - before.goroutines; extra > soakGoroutines {
		t.Errorf("%d goroutines more than before", extra)
	}
	if extra := after.descriptors - before.descriptors; extra > soakDescriptors {
		t.Errorf("%d descriptors more than before", extra)
	}
	if most := before.heap*soakHeapShare + soakHeap; campaign() && after.heap > most {
		t.Errorf("the heap has %.1f MB, it had %.1f MB", after.heap/1e6, before.heap/1e6)
	}
	server.stop()
	server.verify()
	t.Logf("%d documents, %d writers, %v, %d joins, %d changes acknowledged; all equal %v after the last. Goroutines, descriptors, heap: %v before, %v busy, %v after",
		documents, len(people.writers), lasts, joins, people.acks(), took.Round(time.Millisecond), before, busy, after)
}

// come lets everybody write, leave and join again as somebody new.
func (c *crowd) come(lasts time.Duration) (joins int) {
	stop := time.After(lasts)
	done := make(chan struct{})
	counts := make([]int, len(c.writers))
	for i, w := range c.writers {
		c.typing.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Duration(1 + w.random.Int64N(int64(c.pause)))):
				}
				if err := w.edit(); err != nil {
					c.t.Errorf("writer %s: %v", w.name, err)
					return
				}
				if w.random.IntN(5) == 0 {
					if err := w.again(); err != nil {
						c.t.Errorf("writer %s: %v", w.name, err)
						return
					}
					counts[i]++
				}
			}
		})
	}
	<-stop
	close(done)
	c.typing.Wait()
	for _, n := range counts {
		joins += n
	}
	return joins + len(c.writers)
}

// again leaves when all is saved and joins as a new client.
func (w *scribe) again() error {
	if err := w.saves(); err != nil {
		return err
	}
	w.socket.Close()
	return w.connect()
}

func (w *scribe) saves() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.socket.Wait(ctx, func(client *collabtest.Client) bool { return client.Pending() == 0 })
}

// goAway ends everybody's connection when all is saved, and compares.
func (c *crowd) goAway() {
	c.t.Helper()
	for _, w := range c.writers {
		if err := w.saves(); err != nil {
			c.t.Fatalf("writer %s: %v", w.name, err)
		}
		w.socket.Close()
	}
	c.compare()
	http.DefaultClient.CloseIdleConnections()
}

// gauge is what a server holds.
type gauge struct {
	goroutines, descriptors int
	heap                    float64 // bytes allocated
	live                    int     // documents
}

func (g gauge) String() string {
	return fmt.Sprintf("%d, %d, %.1f MB", g.goroutines, g.descriptors, g.heap/1e6)
}

func (s *served) gauge() (g gauge, err error) {
	values, err := s.measured("go_goroutines", "go_memstats_heap_alloc_bytes", "coscribe_documents_live")
	if err != nil {
		return g, err
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.process.Process.Pid))
	if err != nil {
		return g, err
	}
	g.descriptors = len(open)
	g.goroutines, g.heap = int(values["go_goroutines"]), values["go_memstats_heap_alloc_bytes"]
	g.live = int(values["coscribe_documents_live"])
	return g, nil
}

// rest waits until nobody is there. A campaign waits until every document has
// left memory and takes the smallest heap of the five minutes after that, which
// is that after a garbage collection; a sample counts a goroutine for each
// document, and goes on while there is more than before: a busy machine takes
// its time.
func (s *served) rest(t *testing.T, before *gauge) (least gauge) {
	t.Helper()
	wait, most := 1500*time.Millisecond, patience
	if campaign() {
		// The store's writer forgets a document some time after its last write, a
		// collection is forced every two minutes, and what is pooled goes with the
		// second.
		wait, most = 5*time.Minute, 5*time.Minute
	}
	entered := time.Now()
	for began := entered; time.Since(began) < wait || before != nil && least.more(*before) && time.Since(began) < most; time.Sleep(250 * time.Millisecond) {
		g, err := s.gauge()
		if err != nil {
			t.Fatal(err)
		}
		if campaign() && g.live > 0 {
			if time.Since(entered) > 5*time.Minute {
				t.Fatalf("%d documents are still in memory %v after the last one left", g.live, time.Since(entered).Round(time.Second))
			}
			began = time.Now() // documents leave after one minute
			continue
		}
		g.goroutines -= g.live
		if least.heap == 0 {
			least = g
		}
		least.goroutines, least.descriptors = min(least.goroutines, g.goroutines), min(least.descriptors, g.descriptors)
		least.heap, least.live = min(least.heap, g.heap), g.live
	}
	return least
}

// more says whether this is more than before, by what may come and go.
func (g gauge) more(before gauge) bool {
	return g.goroutines-before.goroutines > soakGoroutines || g.descriptors-before.descriptors > soakDescriptors
}
