package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

const (
	// maxRequests bounds the wishes that wait at a document; later ones are
	// not kept.
	maxRequests = 100
	// maxMessage is how much somebody may write to the owner; characters.
	maxMessage = 500
)

// requestView is somebody's wish for a role.
type requestView struct {
	User    string    `json:"user" format:"uuid"`
	Name    string    `json:"name"`
	Color   string    `json:"color"`
	Mail    string    `json:"mail,omitempty"`
	Role    string    `json:"role" enum:"viewer,commenter,editor"`
	Message string    `json:"message,omitempty"`
	At      time.Time `json:"at"`
}

type requestInput struct {
	DocumentPath
	Body struct {
		Role    string `json:"role,omitempty" enum:"viewer,commenter,editor" default:"viewer"`
		Message string `json:"message,omitempty" maxLength:"2000" doc:"At most 500 characters"`
	}
}

// RequestPath names a wish in a route.
type RequestPath struct {
	DocumentPath
	User string `path:"user" doc:"Whose it is, a UUID"`
}

type acceptRequestInput struct {
	RequestPath
	Body struct {
		Role string `json:"role,omitempty" enum:"viewer,commenter,editor" doc:"Another role than they asked for"`
	}
}

type requestsOutput struct {
	Body struct {
		Requests []requestView `json:"requests"`
	}
}

func (s *Server) requestRoutes(api huma.API) {
	tags, member := []string{"Sharing"}, needs(needMember)
	register(api, huma.Operation{
		OperationID: "request-access", Method: http.MethodPost, Path: "/api/documents/{id}/requests", Tags: tags, Metadata: member, DefaultStatus: http.StatusAccepted,
		Summary: "Ask for access", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "The owners see it with who has access. The answer is the same whether there is such a document or not.", Errors: []int{http.StatusBadRequest},
	}, s.requestAccess)
	register(api, huma.Operation{
		OperationID: "list-requests", Method: http.MethodGet, Path: "/api/documents/{id}/requests", Tags: tags, Metadata: member,
		Summary: "Who asks for access", Description: "For owners.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.listRequests)
	register(api, huma.Operation{
		OperationID: "decline-request", Method: http.MethodDelete, Path: "/api/documents/{id}/requests/{user}", Tags: tags, Metadata: member, DefaultStatus: http.StatusNoContent,
		Summary: "Decline a wish for access, or take back one's own", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.declineRequest)
	register(api, huma.Operation{
		OperationID: "accept-request", Method: http.MethodPost, Path: "/api/documents/{id}/requests/{user}/accept", Tags: tags, Metadata: member, DefaultStatus: http.StatusOK,
		Summary: "Give somebody the role that they asked for", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Description: "For owners.",
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound},
	}, s.acceptRequest)
}

// requestsOf are the wishes at a document, of people who can sign in.
func (s *Server) requestsOf(ctx context.Context, document persistence.ID) ([]requestView, error) {
	requests, err := s.config.People.AccessRequests(ctx, document)
	views := []requestView{}
	for _, r := range requests {
		user, err := s.config.People.User(ctx, r.User)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.Active() {
			continue
		}
		if err != nil {
			return nil, err
		}
		views = append(views, requestView{
			User: user.ID.String(), Name: user.Name, Color: user.Color, Mail: user.Mail, Role: protocol.Role(r.Rank).String(), Message: r.Message, At: r.At.UTC(),
		})
	}
	return views, err
}

func (s *Server) requestAccess(ctx context.Context, in *requestInput) (*struct{}, error) {
	word := in.Body.Role
	if word == "" {
		word = protocol.RoleViewer.String()
	}
	rank, err := linkRole(word)
	if err != nil {
		return nil, err
	}
	message := strings.TrimSpace(in.Body.Message)
	if !utf8.ValidString(message) || utf8.RuneCountInString(message) > maxMessage {
		return nil, newProblem(http.StatusBadRequest, "invalid_message", "A message has at most %d characters.", maxMessage)
	}
	document, err := persistence.ParseID(strings.ToLower(in.ID))
	if err != nil {
		return nil, nil
	}
	d, err := s.config.Store.Document(ctx, document)
	if err != nil || !d.TrashedAt.IsZero() {
		if errors.Is(err, persistence.ErrNotFound) {
			err = nil
		}
		return nil, s.problem(ctx, err)
	}
	user := s.actor(ctx)
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		now := persistence.Micro(s.config.Now())
		has, err := edit.Rank(ctx, document, user, now)
		if err != nil || has >= rank {
			return err // they have it already
		}
		requests, err := edit.AccessRequests(ctx, document)
		if err != nil {
			return err
		}
		again := slices.ContainsFunc(requests, func(r persistence.AccessRequest) bool { return r.User == user })
		if !again && len(requests) >= maxRequests {
			return nil
		}
		if err := edit.PutAccessRequest(persistence.AccessRequest{Document: document, User: user, Rank: rank, Message: message, At: now}); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "request.created", Document: document, Subject: user, Detail: "Asks to be " + withArticle(protocol.Role(rank)) + "."})
	})
	if err == nil {
		s.config.Events.Access(document)
	}
	return nil, s.problem(ctx, err)
}

