package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/danielgtaylor/huma/v2"
)

// freshLogin is how long after signing in what an account hangs on can be
// changed without the password.
const freshLogin = 15 * time.Minute

// profile is a person as the API shows them.
type profile struct {
	ID    string `json:"id" format:"uuid"`
	Name  string `json:"name"`
	Color string `json:"color" doc:"#rrggbb"`
}

func profileOf(user protocol.User) profile { return profile(user) }

// meView is the caller.
type meView struct {
	ID       string `json:"id" format:"uuid"`
	Name     string `json:"name"`
	Color    string `json:"color" doc:"#rrggbb"`
	Standing string `json:"standing" enum:"guest,member,admin,owner" doc:"On the whole server, by these credentials"`
	Access   string `json:"access" enum:"open,link,members" doc:"Who comes in here"`
	Mail     string `json:"mail,omitempty"`
	Picture  string `json:"picture,omitempty" doc:"Address of the picture"`
	Password bool   `json:"password" doc:"The account has a password"`
}

type meOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      meView
}

type profileInput struct {
	Body struct {
		Name     *string `json:"name,omitempty" doc:"1 to 80 characters"`
		Color    *string `json:"color,omitempty" doc:"Any CSS colour: #rgb, #rrggbb, rgb(…) or a basic name"`
		Mail     *string `json:"mail,omitempty" maxLength:"254" doc:"Of an account: to sign in with. Needs password, or a login of the last quarter of an hour"`
		Password string  `json:"password,omitempty" maxLength:"1024" doc:"The current one"`
	}
}

func (s *Server) meRoutes(api huma.API) {
	tags := []string{"People"}
	atBrowser := needs(needLogin)
	register(api, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/api/me", Tags: tags,
		Summary: "Who I am", Description: "On a server that is open to all, a caller without credentials becomes a new guest and gets a cookie; elsewhere the answer is 401.",
	}, func(ctx context.Context, _ *struct{}) (*meOutput, error) {
		view, err := s.meOf(ctx, callerOf(ctx))
		return &meOutput{Body: view}, s.problem(ctx, err)
	})
	register(api, huma.Operation{
		OperationID: "change-me", Method: http.MethodPatch, Path: "/api/me", Tags: tags,
		Summary: "Change my name, colour or mail", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "Changes made from now on carry the new name; an account's open connections take it at once, a guest's when they next connect.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict},
	}, s.changeMe)
	register(api, huma.Operation{
		OperationID: "change-password", Method: http.MethodPost, Path: "/api/me/password", Tags: tags, Metadata: atBrowser, DefaultStatus: http.StatusNoContent,
		Summary: "Change my password", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Description: "All other logins end, on open connections too. Personal API tokens go on, unless tokens says that they end.",
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests},
	}, s.changePassword)
	register(api, huma.Operation{
		OperationID: "list-my-logins", Method: http.MethodGet, Path: "/api/me/logins", Tags: tags, Metadata: atBrowser, Summary: "Where I am signed in",
	}, s.listLogins)
	register(api, huma.Operation{
		OperationID: "end-my-login", Method: http.MethodDelete, Path: "/api/me/logins/{id}", Tags: tags, Metadata: atBrowser, DefaultStatus: http.StatusNoContent,
		Summary: "Sign a browser out", Errors: []int{http.StatusNotFound},
	}, s.endLogin)
	register(api, huma.Operation{
		OperationID: "end-my-logins", Method: http.MethodDelete, Path: "/api/me/logins", Tags: tags, Metadata: atBrowser, DefaultStatus: http.StatusNoContent,
		Summary: "Sign out everywhere else", Description: "Personal API tokens go on, unless tokens says that they end.",
	}, s.endLogins)
}

// meOf is a caller as they see themselves.
func (s *Server) meOf(ctx context.Context, who transport.Identity) (meView, error) {
	view := meView{ID: who.User.ID, Name: who.User.Name, Color: who.User.Color, Standing: standingWord(who.Standing), Access: string(s.config.Access.Mode)}
	id, err := persistence.ParseID(who.User.ID)
	if err != nil || who.Kind == collab.KindGuest || who.Kind == collab.KindEmbed {
		return view, nil
	}
	user, err := s.config.People.User(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) {
		return view, nil // the operator
	}
	if err != nil {
		return view, err
	}
	view.Mail, view.Password = user.Mail, user.Password != ""
	view.Picture, err = s.pictureAddress(ctx, id)
	return view, err
}

