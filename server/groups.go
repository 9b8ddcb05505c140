package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// maxExternal bounds a group's name at a sign-in provider; characters.
const maxExternal = 200

// groupView is a group as it is listed.
type groupView struct {
	ID       string `json:"id" format:"uuid"`
	Name     string `json:"name"`
	External string `json:"external,omitempty" doc:"By which name a sign-in provider tells who is in it; for administrators"`
}

type groupOutput struct{ Body groupView }

type groupsOutput struct {
	Body struct {
		Groups []groupView `json:"groups"`
	}
}

type groupDetailOutput struct {
	Body struct {
		GroupFields
		Members []personView `json:"members"`
	}
}

// GroupFields is groupView under a name by which it can be embedded, and is
// described.
type GroupFields = groupView

type createGroupInput struct {
	Body struct {
		Name     string `json:"name" doc:"1 to 80 characters"`
		External string `json:"external,omitempty" maxLength:"800"`
	}
}

// GroupPath is a group's id in a route.
type GroupPath struct {
	ID string `path:"id" doc:"The group's id, a UUID"`
}

type changeGroupInput struct {
	GroupPath
	Body struct {
		Name     *string `json:"name,omitempty"`
		External *string `json:"external,omitempty" maxLength:"800"`
	}
}

// MemberPath names a member of a group in a route.
type MemberPath struct {
	GroupPath
	User string `path:"user" doc:"The person's id, a UUID"`
}

func (s *Server) groupRoutes(api huma.API) {
	tags, admin := []string{"Groups"}, needs(needAdmin)
	register(api, huma.Operation{
		OperationID: "list-groups", Method: http.MethodGet, Path: "/api/groups", Tags: tags, Metadata: needs(needMember), Summary: "List groups by name",
	}, s.listGroups)
	register(api, huma.Operation{
		OperationID: "create-group", Method: http.MethodPost, Path: "/api/groups", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Make a group", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Errors: []int{http.StatusBadRequest, http.StatusConflict},
	}, s.createGroup)
	register(api, huma.Operation{
		OperationID: "get-group", Method: http.MethodGet, Path: "/api/groups/{id}", Tags: tags, Metadata: admin, Summary: "A group and who is in it", Errors: []int{http.StatusNotFound},
	}, s.getGroup)
	register(api, huma.Operation{
		OperationID: "change-group", Method: http.MethodPatch, Path: "/api/groups/{id}", Tags: tags, Metadata: admin,
		Summary: "Rename a group", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict},
	}, s.changeGroup)
	register(api, huma.Operation{
		OperationID: "delete-group", Method: http.MethodDelete, Path: "/api/groups/{id}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Delete a group", Description: "Its roles in documents go with it, at once.", Errors: []int{http.StatusNotFound},
	}, s.deleteGroup)
	register(api, huma.Operation{
		OperationID: "add-member", Method: http.MethodPut, Path: "/api/groups/{id}/members/{user}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Put somebody into a group", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *MemberPath) (*struct{}, error) { return s.setMember(ctx, in, true) })
	register(api, huma.Operation{
		OperationID: "remove-member", Method: http.MethodDelete, Path: "/api/groups/{id}/members/{user}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Take somebody out of a group", Description: "What they had by it ends at once.", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *MemberPath) (*struct{}, error) { return s.setMember(ctx, in, false) })
}

func groupOf(g *persistence.Group, admin bool) groupView {
	view := groupView{ID: g.ID.String(), Name: g.Name}
	if admin {
		view.External = g.External
	}
	return view
}

func (s *Server) listGroups(ctx context.Context, _ *struct{}) (*groupsOutput, error) {
	groups, err := s.config.People.Groups(ctx)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	admin := callerOf(ctx).Standing >= persistence.StandingAdmin
	out := &groupsOutput{}
	out.Body.Groups = []groupView{}
	for i := range groups {
		out.Body.Groups = append(out.Body.Groups, groupOf(&groups[i], admin))
	}
	return out, nil
}

// cleanExternal is a group's name at a sign-in provider, compared as it is.
func cleanExternal(text string) (string, error) {
	name, ok := tidy(text)
	if !ok || utf8.RuneCountInString(name) > maxExternal {
		return "", newProblem(http.StatusBadRequest, "invalid_name", "The provider's name for a group has at most %d characters and no control characters.", maxExternal)
	}
	return name, nil
}

func groupTaken(err error) error {
	if errors.Is(err, persistence.ErrExists) {
		return newProblem(http.StatusConflict, "group_exists", "There is a group of this name already; choose another.")
	}
	return err
}

func (s *Server) createGroup(ctx context.Context, in *createGroupInput) (*groupOutput, error) {
	group := persistence.Group{ID: persistence.NewID(), CreatedAt: persistence.Micro(s.config.Now())}
	var err error
	if group.Name, err = s.chosenName(ctx, in.Body.Name); err != nil {
		return nil, err
	}
	if group.External, err = cleanExternal(in.Body.External); err != nil {
		return nil, err
	}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if err := edit.PutGroup(group); err != nil {
			return groupTaken(err)
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "group.created", Subject: group.ID, Detail: "Named " + group.Name + "."})
	})
	return &groupOutput{Body: groupOf(&group, true)}, s.problem(ctx, err)
}

