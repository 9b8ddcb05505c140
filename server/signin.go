package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// Methods of a login.
const (
	methodPassword = "password"
	methodLink     = "link" // a one-time link: setup, invitation, reset
)

type signInInput struct {
	Body struct {
		Mail     string `json:"mail" maxLength:"254"`
		Password string `json:"password" maxLength:"1024"`
	}
}

// enteredOutput answers whoever has come in: who they are, and their cookies.
type enteredOutput struct {
	SetCookie []*http.Cookie `header:"Set-Cookie"`
	Body      meView
}

type cookiesOutput struct {
	SetCookie []*http.Cookie `header:"Set-Cookie"`
}

type methodsOutput struct {
	Body struct {
		Password bool     `json:"password" doc:"By mail and password"`
		OIDC     *nameful `json:"oidc,omitempty" doc:"By a sign-in provider: go to /api/signin/oidc"`
		Guests   bool     `json:"guests" doc:"Guests may come, by a share link or through the open door"`
		Setup    bool     `json:"setup" doc:"Nobody owns this server yet: open the link that it printed"`
		Mail     bool     `json:"mail" doc:"A link for a new password can be sent by mail"`
		Access   string   `json:"access" enum:"open,link,members"`
	}
}

type nameful struct {
	Name string `json:"name"`
}

func (s *Server) signInRoutes(api huma.API) {
	tags := []string{"Signing in"}
	register(api, huma.Operation{
		OperationID: "get-signin-methods", Method: http.MethodGet, Path: "/api/signin/methods", Tags: tags, Metadata: needs(needNobody),
		Summary: "How one can sign in here",
	}, s.signInMethods)
	register(api, huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: "/api/signin", Tags: tags, Metadata: needs(needNobody), MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Summary: "Sign in with mail and password", DefaultStatus: http.StatusOK,
		Description: "Answers who one is, with a new login's cookie. A wrong password and an unknown mail are answered alike. After several failures the answer is 429 with Retry-After.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests},
	}, s.signIn)
	register(api, huma.Operation{
		OperationID: "sign-out", Method: http.MethodPost, Path: "/api/signout", Tags: tags, Metadata: needs(needNobody), DefaultStatus: http.StatusNoContent,
		Summary: "End this browser's login", Description: "Its open connections end with it.",
	}, s.signOut)
}

