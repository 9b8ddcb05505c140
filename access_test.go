package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestGuests(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	var me, again person
	cookie := b.want(http.StatusOK, b.send("GET", "/api/me", nil), &me).header.Get("Set-Cookie")
	if me.Name == "" || me.ID == "" || len(me.Color) != 7 {
		t.Errorf("a new guest: %+v", me)
	}
	if second := b.want(http.StatusOK, b.send("GET", "/api/me", nil), &again).header.Get("Set-Cookie"); again != me || second != "" {
		t.Errorf("the guest became %+v with %q", again, second)
	}
	b.want(http.StatusOK, b.send("PATCH", "/api/me", map[string]string{"name": " Ada 👩‍💻 ", "color": "RGB(1, 2, 255)"}), &again)
	if again.Name != "Ada 👩‍💻" || again.Color != "#0102ff" || again.ID != me.ID {
		t.Errorf("changed: %+v", again)
	}
	b.want(http.StatusOK, b.send("GET", "/api/me", nil), &again)
	if again.Name != "Ada 👩‍💻" {
		t.Errorf("the change was forgotten: %+v", again)
	}
	if d := b.create("Mine", "x"); d.CreatedBy != again {
		t.Errorf("the author is %+v", d.CreatedBy)
	}

	// The cookie's value is also a bearer token.
	value, _, _ := strings.Cut(strings.TrimPrefix(cookie, "coscribe_guest="), ";")
	other := browse(t, program)
	other.want(http.StatusOK, other.send("GET", "/api/me", nil, "Authorization", "Bearer "+value), &again)
	if again.ID != me.ID {
		t.Errorf("the token is %+v", again)
	}
	for name, forged := range map[string]string{
		"cut short":     value[:len(value)-2],
		"other claims":  "g1." + "e30" + value[strings.LastIndex(value, "."):],
		"no signature":  value[:strings.LastIndex(value, ".")+1],
		"one bit":       value[:10] + string(value[10]^1) + value[11:],
		"nothing":       "x",
		"other version": "g2" + value[2:],
		"very long":     strings.Repeat("x", 5000),
	} {
		stranger := browse(t, program)
		a := stranger.send("GET", "/api/me", nil, "Authorization", "Bearer "+forged)
		stranger.problem(http.StatusUnauthorized, "unauthorized", a)
		if a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", name)
		}
		stranger.want(http.StatusOK, stranger.send("GET", "/api/me", nil, "Cookie", "coscribe_guest="+forged), &again)
		if again.ID == me.ID {
			t.Errorf("%s: a forged cookie is somebody", name)
		}
	}
}

func TestGuestsOutliveARestart(t *testing.T) {
	config := testConfig(t)
	program, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	b := browse(t, program)
	var me, again person
	b.want(http.StatusOK, b.send("GET", "/api/me", nil), &me)
	if err := program.Close(); err != nil {
		t.Fatal(err)
	}
	restarted := start(t, config)
	b.url = restarted.URL()
	b.want(http.StatusOK, b.send("GET", "/api/me", nil), &again)
	if again != me {
		t.Errorf("%+v became %+v", me, again)
	}
}

func TestOtherSites(t *testing.T) {
	config := testConfig(t)
	config.AllowedOrigin = []string{"https://wiki.example.org"}
	b := browse(t, start(t, config))
	d := b.create("Here", "x")
	write := map[string]any{"delta": []any{map[string]string{"insert": "evil"}}}
	for _, header := range [][]string{
		{"Origin", "https://evil.example"},
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site", "Origin", "https://other.example.org"},
		{"Origin", "null"},
	} {
		b.problem(http.StatusForbidden, "cross_site", b.send("POST", "/api/documents/"+d.ID+"/changes", write, header...))
		b.problem(http.StatusForbidden, "cross_site", b.send("DELETE", "/api/documents/"+d.ID, nil, header...))
		b.problem(http.StatusForbidden, "cross_site", b.send("PATCH", "/api/me", map[string]string{"name": "evil"}, header...))
	}
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+d.ID+"/changes", write, "Origin", "https://wiki.example.org", "Sec-Fetch-Site", "cross-site"), nil)
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+d.ID+"/changes", write, "Origin", b.url, "Sec-Fetch-Site", "same-origin"), nil)

	upgrade := []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol", "coscribe.v1"}
	b.problem(http.StatusForbidden, "cross_site", b.send("GET", "/api/documents/"+d.ID+"/socket", nil, append(upgrade, "Origin", "https://evil.example")...))
}
