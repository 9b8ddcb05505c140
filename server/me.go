package server

import (
	"context"
	"net/http"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/danielgtaylor/huma/v2"
)

// profile is a person as the API shows them.
type profile struct {
	ID    string `json:"id" format:"uuid"`
	Name  string `json:"name"`
	Color string `json:"color" doc:"#rrggbb"`
}

func profileOf(user protocol.User) profile { return profile(user) }

type profileOutput struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      profile
}

type profileInput struct {
	Body struct {
		Name  *string `json:"name,omitempty" doc:"1 to 80 characters"`
		Color *string `json:"color,omitempty" doc:"Any CSS colour: #rgb, #rrggbb, rgb(…) or a basic name"`
	}
}

func (s *Server) meRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/api/me", Tags: []string{"People"},
		Summary: "Who I am", Description: "A caller without credentials becomes a new guest and gets a cookie.",
	}, func(ctx context.Context, _ *struct{}) (*profileOutput, error) {
		return &profileOutput{Body: profileOf(callerOf(ctx).User)}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "change-me", Method: http.MethodPatch, Path: "/api/me", Tags: []string{"People"},
		Summary: "Change my name or colour", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "Changes made from now on carry the new name; open connections take it when they next connect.",
		Errors:      []int{http.StatusBadRequest},
	}, s.changeMe)
}

func (s *Server) changeMe(ctx context.Context, in *profileInput) (*profileOutput, error) {
	who := callerOf(ctx)
	user := &who.User
	if in.Body.Name != nil {
		name, ok := tidy(*in.Body.Name)
		if length := utf8.RuneCountInString(name); !ok || length < 1 || length > maxName {
			return nil, newProblem(http.StatusBadRequest, "invalid_name", "A name has 1 to %d characters and no control characters.", maxName)
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
	token, err := s.config.Access.Changed(ctx, who)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &profileOutput{Body: profileOf(who.User)}
	if r := requestOf(ctx); token != "" && r != nil {
		out.SetCookie = s.config.Access.Cookie(r, token)
	}
	return out, nil
}
