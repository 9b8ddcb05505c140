package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// What the others may notice of a reader that stopped.
const (
	stalledSlower = 2.0     // times the p99 of the same readers with nobody stalled
	stalledMemory = 8 << 20 // bytes resident on top of that
)

// One of 20 readers stops reading while thousands of changes pass. It is cut,
// comes back and misses nothing; the others and the server's memory hardly
// notice. A round is played with all reading, and then with one stalled.
func TestFaultStalled(t *testing.T) {
	// Few and large ones: whoever hears nothing for 35 s ends the connection
	// itself (C5), and a busy machine takes its time for each.
	readers, changes, calmly, rounds, size := 5, 150, 20, 1, 64<<10
	if campaign() {
		readers, changes, calmly, rounds, size = 20, 5000, 5000, 3, 2<<10
	}
	server := serveProcess(t, t.TempDir())
	server.start()
	e := newExhibition(t, server, readers, size, rounds*(changes+calmly))
	var ratios []float64
	var report []string
	for round := range rounds {
		calm, before := e.play(calmly, nil)
		stalled := e.readers[round]
		slow, during := e.play(changes, stalled)
		e.cuts(round + 1)
		missed := e.pieces - stalled.revision()
		stalled.gate.open()
		e.together()
		if missed == 0 {
			t.Error("the stalled reader was given everything")
		}
		if extra := during - before; campaign() && extra > stalledMemory {
			t.Errorf("[R5] %.1f MB more resident with a stalled reader", float64(extra)/1e6)
		}
		ratios = append(ratios, float64(slow)/float64(calm))
		report = append(report, fmt.Sprintf("p99 %v, stalled %v; resident at most %.1f MB, %.1f MB; %d changes behind", calm, slow, float64(before)/1e6, float64(during)/1e6, missed))
	}
	for i, r := range e.readers {
		if r.gate.times == 0 && r.dropped.Load() > 0 {
			t.Errorf("[R5] reader %d, who reads, was cut", i)
		}
	}
	slices.Sort(ratios)
	if middle := ratios[len(ratios)/2]; campaign() && middle > stalledSlower {
		t.Errorf("the others' p99 is %.2f times what it was", middle)
	}
	server.stop()
	server.verify()
	t.Logf("%d rounds of %d changes to %d readers: the others' p99 %.2f times what it was (median of %.2f). %s", rounds, changes, readers, ratios[len(ratios)/2], ratios, strings.Join(report, ". "))
}

// exhibition is one writer and readers, each behind a gate.
type exhibition struct {
	t       *testing.T
	server  *served
	writer  *collabtest.Socket
	readers []*onlooker
	size    int     // of a piece, UTF-16 units
	pieces  int64   // written so far; one revision each
	sent    []int64 // when, by revision, in ns; written by the writer before it sends
}

// onlooker is one reader.
type onlooker struct {
	socket  *collabtest.Socket
	gate    *gate
	dropped atomic.Int64

	mu   sync.Mutex
	seen []time.Duration // from the edit until it was applied here
}

func (o *onlooker) revision() (r int64) {
	o.socket.Look(func(c *collabtest.Client) { r = c.Revision() })
	return r
}

