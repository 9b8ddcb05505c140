package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
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
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// patience is how long a test waits for what must come: only what hangs meets
// it, on the slowest and busiest machine.
const patience = 2 * time.Minute

func newLocal(t *testing.T, config collabtest.LocalConfig) *collabtest.Local {
	t.Helper()
	config.Engine.Limits.Drain = time.Millisecond // nobody waits at the end for those who are still connected
	l, err := collabtest.NewLocal(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return l
}

// raw is a client without manners.
type raw struct {
	t *testing.T
	*websocket.Conn
	read []protocol.ServerMessage // and not yet waited for
}

func dialRaw(t *testing.T, l *collabtest.Local, document string) *raw {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Subprotocol}}
	c, _, err := dialer.Dial(strings.Replace(l.URL, "http", "ws", 1)+"/api/documents/"+document+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(patience))
	return &raw{t: t, Conn: c}
}

func (r *raw) send(frame string) {
	r.t.Helper()
	if err := r.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		r.t.Fatal(err)
	}
}

// hello opens and returns the welcome.
func (r *raw) hello() protocol.Welcome {
	r.t.Helper()
	r.send(`{"type":"hello","protocol":1}`)
	return wait[protocol.Welcome](r)
}

// wait reads until a message of type M comes.
func wait[M protocol.ServerMessage](r *raw) M {
	r.t.Helper()
	for {
		m, err := r.next()
		if err != nil {
			var none M
			r.t.Fatalf("waiting for %T: %v", none, err)
		}
		if m, ok := m.(M); ok {
			return m
		}
	}
}

// next is the next message, or why there is none.
func (r *raw) next() (protocol.ServerMessage, error) {
	r.t.Helper()
	for len(r.read) == 0 {
		_, frame, err := r.ReadMessage()
		if err != nil {
			return nil, err
		}
		if r.read, err = protocol.DecodeServer(frame); err != nil {
			r.t.Fatal(err)
		}
	}
	m := r.read[0]
	r.read = r.read[1:]
	return m, nil
}

// closed reads until the end and returns the close code and reason.
func (r *raw) closed() (int, string) {
	r.t.Helper()
	for {
		if _, _, err := r.ReadMessage(); err != nil {
			var e *websocket.CloseError
			if !errors.As(err, &e) {
				r.t.Fatalf("ended without a close frame: %v", err)
			}
			return e.Code, e.Text
		}
	}
}

