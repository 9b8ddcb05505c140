package main

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Nothing that a viewer by link can get holds an editor's link, an address, a
// mail or a token.
func TestViewLinkTellsNothing(t *testing.T) {
	s := newStage(t)
	p := s.document("Shown")
	a := s.actors["link to view"]
	var links struct{ Links []linkLine }
	s.owner.want(http.StatusOK, s.owner.send("GET", "/api/documents/"+p.id+"/access", nil), &links)
	secrets := map[string]string{"the service token": s.service.Token, "mails": "@example.org", "an address": "127.0.0.1"}
	for _, link := range links.Links {
		secrets["a link's id "+link.Role], secrets["a link's secret "+link.Role] = link.ID, secretIn(t, link.URL)
	}
	if len(secrets) < 7 {
		t.Fatalf("secrets: %v", secrets)
	}
	check := func(what string, bytes []byte) {
		t.Helper()
		for name, text := range secrets {
			if strings.Contains(string(bytes), text) {
				t.Errorf("[ASVS 8.2.3] %s shows %s: %s", what, name, bytes)
			}
		}
	}
	for _, operation := range s.operations() {
		r := rules[operation]
		if method, _, _ := strings.Cut(operation, " "); method != "GET" || r.live {
			continue
		}
		got := s.try(a, operation, &r, p)
		check(operation, got.body)
		check(operation, []byte(fmt.Sprint(got.header)))
	}
	for _, path := range []string{"/api/documents/events", "/api/documents/" + p.id + "/changes"} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/event-stream")
		response, err := a.b.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		s.owner.insert(p.id, "more ")
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			check(path, lines.Bytes())
			if strings.HasPrefix(lines.Text(), "data:") {
				break
			}
		}
		_ = response.Body.Close()
	}
	conn, _ := s.join(t, a, p.id)
	say(t, conn, `{"type":"ping"}`)
	other, _ := s.join(t, s.actors["editor"], p.id)
	defer func() { _ = other.Close() }()
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		check("a frame", frame)
		if strings.Contains(string(frame), `"people"`) || strings.Contains(string(frame), s.ids["editor"]) {
			break
		}
	}
}
