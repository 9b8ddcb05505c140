package main

import (
	"net/http"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

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
	"GET /api/documents":          {need: "somebody"},
	"GET /api/pictures":           {need: "somebody"},
	"GET /api/documents/events":   {need: "somebody", live: true},

	"GET /api/people":                              {need: "member"},
	"GET /api/groups":                              {need: "member"},
	"POST /api/documents":                          {need: "member", token: protocol.RoleEditor, body: map[string]string{"title": "Made"}},
	"POST /api/me/password":                        {need: "login", body: map[string]string{"current": "x", "new": "y"}},
	"GET /api/me/logins":                           {need: "login"},
	"DELETE /api/me/logins":                        {need: "login"},
	"DELETE /api/me/logins/{id}":                   {need: "login"},
	"GET /api/me/identities":                       {need: "login"},
	"DELETE /api/me/identities/{identity}":         {need: "login"},
	"GET /api/users/{id}/identities":               {need: "admin"},
	"DELETE /api/users/{id}/identities/{identity}": {need: "admin"},
	"GET /api/me/tokens":                           {need: "login"},
	"POST /api/me/tokens":                          {need: "login", body: map[string]string{"name": "x", "role": "owner"}},
	"DELETE /api/me/tokens/{id}":                   {need: "login"},
	"PUT /api/me/picture":                          {need: "login", raw: true},
	"DELETE /api/me/picture":                       {need: "login"},

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
	"POST /api/documents/{id}/links/{link}/rotate":       {need: "member", role: protocol.RoleOwner},
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