func dial(t *testing.T, l *collabtest.Local, document persistence.ID) *collabtest.Socket {
	t.Helper()
	s, err := collabtest.Dial(t.Context(), collabtest.SocketConfig{URL: l.URL, Document: document.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func insert(at int, text string) ot.Delta {
	return ot.NewBuilder(2).Retain(at, ot.Attributes{}).Insert(text, ot.Attributes{}).Delta()
}

func typeText(t *testing.T, s *collabtest.Socket, at int, text string) {
	t.Helper()
	if err := s.Edit(func(int) ot.Delta { return insert(at, text) }); err != nil {
		t.Fatal(err)
	}
}

func waitText(t *testing.T, s *collabtest.Socket, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := s.Wait(ctx, func(c *collabtest.Client) bool { return c.Pending() == 0 && c.Document().Text() == text })
	if err != nil {
		s.Look(func(c *collabtest.Client) { t.Fatalf("shows %.100q, want %.100q: %v", c.Document().Text(), text, err) })
	}
}

func TestFirstMessage(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	// Only to whoever is silent: others may be slow on a busy machine.
	hasty := newLocal(t, collabtest.LocalConfig{Transport: transport.Config{Limits: transport.Limits{HelloWait: 300 * time.Millisecond}}})
	document := l.NewDocument().String()
	for _, c := range []struct {
		name, frame string
		code        int
	}{
		{"[P2] another message first", `{"type":"ping"}`, 4500},
		{"[P2] 16 KiB is the most before hello", `{"type":"hello","protocol":1,"x":"` + strings.Repeat("x", 16<<10) + `"}`, 1009},
		{"[P5] client too old", `{"type":"hello","protocol":0}`, 4506},
		{"[P5] server too old", `{"type":"hello","protocol":2}`, 4507},
		{"[P5] a token that is none", `{"type":"hello","protocol":1,"token":"x"}`, 4501},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := dialRaw(t, l, document)
			r.send(c.frame)
			if code, reason := r.closed(); code != c.code {
				t.Errorf("closed with %d %q, want %d", code, reason, c.code)
			}
		})
	}
	t.Run("[P2][P5] silence may be the network's: come back", func(t *testing.T) {
		if code, reason := dialRaw(t, hasty, document).closed(); code != 4000 {
			t.Errorf("closed with %d %q", code, reason)
		}
	})
	t.Run("[P2] traffic does not put off the deadline", func(t *testing.T) {
		r := dialRaw(t, hasty, document)
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					if r.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
						return
					}
				}
			}
		}()
		if code, reason := r.closed(); code != 4000 {
			t.Errorf("closed with %d %q", code, reason)
		}
	})
	t.Run("[P2] a second hello", func(t *testing.T) {
		r := dialRaw(t, l, document)
		r.hello()
		r.send(`{"type":"hello","protocol":1}`)
		if code, reason := r.closed(); code != 4500 {
			t.Errorf("closed with %d %q", code, reason)
		}
	})
	for _, unknown := range []string{persistence.NewID().String(), "no-id", strings.ToUpper(document)[:35]} {
		t.Run("[P5] no such document "+unknown, func(t *testing.T) {
			r := dialRaw(t, l, unknown)
			r.send(`{"type":"hello","protocol":1}`)
			if code, reason := r.closed(); code != 4504 {
				t.Errorf("closed with %d %q", code, reason)
			}
		})
	}
	t.Run("[S3] a client id of another document", func(t *testing.T) {
		other := dialRaw(t, l, l.NewDocument().String()).hello()
		r := dialRaw(t, l, document)
		r.send(fmt.Sprintf(`{"type":"hello","protocol":1,"resume":{"client":%q,"epoch":%q,"revision":0,"seq":0}}`, other.Client, other.Document.Epoch))
		for {
			_, frame, err := r.ReadMessage()
			if e := (*websocket.CloseError)(nil); errors.As(err, &e) {
				if e.Code != 4503 {
					t.Errorf("closed with %d", e.Code)
				}
				return
			}
			if bytes.Contains(frame, []byte(other.Client)) {
				t.Errorf("disclosed: %s", frame)
			}
			if bytes.Contains(frame, []byte(`"reset"`)) {
				return // another epoch: a new client, nothing of the other one told
			}
		}
	})
}

func TestFrameAboveTheLimitIsTold(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	r := dialRaw(t, l, l.NewDocument().String())
	r.hello()
	go func() { _ = r.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte("x"), 3<<20)) }()
	if code, _ := r.closed(); code != 1009 {
		t.Errorf("closed with %d", code)
	}
}

func TestUpgradeRefusals(t *testing.T) {
	access := &doorkeeper{}
	l := newLocal(t, collabtest.LocalConfig{Access: access})
	target := l.URL + "/api/documents/" + l.NewDocument().String() + "/socket"
	// try opens a socket, but for what change makes of the headers.
	try := func(change http.Header) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		maps.Copy(request.Header, change)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	refused := func(what string, change http.Header, status int, code string) http.Header {
		t.Helper()
		response := try(change)
		if response.StatusCode != status {
			t.Errorf("%s got %d, want %d", what, response.StatusCode, status)
		}
		mustBeProblem(t, response, code)
		return response.Header
	}
	refused("a foreign origin", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden, "cross_site")
	own := try(http.Header{"Origin": {l.URL}, "Sec-Websocket-Protocol": {protocol.Subprotocol}})
	_ = own.Body.Close()
	if own.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("the own origin got %d", own.StatusCode)
	}
	refused("another subprotocol", http.Header{"Sec-Websocket-Protocol": {"coscribe.v0"}}, http.StatusBadRequest, "unsupported_subprotocol")
	refused("a key that is none", http.Header{"Sec-Websocket-Key": {"short"}}, http.StatusBadRequest, "invalid_handshake")
	for what, change := range map[string]http.Header{
		"a plain GET":         {"Connection": nil, "Upgrade": nil, "Sec-Websocket-Version": nil, "Sec-Websocket-Key": nil},
		"another upgrade":     {"Upgrade": {"h2c"}},
		"an old version":      {"Sec-Websocket-Version": {"8"}},
		"one without version": {"Sec-Websocket-Version": nil},
	} {
		if got := refused(what, change, http.StatusUpgradeRequired, "upgrade_required"); got.Get("Upgrade") != "websocket" || got.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s is not told what to upgrade to: %v", what, got)
		}
	}
	access.set(transport.ErrUnauthorized)
	if got := refused("bad credentials", nil, http.StatusUnauthorized, "unauthorized"); got.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("bad credentials are not asked for others: %v", got)
	}
	access.set(errors.New("the directory is down"))
	refused("our own trouble", nil, http.StatusServiceUnavailable, "unavailable")
	access.set(nil)
	l.Socket.Drain()
	for what, change := range map[string]http.Header{"[R7] while draining an upgrade": nil, "[R7] while draining a plain GET": {"Upgrade": nil}} {
		if got := refused(what, change, http.StatusServiceUnavailable, "unavailable"); got.Get("Retry-After") == "" {
			t.Errorf("%s is not told when to come back", what)
		}
	}
}

