package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/gorilla/websocket"
)

// ear is a connection to a document that keeps every byte it is given.
type ear struct {
	t     *testing.T
	kind  string
	mu    sync.Mutex
	heard bytes.Buffer
	code  int           // it was closed with, where the transport has one
	news  chan struct{} // something was heard
	ended chan struct{}
}

func newEar(t *testing.T, kind string) *ear {
	return &ear{t: t, kind: kind, news: make(chan struct{}, 1), ended: make(chan struct{})}
}

func (e *ear) take(b []byte) {
	e.mu.Lock()
	e.heard.Write(b)
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *ear) bytes() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.heard.Bytes())
}

func (e *ear) close(code int) {
	e.mu.Lock()
	e.code = code
	e.mu.Unlock()
	close(e.ended)
}

// wait returns when the text was heard.
func (e *ear) wait(text string) {
	e.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !bytes.Contains(e.bytes(), []byte(text)) {
		select {
		case <-e.news:
		case <-e.ended:
			if !bytes.Contains(e.bytes(), []byte(text)) {
				e.t.Fatalf("the %s ended and has not heard %q", e.kind, text)
			}
		case <-late.C:
			e.t.Fatalf("the %s has not heard %q", e.kind, text)
		}
	}
}

// over returns the close code when the connection has ended.
func (e *ear) over() int {
	e.t.Helper()
	select {
	case <-e.ended:
	case <-time.After(patience):
		e.t.Fatalf("the %s goes on", e.kind)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.code
}

// listen opens a document in all ways that it can be read live.
func listen(t *testing.T, program *Program, b *browser, document string) []*ear {
	t.Helper()
	ears := []*ear{b.socket(program, document), b.longPoll(document), b.stream(document)}
	for _, e := range ears[:2] {
		e.wait(`"welcome"`)
	}
	return ears
}

// header is what the browser shows of itself.
func (b *browser) header() http.Header {
	b.t.Helper()
	request, err := http.NewRequest("GET", b.url+"/", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, cookie := range b.http.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	return request.Header
}

func (b *browser) socket(program *Program, document string) *ear {
	b.t.Helper()
	e := newEar(b.t, "WebSocket")
	url := "ws" + strings.TrimPrefix(program.URL(), "http") + "/api/documents/" + document + "/socket"
	socket, _, err := websocket.DefaultDialer.DialContext(b.t.Context(), url, b.header())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = socket.Close() })
	if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"hello","protocol":1}`)); err != nil {
		b.t.Fatal(err)
	}
	go func() {
		for {
			_, frame, err := socket.ReadMessage()
			if err != nil {
				code := 0
				if closed, ok := err.(*websocket.CloseError); ok {
					code = closed.Code
				}
				e.close(code)
				return
			}
			e.take(frame)
		}
	}()
	return e
}

// longPoll polls as long as it is answered, and keeps the answers whole.
func (b *browser) longPoll(document string) *ear {
	e := newEar(b.t, "long-poll")
	header := b.header()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		code := 0
		defer func() { e.close(code) }()
		connection, received, first, messages := "null", int64(0), int64(0), `{"type":"hello","protocol":1}`
		for {
			body := fmt.Sprintf(`{"connection":%s,"received":%d,"first":%d,"messages":[%s]}`, connection, received, first, messages)
			request, err := http.NewRequestWithContext(ctx, "POST", b.url+"/api/documents/"+document+"/poll", strings.NewReader(body))
			if err != nil {
				return
			}
			request.Header = header.Clone()
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return
			}
			read, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			e.take(read)
			var answer struct {
				Connection     string
				Sent, Accepted int64
				Close          *struct{ Code int }
			}
			if err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(read, &answer) != nil {
				code = response.StatusCode
				return
			}
			if answer.Close != nil {
				code = answer.Close.Code
				return
			}
			connection, received, first, messages = `"`+answer.Connection+`"`, answer.Sent, answer.Accepted, ""
		}
	}()
	b.t.Cleanup(func() { cancel(); <-e.ended })
	return e
}

// stream follows the log.
func (b *browser) stream(document string) *ear {
	b.t.Helper()
	e := newEar(b.t, "event stream")
	ctx, cancel := context.WithCancel(context.Background())
	request, err := http.NewRequestWithContext(ctx, "GET", b.url+"/api/documents/"+document+"/changes", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header = b.header()
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		b.t.Fatalf("no stream: %d", response.StatusCode)
	}
	go func() {
		lines := bufio.NewReader(response.Body)
		for {
			line, err := lines.ReadBytes('\n')
			e.take(line)
			if err != nil {
				_ = response.Body.Close()
				e.close(0)
				return
			}
		}
	}()
	b.t.Cleanup(func() { cancel(); <-e.ended })
	return e
}

// Whatever takes a right away: when its answer is there, no change of the
// person commits any more, and no content reaches them on any transport.
func TestRevocationIsLive(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	var group struct{ ID string }
	owner.want(http.StatusCreated, owner.send("POST", "/api/groups", map[string]string{"name": "Writers"}), &group)
	// Each opens a document to somebody new, and takes that back.
	type taking struct {
		name string
		code int // that closes a WebSocket
		open func(d documentView) (*browser, string)
		take func(d documentView, b *browser, id string)
	}
	count := 0
	member := func() (*browser, string) {
		count++
		b, me := owner.join(program, fmt.Sprintf("Person%d", count), "member")
		return b, me.ID
	}
	granted := func(d documentView) (*browser, string) {
		b, id := member()
		owner.give(d.ID, id, "editor")
		return b, id
	}
	links := map[string]linkLine{}
	linked := func(d documentView) (*browser, string) {
		links[d.ID] = owner.link(d.ID, map[string]any{"role": "editor"})
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.open(t, links[d.ID].URL), nil)
		return guest, ""
	}
	done := func(b *browser, method, path string, body any) {
		t.Helper()
		if a := b.send(method, path, body); a.status/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
		}
	}
	for _, test := range []taking{
		{"a role is taken", 4503, granted, func(d documentView, _ *browser, id string) {
			done(owner, "DELETE", "/api/documents/"+d.ID+"/grants/user/"+id, nil)
		}},
		{"a person leaves", 4503, granted, func(d documentView, b *browser, id string) {
			done(b, "DELETE", "/api/documents/"+d.ID+"/grants/user/"+id, nil)
		}},
		{"a person is suspended", 4501, granted, func(_ documentView, _ *browser, id string) {
			done(owner, "PATCH", "/api/users/"+id, map[string]bool{"suspended": true})
		}},
		{"a person is erased", 4501, granted, func(_ documentView, _ *browser, id string) {
			done(owner, "DELETE", "/api/users/"+id, nil)
		}},
		{"a person signs out", 4501, granted, func(_ documentView, b *browser, _ string) {
			done(b, "POST", "/api/signout", nil)
		}},
		{"a person signs out everywhere", 4501, granted, func(_ documentView, b *browser, _ string) {
			done(b, "DELETE", "/api/me/logins?all=true", nil)
		}},
		{"an administrator signs a person out", 4501, granted, func(_ documentView, _ *browser, id string) {
			done(owner, "DELETE", "/api/users/"+id+"/logins", nil)
		}},
		{"a password is changed", 4501, granted, func(_ documentView, b *browser, _ string) {
			other := browse(t, program)
			var me meView
			b.want(http.StatusOK, b.send("GET", "/api/me", nil), &me)
			other.want(http.StatusOK, other.signIn(me.Mail, goodPassword), nil)
			done(other, "POST", "/api/me/password", map[string]string{"current": goodPassword, "new": "another umbrella stand"})
		}},
		{"a group loses its role", 4503, func(d documentView) (*browser, string) {
			b, id := member()
			done(owner, "PUT", "/api/groups/"+group.ID+"/members/"+id, nil)
			done(owner, "PUT", "/api/documents/"+d.ID+"/grants/group/"+group.ID, map[string]string{"role": "editor"})
			return b, id
		}, func(d documentView, _ *browser, _ string) {
			done(owner, "DELETE", "/api/documents/"+d.ID+"/grants/group/"+group.ID, nil)
		}},
		{"a person leaves a group", 4503, func(d documentView) (*browser, string) {
			b, id := member()
			done(owner, "PUT", "/api/groups/"+group.ID+"/members/"+id, nil)
			done(owner, "PUT", "/api/documents/"+d.ID+"/grants/group/"+group.ID, map[string]string{"role": "editor"})
			return b, id
		}, func(_ documentView, _ *browser, id string) {
			done(owner, "DELETE", "/api/groups/"+group.ID+"/members/"+id, nil)
		}},
		{"a link is ended", 4503, linked, func(d documentView, _ *browser, _ string) {
			done(owner, "DELETE", "/api/documents/"+d.ID+"/links/"+links[d.ID].ID, nil)
		}},
		{"a link is given a password", 4503, linked, func(d documentView, _ *browser, _ string) {
			done(owner, "PATCH", "/api/documents/"+d.ID+"/links/"+links[d.ID].ID, map[string]string{"password": "open sesame"})
		}},
		{"a link expires", 4503, linked, func(d documentView, _ *browser, _ string) {
			for wait := 200 * time.Millisecond; ; wait *= 2 { // it must be told of a time to come
				a := owner.send("PATCH", "/api/documents/"+d.ID+"/links/"+links[d.ID].ID, map[string]any{"expiresAt": time.Now().Add(wait)})
				if a.status == http.StatusBadRequest && wait < patience {
					continue
				}
				owner.want(http.StatusOK, a, nil)
				return
			}
		}},
		{"the document is trashed", 4504, granted, func(d documentView, _ *browser, _ string) {
			done(owner, "DELETE", "/api/documents/"+d.ID, nil)
		}},
	} {
		t.Run("[S8] "+test.name, func(t *testing.T) {
			owner.t = t
			d := owner.create("Plans", "")
			b, id := test.open(d)
			b.t = t
			ears, hers := listen(t, program, b, d.ID), owner.socket(program, d.ID)
			owner.insert(d.ID, "to all")
			for _, e := range append(ears, hers) {
				e.wait("to all")
			}
			test.take(d, b, id)
			if test.name == "a link expires" { // at its time, of which nobody is answered
				for _, e := range ears {
					e.over()
				}
			}
			// Whoever is still there hears this.
			trashed := test.code == 4504
			if trashed {
				owner.want(http.StatusOK, owner.send("POST", "/api/documents/"+d.ID+"/restore", nil), nil)
			}
			head := owner.insert(d.ID, "canary")
			if !trashed {
				hers.wait("canary")
			}
			for _, e := range ears {
				code := e.over()
				if e.kind == "WebSocket" && code != test.code {
					t.Errorf("the %s was closed with %d, not %d", e.kind, code, test.code)
				}
				// A poll that comes after the login has ended is nobody's.
				nobody := e.kind == "long-poll" && test.code == 4501 && (code == 4000 || code == http.StatusUnauthorized)
				if e.kind == "long-poll" && code != test.code && !nobody {
					t.Errorf("the %s was closed with %d, not %d", e.kind, code, test.code)
				}
				if bytes.Contains(e.bytes(), []byte("canary")) {
					t.Errorf("the %s hears what is written after: %s", e.kind, e.bytes())
				}
				if !bytes.Contains(e.bytes(), []byte(`removed`)) && !nobody {
					t.Errorf("the %s is not told: %s", e.kind, e.bytes())
				}
			}
			if trashed {
				return // it was restored, and they are back in
			}
			a := b.send("POST", "/api/documents/"+d.ID+"/changes", map[string]any{"delta": []any{map[string]string{"insert": "late"}}})
			if a.status != http.StatusNotFound && a.status != http.StatusUnauthorized {
				t.Errorf("a write after is answered %d %s", a.status, a.body)
			}
			if c := owner.content(d.ID, ""); c.Revision != head {
				t.Errorf("[S8] revision %d was committed after %d", c.Revision, head)
			}
		})
	}
	t.Run("[S8] a role that is lowered holds in place", func(t *testing.T) {
		owner.t = t
		d := owner.create("Plans", "")
		b, id := granted(d)
		b.t = t
		ears := listen(t, program, b, d.ID)
		owner.give(d.ID, id, "viewer")
		for _, e := range ears[:2] {
			e.wait(`{"type":"role","role":"viewer"}`)
		}
		owner.insert(d.ID, "still read")
		for _, e := range ears {
			e.wait("still read")
		}
		b.problem(http.StatusForbidden, "forbidden", b.send("POST", "/api/documents/"+d.ID+"/changes", map[string]any{"delta": []any{map[string]string{"insert": "late"}}}))
	})
}

// A visitor who comes back shortly before their link ends, to a document that
// nobody was in when ends were looked for, leaves when it ends and not at the
// next look.
func TestLinkEndsForWhoCameBack(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	for left := 2 * time.Second; ; left *= 2 {
		d := owner.create("Plans", "")
		link := owner.link(d.ID, map[string]any{"role": "editor"})
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.open(t, link.URL), nil)
		id, err := persistence.ParseID(link.ID)
		if err != nil {
			t.Fatal(err)
		}
		// As it is when a link that was made long ago has little time left.
		err = program.Store.EditPeople(t.Context(), func(edit persistence.PeopleEdit) error {
			kept, err := edit.ShareLink(t.Context(), id)
			if err != nil {
				return err
			}
			kept.ExpiresAt = persistence.Micro(time.Now().Add(left))
			return edit.PutShareLink(kept)
		})
		if err != nil {
			t.Fatal(err)
		}
		program.endLinks(t.Context())
		ear := guest.socket(program, d.ID)
		code := ear.over()
		if !bytes.Contains(ear.bytes(), []byte(`"welcome"`)) && left < 16*time.Second {
			continue // the machine was too slow to come back in time
		}
		if code != 4503 {
			t.Errorf("[S8] it was closed with %d: %s", code, ear.bytes())
		}
		return
	}
}
