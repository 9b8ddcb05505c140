package main

import (
	"net/http"
	"strings"
	"testing"
)

// What a guest opened by links is in their list when they sign in in that
// browser, by whatever way, and once.
func TestGuestsVisitsComeAlong(t *testing.T) {
	program, ada := owned(t, nil)
	ada.join(program, "Mara Member", "member")
	ada.join(program, "Nils Member", "member")
	d, other := ada.create("Plan", "x"), ada.create("Other", "x")
	link := ada.link(d.ID, map[string]any{"role": "commenter"})
	titles := func(b *browser) (all []string) {
		t.Helper()
		var list struct {
			Documents []struct{ Title, Role string }
		}
		b.want(http.StatusOK, b.send("GET", "/api/documents", nil), &list)
		for _, d := range list.Documents {
			all = append(all, d.Title+" "+d.Role)
		}
		return all
	}
	b := browse(t, program)
	b.want(http.StatusOK, b.open(t, link.URL), nil)
	ear := b.socket(program, d.ID)
	ear.wait(`"welcome"`)
	b.want(http.StatusOK, b.signIn("mara@example.org", goodPassword), nil)
	if got := titles(b); len(got) != 1 || got[0] != "Plan commenter" {
		t.Errorf("the member sees %q", got)
	}
	if lines := ada.audit("?action=login.created"); !strings.Contains(lines[0].Detail, "with 1 share link that they had opened as a guest") {
		t.Errorf("the audit log says %q", lines[0].Detail)
	}
	ada.insert(d.ID, "canary")
	ear.wait("canary") // what the guest had open goes on
	elsewhere := browse(t, program)
	elsewhere.want(http.StatusOK, elsewhere.signIn("mara@example.org", goodPassword), nil)
	if got := titles(elsewhere); len(got) != 1 {
		t.Errorf("elsewhere they see %q", got)
	}
	t.Run("who signs in next in that browser is not that guest", func(t *testing.T) {
		b.want(http.StatusNoContent, b.send("POST", "/api/signout", nil), nil)
		b.want(http.StatusUnauthorized, b.send("GET", "/api/me", nil), nil)
		b.want(http.StatusOK, b.signIn("nils@example.org", goodPassword), nil)
		if got := titles(b); len(got) != 0 {
			t.Errorf("another member sees %q", got)
		}
	})
	t.Run("[S8] they hang on the link as the guest's did", func(t *testing.T) {
		ada.want(http.StatusNoContent, ada.send("DELETE", "/api/documents/"+d.ID+"/links/"+link.ID, nil), nil)
		if got := titles(elsewhere); len(got) != 0 {
			t.Errorf("after the link has ended they see %q", got)
		}
	})
	t.Run("also into an account that is made by an invitation", func(t *testing.T) {
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.open(t, ada.link(other.ID, map[string]any{"role": "viewer"}).URL), nil)
		var made struct{ URL string }
		ada.want(http.StatusCreated, ada.send("POST", "/api/invitations", map[string]string{}), &made)
		guest.want(http.StatusOK, guest.send("POST", "/api/invitations/accept", map[string]string{"secret": secretIn(t, made.URL), "name": "Olav", "mail": "olav@example.org", "password": goodPassword}), nil)
		if got := titles(guest); len(got) != 1 || got[0] != "Other viewer" {
			t.Errorf("the new member sees %q", got)
		}
	})
}

// A group that the provider does not name any more is left at once, also where
// they had come in before, with a line for each.
func TestProvidersGroupsAreLive(t *testing.T) {
	p := startProvider(t)
	program, ada := federated(t, p, nil)
	d := ada.create("Plan", "x")
	var group struct{ ID string }
	ada.want(http.StatusCreated, ada.send("POST", "/api/groups", map[string]string{"name": "Writers", "external": "cn=writers"}), &group)
	ada.want(http.StatusOK, ada.send("PUT", "/api/documents/"+d.ID+"/grants/group/"+group.ID, map[string]string{"role": "editor"}), nil)
	p.person("cleo", "cleo@example.org", "cn=writers")
	before := browse(t, program)
	before.federate("")
	me := before.me()
	ear := before.socket(program, d.ID)
	ear.wait(`"welcome"`)
	p.person("cleo", "cleo@example.org")
	browse(t, program).federate("")
	if code := ear.over(); code != 4503 {
		t.Errorf("[S8] what was open by the group closed with %d", code)
	}
	lines := ada.audit("?action=group.&person=" + me.ID)
	if len(lines) != 2 || lines[0].Action != "group.left" || lines[1].Action != "group.joined" || !strings.Contains(lines[0].Detail, "Writers") || lines[0].SubjectName != me.Name {
		t.Errorf("the audit log has %+v", lines)
	}
	t.Run("an erased person's name is in no line", func(t *testing.T) {
		ada.want(http.StatusOK, ada.send("PUT", "/api/documents/"+d.ID+"/grants/user/"+me.ID, map[string]string{"role": "editor"}), nil)
		ada.want(http.StatusNoContent, ada.send("PUT", "/api/groups/"+group.ID+"/members/"+me.ID, nil), nil)
		ada.want(http.StatusOK, ada.send("PATCH", "/api/users/"+me.ID, map[string]string{"name": "Somebody Else"}), nil)
		ada.want(http.StatusNoContent, ada.send("DELETE", "/api/users/"+me.ID, nil), nil)
		export := string(ada.send("GET", "/api/admin/audit/export", nil).body)
		if strings.Contains(export, me.Name) || strings.Contains(export, "Somebody Else") || !strings.Contains(export, "Is an editor now") {
			t.Errorf("the audit log is %s", export)
		}
	})
}
