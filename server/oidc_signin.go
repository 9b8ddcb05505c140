package server

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/persistence"
	"golang.org/x/oauth2"
)

const (
	routeOIDC         = "/api/signin/oidc"
	routeOIDCCallback = "/api/signin/oidc/callback"
)

// What the sign-in page is told when a sign-in by the provider came to nothing;
// see also vouch.go.
const (
	problemOIDCDown    = "oidc_unavailable" // the provider does not answer
	problemOIDCRefused = "oidc_refused"     // it refused, or what came back is not good
)

// oidcRoutes are plain pages of a redirect each, not part of the API's
// description: only browsers go there.
func (s *Server) oidcRoutes(mux *http.ServeMux) {
	if s.config.OIDC == nil {
		return
	}
	mux.HandleFunc("GET "+routeOIDC, func(w http.ResponseWriter, r *http.Request) {
		setRoute(r.Context(), routeOIDC)
		s.beginOIDC(w, r)
	})
	mux.HandleFunc("GET "+routeOIDCCallback, func(w http.ResponseWriter, r *http.Request) {
		setRoute(r.Context(), routeOIDCCallback)
		s.endOIDC(w, r)
	})
}

// beginOIDC sends a browser to the provider. back is the page to come back to;
// with link=1 the provider's identity is linked to the account that is signed in.
func (s *Server) beginOIDC(w http.ResponseWriter, r *http.Request) {
	o := s.config.OIDC
	provider, err := o.discovered(r.Context())
	if err != nil {
		s.config.Logger.WarnContext(r.Context(), "the sign-in provider cannot be asked", "error", err)
		s.failSignIn(w, r, problemOIDCDown, "The sign-in provider does not answer.")
		return
	}
	trip := &roundTrip{
		State: randomText(), Nonce: randomText(), Verifier: oauth2.GenerateVerifier(),
		Back: localPath(r.URL.Query().Get("back")), Until: s.config.Now().Add(roundTripLife).Unix(),
	}
	if who := callerOf(r.Context()); r.URL.Query().Get("link") == "1" && who.Kind == collab.KindUser && !who.Login.IsZero() {
		// Another site could lead a browser here after it signed that in at the
		// provider as somebody else, who would have the account from then on.
		if r.Header.Get("Sec-Fetch-Site") != "same-origin" {
			s.failSignIn(w, r, problemOIDCRefused, "Another site began to link an identity.")
			return
		}
		trip.Link, _ = persistence.ParseID(who.User.ID)
	}
	http.SetCookie(w, s.config.Access.cookie(r, roundTripCookie, trip.seal(s.roundTrips), roundTripLife))
	w.Header().Set("Cache-Control", "no-store")
	address := o.oauth(provider, s.base(r.Context())+routeOIDCCallback).AuthCodeURL(trip.State,
		oauth2.S256ChallengeOption(trip.Verifier), oauth2.SetAuthURLParam("nonce", trip.Nonce))
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// endOIDC is where the provider sends the browser back to.
func (s *Server) endOIDC(w http.ResponseWriter, r *http.Request) {
	o, query, ctx := s.config.OIDC, r.URL.Query(), r.Context()
	w.Header().Set("Cache-Control", "no-store")
	trip, ok := unseal(s.roundTrips, s.config.Access.read(r, roundTripCookie), s.config.Now())
	http.SetCookie(w, s.config.Access.cookie(r, roundTripCookie, "", 0))
	switch {
	case !ok || subtle.ConstantTimeCompare([]byte(trip.State), []byte(query.Get("state"))) != 1:
		s.failSignIn(w, r, problemOIDCRefused, "The sign-in was not begun in this browser, or too long ago.")
		return
	case !o.once(trip.State):
		s.failSignIn(w, r, problemOIDCRefused, "The sign-in came back a second time.")
		return
	case query.Get("iss") != "" && query.Get("iss") != o.Issuer: // RFC 9207
		s.failSignIn(w, r, problemOIDCRefused, "Another provider answered.")
		return
	case query.Get("error") != "" || query.Get("code") == "":
		s.failSignIn(w, r, problemOIDCRefused, "The provider refused.")
		return
	}
	who, err := o.redeem(ctx, trip, query.Get("code"), s.base(ctx)+routeOIDCCallback)
	switch {
	case errors.Is(err, errProviderDown):
		s.failSignIn(w, r, problemOIDCDown, "The sign-in provider does not answer.")
		return
	case err != nil:
		// The library's errors name claims and addresses, no token.
		s.config.Logger.WarnContext(ctx, "a sign-in by the provider was refused", "error", err)
		s.failSignIn(w, r, problemOIDCRefused, "What the provider sent is not good.")
		return
	}
	s.enterOIDC(w, r, trip, who)
}

// enterOIDC makes a login for whom the provider vouches.
func (s *Server) enterOIDC(w http.ResponseWriter, r *http.Request, trip *roundTrip, who *stranger) {
	ctx, o := r.Context(), s.config.OIDC
	if !trip.Link.IsZero() {
		// Linked only to the account that began it and is still signed in.
		if caller := callerOf(ctx); caller.Kind != collab.KindUser || caller.User.ID != trip.Link.String() {
			s.failSignIn(w, r, problemOIDCRefused, "The account to link to is not signed in any more.")
			return
		}
	}
	out, err := s.enterVouched(ctx, o.voucher(), trip.Link, who)
	if refusal, ok := errors.AsType[*refusal](err); ok {
		s.failSignIn(w, r, refusal.problem, refusal.detail)
		return
	}
	if err != nil {
		s.writeProblem(w, r, err)
		return
	}
	for _, cookie := range out.SetCookie {
		http.SetCookie(w, cookie)
	}
	http.Redirect(w, r, trip.Back, http.StatusSeeOther)
}
