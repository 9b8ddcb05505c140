package server

import (
	"context"
	"net/http"

	"github.com/coscribe/coscribe/persistence"
)

type passwordInput struct {
	Body struct {
		Current string `json:"current" maxLength:"1024"`
		New     string `json:"new" maxLength:"1024" doc:"At least 12 characters"`
		Tokens  bool   `json:"tokens,omitempty" doc:"My personal API tokens end too"`
	}
}

// confirm checks the password of whoever is signed in already.
func (s *Server) confirm(ctx context.Context, user *persistence.User, password string) error {
	keys := attemptKeys("confirm", user.ID.String(), s.config.Access.Peers.Address(requestOf(ctx)), callerOf(ctx).Login.String())
	if err := s.begin(ctx, keys, "password.limited", user.ID); err != nil {
		return err
	}
	good, _, err := s.passwords.Check(ctx, user.Password, password)
	if err != nil {
		return err
	}
	if !good {
		s.denied(ctx, persistence.AuditEntry{Action: "password.denied", Subject: user.ID, Detail: "Wrong current password."})
		return newProblem(http.StatusForbidden, "wrong_password", "That is not your current password.")
	}
	s.attempts.forgive(keys)
	return nil
}

func (s *Server) changePassword(ctx context.Context, in *passwordInput) (*struct{}, error) {
	who := callerOf(ctx)
	user, err := s.account(ctx, who)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if err := s.confirm(ctx, &user, in.Body.Current); err != nil {
		return nil, s.problem(ctx, err)
	}
	if err := invalidPassword(in.Body.New, user.Name, user.Mail); err != nil {
		return nil, err
	}
	hash, err := s.passwords.Hash(ctx, in.Body.New)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	checked := user.Password
	err = s.revise(ctx, revision{users: []persistence.ID{user.ID}, reason: "signed out"}, func(edit persistence.PeopleEdit) error {
		if user, err = edit.User(ctx, user.ID); err != nil {
			return err
		}
		if user.Password != checked {
			return newProblem(http.StatusForbidden, "wrong_password", "Your password was changed elsewhere meanwhile.")
		}
		user.Password = hash
		if err := edit.PutUser(user); err != nil {
			return err
		}
		if _, err := edit.DeleteLogins(user.ID, who.Login); err != nil {
			return err
		}
		if err := s.dropResets(ctx, edit, user.ID); err != nil {
			return err
		}
		ended := ""
		if in.Body.Tokens {
			if ended, err = s.dropTokens(ctx, edit, user.ID); err != nil {
				return err
			}
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "password.changed", Subject: user.ID, Detail: "All other logins ended" + ended + "."})
	})
	return nil, s.problem(ctx, err)
}

// dropResets ends the links that would set a user's password.
func (s *Server) dropResets(ctx context.Context, edit persistence.PeopleEdit, user persistence.ID) error {
	tickets, err := edit.Tickets(ctx, persistence.TicketReset, persistence.Micro(s.config.Now()))
	if err != nil {
		return err
	}
	for _, ticket := range tickets {
		if ticket.User == user {
			if err := edit.DeleteTicket(ticket.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