// mustBeProblem holds the answer to a request that got nowhere to being a problem
// document (RFC 9457) of the code, and closes it.
func mustBeProblem(t *testing.T, response *http.Response, code string) {
	t.Helper()
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
	}
	if err := json.Unmarshal(text, &p); err != nil || response.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("no problem document: %v in %s, %s", err, response.Header.Get("Content-Type"), text)
		return
	}
	if p.Type == "" || p.Title == "" || p.Detail == "" || p.Code == "" || p.Status != response.StatusCode || code != "" && p.Code != code {
		t.Errorf("status %d with %s, want the code %s", response.StatusCode, text, code)
	}
}

// doorkeeper is an Access whose answers a test sets.
type doorkeeper struct {
	mu    sync.Mutex
	err   error
	role  protocol.Role
	panic bool
}

func (d *doorkeeper) set(err error) { d.mu.Lock(); d.err = err; d.mu.Unlock() }

func (d *doorkeeper) Identify(*http.Request) (transport.Identity, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return transport.Identity{User: protocol.User{ID: persistence.NewID().String(), Name: "Ada", Color: "#3366ff"}}, true, d.err
}

func (d *doorkeeper) Token(context.Context, string) (transport.Identity, bool, error) {
	return transport.Identity{}, false, transport.ErrTokenExpired
}

func (d *doorkeeper) Guest(context.Context, persistence.ID, *protocol.Resume) (transport.Identity, string, error) {
	return transport.Identity{}, "", transport.ErrForbidden
}

func (d *doorkeeper) Role(context.Context, transport.Identity, persistence.ID) (protocol.Role, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.panic {
		panic("a fault in access")
	}
	return d.role, nil
}

func TestAccessAnswers(t *testing.T) {
	access := &doorkeeper{}
	l := newLocal(t, collabtest.LocalConfig{Access: access})
	document := l.NewDocument().String()
	t.Run("[P5] no role looks like no document", func(t *testing.T) {
		r := dialRaw(t, l, document)
		r.send(`{"type":"hello","protocol":1}`)
		if code, _ := r.closed(); code != 4504 {
			t.Errorf("closed with %d", code)
		}
	})
	t.Run("[P5] an expired token may come back", func(t *testing.T) {
		r := dialRaw(t, l, document)
		r.send(`{"type":"hello","protocol":1,"token":"old"}`)
		if code, _ := r.closed(); code != 4006 {
			t.Errorf("closed with %d", code)
		}
	})
	t.Run("[R6] a panic ends one connection and no other", func(t *testing.T) {
		access.mu.Lock()
		access.role = protocol.RoleViewer
		access.mu.Unlock()
		other := dialRaw(t, l, document)
		other.hello()
		access.mu.Lock()
		access.panic = true
		access.mu.Unlock()
		r := dialRaw(t, l, document)
		r.send(`{"type":"hello","protocol":1}`)
		if code, _ := r.closed(); code != 1011 {
			t.Errorf("closed with %d", code)
		}
		other.send(`{"type":"ping"}`)
		wait[protocol.Pong](other)
	})
	t.Run("[P3] a viewer's change is refused and the connection stays", func(t *testing.T) {
		access.mu.Lock()
		access.panic = false
		access.mu.Unlock()
		r := dialRaw(t, l, document)
		r.hello()
		r.send(`{"type":"submit","seq":1,"base":0,"delta":[{"insert":"x"}]}`)
		if got := wait[protocol.Reject](r); got.Code != protocol.CodeReadOnly {
			t.Errorf("rejected with %v", got)
		}
	})
}

