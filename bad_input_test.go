package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/transport"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// refusals are the lines about denials that the audit log got while something
// was done.
func (b *browser) refusals(act func()) []auditLine {
	b.t.Helper()
	before := len(b.audit("?outcome=denied&limit=1000"))
	act()
	lines := b.audit("?outcome=denied&limit=1000")
	return lines[:len(lines)-before]
}

// wiki is an application that embeds documents.
type wiki struct {
	t      *testing.T
	file   string
	secret []byte
}

func newWiki(t *testing.T) *wiki {
	t.Helper()
	w := &wiki{t: t, file: filepath.Join(t.TempDir(), "keys.json"), secret: []byte(strings.Repeat("k", 32))}
	content, err := json.Marshal(map[string]any{"issuer": "wiki", "keys": []map[string]string{{"kid": "1", "kty": "oct", "k": base64.RawURLEncoding.EncodeToString(w.secret)}}})
	if err = errors.Join(err, os.WriteFile(w.file, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	return w
}

// token signs a token for a document, with some claims changed.
func (w *wiki) token(document string, secret []byte, change map[string]any) string {
	w.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	claims := map[string]any{
		"iss": "wiki", "aud": "coscribe", "iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(30 * time.Minute).Unix(),
		"document": document, "role": "viewer", "user": map[string]string{"id": "7", "name": "Guest of the wiki"},
	}
	for name, value := range change {
		claims[name] = value
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// A token that lets nobody in leaves one line, by whatever door it came, with
// where it came from and nothing of itself.
func TestBadTokensLeaveALine(t *testing.T) {
	w := newWiki(t)
	program, ada := owned(t, func(c *Config) { c.EmbedKeys = []string{w.file} })
	d, other := ada.create("One", "x"), ada.create("Two", "x")
	revoked := ada.issue("/api/me/tokens", map[string]any{"name": "gone", "role": "editor"})
	ada.want(http.StatusNoContent, ada.send("DELETE", "/api/me/tokens/"+revoked.ID, nil), nil)
	stranger := browse(t, program)
	hello := func(token string) map[string]any {
		return map[string]any{"connection": nil, "received": 0, "first": 0, "messages": []any{map[string]any{"type": "hello", "protocol": 1, "token": token}}}
	}
	doors := map[string]func(token string) bool{ // whether it let somebody in
		"a socket's hello":  func(token string) bool { _, _, err := attach(t, program, d.ID, token, false); return err == nil },
		"a socket's bearer": func(token string) bool { _, _, err := attach(t, program, d.ID, token, true); return err == nil },
		"a poll's hello": func(token string) bool {
			return !strings.Contains(string(stranger.send("POST", "/api/documents/"+d.ID+"/poll", hello(token)).body), `"close"`)
		},
		"a poll's bearer": func(token string) bool {
			return stranger.send("POST", "/api/documents/"+d.ID+"/poll", hello(""), "Authorization", "Bearer "+token).status == http.StatusOK
		},
		"an event stream": func(token string) bool {
			return stranger.send("GET", "/api/documents/events", nil, "Authorization", "Bearer "+token).status == http.StatusOK
		},
		"a document's log, live": func(token string) bool {
			return stranger.send("GET", "/api/documents/"+d.ID+"/changes", nil, "Authorization", "Bearer "+token, "Accept", "text/event-stream").status == http.StatusOK
		},
		"a route": func(token string) bool {
			return stranger.send("GET", "/api/documents/"+d.ID, nil, "Authorization", "Bearer "+token).status == http.StatusOK
		},
	}
	for name, token := range map[string]string{
		"nonsense":                         "nonsense",
		"what only looks like one":         "cst_" + strings.Repeat("A", 43),
		"a revoked one":                    revoked.Token,
		"a forged guest":                   "g1.e30.AAAA",
		"a signed one that expired":        w.token(d.ID, w.secret, map[string]any{"exp": time.Now().Add(-time.Hour).Unix(), "iat": time.Now().Add(-2 * time.Hour).Unix()}),
		"a signed one for others":          w.token(d.ID, w.secret, map[string]any{"aud": "somebody-else"}),
		"a signed one of another's":        w.token(d.ID, w.secret, map[string]any{"iss": "stranger"}),
		"one that was signed again":        w.token(d.ID, []byte(strings.Repeat("x", 32)), nil),
		"a signed one for too long a time": w.token(d.ID, w.secret, map[string]any{"exp": time.Now().Add(48 * time.Hour).Unix()}),
	} {
		for door, enter := range doors {
			lines := ada.refusals(func() {
				if enter(token) {
					t.Errorf("%s comes in by %s", name, door)
				}
			})
			if len(lines) != 1 || lines[0].Action != "token.denied" || lines[0].Address != "127.0.0.1" || strings.Contains(lines[0].Detail, "expired") != strings.Contains(name, "expired") || strings.Contains(jsonText(t, lines[0]), token) {
				t.Errorf("[D4][S8] %s by %s: the audit log has %+v", name, door, lines)
			}
		}
	}
	for door, code := range map[string]string{"a socket's hello": "document.denied", "a poll's hello": "document.denied", "a route": "document.denied"} {
		lines := ada.refusals(func() {
			if doors[door](w.token(other.ID, w.secret, nil)) {
				t.Errorf("a token for another document comes in by %s", door)
			}
		})
		if len(lines) != 1 || lines[0].Action != code || lines[0].Document != d.ID || lines[0].Name != "Guest of the wiki" || lines[0].Address != "127.0.0.1" {
			t.Errorf("[S3][S8] a token for another document by %s: the audit log has %+v", door, lines)
		}
	}
	t.Run("[R5] a flood of them is bounded, and counted", func(t *testing.T) {
		const flood = 3000 // in far less time than the pace lets them all be written
		lines := ada.refusals(func() {
			for range flood {
				program.Server.Denied(transport.Denial{Err: transport.ErrUnauthorized})
			}
		})
		if len(lines) == 0 || len(lines) > flood/4 {
			t.Errorf("%d lines", len(lines))
		}
	})
}

// Each thing that the issue names as bad input has its answer, and one line.
func TestBadInputLeavesALine(t *testing.T) {
	p := startProvider(t)
	program, ada := federated(t, p, nil)
	me := ada.me()
	d := ada.create("One", "x")
	stranger := browse(t, program)
	post := func(b *browser, path string, body map[string]string) answer { return b.send("POST", path, body) }
	invite := func() string {
		var made struct{ URL string }
		ada.want(http.StatusCreated, ada.send("POST", "/api/invitations", map[string]string{}), &made)
		return secretIn(t, made.URL)
	}
	accept := func(secret, name, mail string) answer {
		return post(browse(t, program), "/api/invitations/accept", map[string]string{"secret": secret, "name": name, "mail": mail, "password": goodPassword})
	}
	used, open := invite(), invite()
	stranger.want(http.StatusOK, accept(used, "Ben", "ben@example.org"), nil)
	ben := browse(t, program)
	ben.want(http.StatusOK, ben.signIn("ben@example.org", goodPassword), nil)
	var locked, ended linkLine
	ada.want(http.StatusCreated, ada.send("POST", "/api/documents/"+d.ID+"/links", map[string]string{"role": "viewer", "password": "knock"}), &locked)
	ada.want(http.StatusCreated, ada.send("POST", "/api/documents/"+d.ID+"/links", map[string]string{"role": "viewer"}), &ended)
	ada.want(http.StatusNoContent, ada.send("DELETE", "/api/documents/"+d.ID+"/links/"+ended.ID, nil), nil)
	link := func(secret, password string) answer {
		return post(stranger, "/api/links/open", map[string]string{"secret": secret, "password": password})
	}
	lie := func(change func(map[string]any)) answer {
		p.lies(func(claims map[string]any) any { change(claims); return nil })
		defer p.lies(nil)
		p.person("liar", "")
		b := browse(t, program)
		return answer{status: http.StatusForbidden, body: []byte(b.federate("").Query().Get("problem"))}
	}
	guess := strings.Repeat("A", 43)
	for _, c := range []struct {
		name, action, code string
		try                func() answer
	}{
		{"a wrong password", "login.denied", "wrong_credentials", func() answer { return stranger.signIn("ada@example.org", "not the password at all") }},
		{"a mail address that nobody has", "login.denied", "wrong_credentials", func() answer { return stranger.signIn("nobody@example.org", goodPassword) }},
		{"a mail address that looks like another", "login.denied", "wrong_credentials", func() answer { return stranger.signIn("\u0430da@example.org", ownerPassword) }},
		{"a name that looks like another", "name.denied", "invalid_name", func() answer { return accept(open, "\u0410da", "ada2@example.org") }},
		{"an address that looks like another", "name.denied", "invalid_mail", func() answer { return accept(open, "Ada", "\u0430da@example.org") }},
		{"a name changed to one", "name.denied", "invalid_name", func() answer { return ben.send("PATCH", "/api/me", map[string]string{"name": "Ad\u0430"}) }},
		{"a group's name", "name.denied", "invalid_name", func() answer { return ada.send("POST", "/api/groups", map[string]string{"name": "St\u0430ff"}) }},
		{"an invitation used twice", "invitation.denied", "invalid_ticket", func() answer { return accept(used, "Cleo", "cleo@example.org") }},
		{"an invitation guessed", "invitation.denied", "invalid_ticket", func() answer { return accept(guess, "Cleo", "cleo@example.org") }},
		{"a first owner's link guessed", "setup.denied", "invalid_ticket", func() answer {
			return post(stranger, "/api/setup", map[string]string{"secret": guess, "name": "x", "mail": "x@example.org", "password": goodPassword})
		}},
		{"a link for a password guessed", "reset.denied", "invalid_ticket", func() answer {
			return post(stranger, "/api/reset", map[string]string{"secret": guess, "password": goodPassword})
		}},
		{"a share link guessed", "link.denied", "invalid_link", func() answer { return link(strings.Repeat("A", 64), "") }},
		{"a share link cut short", "link.denied", "invalid_link", func() answer { return link(secretIn(t, locked.URL)[:30], "") }},
		{"a share link that was ended", "link.denied", "invalid_link", func() answer { return link(secretIn(t, ended.URL), "") }},
		{"a share link's password guessed", "link.denied", "invalid_link", func() answer { return link(secretIn(t, locked.URL), "wrong") }},
		{"the last owner", "user.denied", "last_owner", func() answer {
			return ada.send("PATCH", "/api/users/"+me.ID, map[string]string{"standing": "member"})
		}},
		{"a member who manages", "route.denied", "forbidden", func() answer {
			return ben.send("PATCH", "/api/users/"+me.ID, map[string]string{"standing": "member"})
		}},
		{"somebody else's document", "document.denied", "not_found", func() answer { return ben.send("GET", "/api/documents/"+d.ID, nil) }},
		{"a provider's token for others", "login.denied", "oidc_refused", func() answer { return lie(func(c map[string]any) { c["aud"] = "somebody-else" }) }},
		{"a provider's token that expired", "login.denied", "oidc_refused", func() answer { return lie(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }) }},
		{"a provider's token of another sign-in", "login.denied", "oidc_refused", func() answer { return lie(func(c map[string]any) { c["nonce"] = "x" }) }},
		{"a provider's answer out of nowhere", "login.denied", "", func() answer { return stranger.send("GET", "/api/signin/oidc/callback?code=x&state=y", nil) }},
	} {
		var a answer
		lines := ada.refusals(func() { a = c.try() })
		if !strings.Contains(string(a.body), c.code) || c.code != "" && a.status < 400 {
			t.Errorf("%s is answered by %d %s", c.name, a.status, a.body)
		}
		if len(lines) != 1 || lines[0].Action != c.action || lines[0].Address != "127.0.0.1" || lines[0].Detail == "" {
			t.Errorf("[D4][S8] %s: the audit log has %+v", c.name, lines)
		}
	}
	if me := ada.me(); me.Standing != "owner" {
		t.Errorf("the last owner is %+v", me)
	}
	stranger.want(http.StatusOK, accept(open, "Cleo", "cleo@example.org"), nil) // what failed has not used it up

	t.Run("[ASVS 8.3.2] of two owners who make each other less at once one does, and the other leaves a line", func(t *testing.T) {
		second, is := ada.join(program, "Second Owner", "owner")
		var both sync.WaitGroup
		var answers [2]answer
		lines := ada.refusals(func() {
			both.Go(func() { answers[0] = ada.send("PATCH", "/api/users/"+is.ID, map[string]string{"standing": "admin"}) })
			both.Go(func() { answers[1] = second.send("PATCH", "/api/users/"+me.ID, map[string]string{"standing": "admin"}) })
			both.Wait()
		})
		done := slices.IndexFunc(answers[:], func(a answer) bool { return a.status == http.StatusOK })
		if done < 0 || answers[1-done].status != http.StatusForbidden {
			t.Fatalf("%d %s and %d %s", answers[0].status, answers[0].body, answers[1].status, answers[1].body)
		}
		if len(lines) != 1 || lines[0].Action != "user.denied" {
			t.Errorf("the audit log has %+v", lines)
		}
	})
	t.Run("a flood of passwords is answered by waiting, and bounded lines", func(t *testing.T) {
		limited := 0
		lines := ada.refusals(func() {
			for range 60 {
				if stranger.signIn("ben@example.org", "one guess of very many").status == http.StatusTooManyRequests {
					limited++
				}
			}
		})
		told := slices.IndexFunc(lines, func(l auditLine) bool { return l.Action == "login.limited" && l.Subject != "" })
		if limited == 0 || told < 0 || len(lines) > 2*(60-limited)+1 {
			t.Errorf("%d tries had to wait; the audit log has %d lines", limited, len(lines))
		}
	})
}