func (s *Server) listRequests(ctx context.Context, in *DocumentPath) (*requestsOutput, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	out := &requestsOutput{}
	out.Body.Requests, err = s.requestsOf(ctx, document)
	return out, s.problem(ctx, err)
}

func noRequest() *Problem {
	return newProblem(http.StatusNotFound, "request_not_found", "Nobody of this id asks for access; it may have been answered already.")
}

func requestIn(ctx context.Context, edit persistence.PeopleEdit, document, user persistence.ID) (persistence.AccessRequest, error) {
	requests, err := edit.AccessRequests(ctx, document)
	if err != nil {
		return persistence.AccessRequest{}, err
	}
	at := slices.IndexFunc(requests, func(r persistence.AccessRequest) bool { return r.User == user })
	if at < 0 {
		return persistence.AccessRequest{}, noRequest()
	}
	return requests[at], nil
}

func (s *Server) declineRequest(ctx context.Context, in *RequestPath) (*struct{}, error) {
	user, err := persistence.ParseID(strings.ToLower(in.User))
	if err != nil {
		return nil, noRequest()
	}
	own := user == s.actor(ctx)
	var document persistence.ID
	if own {
		// One's own wish, at a document of which one may know nothing.
		if document, err = persistence.ParseID(strings.ToLower(in.ID)); err != nil {
			return nil, nil
		}
	} else if document, _, err = s.share(ctx, in.ID, protocol.RoleOwner); err != nil {
		return nil, err
	}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if !own {
			if err := s.owns(ctx, edit, document); err != nil {
				return err
			}
		}
		if _, err := requestIn(ctx, edit, document, user); err != nil {
			if own {
				return nil
			}
			return err
		}
		if err := edit.DeleteAccessRequest(document, user); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "request.declined", Document: document, Subject: user})
	})
	if err == nil {
		s.config.Events.Access(document)
	}
	return nil, s.problem(ctx, err)
}

func (s *Server) acceptRequest(ctx context.Context, in *acceptRequestInput) (*accessOutput, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	user, err := persistence.ParseID(strings.ToLower(in.User))
	if err != nil {
		return nil, noRequest()
	}
	rank := persistence.Rank(0)
	if in.Body.Role != "" {
		if rank, err = linkRole(in.Body.Role); err != nil {
			return nil, err
		}
	}
	err = s.revise(ctx, concerned(document, persistence.SubjectUser, user), func(edit persistence.PeopleEdit) error {
		if err := s.owns(ctx, edit, document); err != nil {
			return err
		}
		request, err := requestIn(ctx, edit, document, user)
		if err != nil {
			return err
		}
		if rank == 0 {
			rank = request.Rank
		}
		if err := edit.DeleteAccessRequest(document, user); err != nil {
			return err
		}
		return s.give(ctx, edit, persistence.Grant{Document: document, Kind: persistence.SubjectUser, Subject: user, Rank: rank})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.config.Events.Access(document)
	return s.accessNow(ctx, document)
}
