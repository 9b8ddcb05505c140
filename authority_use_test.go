package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/persistence"
)

// use is an unsafe route of no document, taken by whoever may: with ids that are
// nobody's, so that nothing is used up, and a body where it matters.
type use struct {
	status int
	code   string // of a problem about what was sent, not about who sent it
	body   func(name string) any
	except []string // are forbidden it all the same
}

func named(body map[string]any) func(string) any {
	return func(name string) any {
		filled := maps.Clone(body)
		for field, value := range filled {
			if text, ok := value.(string); ok {
				filled[field] = strings.ReplaceAll(text, "NAME", strings.ReplaceAll(name, " ", "-"))
			}
		}
		return filled
	}
}

// noTicket is a secret that nobody made.
var noTicket = map[string]any{"secret": strings.Repeat("A", 43), "name": "NAME", "mail": "NAME@example.org", "password": goodPassword}

// uses say for every such route what it answers to whoever may take it.
var uses = map[string]use{
	"POST /api/signin":             {status: 403, code: "wrong_credentials", body: named(map[string]any{"mail": "NAME@example.com", "password": goodPassword})},
	"POST /api/signout":            {status: 204},
	"POST /api/tickets/look":       {status: 404, code: "invalid_ticket", body: named(map[string]any{"secret": strings.Repeat("A", 43), "kind": "invitation"})},
	"POST /api/setup":              {status: 404, code: "invalid_ticket", body: named(noTicket)},
	"POST /api/invitations/accept": {status: 404, code: "invalid_ticket", body: named(noTicket)},
	"POST /api/reset":              {status: 404, code: "invalid_ticket", body: named(map[string]any{"secret": strings.Repeat("A", 43), "password": goodPassword})},
	"POST /api/reset/request":      {status: 202, body: named(map[string]any{"mail": "NAME@example.com"})},
	"POST /api/links/open":         {status: 404, code: "invalid_link", body: named(map[string]any{"secret": strings.Repeat("A", 64)}), except: []string{"embedded", "service token"}},

	"PATCH /api/me":                        {status: 200},
	"POST /api/documents":                  {status: 201},
	"POST /api/me/password":                {status: 403, code: "wrong_password"},
	"DELETE /api/me/logins":                {status: 204},
	"DELETE /api/me/logins/{id}":           {status: 404, code: "login_not_found"},
	"DELETE /api/me/identities/{identity}": {status: 404, code: "identity_not_found"},
	"POST /api/me/tokens":                  {status: 201},
	"DELETE /api/me/tokens/{id}":           {status: 404, code: "token_not_found"},
	"PUT /api/me/picture":                  {status: 400, code: "invalid_picture"},
	"DELETE /api/me/picture":               {status: 204},

	"POST /api/users":                              {status: 201, body: named(map[string]any{"name": "NAME", "mail": "made-by-NAME@example.org"})},
	"PATCH /api/users/{id}":                        {status: 404, code: "user_not_found"},
	"DELETE /api/users/{id}":                       {status: 404, code: "user_not_found"},
	"POST /api/users/{id}/reset":                   {status: 404, code: "user_not_found"},
	"DELETE /api/users/{id}/logins":                {status: 404, code: "user_not_found"},
	"DELETE /api/users/{id}/identities/{identity}": {status: 404, code: "user_not_found"},
	"POST /api/invitations":                        {status: 201},
	"DELETE /api/invitations/{id}":                 {status: 404, code: "invitation_not_found"},
	"POST /api/groups":                             {status: 201, body: named(map[string]any{"name": "of NAME"})},
	"PATCH /api/groups/{id}":                       {status: 404, code: "group_not_found"},
	"DELETE /api/groups/{id}":                      {status: 404, code: "group_not_found"},
	"PUT /api/groups/{id}/members/{user}":          {status: 404, code: "group_not_found"},
	"DELETE /api/groups/{id}/members/{user}":       {status: 404, code: "group_not_found"},
	"POST /api/tokens":                             {status: 201},
	"DELETE /api/tokens/{id}":                      {status: 404, code: "token_not_found"},
	"POST /api/admin/documents/{id}/owner":         {status: 404, code: "not_found"},
	"POST /api/admin/keys/{name}/rotate":           {status: 404, code: "key_not_found", except: []string{"administrator"}},
}

// strangers stand for everybody on routes that ask for nobody.
var strangers = []string{"anonymous", "suspended", "expired login", "viewer", "link to view", "embedded", "service token"}

// Who may take an unsafe route of no document is let: the answer is about what
// they sent, and the same to each. (Routes of documents: TestAuthority.)
func TestAuthorityIsUsed(t *testing.T) {
	s := newStage(t)
	s.document("Here") // for those who come by a link or are embedded
	s.actors["server owner"] = &actor{name: "server owner", b: s.root, known: true, member: true, atBrowser: true, admin: true}
	names := slices.Sorted(maps.Keys(s.actors))
	operations := s.operations()
	// Signing out is the last thing that anybody does.
	slices.SortStableFunc(operations, func(a, b string) int {
		last := map[bool]int{true: 1}
		return last[a == "POST /api/signout"] - last[b == "POST /api/signout"]
	})
	for _, operation := range operations {
		r, ok := rules[operation]
		method, route, _ := strings.Cut(operation, " ")
		if !ok || method == http.MethodGet || r.role > 0 || strings.HasPrefix(route, "/api/documents/{id}/") {
			continue
		}
		t.Run("[P3][ASVS 8.2.1] who may, can: "+operation, func(t *testing.T) {
			u, ok := uses[operation]
			if !ok {
				t.Fatal("say in uses what it answers to whoever may")
			}
			tried := 0
			for _, name := range names {
				a := s.actors[name]
				if status, _ := r.refusal(a, a.role); status != 0 || r.need == "nobody" && !slices.Contains(strangers, name) {
					continue
				}
				body, header := r.body, slices.Clone(a.header)
				if u.body != nil {
					body = u.body(name)
				}
				if r.raw {
					body, header = "x", append(header, "Content-Type", "image/png")
				}
				path := route
				for strings.Contains(path, "{") {
					before, rest, _ := strings.Cut(path, "{")
					_, after, _ := strings.Cut(rest, "}")
					path = before + persistence.NewID().String() + after
				}
				did := a.b.send(method, path, body, header...)
				status, code := u.status, u.code
				if slices.Contains(u.except, name) {
					status, code = http.StatusForbidden, "forbidden"
				}
				var problem struct{ Code string }
				if code != "" {
					_ = json.Unmarshal(did.body, &problem)
				}
				if did.status != status || problem.Code != code {
					t.Errorf("%s: %d %s, want %d %s", name, did.status, did.body, status, code)
				}
				tried++
			}
			if tried == 0 {
				t.Error("nobody may")
			}
		})
	}
}
