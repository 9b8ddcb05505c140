package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// refused checks one refusal.
func refused(t *testing.T, what string, a answer, status int, code string) {
	t.Helper()
	var p struct{ Code string }
	if err := json.Unmarshal(a.body, &p); err != nil || a.status != status || p.Code != code {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, code)
	}
}

// Who is not let do something is refused, on every route, with the answer that
// is told for it (law P3); nothing has changed after.
func TestAuthority(t *testing.T) {
	s := newStage(t)
	operations := s.operations()
	t.Run("[ASVS 8.1.1] every route has a rule, and every rule a route", func(t *testing.T) {
		for _, operation := range operations {
			if _, ok := rules[operation]; !ok {
				t.Errorf("%s has no rule: say in rules who may take it", operation)
			}
		}
		for operation := range rules {
			if !slices.Contains(operations, operation) {
				t.Errorf("%s has a rule and is no route", operation)
			}
		}
	})
	here := s.document("Here")
	elsewhere := s.hidden()
	names := slices.Sorted(maps.Keys(s.actors))
	before, beforeElsewhere := s.state(here), s.stateOf(elsewhere)
	for _, operation := range operations {
		r, ok := rules[operation]
		if !ok {
			continue
		}
		t.Run("[P3][ASVS 8.2.1][ASVS 8.2.2] "+operation, func(t *testing.T) {
			tried := 0
			for _, name := range names {
				a := s.actors[name]
				if status, code := r.refusal(a, a.role); status != 0 {
					refused(t, name, s.try(a, operation, &r, here), status, code)
					tried++
				}
			}
			if tried == 0 && r.need != "nobody" {
				t.Error("nobody is refused")
			}
		})
	}
	if after := s.state(here); after != before {
		t.Errorf("[ASVS 8.3.1] refusals changed something:\n%s\n%s", before, after)
	}
	for _, operation := range operations {
		r, ok := rules[operation]
		if !ok || r.role == 0 {
			continue
		}
		t.Run("[ASVS 8.2.2] unknown and forbidden are alike: "+operation, func(t *testing.T) {
			for _, name := range names {
				a := s.actors[name]
				there, unknown := s.try(a, operation, &r, elsewhere.prop), s.try(a, operation, &r, prop{persistence.NewID().String(), persistence.NewID().String()})
				status, code := r.refusal(a, protocol.RoleNone)
				refused(t, name, there, status, code)
				for _, header := range []http.Header{there.header, unknown.header} {
					header.Del("Date")
				}
				if there.status != unknown.status || string(there.body) != string(unknown.body) || fmt.Sprint(there.header) != fmt.Sprint(unknown.header) {
					t.Errorf("%s tells them apart:\n%d %v %s\n%d %v %s", name, there.status, there.header, there.body, unknown.status, unknown.header, unknown.body)
				}
			}
		})
	}
	if after := s.stateOf(elsewhere); after != beforeElsewhere {
		t.Errorf("[ASVS 8.3.1] refusals changed something elsewhere:\n%s\n%s", beforeElsewhere, after)
	}
	t.Run("[ASVS 8.2.2] ids of one document are none in another", func(t *testing.T) { s.mixed(t, here, elsewhere) })
	for _, operation := range operations {
		r, ok := rules[operation]
		if !ok || r.live || r.need == "nobody" || r.role == 0 && !strings.HasPrefix(operation, "GET ") {
			continue
		}
		t.Run("[P3] who may, can: "+operation, func(t *testing.T) {
			p := here
			if r.role == protocol.RoleOwner { // it is used up
				p = s.document("Fresh")
			}
			tried := 0
			for _, name := range names {
				a := s.actors[name]
				if status, _ := r.refusal(a, a.role); status != 0 || name == "embedded" && p.id != here.id {
					continue
				}
				if name == "embedded" {
					a.token = s.embedToken(p.id)
					a.header = []string{"Authorization", "Bearer " + a.token}
				}
				did := s.try(a, operation, &r, p)
				// An administrator reads of accounts, groups and pictures that are none.
				if (did.status < 200 || did.status > 299) && (did.status != http.StatusNotFound || r.role > 0) {
					t.Errorf("%s: %d %s", name, did.status, did.body)
				}
				tried++
				if operation == "DELETE /api/documents/{id}" {
					s.owner.want(http.StatusOK, s.owner.send("POST", "/api/documents/"+p.id+"/restore", nil), nil)
				}
			}
			if tried == 0 {
				t.Error("nobody may")
			}
		})
	}
}

// mixed tries an owner's rights in one document on what belongs to another, and
// what is one's own on what is another's.
func (s *stage) mixed(t *testing.T, here prop, elsewhere secret) {
	before := s.stateOf(elsewhere)
	mine := "/api/documents/" + here.id
	none := persistence.NewID().String()
	viewer := s.actors["viewer"].b
	token := viewer.issue("/api/me/tokens", map[string]any{"name": "Viewer's", "role": "viewer"})
	var logins struct{ Logins []struct{ ID string } }
	viewer.want(http.StatusOK, viewer.send("GET", "/api/me/logins", nil), &logins)
	for _, c := range []struct {
		method, path, id string
		body             any
	}{
		{"PATCH", mine + "/links/", elsewhere.link, map[string]string{"role": "viewer"}},
		{"DELETE", mine + "/links/", elsewhere.link, nil},
		{"DELETE", mine + "/grants/user/", s.ids["given elsewhere"], nil},
		{"DELETE", mine + "/grants/group/", s.ids["given elsewhere"], nil},
		{"PUT", mine + "/grants/group/", s.ids["given elsewhere"], map[string]string{"role": "editor"}},
		{"PUT", mine + "/grants/user/", elsewhere.id, map[string]string{"role": "editor"}},
		{"DELETE", mine + "/requests/", s.ids["asks elsewhere"], nil},
		{"DELETE", "/api/me/tokens/", token.ID, nil},
		{"DELETE", "/api/me/tokens/", s.service.ID, nil},
		{"DELETE", "/api/me/logins/", logins.Logins[0].ID, nil},
		{"GET", "/api/documents/", elsewhere.link, nil},
		{"GET", "/api/documents/", s.ids["viewer"], nil},
	} {
		there, unknown := s.owner.send(c.method, c.path+c.id, c.body), s.owner.send(c.method, c.path+none, c.body)
		if there.status != http.StatusNotFound || there.status != unknown.status || string(there.body) != string(unknown.body) {
			t.Errorf("%s %s…: %d %s, and of an id that is nobody's %d %s", c.method, c.path, there.status, there.body, unknown.status, unknown.body)
		}
	}
	there, unknown := s.owner.send("POST", mine+"/requests/"+s.ids["asks elsewhere"]+"/accept", map[string]string{}), s.owner.send("POST", mine+"/requests/"+none+"/accept", map[string]string{})
	if there.status != http.StatusNotFound || string(there.body) != string(unknown.body) {
		t.Errorf("a wish of elsewhere is accepted: %d %s, %s", there.status, there.body, unknown.body)
	}
	if after := s.stateOf(elsewhere); after != before {
		t.Errorf("elsewhere something changed:\n%s\n%s", before, after)
	}
	viewer.want(http.StatusOK, viewer.send("GET", "/api/me", nil), nil)
	anyone := browse(t, s.program)
	anyone.want(http.StatusOK, anyone.send("GET", "/api/me", nil, "Authorization", "Bearer "+token.Token), nil)
}
