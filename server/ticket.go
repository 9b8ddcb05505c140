package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
)

// Lives of one-time links.
const (
	setupLife      = 24 * time.Hour
	invitationLife = 7 * 24 * time.Hour
	resetLife      = 24 * time.Hour // handed over by an administrator
	mailedLife     = time.Hour      // of a reset that somebody asked for by mail
)

// ticketPaths are the pages that read a link's secret from its fragment, which
// a browser sends to nobody.
var ticketPaths = map[persistence.TicketKind]string{
	persistence.TicketSetup: "/setup", persistence.TicketInvitation: "/invite", persistence.TicketReset: "/reset",
}

// ticketAddress is the link to hand over.
func ticketAddress(base string, kind persistence.TicketKind, secret string) string {
	return base + ticketPaths[kind] + "#" + secret
}

// newTicket writes a ticket in a transaction and returns its secret.
func (s *Server) newTicket(edit persistence.PeopleEdit, ticket persistence.Ticket, life time.Duration) (persistence.Ticket, string, error) {
	secret, digest := newSecret()
	now := persistence.Micro(s.config.Now())
	ticket.ID, ticket.Digest, ticket.CreatedAt, ticket.ExpiresAt = persistence.NewID(), digest, now, now.Add(life)
	return ticket, secret, edit.PutTicket(ticket)
}

// SetupLink makes the one-time link by which the first owner comes in; "" when
// somebody owns the server. Links that it made before end.
func (s *Server) SetupLink(ctx context.Context, base string) (string, error) {
	owned, err := s.owned(ctx)
	if err != nil || owned {
		return "", err
	}
	var secret string
	err = s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) (err error) {
		if err := s.dropTickets(ctx, edit, persistence.TicketSetup); err != nil {
			return err
		}
		_, secret, err = s.newTicket(edit, persistence.Ticket{Kind: persistence.TicketSetup, Standing: persistence.StandingOwner}, setupLife)
		return err
	})
	return ticketAddress(base, persistence.TicketSetup, secret), err
}

func (s *Server) dropTickets(ctx context.Context, edit persistence.PeopleEdit, kind persistence.TicketKind) error {
	tickets, err := edit.Tickets(ctx, kind, persistence.Micro(s.config.Now()))
	if err != nil {
		return err
	}
	for _, ticket := range tickets {
		if err := edit.DeleteTicket(ticket.ID); err != nil {
			return err
		}
	}
	return nil
}

// owned says whether the server has an active owner. Once it has, it always
// has: the last owner stays.
func (s *Server) owned(ctx context.Context) (bool, error) {
	if s.hasOwner.Load() {
		return true, nil
	}
	owned, err := ownedIn(ctx, s.config.People)
	if owned {
		s.hasOwner.Store(true)
	}
	return owned, err
}

func ownedIn(ctx context.Context, from persistence.PeopleReader) (bool, error) {
	query := persistence.UserQuery{Limit: 200}
	for {
		users, next, err := from.Users(ctx, query)
		if err != nil {
			return false, err
		}
		for i := range users {
			if users[i].Standing == persistence.StandingOwner && users[i].Active() {
				return true, nil
			}
		}
		if next == "" {
			return false, nil
		}
		query.Cursor = next
	}
}

type lookInput struct {
	Body struct {
		Secret string `json:"secret" maxLength:"200"`
		Kind   string `json:"kind" enum:"setup,invitation,reset"`
	}
}

