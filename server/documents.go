package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/server/convert"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// shownPeople is how many of those who are in a document are told with it: a
// list of two hundred documents would be megabytes of names.
const shownPeople = 10

// document is a document as the API shows it.
type document struct {
	ID        string     `json:"id" format:"uuid"`
	Title     string     `json:"title"`
	Epoch     string     `json:"epoch" format:"uuid" doc:"Identity of the log; a restore starts a new one"`
	Revision  int64      `json:"revision" doc:"Number of accepted changes"`
	CreatedAt time.Time  `json:"createdAt"`
	CreatedBy profile    `json:"createdBy"`
	UpdatedAt time.Time  `json:"updatedAt"`
	UpdatedBy profile    `json:"updatedBy"`
	TrashedAt *time.Time `json:"trashedAt,omitempty" doc:"Set while it is in the trash"`
	Role      string     `json:"role" enum:"viewer,commenter,editor,owner" doc:"The caller's"`
	People    []profile  `json:"people" doc:"Who is in it now: the first ten who came"`
	Here      int        `json:"here" doc:"How many people are in it now"`
}

func authorProfile(a persistence.Author) profile {
	return profile{ID: a.ID.String(), Name: a.Name, Color: a.Color}
}

func authorOf(user protocol.User) persistence.Author {
	id, _ := persistence.ParseID(user.ID)
	return persistence.Author{ID: id, Name: user.Name, Color: user.Color}
}

// view is how a caller with the role sees a document.
func (s *Server) view(d persistence.Document, role protocol.Role) document {
	people, here := s.config.Hub.People(d.ID, shownPeople)
	return viewOf(d, role, people, here)
}

func viewOf(d persistence.Document, role protocol.Role, people []protocol.User, here int) document {
	v := document{
		ID: d.ID.String(), Title: d.Title, Epoch: d.Head.Epoch.String(), Revision: d.Head.Revision,
		CreatedAt: d.CreatedAt.UTC(), CreatedBy: authorProfile(d.CreatedBy),
		UpdatedAt: d.UpdatedAt.UTC(), UpdatedBy: authorProfile(d.UpdatedBy),
		Role: role.String(), People: []profile{}, Here: here,
	}
	if !d.TrashedAt.IsZero() {
		at := d.TrashedAt.UTC()
		v.TrashedAt = &at
	}
	for _, user := range people {
		v.People = append(v.People, profileOf(user))
	}
	return v
}

// DocumentPath is the document's id in a route. Exported because huma passes
// over embedded fields that are not.
type DocumentPath struct {
	ID string `path:"id" doc:"The document's id, a UUID"`
}

type documentOutput struct {
	Location string `header:"Location"`
	Body     document
}

