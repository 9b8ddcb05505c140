package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// event is one server-sent event.
type event struct{ id, name, data string }

// follow opens an event stream. Its channel closes with the stream.
func (b *browser) follow(path string, header ...string) (events <-chan event, stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Client{Jar: b.http.Jar}).Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		b.t.Fatalf("no stream: %d %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	out := make(chan event, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		defer func() { _ = response.Body.Close() }()
		var e event
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "id":
				e.id = value
			case "event":
				e.name = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return out, func() { cancel(); <-ended }
}

func next(t *testing.T, events <-chan event) event {
	t.Helper()
	select {
	case e, open := <-events:
		if !open {
			t.Fatal("the stream ended")
		}
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
	}
	return event{}
}

func TestChangesLive(t *testing.T) {
	t.Run("[S4] [S5] the stream has every revision once, across a reconnect", func(t *testing.T) {
		b := browse(t, start(t, testConfig(t)))
		d := b.create("Live", "start\n")
		b.insert(d.ID, "1")
		path := "/api/documents/" + d.ID + "/changes"
		events, stop := b.follow(path)
		for revision := int64(1); revision <= 5; revision++ {
			if revision > 2 {
				if wrote := b.insert(d.ID, strconv.FormatInt(revision, 10)); wrote != revision {
					t.Fatalf("wrote revision %d", wrote)
				}
			}
			wantChange(t, next(t, events), d.Epoch, revision)
		}
		stop()
		b.insert(d.ID, "6")
		b.insert(d.ID, "7")
		events, stop = b.follow(path, "Last-Event-ID", d.Epoch+"-5")
		wantChange(t, next(t, events), d.Epoch, 6)
		wantChange(t, next(t, events), d.Epoch, 7)
		b.insert(d.ID, "8")
		wantChange(t, next(t, events), d.Epoch, 8)
		stop()

		for _, test := range []struct {
			status   int
			code, id string
		}{
			{409, "epoch_changed", "0190b5a4-0000-7000-8000-000000000001-2"},
			{404, "revision_not_found", d.Epoch + "-99"},
			{400, "invalid_request", "nonsense"},
			{400, "invalid_request", d.Epoch + "-x"},
			{400, "invalid_request", d.Epoch + "-"},
			{400, "invalid_request", "-"},
			{400, "invalid_request", "-2"},
		} {
			b.problem(test.status, test.code, b.send("GET", path, nil, "Accept", "text/event-stream", "Last-Event-ID", test.id))
		}
	})
}

func TestStreamsOfAServerThatStops(t *testing.T) {
	t.Run("[R7] a browser that comes meanwhile is not refused, which would be for good, and comes back", func(t *testing.T) {
		program := start(t, testConfig(t))
		b := browse(t, program)
		d := b.create("Live", "")
		program.Server.Drain()
		if err := program.Hub.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/api/documents/" + d.ID + "/changes", "/api/documents/events"} {
			events, stop := b.follow(path)
			if e, open := <-events; open {
				t.Errorf("%s said %+v", path, e)
			}
			stop()
		}
		b.problem(404, "not_found", b.send("GET", "/api/documents/0190b5a4-0000-7000-8000-000000000001/changes", nil, "Accept", "text/event-stream"))
	})
}

func wantChange(t *testing.T, e event, epoch string, revision int64) {
	t.Helper()
	var change struct {
		Revision int64
		Author   person
		At       time.Time
		Delta    json.RawMessage
	}
	if err := json.Unmarshal([]byte(e.data), &change); err != nil {
		t.Fatalf("%v in %s", err, e.data)
	}
	if e.name != "change" || e.id != epoch+"-"+strconv.FormatInt(revision, 10) || change.Revision != revision || change.Author.ID == "" || change.At.IsZero() || len(change.Delta) == 0 {
		t.Fatalf("event %+v, want revision %d", e, revision)
	}
}

