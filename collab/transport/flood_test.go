package transport_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// wires is a network inside a synctest bubble: a listener whose connections are
// pipes.
type wires struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newWires() *wires { return &wires{accept: make(chan net.Conn), closed: make(chan struct{})} }

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.accept:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wires) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (w *wires) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case w.accept <- theirs:
		return ours, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// bubble runs a test with a server behind wires, in virtual time.
func bubble(t *testing.T, config collabtest.LocalConfig, test func(t *testing.T, l *collabtest.Local, w *wires)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWires()
		config.Listener = w
		l, err := collabtest.NewLocal(config)
		if err != nil {
			t.Fatal(err)
		}
		test(t, l, w)
		if err := l.Close(context.Background()); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// rudeSocket is a WebSocket client without manners.
type rudeSocket struct {
	t    *testing.T
	conn *websocket.Conn
	acks chan int // revision of each
}

// upgrade opens one and says nothing; nil with the status if it is refused.
func upgrade(t *testing.T, w *wires, document string) (*websocket.Conn, int) {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: w.dial}
	conn, response, err := dialer.Dial("ws://wires/api/documents/"+document+"/socket", nil)
	if err != nil && response == nil {
		t.Fatal(err)
	}
	return conn, response.StatusCode
}

func openSocket(t *testing.T, w *wires, document string) *rudeSocket {
	t.Helper()
	conn, status := upgrade(t, w, document)
	if conn == nil {
		t.Fatalf("refused with %d", status)
	}
	s := &rudeSocket{t: t, conn: conn, acks: make(chan int, 1000)}
	s.say(plainHello)
	go func() {
		for {
			_, frame, err := conn.ReadMessage()
			if err != nil {
				close(s.acks)
				return
			}
			messages, err := protocol.DecodeServer(frame)
			if err != nil {
				t.Error(err)
			}
			for _, m := range messages {
				switch m := m.(type) {
				case protocol.Ack:
					s.acks <- int(m.Revision)
				case protocol.Reject:
					t.Errorf("refused: %+v", m)
				}
			}
		}
	}()
	synctest.Wait()
	return s
}

func (s *rudeSocket) say(frame string) {
	s.t.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		s.t.Error(err)
	}
}

func (s *rudeSocket) close() {
	_ = s.conn.Close()
	for range s.acks { // until the reader has ended
	}
}

// inLog checks that a document's log has each of n changes once.
func inLog(t *testing.T, l *collabtest.Local, document persistence.ID, n int) {
	t.Helper()
	c, err := l.Hub.Read(t.Context(), document)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if text := c.Document.Text(); strings.Count(text, fmt.Sprintf("<%d>", i)) != 1 {
			t.Errorf("change %d is in %q", i, text)
		}
	}
	if c.Revision != int64(n) {
		t.Errorf("revision %d, want %d", c.Revision, n)
	}
}