type listInput struct {
	Query   string `query:"query" maxLength:"200" doc:"Part of the title"`
	Cursor  string `query:"cursor" maxLength:"200" doc:"next of the page before"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Trashed bool   `query:"trashed" doc:"The trash instead of the living"`
}

type listOutput struct {
	Body struct {
		Documents []document `json:"documents"`
		Next      *string    `json:"next" doc:"Cursor of the next page, null at the end"`
	}
}

type createInput struct {
	ContentType string `header:"Content-Type" hidden:"true"` // described with the bodies
	Title       string `query:"title" doc:"For bodies that are not JSON"`
	RawBody     []byte
}

type renameInput struct {
	DocumentPath
	Body struct {
		Title *string `json:"title,omitempty" doc:"At most 200 UTF-16 units"`
	}
}

func (s *Server) documentRoutes(api huma.API) {
	tags := []string{"Documents"}
	register(api, huma.Operation{
		OperationID: "list-documents", Method: http.MethodGet, Path: "/api/documents", Tags: tags,
		Summary: "List documents, last changed first", Errors: []int{http.StatusBadRequest},
	}, s.listDocuments)
	body := createBody(api.OpenAPI().Components.Schemas)
	register(api, huma.Operation{
		OperationID: "create-document", Method: http.MethodPost, Path: "/api/documents", Tags: tags, DefaultStatus: http.StatusCreated,
		Summary: "Create a document", MaxBodyBytes: atMost(s.config.Limits.ContentBytes), BodyReadTimeout: bodyWait, RequestBody: body, SkipValidateBody: true,
		Description: "The body is JSON with an optional title and content (a delta), or the content as Markdown, HTML or plain text by its Content-Type. A missing final newline is added.",
		Errors:      []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}, s.createDocument)
	// Registering asks for any raw body; an empty document needs none, and bytes
	// of no kind make none.
	body.Required = false
	delete(body.Content, "application/octet-stream")
	register(api, huma.Operation{
		OperationID: "get-document", Method: http.MethodGet, Path: "/api/documents/{id}", Tags: tags,
		Summary: "A document's metadata", Errors: []int{http.StatusNotFound},
	}, s.getDocument)
	register(api, huma.Operation{
		OperationID: "change-document", Method: http.MethodPatch, Path: "/api/documents/{id}", Tags: tags,
		Summary: "Rename a document", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound},
	}, s.renameDocument)
	register(api, huma.Operation{
		OperationID: "trash-document", Method: http.MethodDelete, Path: "/api/documents/{id}", Tags: tags, DefaultStatus: http.StatusOK,
		Summary: "Move a document to the trash", Description: "People in it are told and let go. It can be restored.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *DocumentPath) (*documentOutput, error) { return s.trash(ctx, in, true) })
	register(api, huma.Operation{
		OperationID: "restore-document", Method: http.MethodPost, Path: "/api/documents/{id}/restore", Tags: tags, DefaultStatus: http.StatusOK,
		Summary: "Take a document out of the trash", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *DocumentPath) (*documentOutput, error) { return s.trash(ctx, in, false) })
}

func createBody(all huma.Registry) *huma.RequestBody {
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	return &huma.RequestBody{Content: map[string]*huma.MediaType{
		"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
			"title":   {Type: huma.TypeString, Description: "At most 200 UTF-16 units; Untitled without"},
			"content": deltaSchema(all, "A delta of inserts"),
		}}},
		"text/markdown": text, "text/html": text, "text/plain": text,
	}}
}

func (s *Server) listDocuments(ctx context.Context, in *listInput) (*listOutput, error) {
	if in.Cursor != "" {
		if _, err := persistence.ParseCursor(in.Cursor); err != nil {
			return nil, newProblem(http.StatusBadRequest, "invalid_cursor", "Take the cursor from the page before, or leave it out.")
		}
	}
	query := persistence.ListQuery{Search: in.Query, Trashed: in.Trashed, Cursor: in.Cursor, Limit: in.Limit}
	if s.config.Access.Mode != ModeOpen {
		query.Visible, query.At = s.actor(ctx), persistence.Micro(s.config.Now())
		if query.Visible.IsZero() {
			query.Visible = persistence.NewID() // the operator has no documents
		}
	}
	found, next, err := s.config.Store.List(ctx, query)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &listOutput{}
	out.Body.Documents = []document{}
	for _, d := range found {
		role, err := s.config.Access.Role(ctx, callerOf(ctx), d.ID)
		if err != nil || role == protocol.RoleNone {
			continue
		}
		out.Body.Documents = append(out.Body.Documents, s.view(d, role))
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out, nil
}

func (s *Server) createDocument(ctx context.Context, in *createInput) (*documentOutput, error) {
	if s.config.Access.Mode != ModeOpen {
		if err := s.admit(ctx, needMember, "create-document"); err != nil {
			return nil, err
		}
	}
	if err := s.config.Hub.Admit(ctx, callerOf(ctx).User, len(in.RawBody)); err != nil {
		return nil, s.problem(ctx, err)
	}
	if callerOf(ctx).Ceiling < protocol.RoleEditor && !whole(ctx).operator {
		return nil, newProblem(http.StatusForbidden, "forbidden", "This token can only read; use one whose role is editor or owner.")
	}
	title, content, err := readCreation(in)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	first, err := convert.FirstChange(content)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if limit := s.config.Hub.Limits().DocumentLength; content.Len() > limit {
		return nil, newProblem(http.StatusRequestEntityTooLarge, string(protocol.CodeDocumentTooLarge), "A document has at most %d UTF-16 units.", limit)
	}
	now := persistence.Micro(s.config.Now())
	author := authorOf(callerOf(ctx).User)
	d := persistence.Document{
		ID: persistence.ID(uuid.Must(uuid.NewV7())), Title: title, Head: persistence.Head{Epoch: persistence.NewID()},
		CreatedAt: now, CreatedBy: author, UpdatedAt: now, UpdatedBy: author,
	}
	var change *persistence.Change
	if len(first) > 0 {
		change = &persistence.Change{Revision: 1, Client: persistence.NewID(), Seq: 1, Author: author, At: now, Delta: first.AppendJSON(nil)}
	}
	if err := s.own(ctx, d.ID); err != nil {
		return nil, s.problem(ctx, err)
	}
	if err := s.config.Store.Create(ctx, d, change); err != nil {
		return nil, s.problem(ctx, err)
	}
	s.config.Events.Touch(d.ID)
	made, err := s.config.Store.Document(ctx, d.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	role, err := s.config.Access.Role(ctx, callerOf(ctx), d.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &documentOutput{Location: "/api/documents/" + d.ID.String(), Body: s.view(made, role)}, nil
}

// own makes the caller, if they have an account, the owner of a document that
// is about to be created. The grant comes first: a crash in between leaves a
// grant to nothing, instead of a document that nobody may see.
func (s *Server) own(ctx context.Context, document persistence.ID) error {
	who := callerOf(ctx)
	if who.Standing < persistence.StandingMember || whole(ctx).operator {
		return nil
	}
	user := s.actor(ctx)
	return s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		err := edit.PutGrant(persistence.Grant{
			Document: document, Kind: persistence.SubjectUser, Subject: user, Rank: persistence.Rank(protocol.RoleOwner),
			GrantedBy: user, GrantedAt: persistence.Micro(s.config.Now()),
		})
		if err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "document.created", Document: document})
	})
}

// readCreation reads what a new document is to be.
func readCreation(in *createInput) (title string, content ot.Delta, err error) {
	format, ok := convert.ByMediaType(in.ContentType)
	if !ok {
		return "", nil, newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type", "Send application/json, text/markdown, text/html or text/plain.")
	}
	title = in.Title
	if format != convert.FormatDelta {
		content, err = convert.Read(format, in.RawBody)
	} else {
		var body struct {
			Title   string          `json:"title"`
			Content json.RawMessage `json:"content"`
		}
		if len(in.RawBody) > 0 {
			if err := readJSON(in.RawBody, &body); err != nil {
				return "", nil, newProblem(http.StatusBadRequest, "invalid_request", "The body is not the JSON that this route reads: an object with title and content, each once.")
			}
		}
		if body.Title != "" {
			title = body.Title
		}
		if len(body.Content) == 0 || string(body.Content) == "null" {
			body.Content = json.RawMessage("[]")
		}
		content, err = convert.FromJSON(body.Content)
	}
	if err != nil {
		return "", nil, err
	}
	title, err = cleanTitle(title)
	return title, content, err
}

// cleanTitle trims a title and holds it to its rules; an empty one becomes
// "Untitled".
func cleanTitle(title string) (string, error) {
	clean, ok := tidy(title)
	if !ok || len(utf16.Encode([]rune(clean))) > maxTitle {
		return "", newProblem(http.StatusBadRequest, "invalid_title", "A title has at most %d characters and no control characters.", maxTitle)
	}
	if clean == "" {
		clean = titleOfNone
	}
	return clean, nil
}

func (s *Server) getDocument(ctx context.Context, in *DocumentPath) (*documentOutput, error) {
	id, role, err := s.allow(ctx, in.ID, protocol.RoleViewer)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, id, role)
}

func (s *Server) shown(ctx context.Context, id persistence.ID, role protocol.Role) (*documentOutput, error) {
	d, err := s.config.Store.Document(ctx, id)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &documentOutput{Body: s.view(d, role)}, nil
}

func (s *Server) renameDocument(ctx context.Context, in *renameInput) (*documentOutput, error) {
	var title string
	if in.Body.Title != nil {
		var err error
		if title, err = cleanTitle(*in.Body.Title); err != nil {
			return nil, err
		}
	}
	id, role, err := s.use(ctx, in.ID, protocol.RoleEditor, func(ctx context.Context, id persistence.ID) error {
		if in.Body.Title == nil {
			return nil
		}
		return s.config.Store.Rename(ctx, id, title, authorOf(callerOf(ctx).User), persistence.Micro(s.config.Now()))
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if in.Body.Title != nil {
		s.config.Hub.Renamed(ctx, id)
		s.config.Events.Touch(id)
	}
	return s.shown(ctx, id, role)
}

// use has the caller do something by their role in a document: they have it
// still when that is done (law S8).
func (s *Server) use(ctx context.Context, text string, least protocol.Role, act func(ctx context.Context, id persistence.ID) error) (id persistence.ID, role protocol.Role, err error) {
	document, _ := persistence.ParseID(strings.ToLower(text)) // allow answers for what is none
	err = s.config.Hub.Use(ctx, collab.Use{Document: document, Who: callerOf(ctx)}, func(ctx context.Context) (err error) {
		if id, role, err = s.allow(ctx, text, least); err != nil {
			return err
		}
		return act(ctx, id)
	})
	return id, role, err
}

// trash moves a document into the trash or out of it.
func (s *Server) trash(ctx context.Context, in *DocumentPath, away bool) (*documentOutput, error) {
	var before persistence.Document
	id, role, err := s.use(ctx, in.ID, protocol.RoleEditor, func(ctx context.Context, id persistence.ID) (err error) {
		if before, err = s.config.Store.Document(ctx, id); err != nil {
			return err
		}
		var at time.Time
		if away {
			at = persistence.Micro(s.config.Now())
		}
		move := func(ctx context.Context) error {
			return s.config.Store.Trash(ctx, id, authorOf(callerOf(ctx).User), at)
		}
		if !away {
			return move(ctx)
		}
		return s.config.Hub.Revoke(ctx, collab.Revocation{Documents: []persistence.ID{id}, Reason: "trashed"}, move)
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if before.TrashedAt.IsZero() == away { // otherwise it was there already
		action := "document.restored"
		if away {
			action = "document.trashed"
		}
		s.noted(ctx, persistence.AuditEntry{Action: action, Document: id})
	}
	s.config.Events.Touch(id)
	return s.shown(ctx, id, role)
}
