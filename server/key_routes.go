package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

type rotateInput struct {
	Name string `path:"name" doc:"Of the key, such as guest-cookie-key"`
	Body *struct {
		Alone bool `json:"alone,omitempty" doc:"End what earlier keys signed at once, instead of after its life"`
	}
}

type rotateOutput struct {
	Body struct {
		Name   string    `json:"name"`
		ID     int       `json:"id"`
		MadeAt time.Time `json:"madeAt"`
	}
}

func (s *Server) keyRoutes(api huma.API) {
	register(api, huma.Operation{
		OperationID: "rotate-key", Method: http.MethodPost, Path: "/api/admin/keys/{name}/rotate", Tags: []string{"Administration"}, Metadata: needs(needOwner), DefaultStatus: http.StatusOK,
		Summary: "Put a new key of the server in place of one", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "What earlier keys signed stays good for its life, unless alone is set.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.rotateKey)
}

func (s *Server) rotateKey(ctx context.Context, in *rotateInput) (*rotateOutput, error) {
	if !slices.Contains(KeyNames(), in.Name) {
		return nil, newProblem(http.StatusNotFound, "key_not_found", "There is no key of this name; those are: %s.", KeyNames())
	}
	key, err := s.config.Keys.Rotate(ctx, in.Name, in.Body != nil && in.Body.Alone)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if err := s.recorded(ctx, persistence.AuditEntry{Action: "key.rotated", Detail: in.Name + "."}); err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &rotateOutput{}
	out.Body.Name, out.Body.ID, out.Body.MadeAt = in.Name, key.ID, key.MadeAt.UTC()
	return out, nil
}