// groupIn finds the group of a route.
func groupIn(ctx context.Context, people persistence.PeopleReader, text string) (persistence.Group, error) {
	id, err := persistence.ParseID(strings.ToLower(text))
	if err != nil {
		return persistence.Group{}, noSubject(persistence.SubjectGroup)
	}
	group, err := people.Group(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) {
		err = noSubject(persistence.SubjectGroup)
	}
	return group, err
}

func (s *Server) getGroup(ctx context.Context, in *GroupPath) (*groupDetailOutput, error) {
	group, err := groupIn(ctx, s.config.People, in.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	members, err := s.config.People.Members(ctx, group.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &groupDetailOutput{}
	out.Body.GroupFields, out.Body.Members = groupOf(&group, true), []personView{}
	for i := range members {
		view, err := s.userOf(ctx, &members[i])
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		out.Body.Members = append(out.Body.Members, personView{ID: view.ID, Name: view.Name, Color: view.Color, Mail: view.Mail, Picture: view.Picture})
	}
	return out, nil
}

func (s *Server) changeGroup(ctx context.Context, in *changeGroupInput) (*groupOutput, error) {
	var name, external string
	var err error
	if in.Body.Name != nil {
		if name, err = s.chosenName(ctx, *in.Body.Name); err != nil {
			return nil, err
		}
	}
	if in.Body.External != nil {
		if external, err = cleanExternal(*in.Body.External); err != nil {
			return nil, err
		}
	}
	var group persistence.Group
	// Who is in it stays; a provider tells at the next sign-in.
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if group, err = groupIn(ctx, edit, in.ID); err != nil {
			return err
		}
		before := group
		if in.Body.Name != nil {
			group.Name = name
		}
		if in.Body.External != nil {
			group.External = external
		}
		if group == before {
			return nil
		}
		if err := edit.PutGroup(group); err != nil {
			return groupTaken(err)
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "group.changed", Subject: group.ID, Detail: "Was " + before.Name + ", is " + group.Name + "."})
	})
	return &groupOutput{Body: groupOf(&group, true)}, s.problem(ctx, err)
}

// groupTries bounds how often a group is deleted whose members change under
// it.
const groupTries = 5

var errMembersChanged = errors.New("the group's members changed meanwhile")

func (s *Server) deleteGroup(ctx context.Context, in *GroupPath) (*struct{}, error) {
	err := errMembersChanged
	for i := 0; i < groupTries && errors.Is(err, errMembersChanged); i++ {
		err = s.tryDeleteGroup(ctx, in.ID)
	}
	return nil, s.problem(ctx, err)
}

// tryDeleteGroup holds off those who are in the group, and deletes it if it is
// still they.
func (s *Server) tryDeleteGroup(ctx context.Context, id string) error {
	group, err := groupIn(ctx, s.config.People, id)
	if err != nil {
		return err
	}
	members, err := memberIDs(ctx, s.config.People, group.ID)
	if err != nil {
		return err
	}
	return s.revise(ctx, revision{users: members}, func(edit persistence.PeopleEdit) error {
		group, err := groupIn(ctx, edit, id)
		if err != nil {
			return err
		}
		now, err := memberIDs(ctx, edit, group.ID)
		if err != nil {
			return err
		}
		if !slices.Equal(now, members) {
			return errMembersChanged
		}
		if err := edit.DeleteGroup(group.ID); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "group.removed", Subject: group.ID, Detail: "Was named " + group.Name + ", with " + plural(len(members), "member") + "."})
	})
}

// memberIDs are a group's members in a fixed order; never nil.
func memberIDs(ctx context.Context, people persistence.PeopleReader, group persistence.ID) ([]persistence.ID, error) {
	users, err := people.Members(ctx, group)
	ids := make([]persistence.ID, len(users))
	for i := range users {
		ids[i] = users[i].ID
	}
	slices.SortFunc(ids, func(a, b persistence.ID) int { return strings.Compare(string(a[:]), string(b[:])) })
	return ids, err
}

func (s *Server) setMember(ctx context.Context, in *MemberPath, inside bool) (*struct{}, error) {
	user, err := persistence.ParseID(strings.ToLower(in.User))
	if err != nil {
		return nil, noSubject(persistence.SubjectUser)
	}
	err = s.revise(ctx, revision{users: []persistence.ID{user}}, func(edit persistence.PeopleEdit) error {
		group, err := groupIn(ctx, edit, in.ID)
		if err != nil {
			return err
		}
		who, err := edit.User(ctx, user)
		if errors.Is(err, persistence.ErrNotFound) || err == nil && !who.ErasedAt.IsZero() {
			return noSubject(persistence.SubjectUser)
		}
		if err != nil {
			return err
		}
		members, err := memberIDs(ctx, edit, group.ID)
		if err != nil || slices.Contains(members, user) == inside {
			return err
		}
		if inside {
			if err := edit.PutMember(group.ID, user); err != nil {
				return err
			}
			return s.record(ctx, edit, persistence.AuditEntry{Action: "group.joined", Subject: user, Detail: "In the group " + group.Name + " now."})
		}
		if err := edit.DeleteMember(group.ID, user); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "group.left", Subject: user, Detail: "No longer in the group " + group.Name + "."})
	})
	return nil, s.problem(ctx, err)
}
