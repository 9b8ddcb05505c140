package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// actor is somebody who tries everything.
type actor struct {
	name   string
	b      *browser
	header []string // of each request
	token  string   // of a hello; "": the browser's cookie
	// known: they come in at all; member: they have an account, atBrowser: by
	// its login; admin: they manage the server.
	known, member, atBrowser, admin bool
	role                            protocol.Role // in the document of the stage
}

// stage is a server with a document, and actors in every relation to it.
type stage struct {
	t       *testing.T
	program *Program
	root    *browser // owns the server, and no document
	ids     map[string]string
	links   map[string]linkLine
	key     []byte // of a host application that embeds
	actors  map[string]*actor
	owner   *browser
	asking  *browser // for whatever is made
	service tokenAnswer
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, ids: map[string]string{}, links: map[string]linkLine{}, key: make([]byte, 32), actors: map[string]*actor{}}
	rand.Read(s.key)
	config := memberConfig(t)
	file := filepath.Join(t.TempDir(), "keys.json")
	keys := fmt.Sprintf(`{"issuer":"https://wiki.example.org","keys":[{"kty":"oct","kid":"1","k":%q}]}`, base64.RawURLEncoding.EncodeToString(s.key))
	if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	config.EmbedKeys = []string{file}
	s.program = start(t, config)
	s.root, _ = setUp(t, s.program)
	for name, a := range map[string]*actor{
		"other member": {}, "viewer": {role: protocol.RoleViewer}, "commenter": {role: protocol.RoleCommenter}, "editor": {role: protocol.RoleEditor},
		"owner": {role: protocol.RoleOwner}, "suspended": {}, "expired login": {}, "administrator": {admin: true},
	} {
		var me meView
		a.b, me = s.root.join(s.program, strings.ReplaceAll(name, " ", "-")+" Person", map[bool]string{true: "admin", false: "member"}[a.admin])
		a.name, a.known, a.member, a.atBrowser, s.ids[name] = name, true, true, true, me.ID
		s.actors[name] = a
	}
	s.owner = s.actors["owner"].b
	for _, name := range []string{"bystander", "asking"} {
		b, me := s.root.join(s.program, name+" Person", "member")
		s.asking, s.ids[name] = b, me.ID
	}
	for _, out := range []string{"suspended", "expired login"} {
		a := s.actors[out]
		a.known, a.member, a.atBrowser = false, false, false
	}
	s.root.want(http.StatusOK, s.root.send("PATCH", "/api/users/"+s.ids["suspended"], map[string]any{"suspended": true}), nil)
	s.expire(s.ids["expired login"])
	s.service = s.root.issue("/api/tokens", map[string]any{"name": "Reader", "role": "viewer"})
	s.ids["service token"] = s.service.User
	bearer := []string{"Authorization", "Bearer " + s.service.Token}
	s.actors["service token"] = &actor{name: "service token", b: browse(t, s.program), header: bearer, token: s.service.Token, known: true, member: true, role: protocol.RoleViewer}
	s.actors["anonymous"] = &actor{name: "anonymous", b: browse(t, s.program)}
	for _, name := range []string{"link to view", "link to edit"} {
		s.actors[name] = &actor{name: name, b: browse(t, s.program), known: true, role: map[string]protocol.Role{"link to view": protocol.RoleViewer, "link to edit": protocol.RoleEditor}[name]}
	}
	s.actors["embedded"] = &actor{name: "embedded", b: browse(t, s.program), known: true, role: protocol.RoleEditor}
	return s
}

