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

type groupName struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name"`
}

type createUserInput struct {
	Body struct {
		Name     string `json:"name" doc:"1 to 80 characters"`
		Mail     string `json:"mail" maxLength:"254"`
		Standing string `json:"standing,omitempty" enum:"member,admin,owner" default:"member"`
		Password string `json:"password,omitempty" maxLength:"1024" doc:"Without one the answer has a link to set it"`
	}
}

type createUserOutput struct {
	Body struct {
		User      userView   `json:"user"`
		URL       string     `json:"url,omitempty" doc:"One-time link by which they set their password"`
		ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"Of the link"`
	}
}

type changeUserInput struct {
	UserPath
	Body struct {
		Name      *string `json:"name,omitempty"`
		Mail      *string `json:"mail,omitempty" maxLength:"254"`
		Standing  *string `json:"standing,omitempty" enum:"member,admin,owner"`
		Suspended *bool   `json:"suspended,omitempty" doc:"true ends all that they have open and keeps them out; false lets them in again"`
	}
}

type linkOutput struct {
	Body struct {
		ID        string    `json:"id" format:"uuid"`
		URL       string    `json:"url" doc:"To hand over; whoever opens it first uses it up"`
		ExpiresAt time.Time `json:"expiresAt"`
		Mailed    bool      `json:"mailed" doc:"It was also sent by mail"`
	}
}

type peopleInput struct {
	Query string `query:"query" minLength:"1" maxLength:"200" doc:"Part of the name or mail"`
}

type peopleOutput struct {
	Body struct {
		People []personView `json:"people"`
	}
}

// personView is an account as other members see it, to tell people apart.
type personView struct {
	ID      string `json:"id" format:"uuid"`
	Name    string `json:"name"`
	Color   string `json:"color"`
	Mail    string `json:"mail,omitempty"`
	Picture string `json:"picture,omitempty"`
}

func (s *Server) userRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	huma.Register(api, huma.Operation{
		OperationID: "list-users", Method: http.MethodGet, Path: "/api/users", Tags: tags, Metadata: admin,
		Summary: "List accounts by name", Errors: []int{http.StatusBadRequest},
	}, s.listUsers)
	huma.Register(api, huma.Operation{
		OperationID: "create-user", Method: http.MethodPost, Path: "/api/users", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Create an account", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict},
	}, s.createUser)
	huma.Register(api, huma.Operation{
		OperationID: "get-user", Method: http.MethodGet, Path: "/api/users/{id}", Tags: tags, Metadata: admin,
		Summary: "An account with its logins and groups", Errors: []int{http.StatusNotFound},
	}, s.getUser)
	huma.Register(api, huma.Operation{
		OperationID: "change-user", Method: http.MethodPatch, Path: "/api/users/{id}", Tags: tags, Metadata: admin,
		Summary: "Change an account, suspend it, let it in again", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
		Description: "An administrator manages members; an owner manages everybody. The last owner stays. What is taken away is gone at once, on open connections too.",
		Errors:      []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.changeUser)
	huma.Register(api, huma.Operation{
		OperationID: "erase-user", Method: http.MethodDelete, Path: "/api/users/{id}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary:     "Erase a person",
		Description: "Their name leaves the history of every document, their texts stay. It cannot be undone.", Errors: []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict},
	}, s.eraseUser)
	huma.Register(api, huma.Operation{
		OperationID: "make-reset", Method: http.MethodPost, Path: "/api/users/{id}/reset", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Make a one-time link to set a new password", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, s.makeReset)
	huma.Register(api, huma.Operation{
		OperationID: "end-logins", Method: http.MethodDelete, Path: "/api/users/{id}/logins", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Sign somebody out everywhere", Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *UserPath) (*struct{}, error) {
		user, err := s.managed(ctx, s.config.People, in.ID)
		if err == nil {
			err = s.endLoginsOf(ctx, user.ID, persistence.ID{})
		}
		return nil, s.problem(ctx, err)
	})
	huma.Register(api, huma.Operation{
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

// standingFor reads a standing that the caller may give.
func (s *Server) standingFor(ctx context.Context, from persistence.PeopleReader, word string) (persistence.Standing, error) {
	if word == "" {
		return persistence.StandingMember, nil
	}
	standing, ok := standingOf(word)
	if !ok {
		return standing, newProblem(http.StatusBadRequest, "invalid_request", "standing is member, admin or owner.")
	}
	mine, err := s.standing(ctx, from)
	if err == nil && !outranks(mine, standing) {
		err = newProblem(http.StatusForbidden, "forbidden", "Only an owner makes administrators and owners; ask one.")
	}
	return standing, err
}

func (s *Server) createUser(ctx context.Context, in *createUserInput) (*createUserOutput, error) {
	user, err := s.newUser(ctx, in.Body.Name, in.Body.Mail, in.Body.Password)
	if err != nil {
		return nil, err
	}
	out := &createUserOutput{}
	var secret string
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) (err error) {
		if user.Standing, err = s.standingFor(ctx, edit, in.Body.Standing); err != nil {
			return err
		}
		if err := edit.PutUser(user); err != nil {
			return mailTaken(err)
		}
		if user.Password == "" {
			var ticket persistence.Ticket
			if ticket, secret, err = s.newTicket(edit, persistence.Ticket{Kind: persistence.TicketReset, User: user.ID, CreatedBy: s.actor(ctx)}, invitationLife); err != nil {
				return err
			}
			out.Body.ExpiresAt = timeOf(ticket.ExpiresAt)
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "user.created", Subject: user.ID, Detail: "As " + standingWord(user.Standing) + "."})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if secret != "" {
		out.Body.URL = ticketAddress(s.base(ctx), persistence.TicketReset, secret)
	}
	out.Body.User, err = s.userOf(ctx, &user)
	return out, s.problem(ctx, err)
}

// actor is the caller's account; the zero ID for the operator.
func (s *Server) actor(ctx context.Context) persistence.ID {
	id, _ := persistence.ParseID(callerOf(ctx).User.ID)
	return id
}

// yourself refuses what nobody should be able to do to themselves by mistake.
func (s *Server) yourself(ctx context.Context, user persistence.ID) error {
	if actor := s.actor(ctx); actor == user && !actor.IsZero() {
		return newProblem(http.StatusConflict, "yourself", "You cannot do that to your own account; ask another owner or administrator.")
	}
	return nil
}

// lastOwner says that nobody would own the server any more.
func lastOwner(err error) error {
	if errors.Is(err, persistence.ErrLastOwner) {
		return newProblem(http.StatusConflict, "last_owner", "This is the last owner. Make somebody else an owner first.")
	}
	return err
}

func (s *Server) changeUser(ctx context.Context, in *changeUserInput) (*userOutput, error) {
	user, err := s.managed(ctx, s.config.People, in.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	var name, mail string
	if in.Body.Name != nil {
		if name, err = cleanName(*in.Body.Name); err != nil {
			return nil, err
		}
	}
	if in.Body.Mail != nil {
		if mail, err = cleanMail(*in.Body.Mail); err != nil {
			return nil, err
		}
	}
	if in.Body.Suspended != nil && *in.Body.Suspended {
		if err := s.yourself(ctx, user.ID); err != nil {
			return nil, err
		}
	}
	err = s.revise(ctx, revision{users: []persistence.ID{user.ID}}, func(edit persistence.PeopleEdit) (err error) {
		if user, err = s.managed(ctx, edit, in.ID); err != nil {
			return err
		}
		var said []string
		if name != "" && name != user.Name {
			user.Name, said = name, append(said, "Changed the name.")
		}
		if mail != "" && mail != user.Mail {
			user.Mail, said = mail, append(said, "Changed the mail address.")
			if err := s.dropResets(ctx, edit, user.ID); err != nil {
				return err
			}
		}
		if in.Body.Standing != nil {
			standing, err := s.standingFor(ctx, edit, *in.Body.Standing)
			if err != nil {
				return err
			}
			if standing != user.Standing {
				said = append(said, "From "+standingWord(user.Standing)+" to "+standingWord(standing)+".")
				user.Standing = standing
			}
		}
		switch suspend := in.Body.Suspended; {
		case suspend == nil || *suspend == !user.SuspendedAt.IsZero():
		case *suspend:
			user.SuspendedAt, said = persistence.Micro(s.config.Now()), append(said, "Suspended.")
			if _, err := edit.DeleteLogins(user.ID, persistence.ID{}); err != nil {
				return err
			}
		default:
			user.SuspendedAt, said = time.Time{}, append(said, "Resumed.")
		}
		if len(said) == 0 {
			return nil
		}
		if err := edit.PutUser(user); err != nil {
			return mailTaken(err)
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "user.changed", Subject: user.ID, Detail: strings.Join(said, " ")})
	})
	if err != nil {
		return nil, s.problem(ctx, lastOwner(err))
	}
	s.profileChanged(ctx, user.ID)
	view, err := s.userOf(ctx, &user)
	return &userOutput{Body: view}, s.problem(ctx, err)
}

func (s *Server) eraseUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	user, err := s.managed(ctx, s.config.People, in.ID)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if err := s.yourself(ctx, user.ID); err != nil {
		return nil, err
	}
	err = s.revise(ctx, revision{users: []persistence.ID{user.ID}}, func(edit persistence.PeopleEdit) error {
		if _, err := s.managed(ctx, edit, in.ID); err != nil {
			return err
		}
		if err := s.dropResets(ctx, edit, user.ID); err != nil {
			return err
		}
		if err := edit.Erase(user.ID, erasedName, erasedColor, persistence.Micro(s.config.Now())); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "user.erased", Subject: user.ID, Detail: "Their name left the history; their texts stay."})
	})
	if err == nil {
		s.profileChanged(ctx, user.ID)
	}
	return nil, s.problem(ctx, lastOwner(err))
}

func (s *Server) makeReset(ctx context.Context, in *UserPath) (*linkOutput, error) {
	out := &linkOutput{}
	var secret string
	err := s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		user, err := s.managed(ctx, edit, in.ID)
		if err != nil {
			return err
		}
		if !user.Active() {
			return newProblem(http.StatusConflict, "suspended", "The account is suspended; let it in again first.")
		}
		if err := s.dropResets(ctx, edit, user.ID); err != nil {
			return err
		}
		var ticket persistence.Ticket
		if ticket, secret, err = s.newTicket(edit, persistence.Ticket{Kind: persistence.TicketReset, User: user.ID, CreatedBy: s.actor(ctx)}, resetLife); err != nil {
			return err
		}
		out.Body.ID, out.Body.ExpiresAt = ticket.ID.String(), ticket.ExpiresAt.UTC()
		return s.record(ctx, edit, persistence.AuditEntry{Action: "reset.created", Subject: user.ID, Detail: "Made a link to set a new password."})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out.Body.URL = ticketAddress(s.base(ctx), persistence.TicketReset, secret)
	return out, nil
}

// maxPeople is how many a search for people finds.
const maxPeople = 10

func (s *Server) findPeople(ctx context.Context, in *peopleInput) (*peopleOutput, error) {
	users, _, err := s.config.People.Users(ctx, persistence.UserQuery{Search: in.Query, Limit: 4 * maxPeople})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &peopleOutput{}
	out.Body.People = []personView{}
	for i := range users {
		if !users[i].Active() || len(out.Body.People) == maxPeople {
			continue
		}
		view, err := s.userOf(ctx, &users[i])
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		out.Body.People = append(out.Body.People, personView{ID: view.ID, Name: view.Name, Color: view.Color, Mail: view.Mail, Picture: view.Picture})
	}
	return out, nil
}
