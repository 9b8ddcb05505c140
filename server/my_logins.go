package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// loginView is a browser's signed-in state.
type loginView struct {
	ID        string    `json:"id" format:"uuid"`
	Method    string    `json:"method" doc:"password, link (one-time link), oidc or proxy"`
	Agent     string    `json:"agent" doc:"What the browser calls itself"`
	Address   string    `json:"address" doc:"Where it signed in from"`
	CreatedAt time.Time `json:"createdAt"`
	SeenAt    time.Time `json:"seenAt" doc:"Last use, to the minute"`
	ExpiresAt time.Time `json:"expiresAt"`
	Current   bool      `json:"current" doc:"The one that asks"`
}

type loginsOutput struct {
	Body struct {
		Logins []loginView `json:"logins"`
	}
}

// LoginPath is a login's id in a route.
type LoginPath struct {
	ID string `path:"id" doc:"The login's id, a UUID"`
}

type endLoginsInput struct {
	All bool `query:"all" doc:"This browser's too"`
	TokensToo
}

// TokensToo says whether API tokens end with logins.
type TokensToo struct {
	Tokens bool `query:"tokens" doc:"Personal API tokens end too"`
}

func (s *Server) listLogins(ctx context.Context, _ *struct{}) (*loginsOutput, error) {
	who := callerOf(ctx)
	user, err := s.account(ctx, who)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &loginsOutput{}
	out.Body.Logins, err = s.loginsOf(ctx, user.ID, who.Login)
	return out, s.problem(ctx, err)
}

// loginsOf are a user's that have not ended.
func (s *Server) loginsOf(ctx context.Context, user, current persistence.ID) ([]loginView, error) {
	logins, err := s.config.People.Logins(ctx, user)
	if err != nil {
		return nil, err
	}
	views := []loginView{}
	for i := range logins {
		l := &logins[i]
		expires := s.config.Access.expiry(l)
		if !s.config.Now().Before(expires) {
			continue
		}
		views = append(views, loginView{
			ID: l.ID.String(), Method: l.Method, Agent: l.Agent, Address: l.Address, CreatedAt: l.CreatedAt.UTC(),
			SeenAt: l.SeenAt.UTC(), ExpiresAt: expires.UTC(), Current: l.ID == current,
		})
	}
	return views, nil
}

func (s *Server) endLogin(ctx context.Context, in *LoginPath) (*struct{}, error) {
	user, err := s.account(ctx, callerOf(ctx))
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	none := newProblem(http.StatusNotFound, "login_not_found", "There is no such login; it may have ended already.")
	id, err := persistence.ParseID(in.ID)
	if err != nil {
		return nil, none
	}
	err = s.revise(ctx, revision{logins: []persistence.ID{id}, reason: "signed out"}, func(edit persistence.PeopleEdit) error {
		login, err := edit.Login(ctx, id)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && login.User != user.ID {
			return none
		}
		if err != nil {
			return err
		}
		if err := edit.DeleteLogin(id); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "login.ended", Subject: user.ID, Detail: "Signed a browser out."})
	})
	return nil, s.problem(ctx, err)
}

func (s *Server) endLogins(ctx context.Context, in *endLoginsInput) (*struct{}, error) {
	who := callerOf(ctx)
	user, err := s.account(ctx, who)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	except := who.Login
	if in.All {
		except = persistence.ID{}
	}
	return nil, s.problem(ctx, s.endLoginsOf(ctx, user.ID, except, in.Tokens))
}

// endLoginsOf signs a user out everywhere but in one browser (the zero ID
// spares none), and ends their API tokens if that is asked for.
func (s *Server) endLoginsOf(ctx context.Context, user, except persistence.ID, tokens bool) error {
	return s.revise(ctx, revision{users: []persistence.ID{user}, reason: "signed out"}, func(edit persistence.PeopleEdit) error {
		ended, err := edit.DeleteLogins(user, except)
		if err != nil {
			return err
		}
		also := ""
		if tokens {
			if also, err = s.dropTokens(ctx, edit, user); err != nil {
				return err
			}
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "login.ended", Subject: user, Detail: "Signed " + plural(len(ended), "browser") + " out" + also + "."})
	})
}
