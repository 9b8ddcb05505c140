package main

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// A one-time link gives no more than who made it can give when it is used:
// nobody comes back by a link that they kept.
func TestLinksThatWereKept(t *testing.T) {
	program := start(t, memberConfig(t))
	first, err := program.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stranger := browse(t, program)
	look := func(link, kind string) answer {
		return stranger.send("POST", "/api/tickets/look", map[string]string{"secret": secretIn(t, link), "kind": kind})
	}
	accept := func(link string) answer {
		return stranger.send("POST", "/api/invitations/accept", map[string]string{"secret": secretIn(t, link), "name": "Kept", "mail": "kept@example.org", "password": goodPassword})
	}
	reset := func(link string) answer {
		return stranger.send("POST", "/api/reset", map[string]string{"secret": secretIn(t, link), "password": "a third umbrella stand"})
	}

	// The first owner is made by a command, and the printed link stays in a log.
	made := httptest.NewRecorder()
	request := httptest.NewRequest("POST", "/api/users", strings.NewReader(`{"name":"Olga Owner","mail":"olga@example.org","password":"`+goodPassword+`","standing":"owner"}`))
	request.Header.Set("Content-Type", "application/json")
	program.Server.Operator().ServeHTTP(made, request)
	if made.Code != http.StatusCreated {
		t.Fatalf("%d %s", made.Code, made.Body)
	}
	t.Run("[ASVS 6.4.1] the link of a first start ends with the first owner, however they were made", func(t *testing.T) {
		stranger.problem(http.StatusNotFound, "invalid_ticket", look(first, "setup"))
		stranger.problem(http.StatusNotFound, "invalid_ticket", stranger.send("POST", "/api/setup", map[string]string{"secret": secretIn(t, first), "name": "Late", "mail": "late@example.org", "password": goodPassword}))
	})

	owner := browse(t, program)
	owner.want(http.StatusOK, owner.signIn("olga@example.org", goodPassword), nil)
	second, secondIs := owner.join(program, "Otto Owner", "owner")
	_, maraIs := owner.join(program, "Mara Member", "member")
	mara := browse(t, program)
	mara.want(http.StatusOK, mara.signIn("mara@example.org", goodPassword), nil)
	var link struct{ URL string }
	make := func(by *browser, path string, body any) string {
		t.Helper()
		by.want(http.StatusCreated, by.send("POST", path, body), &link)
		return link.URL
	}
	change := func(id string, body any) {
		t.Helper()
		owner.want(http.StatusOK, owner.send("PATCH", "/api/users/"+id, body), nil)
	}
	asOwner, asMember := make(second, "/api/invitations", map[string]string{"standing": "owner"}), make(second, "/api/invitations", map[string]string{})
	marasReset := make(second, "/api/users/"+maraIs.ID+"/reset", nil)
	stranger.want(http.StatusOK, look(asOwner, "invitation"), nil)

	t.Run("[ASVS 8.3.2] an administrator gives what administrators give", func(t *testing.T) {
		change(secondIs.ID, map[string]any{"standing": "admin"})
		stranger.problem(http.StatusNotFound, "invalid_ticket", accept(asOwner))
		stranger.want(http.StatusOK, look(asMember, "invitation"), nil)
		stranger.want(http.StatusOK, look(marasReset, "reset"), nil)
	})
	t.Run("[ASVS 8.3.2] a link for a member's password is none for an administrator's", func(t *testing.T) {
		change(maraIs.ID, map[string]any{"standing": "admin"})
		stranger.problem(http.StatusNotFound, "invalid_ticket", reset(marasReset))
		change(maraIs.ID, map[string]any{"standing": "member"})
	})
	t.Run("[ASVS 8.3.2] who was suspended, demoted or erased gives nothing", func(t *testing.T) {
		change(secondIs.ID, map[string]any{"suspended": true})
		stranger.problem(http.StatusNotFound, "invalid_ticket", look(asMember, "invitation"))
		stranger.problem(http.StatusNotFound, "invalid_ticket", accept(asMember))
		stranger.problem(http.StatusNotFound, "invalid_ticket", reset(marasReset))
		change(secondIs.ID, map[string]any{"suspended": false, "standing": "member"})
		stranger.problem(http.StatusNotFound, "invalid_ticket", accept(asMember))
		owner.want(http.StatusNoContent, owner.send("DELETE", "/api/users/"+secondIs.ID, nil), nil)
		stranger.problem(http.StatusNotFound, "invalid_ticket", accept(asMember))
	})
	t.Run("[ASVS 6.4.3] a new mail address ends the links for a new password", func(t *testing.T) {
		kept := make(owner, "/api/users/"+maraIs.ID+"/reset", nil)
		mara.want(http.StatusOK, mara.send("PATCH", "/api/me", map[string]string{"mail": "mara.new@example.org"}), nil)
		stranger.problem(http.StatusNotFound, "invalid_ticket", reset(kept))
	})
	t.Run("the audit log tells of each", func(t *testing.T) {
		if lines := owner.audit("?outcome=denied&action=invitation.denied"); len(lines) < 4 {
			t.Errorf("%d lines", len(lines))
		}
	})
}

// An owner who is suspended while their request waits for its turn gives nothing
// away any more.
func TestSuspendedInBetween(t *testing.T) {
	h := newHouse(t)
	id, err := persistence.ParseID(h.ids["owner"])
	if err != nil {
		t.Fatal(err)
	}
	second, secondIs := h.owner.join(h.program, "Second Owner", "owner")
	asked := make(chan struct{})
	var given answer
	var all sync.WaitGroup
	all.Go(func() {
		<-asked
		given = h.owner.send("PUT", "/api/documents/"+h.d.ID+"/grants/user/"+h.ids["stranger"], map[string]string{"role": "editor"})
	})
	err = h.program.Store.EditPeople(t.Context(), func(edit persistence.PeopleEdit) error {
		close(asked) // their request is under way, and waits for this to end
		user, err := edit.User(t.Context(), id)
		if err != nil {
			return err
		}
		for range 1000 {
			runtime.Gosched()
		}
		user.SuspendedAt = persistence.Micro(time.Now())
		return edit.PutUser(user)
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if given.status < 400 {
		t.Errorf("[ASVS 8.3.2] a suspended owner gave a role: %s", given.body)
	}
	stranger := h.people["stranger"]
	stranger.problem(http.StatusNotFound, "not_found", stranger.send("GET", "/api/documents/"+h.d.ID, nil))
	second.want(http.StatusOK, second.send("GET", "/api/users/"+secondIs.ID, nil), nil)
}