type lookOutput struct {
	Body struct {
		Kind      string    `json:"kind" enum:"setup,invitation,reset"`
		Mail      string    `json:"mail,omitempty" doc:"The account's, where it is settled"`
		Name      string    `json:"name,omitempty" doc:"Of a reset: whose password"`
		Standing  string    `json:"standing,omitempty" enum:"member,admin,owner"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
}

type acceptInput struct {
	Body struct {
		Secret   string `json:"secret" maxLength:"200"`
		Name     string `json:"name" doc:"1 to 80 characters"`
		Mail     string `json:"mail,omitempty" maxLength:"254" doc:"To sign in with; an invitation to an address has it already"`
		Password string `json:"password" maxLength:"1024" doc:"At least 12 characters"`
	}
}

func (s *Server) ticketRoutes(api huma.API) {
	post := func(id, path, summary, description string, status int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodPost, Path: path, Tags: []string{"Signing in"}, Metadata: needs(needNobody), MaxBodyBytes: smallBytes, BodyReadTimeout: bodyWait,
			Summary: summary, Description: description, DefaultStatus: status, Errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests},
		}
	}
	register(api, post("look-at-ticket", "/api/tickets/look", "What a one-time link is for", "The secret is what stands behind the # in the link. Looking does not use it up.", http.StatusOK), s.lookAtTicket)
	register(api, post("set-up", "/api/setup", "Become the first owner", "By the link that the server printed at its start. Answers who one is, signed in.", http.StatusOK),
		func(ctx context.Context, in *acceptInput) (*enteredOutput, error) {
			return s.accept(ctx, persistence.TicketSetup, in)
		})
	register(api, post("accept-invitation", "/api/invitations/accept", "Accept an invitation", "Makes the account and answers who one is, signed in.", http.StatusOK),
		func(ctx context.Context, in *acceptInput) (*enteredOutput, error) {
			return s.accept(ctx, persistence.TicketInvitation, in)
		})
	register(api, post("reset-password", "/api/reset", "Set a new password by a one-time link", "Ends all other logins and the personal API tokens of the account, and answers who one is, signed in.", http.StatusOK), s.reset)
	register(api, post("request-reset", "/api/reset/request", "Ask for a link to set a new password",
		"Always the same answer. Where mail is configured the link is sent there if an account has the address; else an administrator sees the wish in the audit log and can hand a link over.", http.StatusAccepted), s.requestReset)
}

// invalidTicket is the one answer to a link that is not good any more, or never
// was.
func invalidTicket() *Problem {
	return newProblem(http.StatusNotFound, "invalid_ticket", "This link was used already, has expired, or is incomplete. Ask for a new one.")
}

// ticketOf finds a ticket that can be used.
func (s *Server) ticketOf(ctx context.Context, kind persistence.TicketKind, secret string) (persistence.Ticket, error) {
	ticket, err := s.config.People.Ticket(ctx, digestOf(secret))
	switch {
	case errors.Is(err, persistence.ErrNotFound):
	case err != nil:
		return ticket, s.problem(ctx, err)
	case ticket.Kind == kind && ticket.UsedAt.IsZero() && s.config.Now().Before(ticket.ExpiresAt):
		still, err := s.stillGood(ctx, s.config.People, &ticket)
		if err != nil {
			return ticket, s.problem(ctx, err)
		}
		if still {
			return ticket, nil
		}
	}
	return ticket, s.denyTicket(ctx, kind, ticket.ID)
}

// denyTicket writes down that a one-time link gave nothing.
func (s *Server) denyTicket(ctx context.Context, kind persistence.TicketKind, ticket persistence.ID) error {
	s.denied(ctx, persistence.AuditEntry{Action: string(kind) + ".denied", Subject: ticket, Detail: "The link was used, has expired, or is none."})
	return invalidTicket()
}

// stillGood says whether a ticket gives no more than is to be had by it now: the
// first owner's only while nobody owns the server, and another's only while who
// made it could still make it. Else somebody whose rights were taken away would
// come back by a link that they kept.
func (s *Server) stillGood(ctx context.Context, from persistence.PeopleReader, ticket *persistence.Ticket) (bool, error) {
	if ticket.Kind == persistence.TicketSetup {
		owned, err := ownedIn(ctx, from)
		return !owned, err
	}
	if ticket.CreatedBy.IsZero() {
		return true, nil // the program's own
	}
	gives := ticket.Standing
	if ticket.Kind == persistence.TicketReset {
		user, err := from.User(ctx, ticket.User)
		if err != nil {
			return false, ignoreNotFound(err)
		}
		gives = user.Standing
	}
	maker, err := from.User(ctx, ticket.CreatedBy)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	return maker.Active() && outranks(maker.Standing, gives), nil
}

func ignoreNotFound(err error) error {
	if errors.Is(err, persistence.ErrNotFound) {
		return nil
	}
	return err
}

// useTicket uses one up in a transaction.
func (s *Server) useTicket(ctx context.Context, edit persistence.PeopleEdit, kind persistence.TicketKind, secret string, at time.Time) (persistence.Ticket, error) {
	ticket, err := edit.UseTicket(digestOf(secret), kind, at)
	if errors.Is(err, persistence.ErrNotFound) || errors.Is(err, persistence.ErrUsed) || errors.Is(err, persistence.ErrExpired) {
		return ticket, s.denyTicket(ctx, kind, ticket.ID)
	}
	if err != nil {
		return ticket, err
	}
	still, err := s.stillGood(ctx, edit, &ticket)
	if err == nil && !still {
		err = s.denyTicket(ctx, kind, ticket.ID)
	}
	return ticket, err
}

func (s *Server) lookAtTicket(ctx context.Context, in *lookInput) (*lookOutput, error) {
	ticket, err := s.ticketOf(ctx, persistence.TicketKind(in.Body.Kind), in.Body.Secret)
	if err != nil {
		return nil, err
	}
	out := &lookOutput{}
	out.Body.Kind, out.Body.Mail, out.Body.ExpiresAt = string(ticket.Kind), ticket.Mail, ticket.ExpiresAt.UTC()
	if ticket.Kind != persistence.TicketReset {
		out.Body.Standing = standingWord(ticket.Standing)
		return out, nil
	}
	user, err := s.config.People.User(ctx, ticket.User)
	if err != nil || !user.Active() {
		return nil, invalidTicket()
	}
	out.Body.Name, out.Body.Mail = user.Name, user.Mail
	return out, nil
}

// accept makes the account that a link is for.
func (s *Server) accept(ctx context.Context, kind persistence.TicketKind, in *acceptInput) (*enteredOutput, error) {
	ticket, err := s.ticketOf(ctx, kind, in.Body.Secret)
	if err != nil {
		return nil, err
	}
	mail := ticket.Mail
	if mail == "" {
		mail = in.Body.Mail
	}
	user, err := s.newUser(ctx, in.Body.Name, mail, in.Body.Password)
	if err != nil {
		return nil, err
	}
	out, err := s.enter(ctx, methodLink, nil, func(edit persistence.PeopleEdit) (persistence.User, error) {
		ticket, err := s.useTicket(ctx, edit, kind, in.Body.Secret, user.CreatedAt)
		if err != nil {
			return user, err
		}
		if user.Standing = ticket.Standing; ticket.Mail != "" {
			user.Mail = ticket.Mail
		}
		if err := edit.PutUser(user); err != nil {
			return user, mailTaken(err)
		}
		for _, group := range ticket.Groups {
			// One that was deleted since is no reason to stay out.
			if err := edit.PutMember(group, user.ID); err != nil && !errors.Is(err, persistence.ErrNotFound) {
				return user, err
			}
		}
		entry := s.line(ctx, persistence.AuditEntry{Action: "user.created", Subject: user.ID, Detail: fmt.Sprintf("By %s, as %s.", kind, standingWord(user.Standing))})
		entry.Actor, entry.Name = user.ID, user.Name
		return user, edit.Record(entry)
	})
	return out, s.problem(ctx, err)
}

// newUser checks what a new account is to be, and hashes its password.
func (s *Server) newUser(ctx context.Context, name, mail, password string) (user persistence.User, err error) {
	if user.Name, err = s.chosenName(ctx, name); err != nil {
		return user, err
	}
	if user.Mail, err = s.chosenMail(ctx, mail); err != nil {
		return user, err
	}
	if password != "" {
		if err := invalidPassword(password, user.Name, user.Mail); err != nil {
			return user, err
		}
		if user.Password, err = s.passwords.Hash(ctx, password); err != nil {
			return user, s.problem(ctx, err)
		}
	}
	user.ID, user.Color, user.CreatedAt = persistence.NewID(), anyColor(), persistence.Micro(s.config.Now())
	return user, nil
}

// mailTaken says an address that another account has.
func mailTaken(err error) error {
	if errors.Is(err, persistence.ErrExists) {
		return newProblem(http.StatusConflict, "mail_taken", "Another account has this mail address. Sign in with it, or use another address.")
	}
	return err
}
