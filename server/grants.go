package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// maxGrants bounds who a document is given to one by one; beyond, a group is
// the better way.
const maxGrants = 500

// Words of a grant's subject in routes.
const (
	subjectUser  = "user"
	subjectGroup = "group"
)

func subjectWord(kind persistence.SubjectKind) string {
	if kind == persistence.SubjectGroup {
		return subjectGroup
	}
	return subjectUser
}

// grantView is a role that a person or group was given.
type grantView struct {
	Kind    string `json:"kind" enum:"user,group"`
	Subject string `json:"subject" format:"uuid"`
	Name    string `json:"name"`
	Color   string `json:"color,omitempty" doc:"Of a person"`
	Mail    string `json:"mail,omitempty" doc:"Of a person"`
	Role    string `json:"role" enum:"viewer,commenter,editor,owner"`
}

// accessView is who has access to a document, as far as the caller may know.
type accessView struct {
	Mine     string        `json:"mine" enum:"viewer,commenter,editor,owner" doc:"The caller's role"`
	Manage   bool          `json:"manage" doc:"The caller may change it"`
	Grants   []grantView   `json:"grants" doc:"For members who edit"`
	Links    []linkView    `json:"links" doc:"For members who edit; url for owners"`
	Requests []requestView `json:"requests" doc:"For owners"`
}

type accessOutput struct{ Body accessView }

// GrantPath names a grant in a route.
type GrantPath struct {
	DocumentPath
	Kind    string `path:"kind" enum:"user,group"`
	Subject string `path:"subject" doc:"The person's or group's id, a UUID"`
}

type grantInput struct {
	GrantPath
	Body struct {
		Role string `json:"role" enum:"viewer,commenter,editor,owner"`
	}
}

type transferInput struct {
	DocumentPath
	Body struct {
		User string `json:"user" format:"uuid" doc:"Who becomes the owner; the caller becomes an editor"`
	}
}

