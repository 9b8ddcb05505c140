package transport_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// lot is a server that parks every poll which waits at all.
type lot struct {
	*httptest.Server
	l        *collabtest.Local
	poll     *transport.LongPoll
	parked   chan struct{} // one for each
	accepted atomic.Int64  // network connections, those given back not counted
	requests atomic.Int64
	secure   atomic.Int64 // requests that net/http knew to be encrypted
}

func newLot(t *testing.T, begin func(*httptest.Server)) *lot {
	t.Helper()
	access := &doorkeeper{role: protocol.RoleEditor}
	p := &lot{l: newLocal(t, collabtest.LocalConfig{Access: access}), parked: make(chan struct{}, 100)}
	p.poll = transport.NewLongPoll(transport.Config{
		Hub: p.l.Hub, Access: strangers{access}, ParkAfter: time.Nanosecond,
		Limits: transport.Limits{PollHold: time.Minute, PollExpiry: 2 * time.Minute},
	})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/documents/{id}/poll", func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		if r.TLS != nil {
			p.secure.Add(1)
		}
		p.poll.ServeHTTP(w, r)
	})
	p.Server = httptest.NewUnstartedServer(mux)
	p.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			p.parked <- struct{}{}
		}
	}
	p.Listener = &counted{p.Listener, &p.accepted}
	begin(p.Server)
	returned := p.poll.Returned()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = p.Config.Serve(returned)
	}()
	t.Cleanup(func() {
		if err := p.poll.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		p.Close()
		_ = returned.Close()
		<-served
	})
	return p
}

// strangers come without credentials: their connection is theirs by its name.
type strangers struct{ *doorkeeper }

func (strangers) Identify(*http.Request) (transport.Identity, bool, error) {
	return transport.Identity{}, false, nil
}

func (s strangers) Guest(context.Context, persistence.ID, *protocol.Resume) (transport.Identity, string, error) {
	who, _, err := s.doorkeeper.Identify(nil)
	return who, "", err
}

type counted struct {
	net.Listener
	accepted *atomic.Int64
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.accepted.Add(1)
	}
	return conn, err
}

// poller is alone in a document of its own.
func (p *lot) poller(t *testing.T) (*poller, persistence.ID) {
	t.Helper()
	document := p.l.NewDocument()
	client := p.Client()
	t.Cleanup(client.CloseIdleConnections)
	one := &poller{t: t, target: p.URL + "/api/documents/" + document.String() + "/poll", header: http.Header{}, client: client}
	one.open()
	return one, document
}

// forget drops what is known of polls that were parked before: one whose answer
// takes a moment is, too.
func (p *lot) forget() {
	for len(p.parked) > 0 {
		<-p.parked
	}
}

// held posts in the background and returns when the server has parked it. What
// is told at once, such as who came, is taken first.
func (p *lot) held(one *poller) <-chan polled {
	for {
		p.forget()
		answer := make(chan polled, 1)
		body := one.body()
		go func() { _, a := one.post(body); answer <- a }()
		select {
		case <-p.parked:
			return answer
		case a := <-answer:
			if a.Connection == "" || a.code() != 0 {
				one.t.Fatalf("the poll was answered with %+v", a)
			}
			one.received, one.first = a.Sent, a.Accepted
		}
	}
}

