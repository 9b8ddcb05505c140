package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/gorilla/websocket"
)

// messages are all that a client can say after hello, with the role for each.
var messages = map[string]struct {
	frame string
	least protocol.Role
	heard string // the answer's type to who may
}{
	"submit":   {`{"type":"submit","seq":1,"base":1,"delta":[{"insert":"x"}]}`, protocol.RoleEditor, "ack"},
	"check":    {`{"type":"check","revision":1,"hash":"0000000000000000000000000000000000000000000000000000000000000000"}`, protocol.RoleViewer, ""},
	"ping":     {`{"type":"ping"}`, protocol.RoleViewer, "pong"},
	"presence": {`{"type":"presence","seq":0,"base":1,"selection":{"anchor":0,"head":0}}`, protocol.RoleViewer, ""},
}

// The same on a live connection, by either transport: who may not know of a
// document is told what is told of none, and what a role does not allow is
// refused and changes nothing.
func TestMessageAuthority(t *testing.T) {
	s := newStage(t)
	elsewhere := s.hidden()
	for transport, dial := range map[string]func(*testing.T, *actor, string) line{
		"WebSocket": func(t *testing.T, a *actor, document string) line { return &socketLine{t, s.dialAs(t, a, document)} },
		"long-poll": func(t *testing.T, a *actor, document string) line { return s.pollAs(t, a, document) },
	} {
		for _, name := range slices.Sorted(maps.Keys(s.actors)) {
			t.Run("[P3][P4][ASVS 8.2.2] "+transport+": "+name, func(t *testing.T) {
				s.converse(t, s.actors[name], elsewhere, dial)
			})
		}
	}
}

// converse has an actor say everything.
func (s *stage) converse(t *testing.T, a *actor, elsewhere secret, dial func(*testing.T, *actor, string) line) {
	p := s.document("Live")
	code, reason := turnedAway(dial(t, a, elsewhere.id))
	unknownCode, unknownReason := turnedAway(dial(t, a, persistence.NewID().String()))
	if code != unknownCode || reason != unknownReason || code != int(protocol.CloseNotFound) && code != int(protocol.CloseUnauthorized) {
		t.Errorf("another's document is %d %q, none is %d %q", code, reason, unknownCode, unknownReason)
	}
	if !a.known || a.role == protocol.RoleNone {
		want := int(protocol.CloseNotFound)
		if !a.known {
			want = int(protocol.CloseUnauthorized)
		}
		if code, reason := turnedAway(dial(t, a, p.id)); code != want {
			t.Errorf("closed with %d %q, want %d", code, reason, want)
		}
		return
	}
	for kind, m := range messages {
		l := dial(t, a, p.id)
		if role := welcomed(t, l)["role"]; role != a.role.String() {
			t.Errorf("welcomed as %v", role)
		}
		l.say(m.frame)
		l.say(`{"type":"ping"}`) // answered after it
		var heard []string
		ends := map[bool][]string{true: {"ack", "reject"}, false: {"pong"}}[kind == "submit"]
		for !slices.ContainsFunc(heard, func(kind string) bool { return slices.Contains(ends, kind) }) {
			messages, code, reason := l.hear()
			if code != 0 {
				t.Fatalf("%s: closed with %d %q", kind, code, reason)
			}
			for _, m := range messages {
				heard = append(heard, fmt.Sprint(m["type"]))
			}
		}
		switch {
		case kind == "submit" && a.role < m.least && (!slices.Contains(heard, "reject") || slices.Contains(heard, "ack")),
			a.role >= m.least && m.heard != "" && !slices.Contains(heard, m.heard),
			a.role >= m.least && slices.Contains(heard, "reject"):
			t.Errorf("%s: heard %v", kind, heard)
		}
		l.leave()
	}
	revision := s.owner.content(p.id, "").Revision
	if want := map[bool]int64{true: 2, false: 1}[a.role >= protocol.RoleEditor]; revision != want {
		t.Errorf("the document stands at %d", revision)
	}
}

// line is a live connection that has said hello.
type line interface {
	say(frame string)
	// hear waits for messages, or for the end of the line; code 0 is none.
	hear() (messages []map[string]any, code int, reason string)
	leave()
}

// turnedAway says how a line ends that is not welcome; 0 is a welcome.
func turnedAway(l line) (code int, reason string) {
	defer l.leave()
	for {
		messages, code, reason := l.hear()
		if code != 0 {
			return code, reason
		}
		for _, m := range messages {
			if m["type"] == "welcome" {
				return 0, "welcome"
			}
		}
	}
}

