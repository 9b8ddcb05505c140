package main

import (
	"net/http"
	"strings"
	"testing"
)

// What a password's end does to API tokens (docs/security.md): after a reset,
// which may be because somebody else knew it, they are gone, also what is open by
// them; a password that is changed by who knows it leaves them, unless they say
// otherwise.
func TestTokensAndPasswords(t *testing.T) {
	program, ada := owned(t, nil)
	d := ada.create("One", "x")
	mara, is := ada.join(program, "Mara Member", "member")
	ada.want(http.StatusOK, ada.send("PUT", "/api/documents/"+d.ID+"/grants/user/"+is.ID, map[string]string{"role": "editor"}), nil)
	service := ada.issue("/api/tokens", map[string]any{"name": "Wiki", "role": "editor"})
	fresh := func() string {
		return mara.issue("/api/me/tokens", map[string]any{"name": "bot", "role": "editor"}).Token
	}
	good := func(token string) bool {
		return browse(t, program).send("GET", "/api/me", nil, "Authorization", "Bearer "+token).status == http.StatusOK
	}
	said := func(action string) string {
		lines := ada.audit("?action=" + action + "&person=" + is.ID)
		if len(lines) == 0 {
			t.Fatalf("the audit log has no %s", action)
		}
		return lines[0].Detail
	}
	t.Run("[S8] a reset ends them, and what is open by them", func(t *testing.T) {
		token := fresh()
		conn, _, err := attach(t, program, d.ID, token, false)
		if err != nil {
			t.Fatal(err)
		}
		var made struct{ URL string }
		ada.want(http.StatusCreated, ada.send("POST", "/api/users/"+is.ID+"/reset", nil), &made)
		mara.want(http.StatusOK, mara.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, made.URL), "password": goodPassword}), nil)
		if code := ends(t, conn); code != 4501 || good(token) {
			t.Errorf("it closed with %d, the token is good: %v", code, good(token))
		}
		if detail := said("password.reset"); !strings.Contains(detail, "1 API token") {
			t.Errorf("the audit log says %q", detail)
		}
		if !good(service.Token) {
			t.Error("an integration's token ended with it")
		}
	})
	for _, end := range []struct {
		name, action string
		run          func(tokens bool) answer
	}{
		{"a changed password", "password.changed", func(tokens bool) answer {
			return mara.send("POST", "/api/me/password", map[string]any{"current": goodPassword, "new": goodPassword + "!", "tokens": tokens})
		}},
		{"signing out everywhere else", "login.ended", func(tokens bool) answer {
			return mara.send("DELETE", "/api/me/logins"+map[bool]string{true: "?tokens=true"}[tokens], nil)
		}},
		{"signing out by an administrator", "login.ended", func(tokens bool) answer {
			a := ada.send("DELETE", "/api/users/"+is.ID+"/logins"+map[bool]string{true: "?tokens=true"}[tokens], nil)
			mara.want(http.StatusOK, mara.signIn("mara@example.org", goodPassword), nil)
			return a
		}},
	} {
		t.Run(end.name+" leaves them, unless that is asked for", func(t *testing.T) {
			token := fresh()
			mara.want(http.StatusNoContent, end.run(false), nil)
			if detail := said(end.action); !good(token) || strings.Contains(detail, "token") {
				t.Errorf("it is gone; the audit log says %q", detail)
			}
			if end.action == "password.changed" { // back, for the second time
				mara.want(http.StatusNoContent, mara.send("POST", "/api/me/password", map[string]any{"current": goodPassword + "!", "new": goodPassword}), nil)
			}
			mara.want(http.StatusNoContent, end.run(true), nil)
			if detail := said(end.action); good(token) || !strings.Contains(detail, "1 API token") {
				t.Errorf("[S8] it is good still; the audit log says %q", detail)
			}
			if end.action == "password.changed" {
				mara.want(http.StatusNoContent, mara.send("POST", "/api/me/password", map[string]any{"current": goodPassword + "!", "new": goodPassword}), nil)
			}
		})
	}
}
