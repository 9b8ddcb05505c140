package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

type overviewOutput struct {
	Body struct {
		Version     string    `json:"version"`
		StartedAt   time.Time `json:"startedAt"`
		Access      string    `json:"access" enum:"open,link,members"`
		People      int       `json:"people" doc:"Accounts"`
		Live        int       `json:"live" doc:"Documents that somebody is in, or was lately"`
		Connections int       `json:"connections"`
		Mail        bool      `json:"mail" doc:"Mail is configured"`
		Storage     string    `json:"storage" doc:"ready, or why nothing is written"`
	}
}

// adminDocument is a document as administrators see it: everything but its
// text.
type adminDocument struct {
	ID        string     `json:"id" format:"uuid"`
	Title     string     `json:"title"`
	Bytes     int64      `json:"bytes" doc:"Of its whole log"`
	Revision  int64      `json:"revision"`
	CreatedAt time.Time  `json:"createdAt"`
	UpdatedAt time.Time  `json:"updatedAt"`
	UpdatedBy profile    `json:"updatedBy"`
	TrashedAt *time.Time `json:"trashedAt,omitempty"`
	Owner     *profile   `json:"owner" doc:"A person; null if nobody owns it"`
	People    int        `json:"people" doc:"Who is in it now"`
}

type adminDocumentsInput struct {
	Query     string `query:"query" maxLength:"200" doc:"Part of the title"`
	Sort      string `query:"sort" enum:"activity,size," default:"activity" doc:"Last changed first, or largest first"`
	Ownerless bool   `query:"ownerless" doc:"Only those without an owner"`
	Trashed   bool   `query:"trashed" doc:"The trash instead of the living"`
	Cursor    string `query:"cursor" maxLength:"200" doc:"next of the page before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type adminDocumentsOutput struct {
	Body struct {
		Documents []adminDocument `json:"documents"`
		Next      *string         `json:"next" doc:"Cursor of the next page, null at the end"`
	}
}

type connectionView struct {
	Document struct {
		ID    string `json:"id" format:"uuid"`
		Title string `json:"title"`
	} `json:"document"`
	User     profile   `json:"user"`
	Identity string    `json:"identity" enum:"guest,user,token,embed" doc:"By what they are known"`
	Login    string    `json:"login,omitempty" doc:"What their right hangs on"`
	Role     string    `json:"role" enum:"none,viewer,commenter,editor,owner"`
	Kind     string    `json:"kind" enum:"websocket,longpoll,stream"`
	Since    time.Time `json:"since"`
}

type connectionsOutput struct {
	Body struct {
		Connections []connectionView `json:"connections"`
	}
}

type settingsOutput struct {
	Body struct {
		Settings []Setting `json:"settings"`
	}
}

type ownerInput struct {
	DocumentPath
	Body *struct {
		User string `json:"user,omitempty" doc:"Who is to own it; without: the caller"`
	}
}

func (s *Server) adminRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	register(api, huma.Operation{
		OperationID: "get-overview", Method: http.MethodGet, Path: "/api/admin/overview", Tags: tags, Metadata: admin, Summary: "How the server does",
	}, s.overview)
	register(api, huma.Operation{
		OperationID: "list-all-documents", Method: http.MethodGet, Path: "/api/admin/documents", Tags: tags, Metadata: admin,
		Summary: "All documents, by activity or size", Description: "Titles, sizes and owners; reading a text needs a role in it.", Errors: []int{http.StatusBadRequest},
	}, s.adminDocuments)
	// huma cannot say that what has a schema of its own may be null.
	fields := api.OpenAPI().Components.Schemas.Map()["AdminDocument"].Properties
	fields["owner"] = &huma.Schema{OneOf: []*huma.Schema{{Ref: fields["owner"].Ref}, {Type: "null"}}, Description: fields["owner"].Description}
	register(api, huma.Operation{
		OperationID: "list-connections", Method: http.MethodGet, Path: "/api/admin/connections", Tags: tags, Metadata: admin, Summary: "Who is connected, to what",
	}, s.adminConnections)
	register(api, huma.Operation{
		OperationID: "list-settings", Method: http.MethodGet, Path: "/api/admin/settings", Tags: tags, Metadata: admin,
		Summary: "Options in force, and where each came from", Description: "Of secrets only whether they are set.",
	}, func(context.Context, *struct{}) (*settingsOutput, error) {
		out := &settingsOutput{}
		out.Body.Settings = append([]Setting{}, s.config.Settings...)
		return out, nil
	})
	register(api, huma.Operation{
		OperationID: "take-over-document", Method: http.MethodPost, Path: "/api/admin/documents/{id}/owner", Tags: tags, Metadata: needs(needAdmin), DefaultStatus: http.StatusNoContent,
		Summary: "Make somebody the owner of a document", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "An administrator gives documents an owner that have none; an owner of the server also others. It is written into the audit log.",
		Errors:      []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.takeOver)
}

func (s *Server) overview(ctx context.Context, _ *struct{}) (*overviewOutput, error) {
	out := &overviewOutput{}
	people, err := s.config.People.CountUsers(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	stats := s.config.Hub.Stats()
	out.Body.Version, out.Body.StartedAt, out.Body.Access, out.Body.People = s.config.Version, s.started.UTC(), string(s.config.Access.Mode), people
	out.Body.Live, out.Body.Connections, out.Body.Mail, out.Body.Storage = stats.Documents, stats.Peers, s.config.Mail != nil, "ready"
	if err := s.config.Store.Ready(ctx); err != nil {
		out.Body.Storage = err.Error()
	}
	return out, nil
}

func (s *Server) adminDocuments(ctx context.Context, in *adminDocumentsInput) (*adminDocumentsOutput, error) {
	query := persistence.ListQuery{Search: in.Query, Trashed: in.Trashed, Cursor: in.Cursor, Limit: in.Limit, Largest: in.Sort == "size"}
	if in.Ownerless {
		query.Unowned = persistence.Rank(protocol.RoleOwner)
	}
	if in.Cursor != "" {
		if _, err := persistence.ParseCursor(in.Cursor); err != nil {
			return nil, newProblem(http.StatusBadRequest, "invalid_cursor", "Take the cursor from the page before, or leave it out.")
		}
	}
	found, next, err := s.config.Store.List(ctx, query)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &adminDocumentsOutput{}
	out.Body.Documents = []adminDocument{}
	for i := range found {
		d := &found[i]
		owner, err := s.ownerOf(ctx, d.ID)
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		_, here := s.config.Hub.People(d.ID, 0)
		out.Body.Documents = append(out.Body.Documents, adminDocument{
			ID: d.ID.String(), Title: d.Title, Bytes: d.Bytes, Revision: d.Head.Revision, CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
			UpdatedBy: authorProfile(d.UpdatedBy), TrashedAt: timeOf(d.TrashedAt), Owner: owner, People: here,
		})
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out, nil
}

// ownerOf is a document's owner, the first if there are several; nil if none is
// a person who can sign in.
func (s *Server) ownerOf(ctx context.Context, document persistence.ID) (*profile, error) {
	grants, err := s.config.People.Grants(ctx, document)
	if err != nil {
		return nil, err
	}
	for _, grant := range grants {
		if grant.Kind != persistence.SubjectUser || grant.Rank < persistence.Rank(protocol.RoleOwner) {
			continue
		}
		user, err := s.config.People.User(ctx, grant.Subject)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.ErasedAt.IsZero() {
			continue
		}
		return &profile{ID: user.ID.String(), Name: user.Name, Color: user.Color}, err
	}
	return nil, nil
}

func (s *Server) adminConnections(ctx context.Context, _ *struct{}) (*connectionsOutput, error) {
	all, err := s.config.Hub.Connections(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &connectionsOutput{}
	out.Body.Connections = []connectionView{}
	titles := map[persistence.ID]string{}
	for _, c := range all {
		title, known := titles[c.Document]
		if !known {
			if d, err := s.config.Store.Document(ctx, c.Document); err == nil {
				title = d.Title
			}
			titles[c.Document] = title
		}
		view := connectionView{User: profileOf(c.Who.User), Identity: c.Who.Kind.String(), Login: idText(c.Who.Login), Role: c.Role.String(), Kind: c.By, Since: c.Since.UTC()}
		view.Document.ID, view.Document.Title = c.Document.String(), title
		out.Body.Connections = append(out.Body.Connections, view)
	}
	return out, nil
}

func (s *Server) takeOver(ctx context.Context, in *ownerInput) (*struct{}, error) {
	document, err := persistence.ParseID(strings.ToLower(in.ID))
	if err != nil {
		return nil, notFound()
	}
	if _, err := s.config.Store.Document(ctx, document); err != nil {
		return nil, s.problem(ctx, err)
	}
	user := s.actor(ctx)
	if in.Body != nil && in.Body.User != "" {
		if user, err = persistence.ParseID(strings.ToLower(in.Body.User)); err != nil {
			return nil, userNotFound()
		}
	}
	err = s.revise(ctx, revision{documents: []persistence.ID{document}}, func(edit persistence.PeopleEdit) error {
		to, err := edit.User(ctx, user)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && !to.Active() {
			return userNotFound()
		}
		if err != nil {
			return err
		}
		grants, err := edit.Grants(ctx, document)
		if err != nil {
			return err
		}
		for _, grant := range grants {
			if grant.Rank < persistence.Rank(protocol.RoleOwner) {
				continue
			}
			if standing, err := s.standing(ctx, edit); err != nil {
				return err
			} else if standing < persistence.StandingOwner {
				return newProblem(http.StatusConflict, "owned", "This document has an owner. Only an owner of the server may give it another; ask one.")
			}
			if grant.Subject == user || grant.Kind != persistence.SubjectUser {
				continue
			}
			// Who owned it goes on as an editor.
			grant.Rank = persistence.Rank(protocol.RoleEditor)
			if err := edit.PutGrant(grant); err != nil {
				return err
			}
		}
		err = edit.PutGrant(persistence.Grant{
			Document: document, Kind: persistence.SubjectUser, Subject: user, Rank: persistence.Rank(protocol.RoleOwner),
			GrantedBy: s.actor(ctx), GrantedAt: persistence.Micro(s.config.Now()),
		})
		if err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "document.taken", Document: document, Subject: user, Detail: "Made the owner by an administrator."})
	})
	return nil, s.problem(ctx, err)
}