func (s *Server) changeMe(ctx context.Context, in *profileInput) (*meOutput, error) {
	who := callerOf(ctx)
	user := &who.User
	if in.Body.Name != nil {
		name, err := s.chosenName(ctx, *in.Body.Name)
		if err != nil {
			return nil, err
		}
		user.Name = name
	}
	if in.Body.Color != nil {
		color, ok := convert.Color(*in.Body.Color)
		if !ok {
			return nil, newProblem(http.StatusBadRequest, "invalid_color", "Write the colour as #rrggbb, such as #1565c0.")
		}
		user.Color = color
	}
	switch who.Kind {
	case collab.KindGuest:
		return s.changeGuest(ctx, who)
	case collab.KindToken:
		return nil, newProblem(http.StatusForbidden, "login_needed", "Only a browser that is signed in can do that.")
	case collab.KindEmbed:
		return nil, newProblem(http.StatusForbidden, "forbidden", "Your name comes from the page that this is embedded in; change it there.")
	}
	if err := s.changeAccount(ctx, who, in); err != nil {
		return nil, s.problem(ctx, err)
	}
	view, err := s.meOf(ctx, who)
	return &meOutput{Body: view}, s.problem(ctx, err)
}

// changeGuest signs a guest's credential anew: they are what it says.
func (s *Server) changeGuest(ctx context.Context, who transport.Identity) (*meOutput, error) {
	token, err := s.config.Access.Guests.credential(who.User)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	view, err := s.meOf(ctx, who)
	out := &meOutput{Body: view}
	if r := requestOf(ctx); r != nil {
		out.SetCookie = s.config.Access.cookie(r, GuestCookie, token, guestLife)
	}
	return out, s.problem(ctx, err)
}

func (s *Server) changeAccount(ctx context.Context, who transport.Identity, in *profileInput) error {
	id, err := persistence.ParseID(who.User.ID)
	if err != nil {
		return notFound()
	}
	mail := ""
	if in.Body.Mail != nil {
		if mail, err = s.chosenMail(ctx, *in.Body.Mail); err != nil {
			return err
		}
		before, err := s.config.People.User(ctx, id)
		if err != nil {
			return err
		}
		if before.Mail != mail {
			if err := s.mayChangeMail(ctx, who, &before, in.Body.Password); err != nil {
				return err
			}
		}
	}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		user, err := edit.User(ctx, id)
		if err != nil {
			return err
		}
		user.Name, user.Color = who.User.Name, who.User.Color
		entry := persistence.AuditEntry{Action: "user.changed", Subject: id, Detail: "Changed their profile."}
		if mail != "" && mail != user.Mail {
			user.Mail, entry.Detail = mail, "Changed their profile and mail address."
			// Those on their way to the old address.
			if err := s.dropResets(ctx, edit, id); err != nil {
				return err
			}
		}
		if err := edit.PutUser(user); err != nil {
			return mailTaken(err)
		}
		return s.record(ctx, edit, entry)
	})
	if err == nil {
		s.profileChanged(ctx, id)
	}
	return err
}

// mayChangeMail asks for the password, since whoever has the mail address has
// the account: a browser that was left open must not be enough.
func (s *Server) mayChangeMail(ctx context.Context, who transport.Identity, user *persistence.User, password string) error {
	if password != "" {
		return s.confirm(ctx, user, password)
	}
	login, err := s.config.People.Login(ctx, who.Login)
	if err == nil && s.config.Now().Sub(login.CreatedAt) < freshLogin {
		return nil
	}
	return newProblem(http.StatusForbidden, "mail_needs_password", "Give your password to change your mail address, or sign in again first.")
}

// account is a caller's account.
func (s *Server) account(ctx context.Context, who transport.Identity) (persistence.User, error) {
	id, err := persistence.ParseID(who.User.ID)
	if err != nil || whole(ctx).operator {
		return persistence.User{}, newProblem(http.StatusForbidden, "forbidden", "Only an account has this; sign in with one.")
	}
	return s.config.People.User(ctx, id)
}
