package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// Access says who a caller is and what they may do. Guests implement it now,
// accounts later; routes and transports ask nothing else. Any goroutine.
type Access interface {
	transport.Access
	// Changed returns the credential of a user whose name or colour changed;
	// "" if the old one stays good.
	Changed(ctx context.Context, who transport.Identity) (token string, err error)
	// Cookie wraps a credential for the browser that sent r.
	Cookie(r *http.Request, token string) *http.Cookie
}

// caller is who makes a request. token is set for a guest made just now.
type caller struct {
	who   transport.Identity
	token string
}

type callerKey struct{}

// callerOf returns the caller that identified has put into the context.
func callerOf(ctx context.Context) transport.Identity {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.who
}

// identified wraps the API: it finds out who calls, and gives somebody new a
// guest's identity. The cookie goes out where it will be wanted again - with
// one's own profile and with writes - so that a page's first requests, which
// run side by side, do not each make a guest.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, ok, err := s.config.Access.Identify(r)
		from := caller{who: who}
		if err == nil && !ok {
			from.who, from.token, err = s.config.Access.Guest(r.Context(), persistence.ID{}, nil)
		}
		if err != nil {
			if errors.Is(err, transport.ErrUnauthorized) || errors.Is(err, transport.ErrTokenExpired) {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			s.writeProblem(w, r, err)
			return
		}
		if from.token != "" && (r.URL.Path == "/api/me" || !safeMethod(r.Method)) {
			http.SetCookie(w, s.config.Access.Cookie(r, from.token))
		}
		ctx := context.WithValue(r.Context(), callerKey{}, from)
		next.ServeHTTP(w, r.WithContext(context.WithValue(ctx, requestKey{}, r)))
	})
}

func safeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	if p, ok := errors.AsType[*Problem](s.problem(r.Context(), err)); ok {
		p.write(w)
	}
}

// allow resolves a document's id and checks that the caller has at least the
// role (law P3). Those who may not know of a document are told that there is
// none.
func (s *Server) allow(ctx context.Context, id string, least protocol.Role) (persistence.ID, protocol.Role, error) {
	document, err := persistence.ParseID(strings.ToLower(id))
	if err != nil {
		return document, protocol.RoleNone, notFound()
	}
	role, err := s.config.Access.Role(ctx, callerOf(ctx), document)
	if err != nil {
		return document, role, s.problem(ctx, err)
	}
	if role == protocol.RoleNone {
		return document, role, notFound()
	}
	if role < least {
		return document, role, newProblem(http.StatusForbidden, "forbidden", "Only someone with the role %s may do that; yours is %s.", least, role)
	}
	return document, role, nil
}

type requestKey struct{}

// requestOf returns the HTTP request of a route's context.
func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}
