package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
)

// connectionLimits has a test at the limit and just above it, in virtual time,
// for every field of transport.Limits; nil: TestConnectionLimits and TestDoor
// have it.
var connectionLimits = map[string]struct {
	tune func(*transport.Limits)
	test func(t *testing.T, l *collabtest.Local, w *wires, document string)
}{
	"Connections":        {},
	"AddressConnections": {},
	"Strangers":          {},
	"HelloWait": {func(l *transport.Limits) { l.HelloWait = 5 * time.Second }, func(t *testing.T, _ *collabtest.Local, w *wires, document string) {
		in, late := mustUpgrade(t, w, document), mustUpgrade(t, w, document)
		time.Sleep(5*time.Second - 1)
		write(t, in, plainHello)
		if _, _, err := in.ReadMessage(); err != nil {
			t.Errorf("just in time: %v", err)
		}
		if code := closeCode(late); code != int(protocol.CloseGeneric) {
			t.Errorf("too late: %d", code)
		}
	}},
	"HelloBytes": {func(l *transport.Limits) { l.HelloBytes = 4 << 10 }, func(t *testing.T, _ *collabtest.Local, w *wires, document string) {
		in, large := mustUpgrade(t, w, document), mustUpgrade(t, w, document)
		write(t, in, padded(plainHello, 4<<10))
		if _, _, err := in.ReadMessage(); err != nil {
			t.Errorf("at the limit: %v", err)
		}
		go write(t, large, padded(plainHello, 4<<10+1))
		if code := closeCode(large); code != websocket.CloseMessageTooBig {
			t.Errorf("above: %d", code)
		}
	}},
	"FrameBytes": {func(l *transport.Limits) { l.FrameBytes = 32 << 10 }, func(t *testing.T, _ *collabtest.Local, w *wires, document string) {
		conn := mustUpgrade(t, w, document)
		write(t, conn, plainHello)
		_, _, _ = conn.ReadMessage()
		write(t, conn, padded(`{"type":"ping"}`, 32<<10))
		if _, frame, err := conn.ReadMessage(); err != nil || !strings.Contains(string(frame), "pong") {
			t.Errorf("at the limit: %s, %v", frame, err)
		}
		go write(t, conn, padded(`{"type":"ping"}`, 32<<10+1))
		if code := closeCode(conn); code != websocket.CloseMessageTooBig {
			t.Errorf("above: %d", code)
		}
	}},
	"PingPeriod": {func(l *transport.Limits) { l.PingPeriod = 3 * time.Second }, func(t *testing.T, _ *collabtest.Local, w *wires, document string) {
		began, pinged := time.Now(), time.Duration(0)
		conn := mustUpgrade(t, w, document)
		conn.SetPingHandler(func(string) error {
			pinged = time.Since(began)
			return errors.New("enough")
		})
		write(t, conn, plainHello)
		for pinged == 0 {
			if _, _, err := conn.ReadMessage(); err != nil {
				break
			}
		}
		if pinged != 3*time.Second {
			t.Errorf("pinged after %v", pinged)
		}
	}},
	"PongWait": {func(l *transport.Limits) { l.PingPeriod, l.PongWait = 2*time.Second, 7*time.Second }, func(t *testing.T, l *collabtest.Local, w *wires, document string) {
		conn := mustUpgrade(t, w, document)
		conn.SetPingHandler(func(string) error { return nil }) // never answered
		write(t, conn, plainHello)
		_, _, _ = conn.ReadMessage()
		go func() { _, _, _ = conn.ReadMessage() }()
		time.Sleep(7*time.Second - 1)
		if n := l.Socket.Connections(); n != 1 {
			t.Errorf("given up too early: %d", n)
		}
		time.Sleep(2 * time.Second)
		if n := l.Socket.Connections(); n != 0 {
			t.Errorf("not given up: %d", n)
		}
	}},
	"WriteWait": {func(l *transport.Limits) { l.WriteWait = 4 * time.Second }, func(t *testing.T, l *collabtest.Local, w *wires, document string) {
		conn := mustUpgrade(t, w, document)
		write(t, conn, plainHello) // and reads nothing: a pipe holds nothing
		time.Sleep(4*time.Second - 1)
		if n := l.Hub.Stats().Peers; n != 1 {
			t.Errorf("given up too early: %d", n)
		}
		time.Sleep(4 * time.Second)
		if n := l.Hub.Stats().Peers; n != 0 {
			t.Errorf("not given up: %d", n)
		}
	}},
	"CloseWait": {func(l *transport.Limits) { l.CloseWait = 3 * time.Second }, func(t *testing.T, l *collabtest.Local, w *wires, document string) {
		conn := mustUpgrade(t, w, document)
		conn.SetCloseHandler(func(int, string) error { return nil }) // it is not answered
		write(t, conn, `{"type":"ping"}`)                            // before hello: closed
		_ = closeCode(conn)
		time.Sleep(3*time.Second - 1)
		if n := l.Socket.Connections(); n != 1 {
			t.Errorf("cut too early: %d", n)
		}
		time.Sleep(time.Millisecond)
		if n := l.Socket.Connections(); n != 0 {
			t.Errorf("not cut: %d", n)
		}
	}},
	"PollHold": {func(l *transport.Limits) { l.PollHold = 6 * time.Second }, func(t *testing.T, _ *collabtest.Local, w *wires, document string) {
		p := wirePoller(t, w, document)
		p.open()
		time.Sleep(time.Second)
		p.poll() // the news of itself, if there is any
		began := time.Now()
		if answer := p.poll(); time.Since(began) != 6*time.Second || len(answer.Messages) != 0 {
			t.Errorf("held for %v: %+v", time.Since(began), answer)
		}
	}},
	"PollExpiry": {func(l *transport.Limits) { l.PollHold, l.PollExpiry = time.Second, 9*time.Second }, func(t *testing.T, l *collabtest.Local, w *wires, document string) {
		p := wirePoller(t, w, document)
		p.open()
		time.Sleep(9*time.Second - 1)
		if n := l.Poll.Connections(); n != 1 {
			t.Errorf("given up too early: %d", n)
		}
		time.Sleep(time.Nanosecond)
		if synctest.Wait(); l.Poll.Connections() != 0 {
			t.Error("not given up")
		}
	}},
}

