package server

import (
	"context"
	"errors"

	"github.com/coscribe/coscribe/persistence"
)

// FirstOwner makes an owner with a password, unless somebody owns the server
// already: for installations without a person at a browser.
func (s *Server) FirstOwner(ctx context.Context, name, mail, password string) error {
	owned, err := s.owned(ctx)
	if err != nil || owned {
		return err
	}
	if password == "" {
		return errors.New("the first owner needs a password: give --owner-password-file or COSCRIBE_OWNER_PASSWORD")
	}
	user, err := s.newUser(ctx, name, mail, password)
	if err != nil {
		return spell(err)
	}
	user.Standing = persistence.StandingOwner
	return s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		if err := edit.PutUser(user); err != nil {
			return spell(mailTaken(err))
		}
		if err := s.dropTickets(ctx, edit, persistence.TicketSetup); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "user.created", Subject: user.ID, Detail: "As owner, by the program's options."})
	})
}

// spell makes a sentence for a terminal of a problem.
func spell(err error) error {
	if p, ok := errors.AsType[*Problem](err); ok {
		return errors.New(p.Detail)
	}
	return err
}