// expire ends a user's logins by their time.
func (s *stage) expire(user string) {
	s.t.Helper()
	id, err := persistence.ParseID(user)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.program.Store.EditPeople(s.t.Context(), func(edit persistence.PeopleEdit) error {
		logins, err := edit.Logins(s.t.Context(), id)
		if err != nil {
			return err
		}
		for _, login := range logins {
			login.ExpiresAt = persistence.Micro(time.Now().Add(-time.Second))
			if err := edit.PutLogin(login); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// embedToken signs a token as a host application does.
func (s *stage) embedToken(document string) string {
	now := time.Now().Unix()
	claims := map[string]any{"iss": "https://wiki.example.org", "aud": "coscribe", "iat": now, "exp": now + 600, "document": document, "role": "editor", "user": map[string]string{"id": "7", "name": "Emma Embedded"}}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"HS256","kid":"1"}`)) + "." + encode([]byte(jsonText(s.t, claims)))
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// prop is a document in which every actor has their role, with all that can be
// named beside it.
type prop struct{ id, link string }

// document makes one. Actors by link, token and embedding are in it from then on.
func (s *stage) document(title string) prop {
	s.t.Helper()
	d := s.owner.create(title, "Text of "+title)
	for name, role := range map[string]string{"viewer": "viewer", "commenter": "commenter", "editor": "editor", "suspended": "editor", "expired login": "editor", "service token": "editor"} {
		if name == "suspended" { // nobody gives them anything now: they had it before
			continue
		}
		s.owner.give(d.ID, s.ids[name], role)
	}
	p := prop{id: d.ID}
	for name, role := range map[string]string{"link to view": "viewer", "link to edit": "editor"} {
		link := s.owner.link(d.ID, map[string]any{"role": role})
		a := s.actors[name]
		a.b.want(http.StatusOK, a.b.send("POST", "/api/links/open", map[string]string{"secret": secretIn(s.t, link.URL)}), nil)
		p.link = link.ID
	}
	embedded := s.actors["embedded"]
	embedded.token = s.embedToken(d.ID)
	embedded.header = []string{"Authorization", "Bearer " + embedded.token}
	// Somebody who may read it, and somebody who asks for it, to be named.
	s.owner.give(d.ID, s.ids["bystander"], "viewer")
	s.asking.want(http.StatusAccepted, s.asking.send("POST", "/api/documents/"+d.ID+"/requests", map[string]string{}), nil)
	return p
}

// path fills a route's ids in: those of a document and what belongs to it, or
// of whom it is about.
func (s *stage) path(route string, p prop) string {
	for name, id := range map[string]string{"{link}": p.link, "{kind}": "user", "{subject}": s.ids["bystander"], "{user}": s.ids["asking"], "{name}": "share-link-key"} {
		route = strings.ReplaceAll(route, name, id)
	}
	if strings.HasPrefix(route, "/api/documents/") || strings.HasPrefix(route, "/api/admin/documents/") {
		return strings.ReplaceAll(route, "{id}", p.id)
	}
	route = strings.ReplaceAll(route, "{id}", s.ids["viewer"])
	if route == "/api/people" {
		route += "?query=person"
	}
	return route
}

func (s *stage) try(a *actor, operation string, r *rule, p prop) answer {
	s.t.Helper()
	method, route, _ := strings.Cut(operation, " ")
	body, header := r.body, slices.Clone(a.header)
	if body != nil && strings.HasSuffix(route, "/owner") {
		body = map[string]string{"user": s.ids["editor"]}
	}
	if r.raw {
		body, header = "x", append(header, "Content-Type", "image/png")
	}
	return a.b.send(method, s.path(route, p), body, header...)
}

// state is all that an owner sees of a document.
func (s *stage) state(p prop) string {
	s.t.Helper()
	var out strings.Builder
	for _, part := range []string{"", "/content", "/access", "/requests"} {
		out.Write(s.owner.want(http.StatusOK, s.owner.send("GET", "/api/documents/"+p.id+part, nil), nil).body)
	}
	return out.String()
}

// operations are all that the API describes.
func (s *stage) operations() []string {
	s.t.Helper()
	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	s.owner.want(http.StatusOK, s.owner.send("GET", "/api/openapi.json", nil), &description)
	var all []string
	for path, methods := range description.Paths {
		for method := range methods {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

// secret is a document of which no actor knows.
type secret struct {
	prop
	owner *browser
}

func (s *stage) hidden() secret {
	s.t.Helper()
	rival, _ := s.root.join(s.program, "Rival Person", "member")
	d := rival.create("Hidden", "hidden text")
	asking, me := s.root.join(s.program, "Wishing Person", "member")
	asking.want(http.StatusAccepted, asking.send("POST", "/api/documents/"+d.ID+"/requests", map[string]string{}), nil)
	_, givenTo := s.root.join(s.program, "Given Person", "member")
	rival.give(d.ID, givenTo.ID, "viewer")
	s.ids["asks elsewhere"], s.ids["given elsewhere"] = me.ID, givenTo.ID
	return secret{prop{id: d.ID, link: rival.link(d.ID, map[string]any{"role": "editor"}).ID}, rival}
}

func (s *stage) stateOf(d secret) string {
	kept := s.owner
	defer func() { s.owner = kept }()
	s.owner = d.owner
	return s.state(d.prop)
}
