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

// The same on a live connection: who may not know of a document is told what is
// told of none, and what a role does not allow is refused and changes nothing.
func TestMessageAuthority(t *testing.T) {
	s := newStage(t)
	elsewhere := s.hidden()
	for _, name := range slices.Sorted(maps.Keys(s.actors)) {
		a := s.actors[name]
		t.Run("[P3][ASVS 8.2.2] "+name, func(t *testing.T) {
			p := s.document("Live")
			code, reason := s.hello(t, a, elsewhere.id)
			unknownCode, unknownReason := s.hello(t, a, persistence.NewID().String())
			if code != unknownCode || reason != unknownReason || code != int(protocol.CloseNotFound) && code != int(protocol.CloseUnauthorized) {
				t.Errorf("another's document is %d %q, none is %d %q", code, reason, unknownCode, unknownReason)
			}
			if !a.known || a.role == protocol.RoleNone {
				want := int(protocol.CloseNotFound)
				if !a.known {
					want = int(protocol.CloseUnauthorized)
				}
				if code, reason := s.hello(t, a, p.id); code != want {
					t.Errorf("closed with %d %q, want %d", code, reason, want)
				}
				return
			}
			for kind, m := range messages {
				conn, welcome := s.join(t, a, p.id)
				if role := welcome["role"]; role != a.role.String() {
					t.Errorf("welcomed as %v", role)
				}
				say(t, conn, strings.ReplaceAll(m.frame, "%EPOCH%", fmt.Sprint(welcome["epoch"])))
				say(t, conn, `{"type":"ping"}`) // answered after it
				var heard []string
				ends := map[bool][]string{true: {"ack", "reject"}, false: {"pong"}}[kind == "submit"]
				for !slices.ContainsFunc(heard, func(kind string) bool { return slices.Contains(ends, kind) }) {
					for _, m := range hear(t, conn) {
						heard = append(heard, fmt.Sprint(m["type"]))
					}
				}
				switch {
				case kind == "submit" && a.role < m.least && (!slices.Contains(heard, "reject") || slices.Contains(heard, "ack")),
					a.role >= m.least && m.heard != "" && !slices.Contains(heard, m.heard),
					a.role >= m.least && slices.Contains(heard, "reject"):
					t.Errorf("%s: heard %v", kind, heard)
				}
				_ = conn.Close()
			}
			revision := s.owner.content(p.id, "").Revision
			if want := map[bool]int64{true: 2, false: 1}[a.role >= protocol.RoleEditor]; revision != want {
				t.Errorf("the document stands at %d", revision)
			}
		})
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

// hear is the next frame: a message, or several.
func hear(t *testing.T, conn *websocket.Conn) (messages []map[string]any) {
	t.Helper()
	_, frame, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if frame[0] != '[' {
		frame = slices.Concat([]byte("["), frame, []byte("]"))
	}
	if err := json.Unmarshal(frame, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
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

// hello says how a connection is closed that is not welcome.
func (s *stage) hello(t *testing.T, a *actor, document string) (code int, reason string) {
	t.Helper()
	conn := s.dialAs(t, a, document)
	for {
		_, frame, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return closed.Code, closed.Text
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(frame), `"welcome"`) {
			return 0, "welcome"
		}
	}
}
