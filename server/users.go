package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// What is put in place of an erased person's name and colour.
const (
	erasedName  = "Deleted user"
	erasedColor = "#64748b"
)

// userView is an account as administrators see it.
type userView struct {
	ID          string     `json:"id" format:"uuid"`
	Name        string     `json:"name"`
	Color       string     `json:"color"`
	Mail        string     `json:"mail,omitempty"`
	Standing    string     `json:"standing" enum:"member,admin,owner"`
	Picture     string     `json:"picture,omitempty" doc:"Address of the picture"`
	Password    bool       `json:"password" doc:"Signs in with a password"`
	CreatedAt   time.Time  `json:"createdAt"`
	SeenAt      *time.Time `json:"seenAt,omitempty" doc:"Last use, to the minute"`
	SuspendedAt *time.Time `json:"suspendedAt,omitempty"`
}

type userOutput struct {
	Body userView
}

type usersInput struct {
	Query  string `query:"query" maxLength:"200" doc:"Part of the name or mail"`
	Cursor string `query:"cursor" maxLength:"400" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type usersOutput struct {
	Body struct {
		Users []userView `json:"users"`
		Next  *string    `json:"next" doc:"Cursor of the next page, null at the end"`
	}
}

type userDetailOutput struct {
	Body struct {
		UserFields
		Logins []loginView `json:"logins"`
		Groups []groupName `json:"groups"`
	}
}

// UserFields is userView under a name by which huma finds it embedded.
type UserFields = userView

type endUserLoginsInput struct {
	UserPath
	TokensToo
}

type groupName struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
}

func (s *Server) userRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	register(api, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/api/users", Tags: tags, Metadata: admin,
		Summary: "List accounts by name", Errors: []int{http.StatusBadRequest},
	}, s.listUsers)
	register(api, huma.Operation{
		OperationID: "create-user", Method: http.MethodPost, Path: "/api/users", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Create an account", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict},
	}, s.createUser)
	register(api, huma.Operation{
		OperationID: "get-user", Method: http.MethodGet, Path: "/api/users/{id}", Tags: tags, Metadata: admin,
		Summary: "An account with its logins and groups", Errors: []int{http.StatusNotFound},
	}, s.getUser)
	register(api, huma.Operation{
		OperationID: "change-user", Method: http.MethodPatch, Path: "/api/users/{id}", Tags: tags, Metadata: admin,
		Summary: "Change an account, suspend it, let it in again", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "An administrator manages members; an owner manages everybody. The last owner stays. What is taken away is gone at once, on open connections too.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.changeUser)
	register(api, huma.Operation{
		OperationID: "erase-user", Method: http.MethodDelete, Path: "/api/users/{id}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary:     "Erase a person",
		Description: "Their name leaves the history of every document, their texts stay. It cannot be undone.", Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.eraseUser)
	register(api, huma.Operation{
		OperationID: "make-reset", Method: http.MethodPost, Path: "/api/users/{id}/reset", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Make a one-time link to set a new password", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.makeReset)
	register(api, huma.Operation{
		OperationID: "end-logins", Method: http.MethodDelete, Path: "/api/users/{id}/logins", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Sign somebody out everywhere", Description: "Their API tokens go on, unless tokens says that they end too.", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *endUserLoginsInput) (*struct{}, error) {
		user, err := s.managed(ctx, s.config.People, in.ID)
		if err == nil {
			err = s.endLoginsOf(ctx, user.ID, persistence.ID{}, in.Tokens)
		}
		return nil, s.denyUser(ctx, user.ID, err)
	})
	register(api, huma.Operation{
		OperationID: "find-people", Method: http.MethodGet, Path: "/api/people", Tags: []string{"People"}, Metadata: needs(needMember),
		Summary: "Find members, to share with them", Description: "At most ten.",
	}, s.findPeople)
}

func userNotFound() *Problem {
	return newProblem(http.StatusNotFound, "user_not_found", "There is no such account.")
}

// managed reads an account that the caller may manage: an administrator those
// of members, an owner everybody's. Inside a transaction it reads the caller
// anew, so that of two who act at once the second one's standing is the true
// one.
func (s *Server) managed(ctx context.Context, from persistence.PeopleReader, id string) (persistence.User, error) {
	parsed, err := persistence.ParseID(strings.ToLower(id))
	if err != nil {
		return persistence.User{}, userNotFound()
	}
	user, err := from.User(ctx, parsed)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.ErasedAt.IsZero() {
		return user, userNotFound()
	}
	if err != nil {
		return user, err
	}
	standing, err := s.standing(ctx, from)
	if err != nil {
		return user, err
	}
	if !outranks(standing, user.Standing) {
		return user, newProblem(http.StatusForbidden, "forbidden", "Only an owner may change this account; ask one.")
	}
	return user, nil
}

// outranks says whether somebody of a standing manages those of another.
func outranks(mine, theirs persistence.Standing) bool {
	return mine == persistence.StandingOwner || mine == persistence.StandingAdmin && theirs < persistence.StandingAdmin
}

// standing is the caller's at this moment, within what their credential can use.
func (s *Server) standing(ctx context.Context, from persistence.PeopleReader) (persistence.Standing, error) {
	who := callerOf(ctx)
	if whole(ctx).operator {
		return who.Standing, nil
	}
	id, err := persistence.ParseID(who.User.ID)
	if err != nil {
		return persistence.StandingGuest, nil
	}
	user, err := from.User(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.Active() {
		return persistence.StandingGuest, nil
	}
	return min(user.Standing, who.Standing), err
}

func (s *Server) userOf(ctx context.Context, user *persistence.User) (userView, error) {
	view := userView{
		ID: user.ID.String(), Name: user.Name, Color: user.Color, Mail: user.Mail, Standing: standingWord(user.Standing),
		Password: user.Password != "", CreatedAt: user.CreatedAt.UTC(), SeenAt: timeOf(user.SeenAt), SuspendedAt: timeOf(user.SuspendedAt),
	}
	var err error
	view.Picture, err = s.pictureAddress(ctx, user.ID)
	return view, err
}

// timeOf is a time as the API shows it; nil for none.
func timeOf(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func (s *Server) listUsers(ctx context.Context, in *usersInput) (*usersOutput, error) {
	users, next, err := s.config.People.Users(ctx, persistence.UserQuery{Search: in.Query, Cursor: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &usersOutput{}
	out.Body.Users = []userView{}
	for i := range users {
		view, err := s.userOf(ctx, &users[i])
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		out.Body.Users = append(out.Body.Users, view)
	}
	if next != "" {
		out.Body.Next = &next
	}
	return out, nil
}

func (s *Server) getUser(ctx context.Context, in *UserPath) (*userDetailOutput, error) {
	id, err := persistence.ParseID(strings.ToLower(in.ID))
	if err != nil {
		return nil, userNotFound()
	}
	user, err := s.config.People.User(ctx, id)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.ErasedAt.IsZero() {
		return nil, userNotFound()
	}
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &userDetailOutput{}
	out.Body.Groups = []groupName{}
	if out.Body.UserFields, err = s.userOf(ctx, &user); err != nil {
		return nil, s.problem(ctx, err)
	}
	if out.Body.Logins, err = s.loginsOf(ctx, id, callerOf(ctx).Login); err != nil {
		return nil, s.problem(ctx, err)
	}
	groups, err := s.config.People.GroupsOf(ctx, id)
	for _, group := range groups {
		out.Body.Groups = append(out.Body.Groups, groupName{group.ID.String(), group.Name})
	}
	return out, s.problem(ctx, err)
}