// welcomed waits for the welcome.
func welcomed(t *testing.T, l line) map[string]any {
	t.Helper()
	for {
		messages, code, reason := l.hear()
		if code != 0 {
			t.Fatalf("closed with %d %q", code, reason)
		}
		for _, m := range messages {
			if m["type"] == "welcome" {
				return m
			}
		}
	}
}

// inFrame are the messages of a frame, which is one or a list.
func inFrame(t *testing.T, frame []byte) (messages []map[string]any) {
	t.Helper()
	if frame[0] != '[' {
		frame = slices.Concat([]byte("["), frame, []byte("]"))
	}
	if err := json.Unmarshal(frame, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// socketLine is a WebSocket.
type socketLine struct {
	t    *testing.T
	conn *websocket.Conn
}

func (l *socketLine) say(frame string) { l.t.Helper(); say(l.t, l.conn, frame) }

func (l *socketLine) hear() ([]map[string]any, int, string) {
	l.t.Helper()
	_, frame, err := l.conn.ReadMessage()
	if closed, ok := err.(*websocket.CloseError); ok {
		return nil, closed.Code, closed.Text
	}
	if err != nil {
		l.t.Fatal(err)
	}
	return inFrame(l.t, frame), 0, ""
}

func (l *socketLine) leave() { _ = l.conn.Close() }

// pollLine is a connection by long-poll. Everything said goes with the next poll.
type pollLine struct {
	t          *testing.T
	a          *actor
	path       string
	connection *string
	sent       int64 // by the server
	taken      int64 // by the server
	said       []json.RawMessage
}

// pollAs opens one as an actor.
func (s *stage) pollAs(t *testing.T, a *actor, document string) *pollLine {
	l := &pollLine{t: t, a: a, path: "/api/documents/" + document + "/poll"}
	l.say(jsonText(t, map[string]any{"type": "hello", "protocol": 1, "token": a.token}))
	return l
}

func (l *pollLine) say(frame string) { l.said = append(l.said, json.RawMessage(frame)) }

func (l *pollLine) hear() (messages []map[string]any, code int, reason string) {
	l.t.Helper()
	var polled struct {
		Connection     string
		Sent, Accepted int64
		Messages       []json.RawMessage
		Close          *struct {
			Code   int
			Reason string
		}
	}
	if l.said == nil {
		l.said = []json.RawMessage{}
	}
	// The token goes with hello, as over a socket; a bearer would be another door.
	a := l.a.b.send("POST", l.path, map[string]any{"connection": l.connection, "received": l.sent, "first": l.taken, "messages": l.said})
	l.a.b.want(http.StatusOK, a, &polled)
	if polled.Close != nil {
		return nil, polled.Close.Code, polled.Close.Reason
	}
	l.connection, l.sent, l.taken, l.said = &polled.Connection, polled.Sent, polled.Accepted, nil
	for _, frame := range polled.Messages {
		messages = append(messages, inFrame(l.t, frame)...)
	}
	return messages, 0, ""
}

func (l *pollLine) leave() {
	if l.connection != nil {
		l.a.b.send("POST", l.path, map[string]any{"connection": l.connection, "received": l.sent, "first": l.taken, "messages": []string{}, "leave": true})
	}
}

// dialAs opens a socket as an actor.
func (s *stage) dialAs(t *testing.T, a *actor, document string) *websocket.Conn {
	t.Helper()
	header := http.Header{}
	request, err := http.NewRequest("GET", s.program.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range a.b.http.Jar.Cookies(request.URL) {
		header.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	dialer := websocket.Dialer{Subprotocols: []string{"coscribe.v1"}, HandshakeTimeout: patience}
	conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(s.program.URL(), "http")+"/api/documents/"+document+"/socket", header)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	say(t, conn, jsonText(t, map[string]any{"type": "hello", "protocol": 1, "token": a.token}))
	return conn
}

func say(t *testing.T, conn *websocket.Conn, frame string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// hear is the next frame's messages.
func hear(t *testing.T, conn *websocket.Conn) []map[string]any {
	t.Helper()
	_, frame, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return inFrame(t, frame)
}

// join says hello and waits for the welcome.
func (s *stage) join(t *testing.T, a *actor, document string) (*websocket.Conn, map[string]any) {
	t.Helper()
	conn := s.dialAs(t, a, document)
	for {
		for _, m := range hear(t, conn) {
			if m["type"] == "welcome" {
				return conn, m
			}
		}
	}
}
