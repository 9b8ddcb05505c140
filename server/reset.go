package server

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/persistence"
)

type resetInput struct {
	Body struct {
		Secret   string `json:"secret" maxLength:"200"`
		Password string `json:"password" maxLength:"1024" doc:"At least 12 characters"`
	}
}

type resetRequestInput struct {
	Body struct {
		Mail string `json:"mail" maxLength:"254"`
	}
}

func (s *Server) reset(ctx context.Context, in *resetInput) (*enteredOutput, error) {
	ticket, err := s.ticketOf(ctx, persistence.TicketReset, in.Body.Secret)
	if err != nil {
		return nil, err
	}
	user, err := s.config.People.User(ctx, ticket.User)
	if err != nil || !user.Active() {
		return nil, invalidTicket()
	}
	if err := invalidPassword(in.Body.Password, user.Name, user.Mail); err != nil {
		return nil, err
	}
	hash, err := s.passwords.Hash(ctx, in.Body.Password)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	now := persistence.Micro(s.config.Now())
	// Whoever is signed in with the old password is out first; then the person
	// comes in with the new one.
	err = s.revise(ctx, revision{users: []persistence.ID{user.ID}, reason: "signed out"}, func(edit persistence.PeopleEdit) error {
		ticket, err := s.useTicket(ctx, edit, persistence.TicketReset, in.Body.Secret, now)
		if err != nil {
			return err
		}
		if user, err = edit.User(ctx, ticket.User); err != nil {
			return err
		}
		if !user.Active() {
			return invalidTicket()
		}
		user.Password = hash
		if err := edit.PutUser(user); err != nil {
			return err
		}
		if _, err := edit.DeleteLogins(user.ID, persistence.ID{}); err != nil {
			return err
		}
		if err := s.dropResets(ctx, edit, user.ID); err != nil {
			return err
		}
		// Whoever had the old password may have made tokens with it.
		ended, err := s.dropTokens(ctx, edit, user.ID)
		if err != nil {
			return err
		}
		entry := s.line(ctx, persistence.AuditEntry{Action: "password.reset", Subject: user.ID, Detail: "By a one-time link; all logins ended" + ended + "."})
		entry.Actor, entry.Name = user.ID, user.Name
		return edit.Record(entry)
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out, err := s.enter(ctx, methodLink, nil, func(edit persistence.PeopleEdit) (persistence.User, error) {
		user, err := edit.User(ctx, user.ID)
		if err == nil && !user.Active() {
			err = errWrong()
		}
		return user, err
	})
	return out, s.problem(ctx, err)
}

// requestReset never tells whether an account has the address: what there is to
// be done is done aside.
func (s *Server) requestReset(ctx context.Context, in *resetRequestInput) (*struct{}, error) {
	mail, proper := tidyMail(in.Body.Mail)
	keys := attemptKeys("reset", mail, s.config.Access.Peers.Address(requestOf(ctx)), "")
	if err := s.begin(ctx, keys, "reset.limited", persistence.ID{}); err != nil {
		return nil, err
	}
	if !proper {
		return nil, nil
	}
	entry := s.line(ctx, persistence.AuditEntry{Action: "reset.requested"})
	s.aside(func(ctx context.Context) {
		if err := s.sendReset(ctx, mail, entry); err != nil {
			s.config.Logger.Warn("a link to set a new password was not sent", "error", err)
		}
	})
	return nil, nil
}

// sendReset makes the link and sends it, where mail is configured.
func (s *Server) sendReset(ctx context.Context, mail string, entry persistence.AuditEntry) error {
	user, err := s.config.People.UserByMail(ctx, mail)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !user.Active() {
		return nil
	}
	if err != nil {
		return err
	}
	entry.Subject = user.ID
	entry.Detail = "Somebody asked for a link to set a new password; an administrator can make one."
	if s.config.Mail != nil {
		entry.Detail = "Somebody asked for a link to set a new password; it was sent."
	}
	var secret string
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) (err error) {
		if s.config.Mail != nil {
			if _, secret, err = s.newTicket(edit, persistence.Ticket{Kind: persistence.TicketReset, User: user.ID}, mailedLife); err != nil {
				return err
			}
		}
		return edit.Record(entry)
	})
	if err != nil || s.config.Mail == nil {
		return err
	}
	return s.config.Mail.Send(ctx, resetMail(user, ticketAddress(s.config.PublicURL, persistence.TicketReset, secret)))
}
