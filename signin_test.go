package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/server"
)

func TestSignIn(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, me := setUp(t, program)
	d := owner.create("Hers", "x")
	b := browse(t, program)
	b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/me", nil))
	b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/documents", nil))
	b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/documents/"+d.ID, nil))

	t.Run("[ASVS 6.3.8] an unknown mail and a wrong password are answered alike", func(t *testing.T) {
		one, two := b.signIn("olga@example.org", "not her password"), b.signIn("nobody@example.org", "not her password")
		if one.status != http.StatusForbidden || one.status != two.status || string(one.body) != string(two.body) {
			t.Errorf("%s, and %s", one.body, two.body)
		}
	})
	var again meView
	in := b.want(http.StatusOK, b.signIn(" OLGA@example.org", goodPassword), &again)
	if again.ID != me.ID {
		t.Errorf("signed in as %+v", again)
	}
	cookie := strings.Join(in.header.Values("Set-Cookie"), "\n")
	for _, part := range []string{"coscribe=", "HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("[ASVS 3.3.2][ASVS 3.3.4] the cookie %q lacks %s", cookie, part)
		}
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents/"+d.ID, nil), nil)

	t.Run("[ASVS 7.2.4] signing in makes a new id, and ends the one before", func(t *testing.T) {
		before := loginCookie(t, b)
		b.want(http.StatusOK, b.signIn("olga@example.org", goodPassword), nil)
		if loginCookie(t, b) == before {
			t.Error("the cookie is the same")
		}
		old := browse(t, program)
		old.problem(http.StatusUnauthorized, "unauthorized", old.send("GET", "/api/me", nil, "Cookie", "coscribe="+before))
	})
	t.Run("[ASVS 7.4.1] after signing out the cookie is worth nothing", func(t *testing.T) {
		before := loginCookie(t, b)
		b.want(http.StatusNoContent, b.send("POST", "/api/signout", nil), nil)
		b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/me", nil))
		old := browse(t, program)
		old.problem(http.StatusUnauthorized, "unauthorized", old.send("GET", "/api/me", nil, "Cookie", "coscribe="+before))
	})
	t.Run("[ASVS 3.5.1] another site cannot sign anybody in or out", func(t *testing.T) {
		for _, path := range []string{"/api/signin", "/api/signout", "/api/setup", "/api/reset", "/api/invitations/accept", "/api/me/password"} {
			owner.problem(http.StatusForbidden, "cross_site", owner.send("POST", path, map[string]string{}, "Origin", "https://evil.example"))
		}
	})
	t.Run("a login is not a bearer token", func(t *testing.T) {
		other := browse(t, program)
		other.problem(http.StatusUnauthorized, "unauthorized", other.send("GET", "/api/me", nil, "Authorization", "Bearer "+loginCookie(t, owner)))
	})
	t.Run("[ASVS 3.3.3] on an encrypted connection only the name counts that nobody else can set", func(t *testing.T) {
		config := memberConfig(t)
		config.TrustedProxy = []string{"127.0.0.1"}
		secure := start(t, config)
		_, _ = setUp(t, secure)
		other := browse(t, secure)
		given := other.want(http.StatusOK, other.send("POST", "/api/signin", map[string]string{"mail": "olga@example.org", "password": goodPassword}, "X-Forwarded-Proto", "https"), nil).header.Values("Set-Cookie")
		name, value, _ := strings.Cut(given[0], "=")
		value, _, _ = strings.Cut(value, ";")
		if name != "__Host-coscribe" || !strings.Contains(given[0], "Secure") {
			t.Errorf("the cookie is %s", given[0])
		}
		third := browse(t, secure)
		third.want(http.StatusOK, third.send("GET", "/api/me", nil, "X-Forwarded-Proto", "https", "Cookie", "__Host-coscribe="+value), nil)
		third.problem(http.StatusUnauthorized, "unauthorized", third.send("GET", "/api/me", nil, "X-Forwarded-Proto", "https", "Cookie", "coscribe="+value))
	})
}

// loginCookie is the secret of a browser's login.
func loginCookie(t *testing.T, b *browser) string {
	t.Helper()
	request, err := http.NewRequest("GET", b.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.http.Jar.Cookies(request.URL) {
		if cookie.Name == server.LoginCookie {
			return cookie.Value
		}
	}
	t.Fatal("no login")
	return ""
}

func TestGuessing(t *testing.T) {
	program := start(t, memberConfig(t))
	owner, _ := setUp(t, program)
	stranger := browse(t, program)
	var last, right answer
	// The first delays are of seconds, which a busy machine may need for a guess:
	// they double.
	for guesses := 0; right.status != http.StatusTooManyRequests; guesses++ {
		if guesses == 50 {
			t.Fatal("fifty guesses are answered")
		}
		if last = stranger.signIn("olga@example.org", "a guess that is wrong"); last.status == http.StatusTooManyRequests {
			right = stranger.signIn("olga@example.org", goodPassword)
		}
	}
	stranger.problem(http.StatusTooManyRequests, "too_many_attempts", last)
	if last.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	stranger.problem(http.StatusTooManyRequests, "too_many_attempts", right)
	owner.want(http.StatusOK, owner.signIn("olga@example.org", goodPassword), nil) // her browser is known
	limited, denied := owner.audit("?action=login.limited"), owner.audit("?action=login.denied")
	if len(limited) == 0 || len(denied) < 5 || denied[0].Address != "127.0.0.1" {
		t.Errorf("the audit log has %d and %d lines: %+v", len(limited), len(denied), denied)
	}
}

func TestExpiry(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"[ASVS 7.3.1] a login ends when it is not used":    func(c *Config) { c.LoginIdle = 1 },
		"[ASVS 7.3.2] a login ends after its longest time": func(c *Config) { c.LoginAbsolute = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			config := memberConfig(t)
			change(&config)
			b, _ := setUp(t, start(t, config))
			b.problem(http.StatusUnauthorized, "unauthorized", b.send("GET", "/api/me", nil))
		})
	}
}
