package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// lasting is something that a member has open.
type lasting struct {
	kind  string
	ended chan string // how it ended
}

// openAll opens every kind of connection to a document with a member's cookie.
func openAll(t *testing.T, b *browser, document string) []*lasting {
	t.Helper()
	cookie := http.Header{"Cookie": {"coscribe=" + loginCookie(t, b)}}
	end := func(kind string, wait func() string) *lasting {
		l := &lasting{kind: kind, ended: make(chan string, 1)}
		go func() { l.ended <- wait() }()
		return l
	}
	var all []*lasting

	conn, _, err := (&websocket.Dialer{Subprotocols: []string{"coscribe.v1"}}).Dial(strings.Replace(b.url, "http", "ws", 1)+"/api/documents/"+document+"/socket", cookie)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","protocol":1}`)); err != nil {
		t.Fatal(err)
	}
	if _, frame, err := conn.ReadMessage(); err != nil || !strings.Contains(string(frame), `"welcome"`) {
		t.Fatalf("%s, %v", frame, err)
	}
	all = append(all, end("websocket", func() string {
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return err.Error()
			}
		}
	}))

	poll := func(body string) (answer struct {
		Connection string
		Sent       int
		Accepted   int
		Messages   []json.RawMessage
		Close      *struct {
			Code   int
			Reason string
		}
	}, err error) {
		request, err := http.NewRequest("POST", b.url+"/api/documents/"+document+"/poll", strings.NewReader(body))
		if err != nil {
			return answer, err
		}
		request.Header = cookie.Clone()
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return answer, err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return answer, errors.New(response.Status)
		}
		return answer, json.NewDecoder(response.Body).Decode(&answer)
	}
	first, err := poll(`{"connection":null,"received":0,"first":0,"messages":[{"type":"hello","protocol":1}]}`)
	if err != nil || len(first.Messages) == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	all = append(all, end("longpoll", func() string {
		for received := first.Sent; ; {
			body, err := json.Marshal(map[string]any{"connection": first.Connection, "received": received, "first": 1, "messages": []any{}})
			if err != nil {
				return err.Error()
			}
			next, err := poll(string(body))
			switch {
			case err != nil:
				return err.Error()
			case next.Close != nil:
				return next.Close.Reason
			}
			received = next.Sent
		}
	}))

	for kind, path := range map[string]string{"changes": "/api/documents/" + document + "/changes", "list": "/api/documents/events"} {
		request, err := http.NewRequest("GET", b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = cookie.Clone()
		request.Header.Set("Accept", "text/event-stream")
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", kind, response, err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		lines := bufio.NewReader(response.Body)
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		all = append(all, end(kind, func() string {
			rest, err := io.ReadAll(lines)
			if err != nil {
				return err.Error()
			}
			return "ended: " + string(rest)
		}))
	}
	return all
}

// TestLoginEndsWhatIsOpen: whatever ends a login ends every connection that was
// opened with it. (What commits and what is still delivered meanwhile is the
// engine's, and tested there.)
func TestLoginEndsWhatIsOpen(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	mara, maraIs := owner.join(program, "Mara Member", "member")
	d := mara.create("Shared", "x")
	var reset struct{ URL string }
	password := goodPassword
	for _, way := range []struct {
		name string
		end  func()
	}{
		{"sign out", func() { mara.want(http.StatusNoContent, mara.send("POST", "/api/signout", nil), nil) }},
		{"sign out everywhere", func() { mara.want(http.StatusNoContent, mara.send("DELETE", "/api/me/logins?all=true", nil), nil) }},
		{"signed out by an administrator", func() {
			owner.want(http.StatusNoContent, owner.send("DELETE", "/api/users/"+maraIs.ID+"/logins", nil), nil)
		}},
		{"another sign-in in the same browser", func() { mara.want(http.StatusOK, mara.signIn("mara@example.org", password), nil) }},
		{"another password", func() {
			other := browse(t, program)
			other.want(http.StatusOK, other.signIn("mara@example.org", password), nil)
			other.want(http.StatusNoContent, other.send("POST", "/api/me/password", map[string]string{"current": password, "new": "quite another umbrella"}), nil)
			password = "quite another umbrella"
		}},
		{"a link for a new password", func() {
			owner.want(http.StatusCreated, owner.send("POST", "/api/users/"+maraIs.ID+"/reset", nil), &reset)
			other := browse(t, program)
			password = "and a third umbrella"
			other.want(http.StatusOK, other.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, reset.URL), "password": password}), nil)
		}},
		{"suspension", func() {
			owner.want(http.StatusOK, owner.send("PATCH", "/api/users/"+maraIs.ID, map[string]bool{"suspended": true}), nil)
		}},
		{"erasure", func() {
			owner.want(http.StatusNoContent, owner.send("DELETE", "/api/users/"+maraIs.ID, nil), nil)
		}},
	} {
		t.Run("[S8] "+way.name, func(t *testing.T) {
			owner.want(http.StatusOK, owner.send("PATCH", "/api/users/"+maraIs.ID, map[string]bool{"suspended": false}), nil)
			mara.want(http.StatusOK, mara.signIn("mara@example.org", password), nil)
			open := openAll(t, mara, d.ID)
			way.end()
			for _, l := range open {
				select {
				case how := <-l.ended:
					// A poll that comes after the login has ended is nobody's.
					nobody := l.kind == "longpoll" && (strings.Contains(how, "401") || how == "unknown connection")
					if want := map[string]string{"websocket": "4501", "longpoll": "signed out"}[l.kind]; !strings.Contains(how, want) && !nobody {
						t.Errorf("%s: %s", l.kind, how)
					}
				case <-time.After(patience):
					t.Errorf("%s is still open", l.kind)
				}
			}
		})
	}
}
