package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// caller is who makes a request.
type caller struct {
	who   transport.Identity
	known bool   // false: nobody, which only the routes for signing in take
	token string // of a guest made just now
	// operator is whoever runs the program, by its commands: an owner without
	// an account.
	operator bool
}

type callerKey struct{}

// callerOf returns the caller that identified has put into the context.
func callerOf(ctx context.Context) transport.Identity { return whole(ctx).who }

func whole(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// asOperator marks requests of the program's own commands, which come by a
// socket that only its user can open, or within one process.
func asOperator(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{known: true, operator: true, who: transport.Identity{
		User: protocol.User{ID: persistence.ID{}.String(), Name: "Operator", Color: "#64748b"},
		Kind: collab.KindUser, Standing: persistence.StandingOwner, Ceiling: protocol.RoleOwner,
	}})
}

// Operator answers the program's own commands.
func (s *Server) Operator() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r.WithContext(asOperator(r.Context()))) })
}

// identified wraps the API: it finds out who calls. Where everybody may come
// in, somebody new gets a guest's identity; the cookie goes out where it will
// be wanted again - with one's own profile and with writes - so that a page's
// first requests, which run side by side, do not each make a guest.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), requestKey{}, r)
		from := whole(ctx)
		if !from.operator {
			var err error
			if from, err = s.identify(r); err != nil {
				if errors.Is(err, transport.ErrUnauthorized) || errors.Is(err, transport.ErrTokenExpired) {
					w.Header().Set("WWW-Authenticate", "Bearer")
					if r.Header.Get("Authorization") != "" {
						s.denied(ctx, tokenDenied(err))
					}
				}
				s.writeProblem(w, r, err)
				return
			}
			if from.token != "" && (r.URL.Path == "/api/me" || !safeMethod(r.Method)) {
				http.SetCookie(w, s.config.Access.cookie(r, GuestCookie, from.token, guestLife))
			}
			ctx = context.WithValue(ctx, callerKey{}, from)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Server) identify(r *http.Request) (from caller, err error) {
	from.who, from.known, err = s.config.Access.Identify(r)
	if err != nil || from.known {
		return from, err
	}
	from.who, from.token, err = s.config.Access.Guest(r.Context(), persistence.ID{}, nil)
	if errors.Is(err, transport.ErrUnauthorized) {
		return caller{}, nil
	}
	from.known = err == nil
	return from, err
}

func safeMethod(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	if p, ok := errors.AsType[*Problem](s.problem(r.Context(), err)); ok {
		p.write(w)
	}
}

// need is how well known a caller must be for a route. A route that says
// nothing needs somebody: a guest at least.
type need int

const (
	needSomebody need = iota
	needNobody        // the ways in
	needMember
	needLogin // a member at a browser: what tokens must not be able to do
	needAdmin
	needOwner
)

// needKey is where an operation's metadata has it.
const needKey = "need"

func needs(n need) map[string]any { return map[string]any{needKey: n} }

// admitted is the middleware that holds every route to its need, before its
// body is read.
func (s *Server) admitted(ctx huma.Context, next func(huma.Context)) {
	operation := ctx.Operation()
	n, _ := operation.Metadata[needKey].(need)
	if err := s.admit(ctx.Context(), n, operation.OperationID); err != nil {
		r, w := humago.Unwrap(ctx)
		if whole(ctx.Context()).who.Kind == collab.KindGuest {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		s.writeProblem(w, r, err)
		return
	}
	next(ctx)
}

func (s *Server) admit(ctx context.Context, n need, operation string) error {
	if n == needNobody {
		return nil
	}
	from := whole(ctx)
	if !from.known {
		return newProblem(http.StatusUnauthorized, "unauthorized", "Sign in first.")
	}
	least := map[need]persistence.Standing{needMember: persistence.StandingMember, needLogin: persistence.StandingMember, needAdmin: persistence.StandingAdmin, needOwner: persistence.StandingOwner}[n]
	switch {
	case n == needLogin && (from.who.Kind != collab.KindUser || from.operator):
		return newProblem(http.StatusForbidden, "login_needed", "Only a browser that is signed in can do that.")
	case from.who.Standing >= least:
		return nil
	}
	s.denied(ctx, persistence.AuditEntry{Action: "route.denied", Detail: "Called " + operation + "."})
	switch {
	case from.who.Kind == collab.KindToken && from.who.Standing == persistence.StandingGuest:
		return newProblem(http.StatusForbidden, "members_only", "This token is confined to one document; take one that is not.")
	case from.who.Standing == persistence.StandingGuest:
		return newProblem(http.StatusForbidden, "members_only", "Guests cannot do that; sign in with an account.")
	}
	return newProblem(http.StatusForbidden, "forbidden", "Only an administrator may do that; ask one.")
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
	if role < least || role == protocol.RoleNone {
		s.denied(ctx, persistence.AuditEntry{Action: "document.denied", Document: document, Detail: "Needed the role " + least.String() + ", had " + role.String() + "."})
	}
	if role == protocol.RoleNone {
		return document, role, notFound()
	}
	if role < least {
		return document, role, newProblem(http.StatusForbidden, "forbidden", "Only someone with the role %s may do that; yours is %s.", least, role)
	}
	return document, role, nil
}

// share is allow for what a document's owners do about who has access. Whoever
// runs the program may do that in every document: they have all of it anyway.
func (s *Server) share(ctx context.Context, id string, least protocol.Role) (persistence.ID, protocol.Role, error) {
	if !whole(ctx).operator {
		return s.allow(ctx, id, least)
	}
	document, err := persistence.ParseID(strings.ToLower(id))
	if err == nil {
		_, err = s.config.Store.Document(ctx, document)
	} else {
		err = notFound()
	}
	return document, protocol.RoleOwner, s.problem(ctx, err)
}

type requestKey struct{}

// requestOf returns the HTTP request of a route's context.
func requestOf(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}
