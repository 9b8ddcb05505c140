package main

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
)

// Eight people write over WebSocket and long-poll, and change between them,
// through networks that are slow, thin, cut, reset, stalled and slice what
// passes, each in both directions.
func TestFaultNetwork(t *testing.T) {
	random, seed := seeded(t)
	lasts := 4 * time.Second
	if campaign() {
		lasts = 5 * time.Minute
	}
	server := serveProcess(t, t.TempDir())
	server.start()
	var networks []*badNetwork
	people := gatherVia(t, server, func() string {
		n := newBadNetwork(t, server.listen, seed, len(networks))
		networks = append(networks, n)
		return "http://" + n.listener.Addr().String()
	}, seed, 60*time.Millisecond, 8, server.document("Far away"))
	people.mix()
	people.write()
	switches := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		people.compare()
		w := people.writers[random.IntN(len(people.writers))]
		w.socket.Use([]string{collabtest.WebSocket, collabtest.LongPoll}[random.IntN(2)])
		switches++
	}
	people.until(max(1, 20-people.acks())) // else the run was empty
	people.rest()
	faults := map[string]int{}
	for _, n := range networks {
		for what, times := range n.heal() {
			faults[what] += times
		}
	}
	took := people.converge(patience)
	server.stop()
	server.verify()
	if faults["cut"]+faults["reset"] == 0 || faults["stalled"] == 0 || faults["sliced"] == 0 {
		t.Errorf("the run was empty: %v", faults)
	}
	t.Logf("%v through bad networks (%v), %d changes of the transport: %d changes acknowledged, each there exactly once; all equal %v after the last fault",
		lasts, faults, switches, people.acks(), took.Round(time.Millisecond))
}

// badNetwork passes connections on to a server and does to each what it likes.
type badNetwork struct {
	listener net.Listener
	target   string
	number   int // its first connection meets what no run may be without

	mu     sync.Mutex
	random *rand.Rand
	faults map[string]int
	calm   bool // new connections are passed on faithfully
	open   map[net.Conn]bool
}

func newBadNetwork(t *testing.T, target string, seed uint64, number int) *badNetwork {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &badNetwork{listener: listener, target: target, number: number, random: rand.New(rand.NewPCG(seed+uint64(number), 2)), faults: map[string]int{}, open: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go n.pass(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		n.heal()
	})
	return n
}

// heal ends the faults: connections are cut once more, and new ones are passed
// on faithfully. It says what happened so far.
func (n *badNetwork) heal() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calm = true
	for conn := range n.open {
		_ = conn.Close()
	}
	return n.faults
}

// weather is what happens to one connection.
type weather struct {
	delay  time.Duration // of each piece
	slice  int           // bytes of a piece at most
	rate   int           // bytes per second; 0: unbounded
	end    string        // cut, reset or stalled, after life; "": none
	life   time.Duration
	lasted time.Duration // of a stall, after which all goes on
}

func (n *badNetwork) weather() weather {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := weather{slice: 32 << 10, life: time.Hour}
	if n.calm {
		return w
	}
	first := len(n.faults) == 0
	count := func(what string) { n.faults[what]++ }
	if n.random.IntN(2) == 0 {
		count("slow")
		w.delay = time.Duration(n.random.Int64N(int64(120 * time.Millisecond)))
	}
	if n.random.IntN(3) == 0 || first && n.number == 0 {
		count("sliced")
		w.slice = 1 + n.random.IntN(64)
		w.delay /= 20
	}
	if n.random.IntN(4) == 0 {
		count("thin")
		w.rate = 8<<10 + n.random.IntN(32<<10)
	}
	ends := []string{"cut", "reset", "stalled"}
	if w.end = ends[n.random.IntN(3)]; first {
		w.end = ends[n.number%3]
	}
	w.life = 100*time.Millisecond + time.Duration(n.random.Int64N(int64(1500*time.Millisecond)))
	w.lasted = time.Duration(n.random.Int64N(int64(2 * time.Second)))
	if campaign() && n.random.IntN(20) == 0 {
		w.lasted = time.Hour // half-open for ever
	}
	count(w.end)
	return w
}

func (n *badNetwork) pass(near net.Conn) {
	far, err := net.Dial("tcp", n.target)
	if err != nil {
		_ = near.Close()
		return
	}
	n.mu.Lock()
	n.open[near], n.open[far] = true, true
	n.mu.Unlock()
	w := n.weather()
	begun := time.Now()
	var both sync.WaitGroup
	both.Go(func() { w.carry(begun, near, far) })
	both.Go(func() { w.carry(begun, far, near) })
	both.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, near)
	delete(n.open, far)
}

// carry copies one direction until either end closes or the weather does.
func (w weather) carry(begun time.Time, from, to net.Conn) {
	defer func() { _, _ = from.Close(), to.Close() }()
	if w.end == "cut" || w.end == "reset" {
		end := time.AfterFunc(time.Until(begun.Add(w.life)), func() {
			if tcp, ok := to.(*net.TCPConn); ok && w.end == "reset" {
				_ = tcp.SetLinger(0)
			}
			_ = to.Close()
		})
		defer end.Stop()
	}
	stalled := false
	for piece := make([]byte, 32<<10); ; {
		got, err := from.Read(piece[:w.slice])
		if err != nil {
			return
		}
		wait := w.delay
		if w.rate > 0 {
			wait += time.Duration(got) * time.Second / time.Duration(w.rate)
		}
		if w.end == "stalled" && !stalled && time.Since(begun) > w.life {
			stalled = true
			wait += w.lasted
		}
		time.Sleep(wait)
		if _, err := to.Write(piece[:got]); err != nil {
			return
		}
	}
}
