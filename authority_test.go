package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/gorilla/websocket"
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

// rule is what a route asks for.
type rule struct {
	need string        // "nobody", "somebody", "member", "login", "admin"
	role protocol.Role // in the document of its path
	body any
	// token: the role that a token must be able to use, beside that.
	token protocol.Role
	// live: it goes on for as long as it is read. raw: its body is no JSON.
	live, raw bool
	// except are those who are refused all the same, with the code.
	except map[string]string
}

var tokensKeepOut = map[string]string{"service token": "login_needed", "embedded": "forbidden"}

// rules say for every route who may take it. A route that is not here fails the
// test: somebody has to decide.
var rules = map[string]rule{
	"GET /api/signin/methods":      {need: "nobody"},
	"POST /api/signin":             {need: "nobody"},
	"POST /api/signout":            {need: "nobody"},
	"POST /api/tickets/look":       {need: "nobody"},
	"POST /api/setup":              {need: "nobody"},
	"POST /api/invitations/accept": {need: "nobody"},
	"POST /api/reset":              {need: "nobody"},
	"POST /api/reset/request":      {need: "nobody"},
	"POST /api/links/open":         {need: "nobody"},

	"GET /api/me":                 {need: "somebody"},
	"PATCH /api/me":               {need: "somebody", body: map[string]string{"color": "#112233"}, except: tokensKeepOut},
	"GET /api/users/{id}/picture": {need: "somebody"},
	"GET /api/pictures":           {need: "somebody"},
	"GET /api/documents":          {need: "somebody"},
	"GET /api/documents/events":   {need: "somebody", live: true},

	"GET /api/people":            {need: "member"},
	"GET /api/groups":            {need: "member"},
	"POST /api/documents":        {need: "member", token: protocol.RoleEditor, body: map[string]string{"title": "Made"}},
	"POST /api/me/password":      {need: "login", body: map[string]string{"current": "x", "new": "y"}},
	"GET /api/me/logins":         {need: "login"},
	"DELETE /api/me/logins":      {need: "login"},
	"DELETE /api/me/logins/{id}": {need: "login"},
	"GET /api/me/tokens":         {need: "login"},
	"POST /api/me/tokens":        {need: "login", body: map[string]string{"name": "x", "role": "owner"}},
	"DELETE /api/me/tokens/{id}": {need: "login"},
	"PUT /api/me/picture":        {need: "login", raw: true},
	"DELETE /api/me/picture":     {need: "login"},

	"GET /api/users":                         {need: "admin"},
	"POST /api/users":                        {need: "admin", body: map[string]string{"name": "x", "mail": "x@example.org"}},
	"GET /api/users/{id}":                    {need: "admin"},
	"PATCH /api/users/{id}":                  {need: "admin", body: map[string]any{"suspended": true}},
	"DELETE /api/users/{id}":                 {need: "admin"},
	"POST /api/users/{id}/reset":             {need: "admin"},
	"DELETE /api/users/{id}/logins":          {need: "admin"},
	"GET /api/invitations":                   {need: "admin"},
	"POST /api/invitations":                  {need: "admin", body: map[string]string{}},
	"DELETE /api/invitations/{id}":           {need: "admin"},
	"POST /api/groups":                       {need: "admin", body: map[string]string{"name": "x"}},
	"GET /api/groups/{id}":                   {need: "admin"},
	"PATCH /api/groups/{id}":                 {need: "admin", body: map[string]string{"name": "x"}},
	"DELETE /api/groups/{id}":                {need: "admin"},
	"PUT /api/groups/{id}/members/{user}":    {need: "admin"},
	"DELETE /api/groups/{id}/members/{user}": {need: "admin"},
	"GET /api/tokens":                        {need: "admin"},
	"POST /api/tokens":                       {need: "admin", body: map[string]string{"name": "x", "role": "owner"}},
	"DELETE /api/tokens/{id}":                {need: "admin"},
	"GET /api/admin/overview":                {need: "admin"},
	"GET /api/admin/documents":               {need: "admin"},
	"GET /api/admin/connections":             {need: "admin"},
	"GET /api/admin/settings":                {need: "admin"},
	"GET /api/admin/audit":                   {need: "admin"},
	"GET /api/admin/audit/export":            {need: "admin"},
	"POST /api/admin/documents/{id}/owner":   {need: "admin", body: map[string]string{"user": persistence.NewID().String()}},
	"POST /api/admin/keys/{name}/rotate":     {need: "admin", body: map[string]bool{}},

	"GET /api/documents/{id}":           {need: "somebody", role: protocol.RoleViewer},
	"GET /api/documents/{id}/content":   {need: "somebody", role: protocol.RoleViewer},
	"GET /api/documents/{id}/changes":   {need: "somebody", role: protocol.RoleViewer},
	"GET /api/documents/{id}/access":    {need: "somebody", role: protocol.RoleViewer},
	"PATCH /api/documents/{id}":         {need: "somebody", role: protocol.RoleEditor, body: map[string]string{"title": "Named"}},
	"POST /api/documents/{id}/changes":  {need: "somebody", role: protocol.RoleEditor, body: map[string]any{"delta": []any{map[string]string{"insert": "x"}}}},
	"DELETE /api/documents/{id}":        {need: "somebody", role: protocol.RoleEditor},
	"POST /api/documents/{id}/restore":  {need: "somebody", role: protocol.RoleEditor},
	"POST /api/documents/{id}/requests": {need: "member", body: map[string]string{}},

	"GET /api/documents/{id}/requests":                   {need: "member", role: protocol.RoleOwner},
	"POST /api/documents/{id}/requests/{user}/accept":    {need: "member", role: protocol.RoleOwner, body: map[string]string{}},
	"DELETE /api/documents/{id}/requests/{user}":         {need: "member", role: protocol.RoleOwner},
	"POST /api/documents/{id}/links":                     {need: "member", role: protocol.RoleOwner, body: map[string]string{"role": "viewer"}},
	"PATCH /api/documents/{id}/links/{link}":             {need: "member", role: protocol.RoleOwner, body: map[string]string{"role": "viewer"}},
	"DELETE /api/documents/{id}/links/{link}":            {need: "member", role: protocol.RoleOwner},
	"PUT /api/documents/{id}/grants/{kind}/{subject}":    {need: "member", role: protocol.RoleOwner, body: map[string]string{"role": "viewer"}},
	"DELETE /api/documents/{id}/grants/{kind}/{subject}": {need: "member", role: protocol.RoleOwner},
	"POST /api/documents/{id}/owner":                     {need: "member", role: protocol.RoleOwner, body: map[string]string{"user": ""}},
	// Its messages are tried one by one, see TestMessageAuthority.
	"POST /api/documents/{id}/poll": {need: "nobody"},
}

