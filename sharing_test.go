package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

type grantLine struct{ Kind, Subject, Name, Mail, Role string }

type linkLine struct {
	ID, Role, URL string
	Password      bool
	ExpiresAt     *time.Time
}

type accessView struct {
	Mine     string
	Manage   bool
	Grants   []grantLine
	Links    []linkLine
	Requests []struct{ User, Name, Mail, Role, Message string }
}

func (b *browser) access(id string) (view accessView) {
	b.t.Helper()
	b.want(http.StatusOK, b.send("GET", "/api/documents/"+id+"/access", nil), &view)
	return view
}

// give has an owner give somebody a role.
func (b *browser) give(id, user, role string) {
	b.t.Helper()
	b.want(http.StatusOK, b.send("PUT", "/api/documents/"+id+"/grants/user/"+user, map[string]string{"role": role}), nil)
}

// link has an owner make a share link.
func (b *browser) link(id string, body map[string]any) (link linkLine) {
	b.t.Helper()
	b.want(http.StatusCreated, b.send("POST", "/api/documents/"+id+"/links", body), &link)
	return link
}

func (b *browser) open(t *testing.T, link string) answer {
	return b.send("POST", "/api/links/open", map[string]string{"secret": secretIn(t, link)})
}

// house is a server with people in every role in one document.
type house struct {
	t       *testing.T
	program *Program
	owner   *browser
	me      meView
	d       documentView
	people  map[string]*browser // by role; "stranger" is a member without any
	ids     map[string]string
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, program: start(t, memberConfig(t)), people: map[string]*browser{}, ids: map[string]string{}}
	h.owner, h.me = setUp(t, h.program)
	h.d = h.owner.create("Plans", "text")
	h.people["owner"], h.ids["owner"] = h.owner, h.me.ID
	for role, name := range map[string]string{"viewer": "Vera", "commenter": "Conny", "editor": "Edgar", "stranger": "Stella"} {
		b, me := h.owner.join(h.program, name, "member")
		h.people[role], h.ids[role] = b, me.ID
		if role != "stranger" {
			h.owner.give(h.d.ID, me.ID, role)
		}
	}
	return h
}