// A dead network - packets go nowhere, nobody says goodbye - is noticed by the
// missing pongs.
func TestDeadPeerIsNoticed(t *testing.T) {
	bubble(t, collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}, func(t *testing.T, l *collabtest.Local, w *wires) {
		document := l.NewDocument()
		alive := openSocket(t, w, document.String())
		dead := mustUpgrade(t, w, document.String())
		dead.SetPingHandler(func(string) error { return nil }) // no pong is sent
		write(t, dead, plainHello)
		go func() {
			for {
				if _, _, err := dead.ReadMessage(); err != nil {
					return
				}
			}
		}()
		synctest.Wait()
		if _, people := l.Hub.People(document, 0); people != 2 {
			t.Fatalf("%d people came", people)
		}
		time.Sleep(transport.DefaultPongWait + 2*time.Second)
		if _, people := l.Hub.People(document, 0); l.Socket.Connections() != 1 || people != 1 {
			t.Errorf("[V1] of a dead peer and one who is alive there are %d connections, and %d people shown", l.Socket.Connections(), people)
		}
		alive.say(submit(1, 0, "x"))
		<-alive.acks
		alive.close()
	})
	if limits := transport.DefaultPongWait; limits > 35*time.Second || transport.DefaultPingPeriod > 25*time.Second {
		t.Error("[C5] the defaults notice too late")
	}
}

// Behind a large change on a slow line no pong can come; what comes of it does.
func TestSlowLineIsNoDeadPeer(t *testing.T) {
	bubble(t, collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}, func(t *testing.T, l *collabtest.Local, w *wires) {
		slow := mustUpgrade(t, w, l.NewDocument().String())
		slow.SetPingHandler(func(string) error { return nil }) // no pong is sent
		write(t, slow, plainHello)
		var heard []byte
		over := make(chan struct{})
		go func() {
			defer close(over)
			for {
				_, frame, err := slow.ReadMessage()
				if err != nil {
					return
				}
				heard = append(heard, frame...)
			}
		}()
		change := submit(1, 0, strings.Repeat("x", 60_000))
		frame := append([]byte{0x81, 0x80 | 126, byte(len(change) >> 8), byte(len(change)), 0, 0, 0, 0}, change...) // masked with zeros
		for part := range slices.Chunk(frame, 6_000) {
			_, _ = slow.NetConn().Write(part) // one that fails shows below
			time.Sleep(transport.DefaultPongWait / 2)
		}
		synctest.Wait()
		if !bytes.Contains(heard, []byte(`"ack"`)) {
			t.Error("[C5] a change that took a slow line minutes to bring was not taken")
		}
		// One that stops in the middle is noticed like any other.
		_, _ = slow.NetConn().Write(frame[:6_000])
		time.Sleep(transport.DefaultPongWait + 2*time.Second)
		if n := l.Socket.Connections(); n != 0 {
			t.Errorf("[V1] %d connections are left", n)
		}
		_ = slow.Close()
		<-over
	})
}

func TestShutdownSaysGoodbye(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	r := dialRaw(t, l, l.NewDocument().String()) // no hello: the hub does not know it
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- l.Socket.Shutdown(ctx) }()
	if code, _ := r.closed(); code != 1001 {
		t.Errorf("[R7] closed with %d", code)
	}
	if err := <-done; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	// The client may have been told of its upgrade before the server listed it.
	for deadline := time.Now().Add(patience); l.Socket.Connections() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", l.Socket.Connections())
		}
	}
}

// The last frames before a close arrive: the client reads the reason of its end
// even though it was still sending.
func TestCloseArrivesAfterWhatWasSaid(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	document := l.NewDocument()
	r := dialRaw(t, l, document.String())
	r.hello()
	go func() {
		for range 1000 {
			if r.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) != nil {
				return
			}
		}
	}()
	trash := collab.Revocation{Documents: []persistence.ID{document}, Reason: "trashed"}
	if err := l.Hub.Revoke(t.Context(), trash, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := wait[protocol.Removed](r); got.Reason != "trashed" {
		t.Errorf("got %+v", got)
	}
	if code, _ := r.closed(); code < 4500 {
		t.Errorf("[P5] closed with %d, which asks to come back", code)
	}
}

func TestHalfOpenHandshakesCostNothing(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "GET /api/documents/"+l.NewDocument().String()+"/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 101" {
		t.Fatalf("%q, %v", answer, err)
	}
	_ = conn.Close()
	deadline := time.Now().Add(patience)
	for l.Socket.Connections() > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the connection is still held")
		}
		time.Sleep(5 * time.Millisecond)
	}
}