func newExhibition(t *testing.T, server *served, readers, size, pieces int) *exhibition {
	t.Helper()
	e := &exhibition{t: t, server: server, size: size, sent: make([]int64, pieces+1)}
	document := server.document("Watched")
	dial := func(config collabtest.SocketConfig) *collabtest.Socket {
		config.Document = document
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		socket, err := collabtest.Dial(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(socket.Close)
		return socket
	}
	e.writer = dial(collabtest.SocketConfig{URL: server.url()})
	for range readers {
		o := &onlooker{gate: newGate(t, server.listen)}
		o.socket = dial(collabtest.SocketConfig{
			URL: "http://" + o.gate.listener.Addr().String(), Backoff: 500 * time.Millisecond,
			Dropped: func(error) { o.dropped.Add(1) },
			Changed: func(c *protocol.Change) {
				took := time.Duration(time.Now().UnixNano() - atomic.LoadInt64(&e.sent[c.Revision]))
				o.mu.Lock()
				o.seen = append(o.seen, took)
				o.mu.Unlock()
			},
		})
		e.readers = append(e.readers, o)
	}
	return e
}

// play writes so many changes, each replacing all there is by another piece,
// and returns the others' p99 and the most memory that the server took, in bytes.
func (e *exhibition) play(changes int, stalled *onlooker) (p99 time.Duration, most int64) {
	e.t.Helper()
	for _, r := range e.readers {
		r.seen = nil
	}
	if stalled != nil {
		stalled.gate.shut()
	}
	for range changes {
		e.write()
		if e.pieces%20 == 0 {
			most = max(most, e.server.resident())
		}
		if e.pieces%5 == 0 && !campaign() {
			// On a busy machine a reader who gets no time to read is no slow one.
			e.othersReach(stalled)
		}
	}
	e.othersReach(stalled)
	var all []time.Duration
	for _, r := range e.readers {
		if r == stalled {
			continue
		}
		r.mu.Lock()
		all = append(all, r.seen...)
		r.mu.Unlock()
	}
	if want := changes * len(e.readers); stalled == nil && len(all) != want {
		e.t.Errorf("[S4] %d changes were seen of %d", len(all), want)
	}
	slices.Sort(all)
	return all[len(all)*99/100].Round(time.Microsecond), most
}

func (e *exhibition) write() {
	e.t.Helper()
	old := 0
	if e.pieces > 0 {
		old = e.size
	}
	e.pieces++
	atomic.StoreInt64(&e.sent[e.pieces], time.Now().UnixNano())
	err := e.writer.Edit(func(int) ot.Delta {
		b := ot.NewBuilder(2).Insert(e.piece(), ot.Attributes{})
		if old > 0 {
			b.Delete(old)
		}
		return b.Delta()
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.wait(e.writer, func(c *collabtest.Client) bool { return c.Pending() == 0 })
}

// piece is the text after the last change.
func (e *exhibition) piece() string {
	head := fmt.Sprintf("%08d", e.pieces)
	return head + strings.Repeat("x", e.size-len(head))
}

func (e *exhibition) wait(socket *collabtest.Socket, ready func(*collabtest.Client) bool) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	if err := socket.Wait(ctx, ready); err != nil {
		e.t.Fatalf("%v; the server says:\n%s", err, e.server.log)
	}
}

func (e *exhibition) reaches(r *onlooker) {
	e.t.Helper()
	e.wait(r.socket, func(c *collabtest.Client) bool { return c.Revision() == e.pieces })
}

// othersReach waits for all but one.
func (e *exhibition) othersReach(stalled *onlooker) {
	e.t.Helper()
	for _, r := range e.readers {
		if r != stalled {
			e.reaches(r)
		}
	}
}

// together waits until everybody shows the same.
func (e *exhibition) together() {
	e.t.Helper()
	for i, r := range e.readers {
		e.reaches(r)
		r.socket.Look(func(c *collabtest.Client) {
			if c.Document().Text() != e.piece()+"\n" {
				e.t.Errorf("[S4] reader %d shows something else", i)
			}
		})
	}
}

// cuts waits until the server has ended so many connections as slow.
func (e *exhibition) cuts(times int) {
	e.t.Helper()
	const name = `coscribe_connections_closed_total{code="4002"}`
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		values, err := e.server.measured(name) // it is not there before the first
		if cut := int(values[name]); cut == times {
			return
		} else if cut > times || time.Now().After(deadline) {
			e.t.Fatalf("[R5] %d connections were cut as slow instead of %d, %v", cut, times, err)
		}
	}
}

// resident is the server's memory in bytes, 0 where /proc does not tell.
func (s *served) resident() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0
	}
	var kilobytes int64
	if _, line, ok := strings.Cut(string(status), "VmRSS:"); ok {
		_, _ = fmt.Sscan(line, &kilobytes)
	}
	return kilobytes << 10
}

// gate passes connections on to a server, until it is shut: then it takes
// nothing more from the server on those that are open.
type gate struct {
	listener net.Listener
	target   string
	times    int // shut so often; of the test's goroutine

	mu      sync.Mutex
	closed  bool
	changed *sync.Cond
	conns   map[net.Conn]bool
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: listener, target: target, conns: map[net.Conn]bool{}}
	g.changed = sync.NewCond(&g.mu)
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go g.pass(near)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		g.open()
	})
	return g
}

func (g *gate) shut() {
	g.times++
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// open breaks what is stalled and lets new connections pass.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = false
	for conn := range g.conns {
		_ = conn.Close()
	}
	g.changed.Broadcast()
}

func (g *gate) pass(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer far.Close()
	// What the kernel takes for a reader that does not read would hide it.
	_ = far.(*net.TCPConn).SetReadBuffer(64 << 10)
	g.mu.Lock()
	g.conns[near], g.conns[far] = true, true
	g.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	for piece := make([]byte, 32<<10); ; {
		g.mu.Lock()
		for g.closed {
			g.changed.Wait()
		}
		g.mu.Unlock()
		got, err := far.Read(piece)
		if err != nil {
			break
		}
		if _, err := near.Write(piece[:got]); err != nil {
			break
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, near)
	delete(g.conns, far)
}
