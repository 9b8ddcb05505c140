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

type inviteInput struct {
	Body struct {
		Mail     string   `json:"mail,omitempty" maxLength:"254" doc:"Whom it is for; without one whoever opens the link gives theirs"`
		Standing string   `json:"standing,omitempty" enum:"member,admin,owner" default:"member"`
		Groups   []string `json:"groups,omitempty" maxItems:"50" doc:"Ids of groups to be a member of"`
	}
}

type invitationView struct {
	ID        string    `json:"id" format:"uuid"`
	Mail      string    `json:"mail,omitempty"`
	Standing  string    `json:"standing" enum:"member,admin,owner"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

type invitationsOutput struct {
	Body struct {
		Invitations []invitationView `json:"invitations"`
	}
}

// InvitationPath is an invitation's id in a route.
type InvitationPath struct {
	ID string `path:"id" doc:"The invitation's id, a UUID"`
}

func (s *Server) invitationRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	register(api, huma.Operation{
		OperationID: "invite", Method: http.MethodPost, Path: "/api/invitations", Tags: tags, Metadata: admin, DefaultStatus: http.StatusCreated,
		Summary: "Invite somebody", MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait, Description: "Answers a one-time link to hand over; where mail is configured it is also sent.",
		Errors: []int{http.StatusBadRequest, http.StatusForbidden},
	}, s.invite)
	register(api, huma.Operation{
		OperationID: "list-invitations", Method: http.MethodGet, Path: "/api/invitations", Tags: tags, Metadata: admin, Summary: "Invitations that are open",
	}, s.listInvitations)
	register(api, huma.Operation{
		OperationID: "withdraw-invitation", Method: http.MethodDelete, Path: "/api/invitations/{id}", Tags: tags, Metadata: admin, DefaultStatus: http.StatusNoContent,
		Summary: "Withdraw an invitation", Errors: []int{http.StatusNotFound},
	}, s.withdraw)
}

func (s *Server) invite(ctx context.Context, in *inviteInput) (*linkOutput, error) {
	ticket := persistence.Ticket{Kind: persistence.TicketInvitation, CreatedBy: s.actor(ctx)}
	var err error
	if in.Body.Mail != "" {
		if ticket.Mail, err = s.chosenMail(ctx, in.Body.Mail); err != nil {
			return nil, err
		}
	}
	for _, text := range in.Body.Groups {
		id, err := persistence.ParseID(strings.ToLower(text))
		if err != nil {
			return nil, newProblem(http.StatusBadRequest, "group_not_found", "There is no such group.")
		}
		ticket.Groups = append(ticket.Groups, id)
	}
	var secret string
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) (err error) {
		if ticket.Standing, err = s.standingFor(ctx, edit, in.Body.Standing); err != nil {
			return err
		}
		for _, id := range ticket.Groups {
			if _, err := edit.Group(ctx, id); errors.Is(err, persistence.ErrNotFound) {
				return newProblem(http.StatusBadRequest, "group_not_found", "There is no such group.")
			} else if err != nil {
				return err
			}
		}
		if ticket, secret, err = s.newTicket(edit, ticket, invitationLife); err != nil {
			return err
		}
		return s.record(ctx, edit, persistence.AuditEntry{Action: "invitation.created", Subject: ticket.ID, Detail: "As " + standingWord(ticket.Standing) + "."})
	})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &linkOutput{}
	out.Body.ID, out.Body.ExpiresAt = ticket.ID.String(), ticket.ExpiresAt.UTC()
	out.Body.URL = ticketAddress(s.base(ctx), persistence.TicketInvitation, secret)
	if s.config.Mail != nil && ticket.Mail != "" {
		// A mail that does not leave is no reason to fail: the link is there.
		err := s.config.Mail.Send(ctx, invitationMail(ticket.Mail, callerOf(ctx).User.Name, ticketAddress(s.config.PublicURL, persistence.TicketInvitation, secret)))
		if out.Body.Mailed = err == nil; err != nil {
			s.config.Logger.Warn("an invitation was not sent by mail", "error", err)
		}
	}
	return out, nil
}

func (s *Server) listInvitations(ctx context.Context, _ *struct{}) (*invitationsOutput, error) {
	tickets, err := s.config.People.Tickets(ctx, persistence.TicketInvitation, persistence.Micro(s.config.Now()))
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &invitationsOutput{}
	out.Body.Invitations = []invitationView{}
	for _, t := range tickets {
		out.Body.Invitations = append(out.Body.Invitations, invitationView{
			ID: t.ID.String(), Mail: t.Mail, Standing: standingWord(t.Standing), CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(),
		})
	}
	return out, nil
}

func (s *Server) withdraw(ctx context.Context, in *InvitationPath) (*struct{}, error) {
	none := newProblem(http.StatusNotFound, "invitation_not_found", "There is no such invitation; it may have been used or has expired.")
	id, err := persistence.ParseID(strings.ToLower(in.ID))
	if err != nil {
		return nil, none
	}
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error {
		tickets, err := edit.Tickets(ctx, persistence.TicketInvitation, persistence.Micro(s.config.Now()))
		if err != nil {
			return err
		}
		for _, ticket := range tickets {
			if ticket.ID != id {
				continue
			}
			if standing, err := s.standing(ctx, edit); err != nil {
				return err
			} else if !outranks(standing, ticket.Standing) {
				return newProblem(http.StatusForbidden, "forbidden", "Only an owner may withdraw this invitation; ask one.")
			}
			if err := edit.DeleteTicket(id); err != nil {
				return err
			}
			return s.record(ctx, edit, persistence.AuditEntry{Action: "invitation.withdrawn", Subject: id})
		}
		return none
	})
	return nil, s.problem(ctx, err)
}
