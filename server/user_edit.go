package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

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

// denyUser writes down what somebody tried with an account and may not, also
// that the last owner was to go; other errors pass.
func (s *Server) denyUser(ctx context.Context, user persistence.ID, err error) error {
	err = lastOwner(err)
	if p, ok := errors.AsType[*Problem](err); ok && (p.Status == http.StatusForbidden || p.Code == "last_owner") {
		s.denied(ctx, persistence.AuditEntry{Action: "user.denied", Subject: user, Detail: p.Detail})
	}
	return s.problem(ctx, err)
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
		return nil, s.denyUser(ctx, user.ID, err)
	}
	var name, mail string
	if in.Body.Name != nil {
		if name, err = s.chosenName(ctx, *in.Body.Name); err != nil {
			return nil, err
		}
	}
	if in.Body.Mail != nil {
		if mail, err = s.chosenMail(ctx, *in.Body.Mail); err != nil {
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
		return nil, s.denyUser(ctx, user.ID, err)
	}
	s.profileChanged(ctx, user.ID)
	view, err := s.userOf(ctx, &user)
	return &userOutput{Body: view}, s.problem(ctx, err)
}

func (s *Server) eraseUser(ctx context.Context, in *UserPath) (*struct{}, error) {
	user, err := s.managed(ctx, s.config.People, in.ID)
	if err != nil {
		return nil, s.denyUser(ctx, user.ID, err)
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
	return nil, s.denyUser(ctx, user.ID, err)
}

func (s *Server) makeReset(ctx context.Context, in *UserPath) (*linkOutput, error) {
	out := &linkOutput{}
	var secret string
	var user persistence.User
	err := s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) (err error) {
		if user, err = s.managed(ctx, edit, in.ID); err != nil {
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
		return nil, s.denyUser(ctx, user.ID, err)
	}
	out.Body.URL = ticketAddress(s.base(ctx), persistence.TicketReset, secret)
	return out, nil
}
