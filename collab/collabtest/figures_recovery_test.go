package collabtest

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
)

// BenchmarkRecovery measures how people come back after their network failed,
// and what long-poll costs beside WebSocket, as BenchmarkFigures does:
//
//	go test ./collab/collabtest -run '^$' -bench Recovery -benchtime 3x -timeout 60m
func BenchmarkRecovery(b *testing.B) {
	benchScenarios(b, []scenario{
		{"outage", (*figures).outage},
		{"catchUp", (*figures).catchUp},
		{"longpoll", (*figures).longpoll},
		{"idleLongpoll", (*figures).idleLongpoll},
	})
}

// turnstile passes connections on to a server, and while it is shut none.
type turnstile struct {
	listener net.Listener
	target   string

	mu   sync.Mutex
	shut bool
	open map[net.Conn]bool
}

func newTurnstile(b *testing.B, server *child) *turnstile {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	t := &turnstile{listener: listener, target: strings.TrimPrefix(server.url, "http://"), open: map[net.Conn]bool{}}
	b.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go t.pass(near)
		}
	}()
	return t
}

func (t *turnstile) url() string { return "http://" + t.listener.Addr().String() }

// set shuts the turnstile, which cuts everybody, or lets through again.
func (t *turnstile) set(shut bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shut = shut
	for conn := range t.open {
		if shut {
			_ = conn.Close()
		}
	}
}

func (t *turnstile) pass(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", t.target)
	if err != nil {
		return
	}
	defer far.Close()
	t.mu.Lock()
	shut := t.shut
	t.open[near] = true
	t.mu.Unlock()
	if !shut {
		go func() {
			_, _ = io.Copy(far, near)
			_ = far.Close()
		}()
		_, _ = io.Copy(near, far)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, near)
}

func (c *child) dial(url, document, transport string, backoff time.Duration) *Socket {
	c.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dialWait)
	defer cancel()
	s, err := Dial(ctx, SocketConfig{URL: url, Document: document, Transport: transport, Backoff: backoff})
	if err != nil {
		c.b.Fatal(err)
	}
	return s
}

func (c *child) document() string {
	c.b.Helper()
	l := &load{config: LoadConfig{URL: c.url, Documents: 1, Readers: 1}}
	defer l.close()
	if err := l.connect(context.Background()); err != nil {
		c.b.Fatal(err)
	}
	return l.documents[0].id
}

// write makes so many changes, one after another, and returns the head.
func (c *child) write(s *Socket, changes int) (head int64) {
	c.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for range changes {
		err := s.Edit(func(int) ot.Delta { return ot.NewBuilder(1).Insert("x", ot.Attributes{}).Delta() })
		if err == nil {
			err = s.Wait(ctx, func(client *Client) bool { head = client.Revision(); return client.Pending() == 0 })
		}
		if err != nil {
			c.b.Fatal(err)
		}
	}
	return head
}

// since is how long after began each is at the head with nothing pending.
func (c *child) since(began time.Time, head int64, sockets ...*Socket) []time.Duration {
	c.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	took := make([]time.Duration, len(sockets))
	var all sync.WaitGroup
	for i, s := range sockets {
		all.Go(func() {
			if err := s.Wait(ctx, func(client *Client) bool { return client.Revision() >= head && client.Pending() == 0 }); err != nil {
				c.b.Error(err)
			}
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	slices.Sort(took)
	return took
}

// outage cuts 40 people off for a second, in which somebody else writes; they
// come back with a browser's backoff.
func (f *figures) outage(b *testing.B) {
	server := f.coscribe(b)
	defer server.stop()
	for _, transport := range []string{WebSocket, LongPoll} {
		document := server.document()
		gate := newTurnstile(b, server)
		writer := server.dial(server.url, document, WebSocket, 0)
		var people []*Socket
		for range 40 {
			people = append(people, server.dial(gate.url(), document, transport, 0))
		}
		time.Sleep(stable + time.Second) // good connections: the backoff begins anew
		gate.set(true)
		over := time.After(time.Second)
		head := server.write(writer, 50)
		<-over
		began := time.Now()
		gate.set(false)
		took := server.since(began, head, people...)
		f.add(transport+": caught up after an outage of 1 s, p50, ms", float64(took[len(took)/2].Milliseconds()))
		f.add(transport+": … p95, ms", float64(took[len(took)*95/100].Milliseconds()))
		for _, s := range append(people, writer) {
			s.Close()
		}
	}
}

// catchUp lets two people miss 10,000 changes: one who only read, and one who
// wrote meanwhile and whose edit has to be moved over them. They try all the
// time, so that nothing is waited for.
func (f *figures) catchUp(b *testing.B) {
	const missed, eager = 10_000, 10 * time.Millisecond
	server := f.coscribe(b)
	defer server.stop()
	for _, transport := range []string{WebSocket, LongPoll} {
		document := server.document()
		writer := server.dial(server.url, document, WebSocket, 0)
		gates := []*turnstile{newTurnstile(b, server), newTurnstile(b, server)}
		people := []*Socket{server.dial(gates[0].url(), document, transport, eager), server.dial(gates[1].url(), document, transport, eager)}
		for _, gate := range gates {
			gate.set(true)
		}
		if err := people[1].Edit(func(int) ot.Delta { return ot.NewBuilder(1).Insert("mine", ot.Attributes{}).Delta() }); err != nil {
			b.Fatal(err)
		}
		head := server.write(writer, missed)
		for i, who := range []string{"a reader", "a writer"} {
			began := time.Now()
			gates[i].set(false)
			took := server.since(began, head, people[i])
			f.add(transport+": "+who+" caught up with 10,000 changes, ms", float64(took[0].Milliseconds()))
		}
		for _, s := range append(people, writer) {
			s.Close()
		}
	}
}

// longpoll makes the same load over both transports.
func (f *figures) longpoll(b *testing.B) {
	server := f.coscribe(b)
	defer server.stop()
	for _, writers := range []int{2, 20} {
		who := fmt.Sprintf("%d writers, ", writers)
		var acks []Latency
		for _, transport := range []string{WebSocket, LongPoll} {
			report, _ := server.measured(LoadConfig{Writers: writers, Rate: 5, Duration: 15 * time.Second, Transport: transport})
			f.latency(who+transport+": ack", report.Ack)
			acks = append(acks, report.Ack)
		}
		f.add(who+"ack p50, long-poll to WebSocket, ratio", float64(acks[1].P50)/float64(acks[0].P50))
		f.add(who+"ack p99, long-poll to WebSocket, ratio", float64(acks[1].P99)/float64(acks[0].P99))
	}
}

func (f *figures) idleLongpoll(b *testing.B) {
	bare := f.idleBare(b)
	for _, transport := range []string{WebSocket, LongPoll} {
		bytes := f.idleBy(b, connections/crowd, transport)
		f.add(transport+": resident per idle connection, KB", bytes/connections/1e3)
		f.add(transport+": … to bare WebSocket, ratio", bytes/bare)
	}
}
