package collabtest

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

var panicRounds = flag.Int("faults.panics", 0, "how many panics TestFaultPanics injects, of each kind")

// trap panics for one document at a time, where it is told to.
type trap struct {
	openAccess
	armed    atomic.Pointer[persistence.ID]
	sprung   atomic.Int64
	ahead    atomic.Int64 // ns by which the engine's clock is ahead
	reloaded atomic.Int64
}

func (p *trap) spring(document persistence.ID) {
	if at := p.armed.Load(); at != nil && *at == document && p.armed.CompareAndSwap(at, nil) {
		p.sprung.Add(1)
		panic("injected")
	}
}

func (p *trap) now() time.Time { return time.Now().Add(time.Duration(p.ahead.Load())) }

// Role implements transport.Access in a connection's goroutine.
func (p *trap) Role(_ context.Context, who transport.Identity, document persistence.ID) (protocol.Role, error) {
	if strings.HasSuffix(who.User.Name, "!") {
		p.spring(document)
	}
	return protocol.RoleEditor, nil
}

// Guest implements transport.Access.
func (p *trap) Guest(ctx context.Context, document persistence.ID, resume *protocol.Resume) (transport.Identity, string, error) {
	who, token, err := p.openAccess.Guest(ctx, document, resume)
	who.User.Name += "!"
	return who, token, err
}

var _ transport.Access = (*trap)(nil)

// typist writes numbered words over a real socket and notes what happens to it.
type typist struct {
	socket *Socket
	mu     sync.Mutex
	drops  []string
	words  int
}

func newTypist(t *testing.T, local *Local, document persistence.ID) *typist {
	t.Helper()
	p := &typist{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	socket, err := Dial(ctx, SocketConfig{URL: local.URL, Document: document.String(), Backoff: 50 * time.Millisecond, Dropped: func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.drops = append(p.drops, fmt.Sprint(err))
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Close)
	p.socket = socket
	return p
}

// writes types a word and waits until it is saved.
func (p *typist) writes(t *testing.T) {
	t.Helper()
	p.words++
	if err := p.socket.Edit(func(int) ot.Delta { return ot.Delta{ot.InsertText("word ", ot.Attributes{})} }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.socket.Wait(ctx, func(c *Client) bool { return c.Pending() == 0 }); err != nil {
		t.Fatalf("%v; drops %v", err, p.dropped())
	}
}

// cut waits until so many connections were lost.
func (p *typist) cut(t *testing.T, times int) {
	t.Helper()
	for deadline := time.Now().Add(patience); len(p.dropped()) < times; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("of %d connections %d were lost", times, len(p.dropped()))
		}
	}
}

func (p *typist) dropped() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.drops...)
}

// A panic in one document's goroutine, or in one connection's, is nobody
// else's: real sockets in 20 documents.
func TestFaultPanics(t *testing.T) {
	rounds := *panicRounds
	if rounds == 0 {
		if rounds = 5; os.Getenv("COSCRIBE_FAULTS") == "1" {
			rounds = 200
		}
	}
	p := &trap{openAccess: openAccess{new(atomic.Int64)}}
	local, err := NewLocal(LocalConfig{Access: p, Engine: collab.Config{
		Now:      p.now,
		Limits:   collab.Limits{Drain: 50 * time.Millisecond},
		Activity: func(a collab.Activity) { p.spring(a.Document) },
		Metrics:  collab.Metrics{Panicked: func() { p.reloaded.Add(1) }},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := local.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	var documents []persistence.ID
	var people []*typist
	for range 20 {
		documents = append(documents, local.NewDocument())
		people = append(people, newTypist(t, local, documents[len(documents)-1]))
	}
	t.Run("[R6] a panic in a session reloads its document alone", func(t *testing.T) {
		for round := range rounds {
			victim := round % len(people)
			p.ahead.Add(int64(time.Minute)) // far from the panic before
			p.armed.Store(&documents[victim])
			people[victim].writes(t)
			people[victim].cut(t, round/len(people)+1)
			for i, other := range people {
				if i != victim && i%7 == round%7 {
					other.writes(t)
				}
			}
		}
		if p.reloaded.Load() != int64(rounds) || p.sprung.Load() != int64(rounds) {
			t.Errorf("%d of %d panics were injected, %d documents reloaded", p.sprung.Load(), rounds, p.reloaded.Load())
		}
		for i, person := range people {
			injected := (rounds + len(people) - 1 - i) / len(people)
			if drops := person.dropped(); len(drops) != injected {
				t.Errorf("person %d lost %d connections, %d panics were theirs: %v", i, len(drops), injected, drops)
			}
		}
	})
	t.Run("[R6] three in a minute quarantine the document, and only it", func(t *testing.T) {
		p.ahead.Add(int64(5 * time.Minute))
		victim := people[0]
		for range 2 {
			n := len(victim.dropped())
			p.armed.Store(&documents[0])
			victim.writes(t)
			victim.cut(t, n+1)
		}
		before := len(victim.dropped())
		p.armed.Store(&documents[0])
		if err := victim.socket.Edit(func(int) ot.Delta { return ot.Delta{ot.InsertText("word ", ot.Attributes{})} }); err != nil {
			t.Fatal(err)
		}
		victim.words++
		resting := func() bool {
			for _, drop := range victim.dropped()[before:] {
				if strings.Contains(drop, "4000") && strings.Contains(drop, "repeatedly") {
					return true
				}
			}
			return false
		}
		for deadline := time.Now().Add(patience); !resting(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no quarantine; drops %v", victim.dropped()[before:])
			}
		}
		for _, other := range people[1:] {
			other.writes(t)
		}
		p.ahead.Add(int64(2 * time.Minute))
		victim.writes(t)
	})
	t.Run("[R6] a panic in a connection ends it alone", func(t *testing.T) {
		drops := 0
		for _, person := range people {
			drops += len(person.dropped())
		}
		for round := range rounds {
			p.armed.Store(&documents[round%len(documents)])
			newTypist(t, local, documents[round%len(documents)]).writes(t) // comes again by itself
			people[round%len(people)].writes(t)
		}
		for _, person := range people {
			drops -= len(person.dropped())
		}
		if drops != 0 {
			t.Errorf("%d other connections were lost", -drops)
		}
	})
	for i, person := range people {
		content, err := fetchContent(t.Context(), http.DefaultClient, local.URL, "", documents[i].String(), -1)
		if err != nil {
			t.Fatal(err)
		}
		added := 0
		for round := range rounds {
			if round%len(people) == i {
				added++ // by the one whose connection panicked
			}
		}
		if n := strings.Count(string(content), "word"); n != person.words+added {
			t.Errorf("[S9] document %d has %d words, %d were written", i, n, person.words+added)
		}
	}
	t.Logf("%d panics in sessions, a quarantine, %d panics in connections", rounds, rounds)
}
