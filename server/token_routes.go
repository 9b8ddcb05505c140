package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

type tokenInput struct {
	Body TokenDraft
}

type serviceTokenInput struct {
	Body struct {
		TokenDraft
		User string `json:"user,omitempty" doc:"An integration that is there already, by its account's id: a second token, to change over"`
	}
}

type newTokenOutput struct {
	Body struct {
		TokenView
		Token string `json:"token" doc:"The token itself; it is shown this once"`
	}
}

type tokensOutput struct {
	Body struct {
		Tokens []TokenView `json:"tokens"`
	}
}

// TokenPath is a token's id in a route.
type TokenPath struct {
	ID string `path:"id" doc:"The token's id, a UUID"`
}

func (s *Server) tokenRoutes(api huma.API) {
	tags := []string{"Tokens"}
	atBrowser, admin := needs(needLogin), needs(needAdmin)
	const about = "Send it as Authorization: Bearer, or as token in a socket's hello. It has the rights of its account, at most with its role."
	post := func(id, path, summary string, need map[string]any) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: path, Tags: tags, Metadata: need, MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
			Summary: summary, Description: about, DefaultStatus: http.StatusCreated, Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
		}
	}
	register(api, huma.Operation{
		OperationID: "list-my-tokens", Method: http.MethodGet, Path: "/api/me/tokens", Tags: tags, Metadata: atBrowser, Summary: "My API tokens",
	}, func(ctx context.Context, _ *struct{}) (*tokensOutput, error) { return s.listTokens(ctx, s.actor(ctx)) })
	register(api, post("create-my-token", "/api/me/tokens", "Make an API token of mine", atBrowser), s.createToken)
	register(api, huma.Operation{
		OperationID: "revoke-my-token", Method: http.MethodDelete, Path: "/api/me/tokens/{id}", Tags: tags, Metadata: atBrowser, DefaultStatus: http.StatusNoContent,
		Summary: "Revoke an API token of mine", Description: "What is open by it ends.", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *TokenPath) (*struct{}, error) {
		return nil, s.problem(ctx, s.revoke(ctx, in.ID, s.actor(ctx)))
	})
	register(api, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/api/tokens", Tags: tags, Metadata: admin, Summary: "All API tokens, of people and of integrations",
	}, func(ctx context.Context, _ *struct{}) (*tokensOutput, error) {
		return s.listTokens(ctx, persistence.ID{})
	})
	register(api, post("create-service-token", "/api/tokens", "Make a token of an integration, with an account of its own", admin), s.createServiceToken)
	register(api, huma.Operation{
		OperationID: "revoke-token", Method: http.MethodDelete, Path: "/api/tokens/{id}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Revoke any API token", Description: "What is open by it ends.", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *TokenPath) (*struct{}, error) {
		return nil, s.problem(ctx, s.revoke(ctx, in.ID, persistence.ID{}))
	})
}

func (s *Server) listTokens(ctx context.Context, user persistence.ID) (*tokensOutput, error) {
	out := &tokensOutput{}
	var err error
	out.Body.Tokens, err = s.tokenViews(ctx, user)
	return out, s.problem(ctx, err)
}

func (s *Server) createToken(ctx context.Context, in *tokenInput) (*newTokenOutput, error) {
	token, err := s.token(ctx, &in.Body)
	if err != nil {
		return nil, err
	}
	token.Kind, token.User = persistence.TokenPersonal, s.actor(ctx)
	if callerOf(ctx).Standing < persistence.StandingAdmin && token.Admin {
		return nil, newProblem(http.StatusForbidden, "forbidden", "Your account does not manage the server, so its tokens cannot.")
	}
	if !token.Document.IsZero() {
		// Whoever may not know of a document learns nothing of it here.
		if _, _, err := s.allow(ctx, token.Document.String(), 1); err != nil {
			return nil, err
		}
	}
	out := &newTokenOutput{}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		out.Body.Token, err = s.issue(ctx, edit, &token)
		return err
	})
	out.Body.TokenView = s.TokenView(&token)
	return out, s.problem(ctx, err)
}

// createServiceToken makes a token and, unless there is one, the account whose
// rights it has: documents are shared with that as with a person.
func (s *Server) createServiceToken(ctx context.Context, in *serviceTokenInput) (*newTokenOutput, error) {
	who := callerOf(ctx)
	if who.Kind == collab.KindToken {
		return nil, newProblem(http.StatusForbidden, "login_needed", "Only a browser that is signed in can do that.")
	}
	token, err := s.token(ctx, &in.Body.TokenDraft)
	if err != nil {
		return nil, err
	}
	// A token that manages the server is another administrator.
	if token.Admin && who.Standing < persistence.StandingOwner {
		return nil, newProblem(http.StatusForbidden, "forbidden", "Only an owner can make a token that manages the server; ask one.")
	}
	token.Kind = persistence.TokenService
	out := &newTokenOutput{}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		user, err := s.integration(ctx, edit, in.Body.User, &token)
		if err != nil {
			return err
		}
		token.User = user
		out.Body.Token, err = s.issue(ctx, edit, &token)
		return err
	})
	out.Body.TokenView = s.TokenView(&token)
	return out, s.problem(ctx, err)
}

// integration is the account of a service token: a new one, or that of an
// earlier service token. People's accounts are not to be had this way.
func (s *Server) integration(ctx context.Context, edit persistence.PeopleEdit, id string, token *persistence.Token) (persistence.ID, error) {
	if id == "" {
		user := persistence.User{ID: persistence.NewID(), Name: token.Name, Color: anyColor(), Standing: persistence.StandingMember, CreatedAt: token.CreatedAt}
		if token.Admin {
			user.Standing = persistence.StandingAdmin
		}
		if err := edit.PutUser(user); err != nil {
			return user.ID, err
		}
		return user.ID, s.record(ctx, edit, persistence.AuditEntry{Action: "user.created", Subject: user.ID, Detail: "An integration's account."})
	}
	none := newProblem(http.StatusNotFound, "integration_not_found", "That is no integration's account; leave user out to make one.")
	user, err := persistence.ParseID(strings.ToLower(id))
	if err != nil || user.IsZero() {
		return user, none
	}
	earlier, err := edit.Tokens(ctx, user)
	if err != nil {
		return user, err
	}
	for i := range earlier {
		if earlier[i].Kind == persistence.TokenService {
			account, err := edit.User(ctx, user)
			if errors.Is(err, persistence.ErrNotFound) || err == nil && token.Admin && account.Standing < persistence.StandingAdmin {
				return user, none
			}
			return user, err
		}
	}
	return user, none
}