// refusal is the status and code that an actor is refused with; 0: they may.
func (r *rule) refusal(a *actor, role protocol.Role) (int, string) {
	switch {
	case r.need == "nobody":
		return 0, ""
	case !a.known:
		return http.StatusUnauthorized, "unauthorized"
	case r.need == "login" && !a.atBrowser:
		return http.StatusForbidden, "login_needed"
	case r.need != "somebody" && !a.member:
		return http.StatusForbidden, "members_only"
	case r.need == "admin" && !a.admin:
		return http.StatusForbidden, "forbidden"
	case r.except[a.name] != "":
		return http.StatusForbidden, r.except[a.name]
	case r.role > 0 && role == protocol.RoleNone:
		return http.StatusNotFound, "not_found"
	case role < r.role, a.name == "service token" && a.role < r.token:
		return http.StatusForbidden, "forbidden"
	}
	return 0, ""
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

// messages are all that a client can say after hello, with the role for each.
var messages = map[string]struct {
	frame string
	least protocol.Role
	heard string // the answer's type to who may
}{
	"submit":   {`{"type":"submit","seq":1,"base":1,"delta":[{"insert":"x"}]}`, protocol.RoleEditor, "ack"},
	"check":    {`{"type":"check","revision":1,"hash":"0000000000000000000000000000000000000000000000000000000000000000"}`, protocol.RoleViewer, ""},
	"ping":     {`{"type":"ping"}`, protocol.RoleViewer, "pong"},
	"presence": {`{"type":"presence","seq":0,"base":1,"selection":{"anchor":0,"head":0}}`, protocol.RoleViewer, ""},
}

// The same on a live connection: who may not know of a document is told what is
// told of none, and what a role does not allow is refused and changes nothing.
func TestMessageAuthority(t *testing.T) {
	s := newStage(t)
	elsewhere := s.hidden()
	for _, name := range slices.Sorted(maps.Keys(s.actors)) {
		a := s.actors[name]
		t.Run("[P3][ASVS 8.2.2] "+name, func(t *testing.T) {
			p := s.document("Live")
			code, reason := s.hello(t, a, elsewhere.id)
			unknownCode, unknownReason := s.hello(t, a, persistence.NewID().String())
			if code != unknownCode || reason != unknownReason || code != int(protocol.CloseNotFound) && code != int(protocol.CloseUnauthorized) {
				t.Errorf("another's document is %d %q, none is %d %q", code, reason, unknownCode, unknownReason)
			}
			if !a.known || a.role == protocol.RoleNone {
				want := int(protocol.CloseNotFound)
				if !a.known {
					want = int(protocol.CloseUnauthorized)
				}
				if code, reason := s.hello(t, a, p.id); code != want {
					t.Errorf("closed with %d %q, want %d", code, reason, want)
				}
				return
			}
			for kind, m := range messages {
				conn, welcome := s.join(t, a, p.id)
				if role := welcome["role"]; role != a.role.String() {
					t.Errorf("welcomed as %v", role)
				}
				say(t, conn, strings.ReplaceAll(m.frame, "%EPOCH%", fmt.Sprint(welcome["epoch"])))
				say(t, conn, `{"type":"ping"}`) // answered after it
				var heard []string
				ends := map[bool][]string{true: {"ack", "reject"}, false: {"pong"}}[kind == "submit"]
				for !slices.ContainsFunc(heard, func(kind string) bool { return slices.Contains(ends, kind) }) {
					for _, m := range hear(t, conn) {
						heard = append(heard, fmt.Sprint(m["type"]))
					}
				}
				switch {
				case kind == "submit" && a.role < m.least && (!slices.Contains(heard, "reject") || slices.Contains(heard, "ack")),
					a.role >= m.least && m.heard != "" && !slices.Contains(heard, m.heard),
					a.role >= m.least && slices.Contains(heard, "reject"):
					t.Errorf("%s: heard %v", kind, heard)
				}
				_ = conn.Close()
			}
			revision := s.owner.content(p.id, "").Revision
			if want := map[bool]int64{true: 2, false: 1}[a.role >= protocol.RoleEditor]; revision != want {
				t.Errorf("the document stands at %d", revision)
			}
		})
	}
}

// dialAs opens a socket as an actor.
func (s *stage) dialAs(t *testing.T, a *actor, document string) *websocket.Conn {
	t.Helper()
	header := http.Header{}
	request, err := http.NewRequest("GET", s.program.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range a.b.http.Jar.Cookies(request.URL) {
		header.Add("Cookie", cookie.Name+"="+cookie.Value)
	}
	dialer := websocket.Dialer{Subprotocols: []string{"coscribe.v1"}, HandshakeTimeout: 10 * time.Second}
	conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(s.program.URL(), "http")+"/api/documents/"+document+"/socket", header)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	say(t, conn, jsonText(t, map[string]any{"type": "hello", "protocol": 1, "token": a.token}))
	return conn
}

func say(t *testing.T, conn *websocket.Conn, frame string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// hear is the next frame: a message, or several.
func hear(t *testing.T, conn *websocket.Conn) (messages []map[string]any) {
	t.Helper()
	_, frame, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if frame[0] != '[' {
		frame = slices.Concat([]byte("["), frame, []byte("]"))
	}
	if err := json.Unmarshal(frame, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// join says hello and waits for the welcome.
func (s *stage) join(t *testing.T, a *actor, document string) (*websocket.Conn, map[string]any) {
	t.Helper()
	conn := s.dialAs(t, a, document)
	for {
		for _, m := range hear(t, conn) {
			if m["type"] == "welcome" {
				return conn, m
			}
		}
	}
}

// hello says how a connection is closed that is not welcome.
func (s *stage) hello(t *testing.T, a *actor, document string) (code int, reason string) {
	t.Helper()
	conn := s.dialAs(t, a, document)
	for {
		_, frame, err := conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return closed.Code, closed.Text
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(frame), `"welcome"`) {
			return 0, "welcome"
		}
	}
}

// Nothing that a viewer by link can get holds an editor's link, an address, a
// mail or a token.
func TestViewLinkTellsNothing(t *testing.T) {
	s := newStage(t)
	p := s.document("Shown")
	a := s.actors["link to view"]
	var links struct{ Links []linkLine }
	s.owner.want(http.StatusOK, s.owner.send("GET", "/api/documents/"+p.id+"/access", nil), &links)
	secrets := map[string]string{"the service token": s.service.Token, "mails": "@example.org", "an address": "127.0.0.1"}
	for _, link := range links.Links {
		secrets["a link's id "+link.Role], secrets["a link's secret "+link.Role] = link.ID, secretIn(t, link.URL)
	}
	if len(secrets) < 7 {
		t.Fatalf("secrets: %v", secrets)
	}
	check := func(what string, bytes []byte) {
		t.Helper()
		for name, text := range secrets {
			if strings.Contains(string(bytes), text) {
				t.Errorf("[ASVS 8.2.3] %s shows %s: %s", what, name, bytes)
			}
		}
	}
	for _, operation := range s.operations() {
		r := rules[operation]
		if method, _, _ := strings.Cut(operation, " "); method != "GET" || r.live {
			continue
		}
		got := s.try(a, operation, &r, p)
		check(operation, got.body)
		check(operation, []byte(fmt.Sprint(got.header)))
	}
	for _, path := range []string{"/api/documents/events", "/api/documents/" + p.id + "/changes"} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", a.b.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/event-stream")
		response, err := a.b.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		s.owner.insert(p.id, "more ")
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			check(path, lines.Bytes())
			if strings.HasPrefix(lines.Text(), "data:") {
				break
			}
		}
		_ = response.Body.Close()
	}
	conn, _ := s.join(t, a, p.id)
	say(t, conn, `{"type":"ping"}`)
	other, _ := s.join(t, s.actors["editor"], p.id)
	defer func() { _ = other.Close() }()
	for {
		_, frame, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		check("a frame", frame)
		if strings.Contains(string(frame), `"people"`) || strings.Contains(string(frame), s.ids["editor"]) {
			break
		}
	}
}
