package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
)

// crowdShare bounds the share of all connections that may come back within
// crowdSlice: then nobody's return is a stampede.
const (
	crowdSlice = 100 * time.Millisecond
	crowdShare = 0.34
)

// A thousand connections, half of them by long-poll, lose their server while
// people write: it is stopped, started, killed, and started again.
func TestFaultCrowd(t *testing.T) {
	_, seed := seeded(t)
	size, each, pause := count(*faultCrowd, 1000, 60), 10, 2*time.Second
	if campaign() {
		pause = 20 * time.Second // some 100 edits a second in all, each to nine others
	}
	server := serveProcess(t, t.TempDir())
	server.start()
	var ids []string
	for i := range (size + each - 1) / each {
		ids = append(ids, server.document(fmt.Sprintf("Crowded %d", i)))
	}
	people := assemble(t, server, server.url, seed, pause, each, ids...)
	people.enter()
	people.write()
	people.until(size / 2)

	readiness := server.whenSentAway(ids[0])
	began := time.Now()
	server.stop() // with exit code 0
	stopping := time.Since(began)
	if campaign() && stopping > 30*time.Second {
		t.Errorf("[R7] it took %v to stop", stopping)
	}
	if status := <-readiness; status != 0 && status != http.StatusServiceUnavailable {
		t.Errorf("[R7] when it sends people away its readiness is %d", status)
	}
	drained := people.comeBack(ids)
	people.until(size / 4)
	server.kill()
	killed := people.comeBack(ids)
	people.until(size / 4)

	took := people.converge(patience)
	server.stop()
	server.verify()
	t.Logf("%d connections to %d documents. Stopped in %v: %v. Killed: %v. %d changes acknowledged, each there exactly once; all equal %v after the last",
		len(people.writers), len(ids), stopping.Round(time.Millisecond), drained, killed, people.acks(), took.Round(time.Millisecond))
}

// enter connects everybody, some at a time, half of them by long-poll.
func (c *crowd) enter() {
	c.t.Helper()
	doors, entering := make(chan struct{}, 20), sync.WaitGroup{}
	for i, w := range c.writers {
		w.transport = []string{collabtest.WebSocket, collabtest.LongPoll}[i%2]
		if campaign() {
			w.backoff = 0 // a browser's
		}
		doors <- struct{}{}
		entering.Go(func() {
			defer func() { <-doors }()
			if err := w.connect(); err != nil {
				c.t.Errorf("writer %s: %v", w.name, err)
			}
		})
	}
	entering.Wait()
	if c.t.Failed() {
		c.t.FailNow()
	}
}

// whenSentAway joins a document, and gives the status of /readyz at the moment
// when the server has said that it goes away; 0: it was gone already.
func (s *served) whenSentAway(document string) <-chan int {
	s.t.Helper()
	conn, _, err := greet(s, document, protocol.Hello{Protocol: protocol.Version})
	if err != nil {
		s.t.Fatal(err)
	}
	seen := make(chan int, 1)
	go func() {
		defer func() { _ = conn.Close() }()
		for {
			messages, err := receive(conn)
			if err != nil {
				s.t.Errorf("waiting for a goodbye: %v", err)
				seen <- 0
				return
			}
			for _, m := range messages {
				if _, ok := m.(protocol.GoAway); ok {
					status, _ := s.readyNow()
					seen <- status
					return
				}
			}
		}
	}()
	return seen
}

// comingBack is how a crowd came back to a server.
type comingBack struct {
	ready, all time.Duration // until the server was ready, and until everybody was back
	peak       int           // most of them within crowdSlice
}

func (b comingBack) String() string {
	return fmt.Sprintf("ready after %v, all back %v later, at most %d within %v", b.ready.Round(time.Millisecond), b.all.Round(time.Millisecond), b.peak, crowdSlice)
}

// comeBack starts the server and waits until everybody is there again, each
// document loaded once.
func (c *crowd) comeBack(documents []string) (b comingBack) {
	c.t.Helper()
	began := time.Now()
	for _, w := range c.writers {
		w.mu.Lock()
		w.joins = nil
		w.mu.Unlock()
	}
	b.ready = c.server.start()
	var joins []time.Time
	for deadline := began.Add(patience); len(joins) < len(c.writers); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%d of %d are back; the server says:\n%s", len(joins), len(c.writers), c.server.log)
		}
		joins = joins[:0]
		for _, w := range c.writers {
			w.mu.Lock()
			if len(w.joins) > 0 {
				joins = append(joins, w.joins[0])
			}
			w.mu.Unlock()
		}
	}
	slices.SortFunc(joins, time.Time.Compare)
	b.all = joins[len(joins)-1].Sub(began.Add(b.ready))
	for first, last := 0, 0; last < len(joins); last++ {
		for joins[last].Sub(joins[first]) > crowdSlice {
			first++
		}
		b.peak = max(b.peak, last-first+1)
	}
	if campaign() && float64(b.peak) > crowdShare*float64(len(joins)) {
		c.t.Errorf("a stampede: %d of %d came back within %v", b.peak, len(joins), crowdSlice)
	}
	c.all()
	const loads = "coscribe_document_open_seconds_count"
	values, err := c.server.measured(loads)
	if err != nil {
		c.t.Fatal(err)
	}
	if opened := int(values[loads]); opened != len(documents) {
		c.t.Errorf("%d documents were loaded %d times", len(documents), opened)
	}
	return b
}
