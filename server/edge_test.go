package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

func TestCheckOrigins(t *testing.T) {
	for origin, good := range map[string]bool{
		"https://wiki.example.org": true, "http://127.0.0.1:3000": true, "https://wiki.example.org/": false, "wiki.example.org": false,
		"*": false, "ftp://a": false, "https://": false, "https://a?b": false, "https://a:b@c": false, "": false,
	} {
		if err := CheckOrigins([]string{origin}); (err == nil) != good {
			t.Errorf("%q: %v", origin, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	o := newOrigins([]string{"https://wiki.example.org"}, func(r *http.Request) bool { return r.TLS != nil })
	for origin, good := range map[string]struct{ plain, secure bool }{
		"": {true, true}, "http://docs.example.org": {true, false}, "https://docs.example.org": {true, true}, "https://WIKI.example.org": {true, true},
		"https://wiki.example.org:444": {}, "https://docs.example.org.evil.example": {}, "null": {}, "file://": {}, "https://x@docs.example.org": {}, "https://docs.example.org/": {},
	} {
		for _, scheme := range []string{"http", "https"} {
			r := httptest.NewRequest("GET", scheme+"://docs.example.org/api/documents/x/socket", nil)
			if origin != "" {
				r.Header.Set("Origin", origin)
			}
			if want := map[string]bool{"http": good.plain, "https": good.secure}[scheme]; o.allow(r) != want {
				t.Errorf("%q over %s: allowed is %v", origin, scheme, !want)
			}
		}
	}
}

func TestPages(t *testing.T) {
	access, _ := testAccess(t, ModeOpen)
	files := fstest.MapFS{
		"index.html": {Data: []byte("page")}, "index.html.br": {Data: []byte("br")}, "index.html.gz": {Data: []byte("gz")},
		"assets/a-1.js": {Data: []byte("script")}, "assets/a-1.js.gz": {Data: []byte("gz")}, "assets/p.png": {Data: []byte("png")}, "worker.js": {Data: []byte("worker")},
	}
	pages := newPages(files, access)
	for _, test := range []struct{ path, accept, body, encoding, kind, cache string }{
		{"/", "", "page", "", "text/html; charset=utf-8", "no-cache"},
		{"/", "gzip, deflate, br", "br", "br", "text/html; charset=utf-8", "no-cache"},
		{"/d/x", "gzip, br;q=0", "gz", "gzip", "text/html; charset=utf-8", "no-cache"},
		{"/assets/a-1.js", "br, gzip", "gz", "gzip", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/worker.js", "br, gzip", "worker", "", "text/javascript; charset=utf-8", "no-cache"},
		{"/assets/p.png", "br, gzip", "png", "", "image/png", "public, max-age=31536000, immutable"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", test.path, nil)
		r.Header.Set("Accept-Encoding", test.accept)
		pages.ServeHTTP(w, r)
		h := w.Header()
		if w.Body.String() != test.body || h.Get("Content-Encoding") != test.encoding || h.Get("Content-Type") != test.kind || h.Get("Cache-Control") != test.cache || !strings.Contains(h.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s (%s): %d %q %v", test.path, test.accept, w.Code, w.Body, h)
		}
	}
	w := httptest.NewRecorder()
	newPages(nil, access).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "npm start") {
		t.Errorf("without a build: %d %s", w.Code, w.Body)
	}
}

func TestPanicBecomesAProblem(t *testing.T) {
	var log strings.Builder
	s := &Server{config: Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	w := httptest.NewRecorder()
	handler := s.recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") }))
	handler.ServeHTTP(&recorder{ResponseWriter: w}, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "internal_error") || strings.Contains(w.Body.String(), "broken") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "broken") {
		t.Errorf("not logged: %s", log.String())
	}
}

func TestProblems(t *testing.T) {
	s := &Server{config: Config{Logger: slog.New(slog.DiscardHandler)}}
	for _, test := range []struct {
		err    error
		status int
		code   string
	}{
		{&collab.RejectError{Code: protocol.CodeRateLimited, RetryAfter: 1500}, 429, "rate_limited"},
		{&collab.RejectError{Code: protocol.CodeStorageFull}, 503, "storage_full"},
		{&collab.RejectError{Code: protocol.CodeReadOnly}, 403, "read_only"},
		{&collab.RejectError{Code: protocol.CodeDocumentTooLarge}, 413, "document_too_large"},
		{&collab.CloseError{Code: protocol.CloseGoAway}, 503, "unavailable"},
		{fmt.Errorf("reading: %w", persistence.ErrNotFound), 404, "not_found"},
		{fmt.Errorf("writing: %w", persistence.ErrFull), 503, "storage_full"},
		{persistence.ErrStopped, 503, "unavailable"},
		{collab.ErrUnavailable, 503, "unavailable"},
		{errors.New("something with a secret in it"), 500, "internal_error"},
	} {
		problem, ok := errors.AsType[*Problem](s.problem(t.Context(), test.err))
		if !ok || problem.Status != test.status || problem.Code != test.code || strings.Contains(problem.Detail, "secret") {
			t.Errorf("%v: %+v", test.err, problem)
		}
		if retry := problem.GetHeaders().Get("Retry-After"); (retry != "") != (test.status == 429 || test.status == 503) {
			t.Errorf("%v: Retry-After is %q", test.err, retry)
		}
	}
}

func TestSlowListReaderIsEnded(t *testing.T) {
	t.Run("[R5] an event reader that does not read is ended, others go on", func(t *testing.T) {
		store := persistence.NewMemory()
		events := NewEvents(store, func(persistence.ID, int) ([]protocol.User, int) { return nil, 0 }, slog.New(slog.DiscardHandler))
		defer events.Close()
		slow, quick := events.join(transport.Identity{}), events.join(transport.Identity{})
		defer events.leave(quick)
		for range eventQueue + 1 {
			events.send(documentEvent{gone: true})
			<-quick.queue
		}
		got := 0
		for range slow.queue {
			got++
		}
		if got != eventQueue {
			t.Errorf("the slow reader had %d events before its end, want %d", got, eventQueue)
		}
		events.send(documentEvent{gone: true})
		if _, open := <-quick.queue; !open {
			t.Error("the quick reader was ended")
		}
	})
}
