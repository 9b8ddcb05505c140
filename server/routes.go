package server

import (
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Bounds of the routes' bodies and of the time a slow network has to send one.
const (
	smallBytes = 16 << 10 // titles, names and the like; the larger ones are in Limits
	bodyWait   = time.Minute
)

// routes registers the API. The description at /api/openapi.json is made from
// the same declarations, when somebody asks for it.
func (s *Server) routes(mux *http.ServeMux) {
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Coscribe",
				Version: s.config.Version,
				Description: "Documents, their content at any revision, and their changes, also live. Lengths and indexes count UTF-16 code units; " +
					"times are RFC 3339 in UTC; a delta is a list of Quill ops. Errors are problem documents (RFC 9457) with a stable code. " +
					"Callers are who they signed in as by cookie, or whose token they show as a bearer.",
			},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: waysIn,
			},
			Security: anyWay,
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
	config.AllowAdditionalPropertiesByDefault = true // law P1: unknown fields are ignored
	api := humago.New(mux, config)
	api.UseMiddleware(func(ctx huma.Context, next func(huma.Context)) {
		setRoute(ctx.Context(), ctx.Operation().Path)
		ctx.SetHeader("Cache-Control", "private, no-cache")
		next(ctx)
	})
	api.UseMiddleware(s.admitted, s.paced)
	s.signInRoutes(api)
	s.ticketRoutes(api)
	s.meRoutes(api)
	s.identityRoutes(api)
	s.pictureRoutes(api)
	s.userRoutes(api)
	s.invitationRoutes(api)
	s.auditRoutes(api)
	s.tokenRoutes(api)
	s.oidcRoutes(mux)
	s.adminRoutes(api)
	s.keyRoutes(api)
	s.documentRoutes(api)
	s.grantRoutes(api)
	s.linkRoutes(api)
	s.requestRoutes(api)
	s.groupRoutes(api)
	s.contentRoutes(api)
	s.changeRoutes(api)
	s.eventRoutes(api)
	if s.config.Poll != nil {
		describePoll(api)
	}
	delete(api.OpenAPI().Components.Schemas.Map(), "Cookie") // of Set-Cookie, which is a string
	s.descriptionRoutes(mux, api)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) { unknownRoute(mux, w, r) })
}

// jsonFormat writes JSON without escaping "<" and "&", which would only make
// texts longer: nothing here is ever put into a page.
var jsonFormat = huma.Format{
	Marshal:   huma.DefaultJSONFormat.Marshal,
	Unmarshal: readJSON,
}

// unknownRoute answers what no route matches: 405 with the methods that the
// path knows, else 404.
func unknownRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := mux.Handler(probe); pattern != "" && pattern != "/api/" {
			allowed = append(allowed, method)
			if method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	if len(allowed) > 0 {
		otherMethod(w, allowed...)
		return
	}
	newProblem(http.StatusNotFound, "route_not_found", "The API has no such address; see /api/docs.").write(w)
}

// otherMethod answers a method that the address does not know.
func otherMethod(w http.ResponseWriter, allowed ...string) {
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This address knows %s only; see /api/docs.", methods).write(w)
}