func (s *Server) grantRoutes(api huma.API) {
	tags := []string{"Sharing"}
	register(api, huma.Operation{
		OperationID: "get-access", Method: http.MethodGet, Path: "/api/documents/{id}/access", Tags: tags,
		Summary:     "Who has access",
		Description: "One's own role for everybody; who else has access for members who edit; the links' addresses and requests for owners.",
		Errors:      []int{http.StatusNotFound},
	}, s.getAccess)
	register(api, huma.Operation{
		OperationID: "grant-role", Method: http.MethodPut, Path: "/api/documents/{id}/grants/{kind}/{subject}", Tags: tags, Metadata: needs(needMember),
		Summary: "Give a person or group a role, or another one", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "For owners. A lower role holds at once, on open connections too. Only people can be owners, and one stays.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.grant)
	register(api, huma.Operation{
		OperationID: "withdraw-role", Method: http.MethodDelete, Path: "/api/documents/{id}/grants/{kind}/{subject}", Tags: tags, Metadata: needs(needMember),
		DefaultStatus: http.StatusNoContent, Summary: "Take a role away, or leave a document",
		Description: "For owners; everybody may give up their own. It is gone at once, on open connections too.",
		Errors:      []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.withdrawGrant)
	register(api, huma.Operation{
		OperationID: "transfer-document", Method: http.MethodPost, Path: "/api/documents/{id}/owner", Tags: tags, Metadata: needs(needMember), DefaultStatus: http.StatusOK,
		Summary: "Hand a document over to another owner", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "The caller, an owner, becomes an editor.", Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound},
	}, s.transfer)
}

func (s *Server) getAccess(ctx context.Context, in *DocumentPath) (*accessOutput, error) {
	document, role, err := s.share(ctx, in.ID, protocol.RoleViewer)
	if err != nil {
		return nil, err
	}
	view, err := s.accessOf(ctx, document, role)
	return &accessOutput{Body: view}, s.problem(ctx, err)
}

// seesAccess says whether the caller, who has a role, is shown who else has one.
func (s *Server) seesAccess(ctx context.Context, role protocol.Role) bool {
	return callerOf(ctx).Standing >= persistence.StandingMember && role >= protocol.RoleEditor
}

// accessOf shows who has access to somebody with a role.
func (s *Server) accessOf(ctx context.Context, document persistence.ID, role protocol.Role) (accessView, error) {
	sees := s.seesAccess(ctx, role)
	view := accessView{Mine: role.String(), Manage: sees && role == protocol.RoleOwner, Grants: []grantView{}, Links: []linkView{}, Requests: []requestView{}}
	if !sees {
		return view, nil
	}
	grants, err := s.config.People.Grants(ctx, document)
	if err != nil {
		return view, err
	}
	for i := range grants {
		shown, ok, err := s.grantOf(ctx, &grants[i])
		if err != nil {
			return view, err
		}
		if ok {
			view.Grants = append(view.Grants, shown)
		}
	}
	slices.SortStableFunc(view.Grants, func(a, b grantView) int {
		if a.Role != b.Role {
			return 0 // the store has them by rank
		}
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(persistence.FoldTitle(a.Name), persistence.FoldTitle(b.Name)))
	})
	if view.Links, err = s.linksOf(ctx, document, view.Manage); err != nil || !view.Manage {
		return view, err
	}
	view.Requests, err = s.requestsOf(ctx, document)
	return view, err
}

// grantOf shows a grant; ok is false if its subject is no more.
func (s *Server) grantOf(ctx context.Context, grant *persistence.Grant) (view grantView, ok bool, err error) {
	view = grantView{Kind: subjectWord(grant.Kind), Subject: grant.Subject.String(), Role: protocol.Role(grant.Rank).String()}
	if grant.Kind == persistence.SubjectGroup {
		var group persistence.Group
		group, err = s.config.People.Group(ctx, grant.Subject)
		view.Name = group.Name
	} else {
		var user persistence.User
		user, err = s.config.People.User(ctx, grant.Subject)
		view.Name, view.Color, view.Mail = user.Name, user.Color, user.Mail
	}
	if errors.Is(err, persistence.ErrNotFound) {
		return view, false, nil
	}
	return view, err == nil, err
}

// errNotOwner: the caller was an owner when they asked and is none any more.
func errNotOwner() *Problem {
	return newProblem(http.StatusForbidden, "forbidden", "Only an owner of the document may do that; ask one.")
}

// owns checks in a transaction that the caller owns a document: of two who take
// each other's role away only one does.
func (s *Server) owns(ctx context.Context, edit persistence.PeopleEdit, document persistence.ID) error {
	if whole(ctx).operator {
		return nil
	}
	rank, err := edit.Rank(ctx, document, s.actor(ctx), persistence.Micro(s.config.Now()))
	if err != nil {
		return err
	}
	// Suspended or erased since they asked, they give nothing any more.
	standing, err := s.standing(ctx, edit)
	if err == nil && (protocol.Role(rank) < protocol.RoleOwner || standing < persistence.StandingMember) {
		err = errNotOwner()
	}
	return err
}

// keepsOwner checks in a transaction that somebody who can sign in owns a
// document.
func keepsOwner(ctx context.Context, edit persistence.PeopleEdit, document persistence.ID) error {
	grants, err := edit.Grants(ctx, document)
	if err != nil {
		return err
	}
	for i := range grants {
		if grants[i].Kind != persistence.SubjectUser || protocol.Role(grants[i].Rank) != protocol.RoleOwner {
			continue
		}
		user, err := edit.User(ctx, grants[i].Subject)
		if err == nil && user.Active() {
			return nil
		}
		if err != nil && !errors.Is(err, persistence.ErrNotFound) {
			return err
		}
	}
	return newProblem(http.StatusConflict, "last_document_owner", "A document keeps an owner. Make somebody else its owner first.")
}

// subject reads whom a grant is for.
func (in *GrantPath) subject() (persistence.SubjectKind, persistence.ID, error) {
	kind := persistence.SubjectUser
	if in.Kind == subjectGroup {
		kind = persistence.SubjectGroup
	}
	id, err := persistence.ParseID(strings.ToLower(in.Subject))
	if err != nil {
		return kind, id, noSubject(kind)
	}
	return kind, id, nil
}

func noSubject(kind persistence.SubjectKind) *Problem {
	return newProblem(http.StatusNotFound, subjectWord(kind)+"_not_found", "There is no such %s; search for it again.", map[persistence.SubjectKind]string{
		persistence.SubjectUser: "person", persistence.SubjectGroup: "group"}[kind])
}

// concerned is whom a change of a grant may concern: the person, or, since who
// is in a group may change meanwhile, everybody in the document.
func concerned(document persistence.ID, kind persistence.SubjectKind, subject persistence.ID) revision {
	what := revision{documents: []persistence.ID{document}}
	if kind == persistence.SubjectUser {
		what.users = []persistence.ID{subject}
	}
	return what
}

func (s *Server) grant(ctx context.Context, in *grantInput) (*accessOutput, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	kind, subject, err := in.subject()
	if err != nil {
		return nil, err
	}
	role, err := protocol.ParseRole(in.Body.Role)
	if err != nil || role == protocol.RoleNone {
		return nil, newProblem(http.StatusBadRequest, "invalid_role", "A role is viewer, commenter, editor or owner.")
	}
	err = s.revise(ctx, concerned(document, kind, subject), func(edit persistence.PeopleEdit) error {
		if err := s.owns(ctx, edit, document); err != nil {
			return err
		}
		return s.give(ctx, edit, persistence.Grant{Document: document, Kind: kind, Subject: subject, Rank: persistence.Rank(role)})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	s.config.Events.Access(document)
	return s.accessNow(ctx, document)
}

// give writes a grant and its line.
func (s *Server) give(ctx context.Context, edit persistence.PeopleEdit, grant persistence.Grant) error {
	role := protocol.Role(grant.Rank)
	if err := usableSubject(ctx, edit, &grant); err != nil {
		return err
	}
	if grant.Kind == persistence.SubjectGroup && role == protocol.RoleOwner {
		return newProblem(http.StatusBadRequest, "invalid_role", "A group can edit at most; make one of its people an owner.")
	}
	grants, err := edit.Grants(ctx, grant.Document)
	if err != nil {
		return err
	}
	before := protocol.RoleNone
	for i := range grants {
		if grants[i].Kind == grant.Kind && grants[i].Subject == grant.Subject {
			before = protocol.Role(grants[i].Rank)
		}
	}
	if before == role {
		return nil
	}
	if before == protocol.RoleNone && len(grants) >= maxGrants {
		return newProblem(http.StatusConflict, "too_many_grants", "The document is given to %d already; make a group of them.", maxGrants)
	}
	grant.GrantedBy, grant.GrantedAt = s.actor(ctx), persistence.Micro(s.config.Now())
	if err := edit.PutGrant(grant); err != nil {
		return err
	}
	if before == protocol.RoleOwner {
		if err := keepsOwner(ctx, edit, grant.Document); err != nil {
			return err
		}
	}
	if grant.Kind == persistence.SubjectUser {
		if err := edit.DeleteAccessRequest(grant.Document, grant.Subject); err != nil {
			return err
		}
	}
	detail := "Is " + withArticle(role) + " now"
	if before != protocol.RoleNone {
		detail += ", was " + withArticle(before)
	}
	return s.record(ctx, edit, persistence.AuditEntry{Action: "grant.changed", Document: grant.Document, Subject: grant.Subject, Detail: detail + "."})
}

func withArticle(role protocol.Role) string {
	if role == protocol.RoleEditor || role == protocol.RoleOwner {
		return "an " + role.String()
	}
	return "a " + role.String()
}

// usableSubject checks that whom a grant is for is there and can use it.
func usableSubject(ctx context.Context, edit persistence.PeopleEdit, grant *persistence.Grant) error {
	if grant.Kind == persistence.SubjectGroup {
		_, err := edit.Group(ctx, grant.Subject)
		if errors.Is(err, persistence.ErrNotFound) {
			err = noSubject(grant.Kind)
		}
		return err
	}
	user, err := edit.User(ctx, grant.Subject)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.Active() {
		err = noSubject(grant.Kind)
	}
	return err
}

// accessNow shows the caller's own access after a change, if they have any.
func (s *Server) accessNow(ctx context.Context, document persistence.ID) (*accessOutput, error) {
	role, err := s.config.Access.Role(ctx, callerOf(ctx), document)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if whole(ctx).operator {
		role = protocol.RoleOwner
	}
	view, err := s.accessOf(ctx, document, role)
	return &accessOutput{Body: view}, s.problem(ctx, err)
}

func (s *Server) withdrawGrant(ctx context.Context, in *GrantPath) (*struct{}, error) {
	kind, subject, err := in.subject()
	if err != nil {
		return nil, err
	}
	own := kind == persistence.SubjectUser && subject == s.actor(ctx)
	least := protocol.RoleOwner
	if own {
		least = protocol.RoleViewer
	}
	document, _, err := s.share(ctx, in.ID, least)
	if err != nil {
		return nil, err
	}
	err = s.revise(ctx, concerned(document, kind, subject), func(edit persistence.PeopleEdit) error {
		if !own {
			if err := s.owns(ctx, edit, document); err != nil {
				return err
			}
		}
		grants, err := edit.Grants(ctx, document)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(grants, func(g persistence.Grant) bool { return g.Kind == kind && g.Subject == subject })
		if at < 0 {
			return newProblem(http.StatusNotFound, "grant_not_found", "They have no role of their own in this document; it may have been taken away already.")
		}
		if err := edit.DeleteGrant(document, kind, subject); err != nil {
			return err
		}
		if protocol.Role(grants[at].Rank) == protocol.RoleOwner {
			if err := keepsOwner(ctx, edit, document); err != nil {
				return err
			}
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "grant.removed", Document: document, Subject: subject, Detail: "Was " + withArticle(protocol.Role(grants[at].Rank)) + "."})
	})
	if err == nil {
		s.config.Events.Access(document)
	}
	return nil, s.problem(ctx, err)
}

func (s *Server) transfer(ctx context.Context, in *transferInput) (*accessOutput, error) {
	document, _, err := s.share(ctx, in.ID, protocol.RoleOwner)
	if err != nil {
		return nil, err
	}
	to, err := persistence.ParseID(strings.ToLower(in.Body.User))
	if err != nil {
		return nil, noSubject(persistence.SubjectUser)
	}
	from := s.actor(ctx)
	if to != from {
		what := revision{documents: []persistence.ID{document}, users: []persistence.ID{from, to}}
		err = s.revise(ctx, what, func(edit persistence.PeopleEdit) error {
			if err := s.owns(ctx, edit, document); err != nil {
				return err
			}
			grant := persistence.Grant{Document: document, Kind: persistence.SubjectUser, Subject: to, Rank: persistence.Rank(protocol.RoleOwner)}
			if err := s.give(ctx, edit, grant); err != nil {
				return err
			}
			grant.Subject, grant.Rank = from, persistence.Rank(protocol.RoleEditor)
			return s.give(ctx, edit, grant)
		})
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		s.config.Events.Access(document)
	}
	return s.accessNow(ctx, document)
}