func TestParkedPoll(t *testing.T) {
	for name, begin := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "encrypted": (*httptest.Server).StartTLS} {
		t.Run("[P4] a parked poll is answered, and its network connection goes on, "+name, func(t *testing.T) {
			p := newLot(t, begin)
			one, document := p.poller(t)
			other := dial(t, p.l, document)
			for i := range 3 {
				answer := p.held(one)
				typeText(t, other, 0, "x")
				a := <-answer
				for a.code() == 0 && !a.has(t, "change") { // presence may come first
					one.received, one.first = a.Sent, a.Accepted
					a = one.poll()
				}
				if !a.has(t, "change") || a.code() != 0 {
					t.Fatalf("poll %d: %+v", i, a)
				}
				one.received, one.first = a.Sent, a.Accepted
			}
			if a := one.poll(`{"type":"ping"}`); !a.has(t, "pong") {
				t.Errorf("%+v", a)
			}
			if n := p.accepted.Load(); n != 1 {
				t.Errorf("%d network connections were needed", n)
			}
			if n, all := p.secure.Load(), p.requests.Load(); name == "encrypted" && n != all || all < 5 {
				t.Errorf("net/http knew %d of %d requests to be encrypted", n, all)
			}
		})
	}
	p := newLot(t, (*httptest.Server).Start)
	t.Run("[P4] a new request ends it with an empty answer", func(t *testing.T) {
		one, _ := p.poller(t)
		for try := 1; ; try++ {
			answer := p.held(one)
			if b := one.poll(`{"type":"ping"}`); !b.has(t, "pong") {
				t.Errorf("%+v", b)
			}
			a := <-answer
			if a.has(t, "pong") && try < 100 { // on a busy machine it may be overtaken, and is told the same again
				continue
			}
			if a.code() != 0 || len(a.Messages) != 0 {
				t.Errorf("%+v", a)
			}
			break
		}
	})
	t.Run("[S4] what was said while its client went away comes with the next", func(t *testing.T) {
		one, document := p.poller(t)
		network := rawPoll(t, p, one)
		<-p.parked
		_ = network.Close()
		other := dial(t, p.l, document)
		typeText(t, other, 0, "x")
		for a := one.poll(); !a.has(t, "change"); a = one.poll() { // presence may come first
			if a.code() != 0 {
				t.Fatalf("%+v", a)
			}
		}
	})
	t.Run("the answer is a whole one, with net/http's headers", func(t *testing.T) {
		one, _ := p.poller(t)
		network := rawPoll(t, p, one)
		<-p.parked
		one.poll(`{"type":"ping"}`)
		response, err := http.ReadResponse(bufio.NewReader(network), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil || int64(len(body)) != response.ContentLength || response.Close {
			t.Errorf("%d bytes of %d, close %v, %v", len(body), response.ContentLength, response.Close, err)
		}
		if _, err := http.ParseTime(response.Header.Get("Date")); err != nil {
			t.Error(err)
		}
		for name, want := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
	})
	t.Run("a request behind it ends it, and the network connection", func(t *testing.T) {
		one, _ := p.poller(t)
		network := rawPoll(t, p, one)
		<-p.parked
		if _, err := io.WriteString(network, "POST / HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(network), nil)
		if err != nil || !response.Close {
			t.Fatalf("%+v, %v", response, err)
		}
		_ = response.Body.Close()
	})
	t.Run("one that asks for its end, or speaks HTTP/1.0, waits where it is", func(t *testing.T) {
		for _, first := range []string{"HTTP/1.1\r\nHost: x\r\nConnection: close", "HTTP/1.0\r\nHost: x"} {
			one, _ := p.poller(t)
			p.forget()
			body := strings.Replace(one.body(), "{", `{"hold":20,`, 1)
			network, err := net.Dial("tcp", p.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = fmt.Fprintf(network, "POST %s %s\r\nContent-Length: %d\r\n\r\n%s", one.path(), first, len(body), body)
			answer, err := io.ReadAll(network)
			if err != nil || !strings.Contains(string(answer), " 200 OK") || len(p.parked) > 0 {
				t.Errorf("%q, %v, %d parked", answer, err, len(p.parked))
			}
			_ = network.Close()
		}
	})
	t.Run("[R7] stopping answers it", func(t *testing.T) {
		one, _ := p.poller(t)
		answer := p.held(one)
		if err := p.poll.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if a := <-answer; a.code() != 1001 {
			t.Errorf("%+v", a)
		}
	})
}

// HTTP/2 carries many requests on one network connection, which cannot be taken
// away from it.
func TestPollByHTTP2(t *testing.T) {
	p := newLot(t, func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{NextProtos: []string{"h2"}}
		s.StartTLS()
	})
	one, document := p.poller(t)
	answer := make(chan polled, 1)
	go func() { _, a := one.post(one.body()); answer <- a }()
	other := dial(t, p.l, document)
	typeText(t, other, 0, "x")
	if a := <-answer; len(a.Messages) == 0 || a.code() != 0 || len(p.parked) > 0 {
		t.Errorf("%+v, %d parked", a, len(p.parked))
	}
}

// path is where it polls, without the host.
func (p *poller) path() string { return p.target[strings.Index(p.target, "/api"):] }

// rawPoll sends a poll and leaves the reading to the caller.
func rawPoll(t *testing.T, p *lot, one *poller) net.Conn {
	t.Helper()
	network, err := net.Dial("tcp", p.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = network.Close() })
	p.forget()
	body := one.body()
	if _, err := fmt.Fprintf(network, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", one.path(), len(body), body); err != nil {
		t.Fatal(err)
	}
	return network
}

// What others do is gathered for a moment; what answers the client is not.
func TestPollGathers(t *testing.T) {
	bubble(t, collabtest.LocalConfig{}, func(t *testing.T, l *collabtest.Local, w *wires) {
		document := l.NewDocument()
		carrier := &http.Transport{DialContext: w.dial}
		defer carrier.CloseIdleConnections()
		client := &http.Client{Transport: carrier}
		one := &poller{t: t, target: l.URL + "/api/documents/" + document.String() + "/poll", header: http.Header{}, client: client}
		one.open()
		other, err := collabtest.Dial(t.Context(), collabtest.SocketConfig{URL: l.URL, Document: document.String(), HTTP: client, Transport: collabtest.LongPoll})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		const letters = 100
		var typing sync.WaitGroup
		defer typing.Wait()
		typing.Go(func() {
			for range letters {
				typeText(t, other, 0, "x")
				time.Sleep(10 * time.Millisecond)
			}
		})
		answers := 0
		for changes := 0; changes < letters; answers++ {
			a := one.poll()
			if a.code() != 0 {
				t.Fatalf("%+v", a)
			}
			for _, m := range a.Messages {
				if bytes.Contains(m, []byte(`"type":"change"`)) {
					changes++
				}
			}
		}
		if answers > letters/2 {
			t.Errorf("%d changes in 1 s came in %d answers", letters, answers)
		}
		typing.Wait()
		one.poll() // whatever is still told of the other's caret
		began := time.Now()
		if a := one.poll(submit(1, letters, "mine")); !a.has(t, "ack") || time.Since(began) > 0 {
			t.Errorf("an ack came after %v: %+v", time.Since(began), a)
		}
	})
}
