package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const (
	loginColumns  = "id, user, digest, method, agent, address, created_at, seen_at, expires_at"
	ticketColumns = "id, kind, digest, user, mail, standing, groups, created_by, created_at, expires_at, used_at"
)

func readLogin(c *columns) persistence.Login {
	return persistence.Login{
		ID: c.id(), User: c.id(), Digest: c.hash(), Method: c.text(), Agent: c.text(), Address: c.text(),
		CreatedAt: c.time(), SeenAt: c.time(), ExpiresAt: c.time(),
	}
}

func readTicket(c *columns) persistence.Ticket {
	t := persistence.Ticket{
		ID: c.id(), Kind: persistence.TicketKind(c.text()), Digest: c.hash(), User: c.id(), Mail: c.text(), Standing: persistence.Standing(c.number()),
	}
	for groups := c.bytes(); len(groups) >= len(persistence.ID{}); groups = groups[len(persistence.ID{}):] {
		t.Groups = append(t.Groups, persistence.ID(groups[:len(persistence.ID{})]))
	}
	t.CreatedBy, t.CreatedAt, t.ExpiresAt, t.UsedAt = c.id(), c.time(), c.time(), c.time()
	return t
}

// Login implements persistence.PeopleReader.
func (r peopleReader) Login(ctx context.Context, id persistence.ID) (persistence.Login, error) {
	return one(ctx, r, "login", readLogin, "SELECT "+loginColumns+" FROM logins WHERE id = ?", id[:])
}

// LoginByDigest implements persistence.PeopleReader.
func (r peopleReader) LoginByDigest(ctx context.Context, digest persistence.Hash) (persistence.Login, error) {
	return one(ctx, r, "login", readLogin, "SELECT "+loginColumns+" FROM logins WHERE digest = ?", digest[:])
}

// Logins implements persistence.PeopleReader.
func (r peopleReader) Logins(ctx context.Context, user persistence.ID) ([]persistence.Login, error) {
	return all(ctx, r, "logins", readLogin, "SELECT "+loginColumns+" FROM logins WHERE user = ? ORDER BY seen_at DESC, id", user[:])
}

// Ticket implements persistence.PeopleReader.
func (r peopleReader) Ticket(ctx context.Context, digest persistence.Hash) (persistence.Ticket, error) {
	return one(ctx, r, "ticket", readTicket, "SELECT "+ticketColumns+" FROM tickets WHERE digest = ?", digest[:])
}

// Tickets implements persistence.PeopleReader.
func (r peopleReader) Tickets(ctx context.Context, kind persistence.TicketKind, at time.Time) ([]persistence.Ticket, error) {
	return all(ctx, r, "tickets", readTicket,
		"SELECT "+ticketColumns+" FROM tickets WHERE kind = ? AND used_at = 0 AND expires_at > ? ORDER BY created_at DESC, id", string(kind), micros(at))
}

func (e *peopleEdit) PutLogin(l persistence.Login) error {
	if err := e.needUser(l.User); err != nil {
		return err
	}
	if err := e.free("login", "SELECT 1 FROM logins WHERE digest = ? AND id <> ?", l.Digest[:], l.ID[:]); err != nil {
		return err
	}
	return e.run("INSERT OR REPLACE INTO logins ("+loginColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		l.ID[:], l.User[:], l.Digest[:], l.Method, l.Agent, l.Address, micros(l.CreatedAt), micros(l.SeenAt), micros(l.ExpiresAt))
}

func (e *peopleEdit) DeleteLogin(id persistence.ID) error {
	return e.run("DELETE FROM logins WHERE id = ?", id[:])
}

func (e *peopleEdit) DeleteLogins(user, except persistence.ID) ([]persistence.ID, error) {
	ids, err := all(context.Background(), e, "logins", (*columns).id, "SELECT id FROM logins WHERE user = ? AND id <> ? ORDER BY seen_at DESC, id", user[:], except[:])
	return ids, errors.Join(err, e.run("DELETE FROM logins WHERE user = ? AND id <> ?", user[:], except[:]))
}

func (e *peopleEdit) PutTicket(t persistence.Ticket) error {
	if !t.User.IsZero() {
		if err := e.needUser(t.User); err != nil {
			return err
		}
	}
	if err := e.free("ticket", "SELECT 1 FROM tickets WHERE digest = ? AND id <> ?", t.Digest[:], t.ID[:]); err != nil {
		return err
	}
	groups := []byte{}
	for _, id := range t.Groups {
		groups = append(groups, id[:]...)
	}
	return e.run("INSERT OR REPLACE INTO tickets ("+ticketColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.ID[:], string(t.Kind), t.Digest[:], optional(t.User), t.Mail, int64(t.Standing), groups,
		optional(t.CreatedBy), micros(t.CreatedAt), micros(t.ExpiresAt), micros(t.UsedAt))
}

func (e *peopleEdit) UseTicket(digest persistence.Hash, kind persistence.TicketKind, at time.Time) (persistence.Ticket, error) {
	ticket, err := one(context.Background(), e, "ticket", readTicket, "SELECT "+ticketColumns+" FROM tickets WHERE digest = ? AND kind = ?", digest[:], string(kind))
	if err == nil {
		ticket, err = ticket.Use(at)
	}
	if err != nil {
		return persistence.Ticket{}, err
	}
	return ticket, e.run("UPDATE tickets SET used_at = ? WHERE id = ?", micros(ticket.UsedAt), ticket.ID[:])
}

func (e *peopleEdit) DeleteTicket(id persistence.ID) error {
	return e.run("DELETE FROM tickets WHERE id = ?", id[:])
}