func TestListLive(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	events, stop := b.follow("/api/documents/events")
	defer stop()
	seen := func(id string, what string, good func(documentView) bool) {
		t.Helper()
		for {
			e := next(t, events)
			var d documentView
			if err := json.Unmarshal([]byte(e.data), &d); err != nil {
				t.Fatal(err)
			}
			if d.ID == id && (what == "removed" && e.name == what || what == "document" && e.name == what && good(d)) {
				return
			}
		}
	}
	d := b.create("Listed", "x")
	seen(d.ID, "document", func(v documentView) bool { return v.Title == "Listed" && v.Role == "editor" })
	b.want(http.StatusOK, b.send("PATCH", "/api/documents/"+d.ID, map[string]string{"title": "Renamed"}), nil)
	seen(d.ID, "document", func(v documentView) bool { return v.Title == "Renamed" })
	b.insert(d.ID, "y")
	seen(d.ID, "document", func(v documentView) bool { return v.Revision == 2 })
	b.want(http.StatusOK, b.send("DELETE", "/api/documents/"+d.ID, nil), nil)
	seen(d.ID, "removed", nil)
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+d.ID+"/restore", nil), nil)
	seen(d.ID, "document", func(v documentView) bool { return v.TrashedAt == nil })
}

func TestAccessLive(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	other, otherIs := owner.join(program, "Olaf Owner", "member")
	editor, editorIs := owner.join(program, "Edda Editor", "member")
	viewer, viewerIs := owner.join(program, "Vera Viewer", "member")
	asking, askingIs := owner.join(program, "Asta Asking", "member")
	d, last := owner.create("Shared", "x"), owner.create("Told last", "x")
	path := "/api/documents/" + d.ID
	for who, role := range map[string]string{otherIs.ID: "owner", editorIs.ID: "editor", viewerIs.ID: "viewer"} {
		owner.give(d.ID, who, role)
		owner.give(last.ID, who, "editor")
	}
	sees, stop := other.follow("/api/documents/events")
	defer stop()
	seesToo, stopToo := editor.follow("/api/documents/events")
	defer stopToo()
	not, stopNot := viewer.follow("/api/documents/events")
	defer stopNot()
	told := func(t *testing.T, events <-chan event, document string) {
		t.Helper()
		for {
			var about struct{ ID string }
			e := next(t, events)
			if e.name != "access" {
				continue
			}
			if err := json.Unmarshal([]byte(e.data), &about); err != nil || len(e.data) != len(`{"id":""}`)+len(about.ID) {
				t.Fatalf("%v in %s", err, e.data)
			}
			if about.ID != document {
				t.Fatalf("told of %s, want %s", about.ID, document)
			}
			return
		}
	}
	var link linkLine
	for _, change := range []struct {
		what string
		make func()
	}{
		{"a link is made", func() { link = owner.link(d.ID, map[string]any{"role": "viewer"}) }},
		{"a link is changed", func() {
			owner.want(http.StatusOK, owner.send("PATCH", path+"/links/"+link.ID, map[string]any{"role": "editor"}), nil)
		}},
		{"a link is ended", func() {
			owner.want(http.StatusNoContent, owner.send("DELETE", path+"/links/"+link.ID, nil), nil)
		}},
		{"somebody asks", func() {
			asking.want(http.StatusAccepted, asking.send("POST", path+"/requests", map[string]string{}), nil)
		}},
		{"a wish is granted", func() {
			owner.want(http.StatusOK, owner.send("POST", path+"/requests/"+askingIs.ID+"/accept", map[string]string{}), nil)
		}},
		{"a role is taken away", func() {
			owner.want(http.StatusNoContent, owner.send("DELETE", path+"/grants/user/"+askingIs.ID, nil), nil)
		}},
		{"a role is given", func() { owner.give(d.ID, askingIs.ID, "editor") }},
	} {
		t.Run("those who see who has access are told: "+change.what, func(t *testing.T) {
			change.make()
			told(t, sees, d.ID)
			told(t, seesToo, d.ID)
		})
	}
	t.Run("[S8] a viewer is told nothing of it", func(t *testing.T) {
		owner.give(last.ID, askingIs.ID, "viewer")
		told(t, not, last.ID)
	})
}

// The answer to HEAD has no body, so it is over with its headers: a client sends
// its next request by the same network connection.
func TestHeadOfAStreamEnds(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	d := b.create("A document", "")
	network, err := net.Dial("tcp", strings.TrimPrefix(program.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	_ = network.SetDeadline(time.Now().Add(20 * time.Second)) // for a server that says nothing
	answers := bufio.NewReader(network)
	for _, path := range []string{"/api/documents/events", "/api/documents/" + d.ID + "/changes", "/api/documents/events"} {
		request, err := http.NewRequest(http.MethodHead, program.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/event-stream")
		if err := request.Write(network); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, request)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
			t.Errorf("%s: %s, %s", path, answer.Status, kind)
		}
	}
}