// A writer that does not wait for answers is read at the rate there is; nothing
// it sent is lost, and who writes elsewhere waits for nothing (laws S9, R5, R6).
func TestFloodOverTransports(t *testing.T) {
	const flood, burst, perSecond = 100, 20, 10
	// The last change of the flood is taken so long after the first.
	const whole = (flood - burst) * time.Second / perSecond
	slow := func() (collabtest.LocalConfig, func() int) {
		var mu sync.Mutex
		delays := 0
		return collabtest.LocalConfig{Engine: collab.Config{
				Limits: collab.Limits{ConnectionChanges: perSecond, RateBurst: burst * time.Second / perSecond, Drain: time.Millisecond},
				Metrics: collab.Metrics{Delayed: func(string, time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					delays++
				}},
			}}, func() int {
				mu.Lock()
				defer mu.Unlock()
				return delays
			}
	}
	// calm writes in another document until the flood is over: each change is
	// answered without any time passing.
	calm := func(t *testing.T, l *collabtest.Local, w *wires) {
		s := openSocket(t, w, l.NewDocument().String())
		for i := range int(whole / time.Second * 2) {
			time.Sleep(500 * time.Millisecond)
			began := time.Now()
			s.say(submit(i+1, 0, "calm"))
			if <-s.acks; time.Since(began) != 0 {
				t.Errorf("turn %d waited %v", i, time.Since(began))
			}
		}
		s.close()
	}
	t.Run("[S9][R5][P4] WebSocket", func(t *testing.T) {
		config, delays := slow()
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			document := l.NewDocument()
			s := openSocket(t, w, document.String())
			began := time.Now()
			go func() {
				for i := range flood {
					s.say(submit(i+1, 0, fmt.Sprintf("<%d>", i)))
				}
			}()
			calm(t, l, w)
			for range flood {
				<-s.acks
			}
			if took := time.Since(began); took > whole || delays() != flood-burst {
				t.Errorf("taken in %v with %d delays, want %v and %d", took, delays(), whole, flood-burst)
			}
			s.close()
			inLog(t, l, document, flood)
		})
	})
	t.Run("[S9][R5][P4] long-poll", func(t *testing.T) {
		config, delays := slow()
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			document := l.NewDocument()
			carrier := &http.Transport{DialContext: w.dial}
			defer carrier.CloseIdleConnections()
			p := &poller{t: t, target: "http://wires/api/documents/" + document.String() + "/poll", header: http.Header{}, client: &http.Client{Transport: carrier}}
			p.open()
			var all []string
			for i := range flood {
				all = append(all, submit(i+1, 0, fmt.Sprintf("<%d>", i)))
			}
			done := make(chan int)
			go func() {
				acks, requests := 0, 0
				defer func() { done <- requests }()
				for acks < flood {
					requests++
					answer := p.poll(all[p.first-1:]...)
					if answer.code() != 0 {
						t.Errorf("closed with %d", answer.code())
						return
					}
					acks += countAcks(t, answer.Messages)
				}
			}()
			calm(t, l, w)
			// Each request gives way after a second, so that answers do not wait.
			if requests := <-done; requests < int(whole/time.Second)/2 || delays() < flood-burst {
				t.Errorf("%d requests, %d delays", requests, delays())
			}
			inLog(t, l, document, flood)
		})
	})
	t.Run("[R5] pings and pongs of the WebSocket protocol without end", func(t *testing.T) {
		for _, kind := range []int{websocket.PingMessage, websocket.PongMessage} {
			config, _ := slow()
			config.Engine.Limits.ConnectionMessages = perSecond
			bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
				s := openSocket(t, w, l.NewDocument().String())
				began := time.Now()
				for range flood {
					if err := s.conn.WriteControl(kind, nil, time.Time{}); err != nil {
						t.Fatal(err)
					}
				}
				if took, want := time.Since(began), flood*time.Second/perSecond; took < want-2*time.Second || took > want {
					t.Errorf("kind %d: read in %v, want about %v", kind, took, want)
				}
				s.say(submit(1, 0, "x"))
				<-s.acks
				s.close()
			})
		}
	})
	t.Run("[R5][V1] carets without end", func(t *testing.T) {
		config, _ := slow()
		config.Engine.Limits.ConnectionMessages = perSecond
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			s := openSocket(t, w, l.NewDocument().String())
			began := time.Now()
			for i := range flood { // a pipe holds nothing: a frame is gone when it has been read
				s.say(fmt.Sprintf(`{"type":"presence","base":0,"seq":0,"selection":{"anchor":%d,"head":0}}`, i))
			}
			if took := time.Since(began); took < whole-2*time.Second/perSecond || took > whole {
				t.Errorf("read in %v, want %v", took, whole)
			}
			s.say(submit(1, 0, "x"))
			<-s.acks
			s.close()
		})
	})
}

func countAcks(t *testing.T, messages []json.RawMessage) (n int) {
	for _, raw := range messages {
		decoded, err := protocol.DecodeServer(raw)
		if err != nil {
			t.Error(err)
		}
		for _, m := range decoded {
			switch m.(type) {
			case protocol.Ack:
				n++
			case protocol.Reject:
				t.Errorf("refused: %s", raw)
			}
		}
	}
	return n
}

func TestConnectionLimits(t *testing.T) {
	limited := func(l transport.Limits) collabtest.LocalConfig {
		return collabtest.LocalConfig{Transport: transport.Config{Limits: l, Door: transport.NewDoor(l, nil, nil)}, Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}
	}
	t.Run("[R5] Connections: over both transports what fits comes in, one above comes back later", func(t *testing.T) {
		bubble(t, limited(transport.Limits{Connections: 2}), func(t *testing.T, l *collabtest.Local, w *wires) {
			document := l.NewDocument().String()
			first, second := openSocket(t, w, document), wirePoller(t, w, document)
			second.open()
			if conn, status := upgrade(t, w, document); conn != nil || status != http.StatusServiceUnavailable {
				t.Errorf("a WebSocket above: %d", status)
			}
			above := wirePoller(t, w, document)
			if answer := above.poll(plainHello); answer.code() != int(protocol.CloseRate) {
				t.Errorf("a long-poll above: %+v", answer)
			}
			first.close()
			synctest.Wait()
			above.open()
			if answer := second.poll(); answer.code() != 0 { // nobody else noticed
				t.Errorf("closed with %d", answer.code())
			}
			second.client.CloseIdleConnections()
			above.client.CloseIdleConnections()
		})
	})
	t.Run("[R5][P2] Strangers: what fits may say hello, one above comes back later, who is known does not count", func(t *testing.T) {
		bubble(t, limited(transport.Limits{Strangers: 2}), func(t *testing.T, l *collabtest.Local, w *wires) {
			document := l.NewDocument().String()
			for range 5 {
				defer openSocket(t, w, document).close()
			}
			one, _ := upgrade(t, w, document)
			two, _ := upgrade(t, w, document)
			if one == nil || two == nil {
				t.Fatal("refused")
			}
			if conn, status := upgrade(t, w, document); conn != nil || status != http.StatusServiceUnavailable {
				t.Errorf("one above: %d", status)
			}
			status, _ := wirePoller(t, w, document).post(`{"connection":null,"received":0,"first":0,"messages":[` + plainHello + `]}`)
			if status != http.StatusServiceUnavailable {
				t.Errorf("a poll above: %d", status)
			}
			_ = one.Close()
			synctest.Wait()
			openSocket(t, w, document).close()
			_ = two.Close()
		})
	})
}