func (s *Server) signInMethods(ctx context.Context, _ *struct{}) (*methodsOutput, error) {
	owned, err := s.owned(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &methodsOutput{}
	mode := s.config.Access.Mode
	if s.config.OIDC != nil {
		out.Body.OIDC = &nameful{Name: s.config.OIDC.Name}
	}
	out.Body.Password, out.Body.Guests, out.Body.Setup, out.Body.Mail, out.Body.Access = true, mode != ModeMembers, !owned, s.config.Mail != nil, string(mode)
	return out, nil
}

// errWrong is the one answer to whatever is wrong with a sign-in.
func errWrong() *Problem {
	return newProblem(http.StatusForbidden, "wrong_credentials", "The mail or the password is wrong. If you have forgotten it, ask an administrator for a link to set a new one.")
}

func (s *Server) signIn(ctx context.Context, in *signInInput) (*enteredOutput, error) {
	r := requestOf(ctx)
	mail, proper := tidyMail(in.Body.Mail)
	if !proper {
		mail = "" // nobody's
	}
	user, err := s.config.People.UserByMail(ctx, mail)
	if err != nil && !errors.Is(err, persistence.ErrNotFound) {
		return nil, s.problem(ctx, err)
	}
	if errors.Is(err, persistence.ErrNotFound) || !user.Active() || mail == "" {
		user = persistence.User{}
	}
	known := ""
	if !user.ID.IsZero() {
		known = s.knownBrowser(r, user.ID)
	}
	keys := attemptKeys("signin", mail, s.config.Access.Peers.Address(r), known)
	if err := s.begin(ctx, keys, "login.limited", user.ID); err != nil {
		return nil, err
	}
	good, stale, err := s.passwords.Check(ctx, user.Password, in.Body.Password)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if !good {
		s.denied(ctx, persistence.AuditEntry{Action: "login.denied", Subject: user.ID, Detail: "Wrong mail or password."})
		return nil, errWrong()
	}
	s.attempts.forgive(keys)
	checked := user.Password
	if stale {
		if checked, err = s.passwords.Hash(ctx, in.Body.Password); err != nil {
			return nil, s.problem(ctx, err)
		}
	}
	out, err := s.enter(ctx, methodPassword, nil, func(edit persistence.PeopleEdit) (persistence.User, error) {
		now, err := edit.User(ctx, user.ID)
		if err != nil {
			return now, err
		}
		// Suspended, or given another password, while this one was checked.
		if !now.Active() || now.Password != user.Password {
			return now, errWrong()
		}
		now.Password = checked
		return now, edit.PutUser(now)
	})
	return out, s.problem(ctx, err)
}

// begin counts an attempt; the problem says how long to wait instead.
func (s *Server) begin(ctx context.Context, keys []attemptKey, action string, subject persistence.ID) error {
	wait, first := s.attempts.begin(keys)
	if wait == 0 {
		return nil
	}
	if first {
		s.denied(ctx, persistence.AuditEntry{Action: action, Subject: subject, Detail: "Too many tries; the next try has to wait " + wait.Round(time.Second).String() + "."})
	}
	p := newProblem(http.StatusTooManyRequests, "too_many_attempts", "That was tried too often. Try again in %s.", spoken(wait))
	p.retryAfter = int(wait/time.Second) + 1
	return p
}

// spoken says a short time in words.
func spoken(d time.Duration) string {
	seconds := int(d/time.Second) + 1
	switch {
	case seconds == 1:
		return "a second"
	case seconds < 120:
		return plural(seconds, "second")
	}
	return plural((seconds+59)/60, "minute")
}

// enter makes a login for whom the transaction returns, and ends the one that
// the browser had. A login always has a new id: what somebody may have planted
// or read before signing in is worth nothing after. Documents that they opened
// by a link as a guest of this browser are theirs from then on. concerned are
// users who may lose something by it; nil: nobody does.
func (s *Server) enter(ctx context.Context, method string, concerned []persistence.ID, who func(edit persistence.PeopleEdit) (persistence.User, error)) (*enteredOutput, error) {
	r := requestOf(ctx)
	access := s.config.Access
	var user persistence.User
	var secret string
	var login persistence.Login
	guest, came := access.guestOf(r), ""
	change := func(edit persistence.PeopleEdit) (err error) {
		if user, err = who(edit); err != nil {
			return err
		}
		if came, err = s.carryVisits(ctx, edit, guest, user.ID); err != nil {
			return err
		}
		if old := access.read(r, LoginCookie); old != "" {
			if before, err := edit.LoginByDigest(ctx, digestOf(old)); err == nil {
				if err := edit.DeleteLogin(before.ID); err != nil {
					return err
				}
			}
		}
		if login, secret, err = access.newLogin(edit, r, user.ID, method); err != nil {
			return err
		}
		user.SeenAt = login.SeenAt
		if err := edit.PutUser(user); err != nil {
			return err
		}
		entry := s.line(ctx, persistence.AuditEntry{Action: "login.created", Subject: user.ID, Detail: "Signed in by " + method + came + "."})
		entry.Actor, entry.Name = user.ID, user.Name
		return edit.Record(entry)
	}
	var err error
	what := revision{users: concerned}
	if old := callerOf(ctx); old.Kind == collab.KindUser && !old.Login.IsZero() {
		what.logins = []persistence.ID{old.Login}
	}
	if what.users == nil && what.logins == nil {
		err = s.config.People.EditPeople(ctx, change)
	} else {
		err = s.revise(ctx, what, change)
	}
	if err != nil {
		return nil, err
	}
	if came != "" { // other browsers of theirs see more
		s.config.Events.Rights(func(other *transport.Identity) bool { return other.User.ID == user.ID.String() })
	}
	who2, err := access.user(&user)
	if err != nil {
		return nil, err
	}
	who2.Login = login.ID
	body, err := s.meOf(ctx, who2)
	out := &enteredOutput{SetCookie: []*http.Cookie{access.cookie(r, LoginCookie, secret, access.Absolute), s.knownCookie(r, user.ID)}, Body: body}
	if !guest.IsZero() { // who signs in here next is not that guest
		out.SetCookie = append(out.SetCookie, access.cookie(r, GuestCookie, "", 0))
	}
	return out, err
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*cookiesOutput, error) {
	who, r := callerOf(ctx), requestOf(ctx)
	out := &cookiesOutput{SetCookie: []*http.Cookie{s.config.Access.cookie(r, LoginCookie, "", 0)}}
	if who.Kind != collab.KindUser || who.Login.IsZero() {
		return out, nil
	}
	err := s.revise(ctx, revision{logins: []persistence.ID{who.Login}}, func(edit persistence.PeopleEdit) error {
		if err := edit.DeleteLogin(who.Login); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "login.ended", Detail: "Signed out."})
	})
	return out, s.problem(ctx, err)
}