// past lets a link have ended an hour ago.
func (h *house) past(link linkLine) {
	h.t.Helper()
	id, err := persistence.ParseID(h.d.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	changed := 0
	err = h.program.Store.EditPeople(h.t.Context(), func(edit persistence.PeopleEdit) error {
		links, err := edit.ShareLinks(h.t.Context(), id)
		for _, l := range links {
			if l.ID.String() == link.ID {
				l.ExpiresAt = persistence.Micro(time.Now().Add(-time.Hour))
				err, changed = errors.Join(err, edit.PutShareLink(l)), changed+1
			}
		}
		return err
	})
	if err != nil || changed != 1 {
		h.t.Fatalf("%d links changed, %v", changed, err)
	}
}

func TestSharing(t *testing.T) {
	h := newHouse(t)
	at := "/api/documents/" + h.d.ID
	t.Run("who sees what of who has access", func(t *testing.T) {
		for role, b := range h.people {
			if role == "stranger" {
				b.problem(http.StatusNotFound, "not_found", b.send("GET", at+"/access", nil))
				continue
			}
			view := b.access(h.d.ID)
			grants := map[string]int{"owner": 4, "editor": 4}[role]
			if view.Mine != role || view.Manage != (role == "owner") || len(view.Grants) != grants {
				t.Errorf("%s sees %+v", role, view)
			}
		}
	})
	t.Run("[P3] only an owner changes access; to others forbidden, to a stranger not there", func(t *testing.T) {
		link := h.owner.link(h.d.ID, map[string]any{"role": "viewer"})
		role := map[string]string{"role": "viewer"}
		for _, call := range []struct {
			method, path string
			body         any
		}{
			{"PUT", "/grants/user/" + h.ids["stranger"], role},
			{"DELETE", "/grants/user/" + h.ids["owner"], nil},
			{"POST", "/owner", map[string]string{"user": h.ids["stranger"]}},
			{"POST", "/links", role},
			{"PATCH", "/links/" + link.ID, role},
			{"DELETE", "/links/" + link.ID, nil},
			{"GET", "/requests", nil},
			{"POST", "/requests/" + h.ids["stranger"] + "/accept", map[string]string{}},
			{"DELETE", "/requests/" + h.ids["owner"], nil},
		} {
			for who, b := range h.people {
				if who == "owner" {
					continue
				}
				a := b.send(call.method, at+call.path, call.body)
				if who == "stranger" {
					b.problem(http.StatusNotFound, "not_found", a)
				} else {
					b.problem(http.StatusForbidden, "forbidden", a)
				}
				other := strings.Replace(at, h.d.ID, "11111111-1111-4111-8111-111111111111", 1)
				b.problem(http.StatusNotFound, "not_found", b.send(call.method, other+call.path, call.body))
			}
			nobody := browse(t, h.program)
			nobody.problem(http.StatusUnauthorized, "unauthorized", nobody.send(call.method, at+call.path, call.body))
		}
		for role, b := range h.people {
			if role != "stranger" && role != "owner" && b.access(h.d.ID).Mine != role {
				t.Errorf("the role of %s was changed", role)
			}
		}
	})
	t.Run("what is given can be found and used, and what is lowered cannot", func(t *testing.T) {
		stella, id := h.people["stranger"], h.ids["stranger"]
		h.owner.give(h.d.ID, id, "editor")
		var list struct{ Documents []documentView }
		stella.want(http.StatusOK, stella.send("GET", "/api/documents", nil), &list)
		if len(list.Documents) != 1 || list.Documents[0].Role != "editor" {
			t.Errorf("her list is %+v", list.Documents)
		}
		stella.insert(h.d.ID, "s")
		h.owner.give(h.d.ID, id, "viewer")
		write := map[string]any{"delta": []any{map[string]string{"insert": "x"}}}
		stella.problem(http.StatusForbidden, "forbidden", stella.send("POST", at+"/changes", write))
		h.owner.want(http.StatusNoContent, h.owner.send("DELETE", at+"/grants/user/"+id, nil), nil)
		stella.problem(http.StatusNotFound, "not_found", stella.send("POST", at+"/changes", write))
		stella.want(http.StatusOK, stella.send("GET", "/api/documents", nil), &list)
		if len(list.Documents) != 0 {
			t.Errorf("her list is %+v", list.Documents)
		}
		h.owner.problem(http.StatusNotFound, "grant_not_found", h.owner.send("DELETE", at+"/grants/user/"+id, nil))
		h.owner.problem(http.StatusNotFound, "user_not_found", h.owner.send("PUT", at+"/grants/user/"+h.d.ID, map[string]string{"role": "viewer"}))
	})
	t.Run("everybody may leave, but the last owner", func(t *testing.T) {
		vera, id := h.people["viewer"], h.ids["viewer"]
		vera.want(http.StatusNoContent, vera.send("DELETE", at+"/grants/user/"+id, nil), nil)
		vera.problem(http.StatusNotFound, "not_found", vera.send("GET", at, nil))
		h.owner.problem(http.StatusConflict, "last_document_owner", h.owner.send("DELETE", at+"/grants/user/"+h.me.ID, nil))
		h.owner.problem(http.StatusConflict, "last_document_owner", h.owner.send("PUT", at+"/grants/user/"+h.me.ID, map[string]string{"role": "editor"}))
		h.owner.want(http.StatusOK, h.owner.send("GET", at, nil), nil)
	})
	t.Run("an owner hands the document over", func(t *testing.T) {
		edgar := h.people["editor"]
		h.owner.want(http.StatusOK, h.owner.send("POST", at+"/owner", map[string]string{"user": h.ids["editor"]}), nil)
		if mine := h.owner.access(h.d.ID).Mine; mine != "editor" {
			t.Errorf("who gave it is %s", mine)
		}
		edgar.want(http.StatusOK, edgar.send("POST", at+"/owner", map[string]string{"user": h.me.ID}), nil)
	})
	t.Run("two owners who remove each other leave one", func(t *testing.T) {
		edgar := h.people["editor"]
		for range 5 {
			h.owner.give(h.d.ID, h.ids["editor"], "owner")
			var both sync.WaitGroup
			both.Go(func() { h.owner.send("DELETE", at+"/grants/user/"+h.ids["editor"], nil) })
			both.Go(func() { edgar.send("DELETE", at+"/grants/user/"+h.me.ID, nil) })
			both.Wait()
			left, gone, id := h.owner, edgar, h.ids["editor"]
			if h.owner.send("GET", at, nil).status != http.StatusOK {
				left, gone, id = edgar, h.owner, h.me.ID
			}
			if view := left.access(h.d.ID); view.Mine != "owner" {
				t.Fatalf("who is left is %s", view.Mine)
			}
			gone.problem(http.StatusNotFound, "not_found", gone.send("GET", at, nil))
			left.give(h.d.ID, id, "owner")
		}
	})
}

func TestGroups(t *testing.T) {
	h := newHouse(t)
	at := "/api/documents/" + h.d.ID
	var group struct{ ID, Name string }
	h.owner.want(http.StatusCreated, h.owner.send("POST", "/api/groups", map[string]string{"name": "Readers"}), &group)
	h.owner.problem(http.StatusConflict, "group_exists", h.owner.send("POST", "/api/groups", map[string]string{"name": "readers"}))
	stella, id := h.people["stranger"], h.ids["stranger"]
	stella.problem(http.StatusForbidden, "forbidden", stella.send("POST", "/api/groups", map[string]string{"name": "Mine"}))
	give := func(role string) answer {
		return h.owner.send("PUT", at+"/grants/group/"+group.ID, map[string]string{"role": role})
	}
	h.owner.want(http.StatusOK, give("editor"), nil)
	h.owner.problem(http.StatusBadRequest, "invalid_role", give("owner"))
	member := "/api/groups/" + group.ID + "/members/" + id
	stella.problem(http.StatusForbidden, "forbidden", stella.send("PUT", member, nil))
	h.owner.want(http.StatusNoContent, h.owner.send("PUT", member, nil), nil)
	if mine := stella.access(h.d.ID).Mine; mine != "editor" {
		t.Errorf("by the group she is %s", mine)
	}
	h.owner.want(http.StatusNoContent, h.owner.send("DELETE", member, nil), nil)
	stella.problem(http.StatusNotFound, "not_found", stella.send("GET", at, nil))
	h.owner.want(http.StatusNoContent, h.owner.send("PUT", member, nil), nil)
	var detail struct {
		Name    string
		Members []struct{ ID string }
	}
	h.owner.want(http.StatusOK, h.owner.send("GET", "/api/groups/"+group.ID, nil), &detail)
	if len(detail.Members) != 1 || detail.Members[0].ID != id || detail.Name != "Readers" {
		t.Errorf("the group is %+v", detail)
	}
	h.owner.want(http.StatusNoContent, h.owner.send("DELETE", "/api/groups/"+group.ID, nil), nil)
	stella.problem(http.StatusNotFound, "not_found", stella.send("GET", at, nil))
	if grants := h.owner.access(h.d.ID).Grants; len(grants) != 4 {
		t.Errorf("left are %+v", grants)
	}
}

func TestRequests(t *testing.T) {
	h := newHouse(t)
	at := "/api/documents/" + h.d.ID
	stella, id := h.people["stranger"], h.ids["stranger"]
	ask := map[string]string{"role": "editor", "message": "May I?"}
	there := stella.want(http.StatusAccepted, stella.send("POST", at+"/requests", ask), nil)
	nowhere := stella.want(http.StatusAccepted, stella.send("POST", "/api/documents/11111111-1111-4111-8111-111111111111/requests", ask), nil)
	if string(there.body) != string(nowhere.body) {
		t.Errorf("[P3] a document that is there is told from one that is not: %s and %s", there.body, nowhere.body)
	}
	view := h.owner.access(h.d.ID)
	if len(view.Requests) != 1 || view.Requests[0].User != id || view.Requests[0].Message != "May I?" || view.Requests[0].Role != "editor" {
		t.Fatalf("the owner sees %+v", view.Requests)
	}
	h.owner.want(http.StatusNoContent, h.owner.send("DELETE", at+"/requests/"+id, nil), nil)
	h.owner.problem(http.StatusNotFound, "request_not_found", h.owner.send("POST", at+"/requests/"+id+"/accept", map[string]string{}))
	stella.want(http.StatusAccepted, stella.send("POST", at+"/requests", ask), nil)
	h.owner.want(http.StatusOK, h.owner.send("POST", at+"/requests/"+id+"/accept", map[string]string{"role": "viewer"}), nil)
	if mine := stella.access(h.d.ID).Mine; mine != "viewer" {
		t.Errorf("she is %s", mine)
	}
	if view := h.owner.access(h.d.ID); len(view.Requests) != 0 {
		t.Errorf("it still waits: %+v", view.Requests)
	}
}

func TestShareLinks(t *testing.T) {
	h := newHouse(t)
	at := "/api/documents/" + h.d.ID
	t.Run("a guest comes in by a link and sees that document only", func(t *testing.T) {
		other := h.owner.create("Other", "x")
		link := h.owner.link(h.d.ID, map[string]any{"role": "editor"})
		guest := browse(t, h.program)
		var opened struct {
			Document, Role string
			Guest          bool
		}
		guest.want(http.StatusOK, guest.open(t, link.URL), &opened)
		if opened.Document != h.d.ID || opened.Role != "editor" || !opened.Guest {
			t.Errorf("opened %+v", opened)
		}
		guest.insert(h.d.ID, "g")
		guest.problem(http.StatusNotFound, "not_found", guest.send("GET", "/api/documents/"+other.ID, nil))
		guest.problem(http.StatusForbidden, "members_only", guest.send("POST", "/api/documents", map[string]any{}))
		guest.problem(http.StatusForbidden, "members_only", guest.send("GET", "/api/people?query=o", nil))
		guest.problem(http.StatusForbidden, "members_only", guest.send("POST", at+"/requests", map[string]string{}))
	})
	t.Run("a member stays who they are, and finds the document again", func(t *testing.T) {
		stella := h.people["stranger"]
		link := h.owner.link(h.d.ID, map[string]any{"role": "commenter"})
		stella.want(http.StatusOK, stella.open(t, link.URL), nil)
		var list struct{ Documents []documentView }
		stella.want(http.StatusOK, stella.send("GET", "/api/documents", nil), &list)
		if len(list.Documents) != 1 || list.Documents[0].Role != "commenter" {
			t.Errorf("her list is %+v", list.Documents)
		}
		h.owner.want(http.StatusOK, h.owner.send("PATCH", at+"/links/"+link.ID, map[string]any{"role": "viewer"}), nil)
		if mine := stella.access(h.d.ID).Mine; mine != "viewer" {
			t.Errorf("she is %s", mine)
		}
		h.owner.want(http.StatusNoContent, h.owner.send("DELETE", at+"/links/"+link.ID, nil), nil)
		stella.problem(http.StatusNotFound, "not_found", stella.send("GET", at, nil))
	})
	t.Run("an owner copies a link again; others do not see it", func(t *testing.T) {
		link := h.owner.link(h.d.ID, map[string]any{"role": "viewer"})
		found := false
		for _, l := range h.owner.access(h.d.ID).Links {
			found = found || l.ID == link.ID && l.URL == link.URL
		}
		if !found {
			t.Error("the owner does not see the address")
		}
		if body := h.people["editor"].send("GET", at+"/access", nil).body; strings.Contains(string(body), secretIn(t, link.URL)) {
			t.Error("an editor sees the address")
		}
	})
	t.Run("whatever is wrong with a link is answered alike, and written down", func(t *testing.T) {
		guest := browse(t, h.program)
		good := h.owner.link(h.d.ID, map[string]any{"role": "viewer", "password": "open sesame"})
		ended := h.owner.link(h.d.ID, map[string]any{"role": "viewer"})
		h.owner.want(http.StatusNoContent, h.owner.send("DELETE", at+"/links/"+ended.ID, nil), nil)
		expired := h.owner.link(h.d.ID, map[string]any{"role": "viewer", "expiresAt": time.Now().Add(time.Hour)})
		h.past(expired)
		trashed := h.owner.create("Away", "x")
		away := h.owner.link(trashed.ID, map[string]any{"role": "viewer"})
		h.owner.want(http.StatusOK, h.owner.send("DELETE", "/api/documents/"+trashed.ID, nil), nil)
		secret := secretIn(t, good.URL)
		guessed := strings.Repeat("A", len(secret))
		var first string
		for what, body := range map[string]map[string]string{
			"guessed": {"secret": guessed}, "cut": {"secret": secret[:20]}, "another's id": {"secret": secret[:20] + guessed[20:]},
			"ended": {"secret": secretIn(t, ended.URL)}, "expired": {"secret": secretIn(t, expired.URL)},
			"in the trash": {"secret": secretIn(t, away.URL)}, "wrong password": {"secret": secret, "password": "wrong"},
		} {
			a := guest.send("POST", "/api/links/open", body)
			guest.problem(http.StatusNotFound, "invalid_link", a)
			if first == "" {
				first = string(a.body)
			}
			if string(a.body) != first || len(a.header.Values("Set-Cookie")) != 0 {
				t.Errorf("%s: %s, not %s", what, a.body, first)
			}
		}
		guest.problem(http.StatusForbidden, "link_password", guest.open(t, good.URL))
		guest.want(http.StatusOK, guest.send("POST", "/api/links/open", map[string]string{"secret": secret, "password": "open sesame"}), nil)
		lines := h.owner.audit("?action=link.denied")
		if len(lines) != 7 {
			t.Errorf("%d lines: %+v", len(lines), lines)
		}
		for _, line := range lines {
			if line.Address == "" || line.Outcome != "denied" {
				t.Errorf("a line is %+v", line)
			}
		}
	})
	t.Run("a script that makes guests is slowed down", func(t *testing.T) {
		link := h.owner.link(h.d.ID, map[string]any{"role": "viewer"})
		for i := 0; ; i++ {
			a := browse(t, h.program).open(t, link.URL)
			if a.status == http.StatusTooManyRequests {
				h.owner.problem(http.StatusTooManyRequests, "too_many_attempts", a)
				if i < 100 || a.header.Get("Retry-After") == "" || len(a.header.Values("Set-Cookie")) != 0 {
					t.Errorf("after %d guests: %v", i, a.header)
				}
				break
			}
			if h.owner.want(http.StatusOK, a, nil); i > 300 {
				t.Fatal("three hundred guests are made")
			}
		}
		// Who is a guest already, or a member, still comes in.
		h.owner.want(http.StatusOK, h.people["stranger"].open(t, link.URL), nil)
	})
	t.Run("guessing is slowed down", func(t *testing.T) {
		guesser := browse(t, h.program)
		for i := 0; ; i++ {
			a := guesser.send("POST", "/api/links/open", map[string]string{"secret": strings.Repeat("B", 64)})
			if a.status == http.StatusTooManyRequests {
				break
			}
			if i > 100 {
				t.Fatal("a hundred guesses are answered")
			}
		}
	})
}

func TestLinksForMembersOnly(t *testing.T) {
	config := memberConfig(t)
	config.Access = "members"
	program := start(t, config)
	owner, _ := setUp(t, program)
	d := owner.create("Plans", "x")
	link := owner.link(d.ID, map[string]any{"role": "viewer"})
	guest := browse(t, program)
	guest.problem(http.StatusUnauthorized, "unauthorized", guest.open(t, link.URL))
	member, _ := owner.join(program, "Mona", "member")
	member.want(http.StatusOK, member.open(t, link.URL), nil)
	member.want(http.StatusOK, member.send("GET", "/api/documents/"+d.ID, nil), nil)
}

// From a view link nobody learns more than the document: not one byte of
// another's mail, of a link, or of where it could be edited.
func TestViewLinkTellsNothingElse(t *testing.T) {
	h := newHouse(t)
	edit := h.owner.link(h.d.ID, map[string]any{"role": "editor", "password": "open sesame"})
	view := h.owner.link(h.d.ID, map[string]any{"role": "viewer"})
	stella := h.people["stranger"]
	stella.want(http.StatusAccepted, stella.send("POST", "/api/documents/"+h.d.ID+"/requests", map[string]string{"message": "canary-wish"}), nil)
	guest := browse(t, h.program)
	opened := guest.want(http.StatusOK, guest.open(t, view.URL), nil)
	secrets := []string{"@example.org", secretIn(t, edit.URL), edit.ID, view.ID, "canary-wish", "argon2", loginCookie(t, h.owner)}
	look := func(what string, body []byte) {
		t.Helper()
		for _, secret := range secrets {
			if strings.Contains(strings.ToLower(string(body)), strings.ToLower(secret)) {
				t.Errorf("%s tells %q: %.300s", what, secret, body)
			}
		}
	}
	look("opening", opened.body)
	at := "/api/documents/" + h.d.ID
	for _, path := range []string{at, at + "/access", at + "/content", at + "/content?format=html", at + "/content?format=markdown", at + "/changes", "/api/documents", at + "/requests", "/api/groups", "/api/users", "/api/invitations", "/api/admin/audit"} {
		a := guest.send("GET", path, nil)
		look(path, a.body)
		look(path+" header", []byte(fmt.Sprint(a.header)))
	}
	ears := listen(t, h.program, guest, h.d.ID)
	editor := listen(t, h.program, h.people["editor"], h.d.ID)
	h.people["editor"].insert(h.d.ID, "said to all")
	for _, ear := range ears {
		ear.wait("said to all")
		look(ear.kind, ear.bytes())
	}
	for _, ear := range editor {
		ear.wait("said to all")
	}
	for _, call := range [][2]string{{"PATCH", at}, {"DELETE", at}, {"POST", at + "/changes"}, {"POST", at + "/restore"}} {
		guest.problem(http.StatusForbidden, "forbidden", guest.send(call[0], call[1], map[string]any{"title": "x", "delta": []any{map[string]string{"insert": "x"}}}))
	}
}