func TestEveryConnectionLimit(t *testing.T) {
	fields := reflect.TypeFor[transport.Limits]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		limit, ok := connectionLimits[name]
		if !ok {
			t.Errorf("%s has no test at the limit and above it: add one to connectionLimits", name)
		}
		if limit.test == nil {
			continue
		}
		t.Run("[R5] "+name, func(t *testing.T) {
			var limits transport.Limits
			limit.tune(&limits)
			config := collabtest.LocalConfig{Transport: transport.Config{Limits: limits}, Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}
			bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
				limit.test(t, l, w, l.NewDocument().String())
			})
		})
	}
	if len(connectionLimits) != fields.NumField() {
		t.Errorf("%d tests for %d limits", len(connectionLimits), fields.NumField())
	}
}

// mustUpgrade opens a WebSocket that says nothing yet.
func mustUpgrade(t *testing.T, w *wires, document string) *websocket.Conn {
	t.Helper()
	conn, status := upgrade(t, w, document)
	if conn == nil {
		t.Fatalf("refused with %d", status)
	}
	context.AfterFunc(t.Context(), func() { _ = conn.Close() })
	return conn
}

func write(t *testing.T, conn *websocket.Conn, frame string) {
	if err := conn.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil && !strings.Contains(frame, "padding") {
		t.Error(err)
	}
}

// closeCode reads until the end and gives its code; 0: none.
func closeCode(conn *websocket.Conn) int {
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				return closed.Code
			}
			return 0
		}
	}
}

// padded is a message of so many bytes, by a field that means nothing.
func padded(message string, bytes int) string {
	head := strings.TrimSuffix(message, "}") + `,"padding":"`
	return fmt.Sprintf(`%s%s"}`, head, strings.Repeat("x", bytes-len(head)-2))
}

func wirePoller(t *testing.T, w *wires, document string) *poller {
	carrier := &http.Transport{DialContext: w.dial}
	context.AfterFunc(t.Context(), carrier.CloseIdleConnections)
	return &poller{t: t, target: "http://wires/api/documents/" + document + "/poll", header: http.Header{}, client: &http.Client{Transport: carrier}}
}
