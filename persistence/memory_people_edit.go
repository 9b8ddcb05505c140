package persistence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// memoryEdit is a transaction on a copy of the state.
type memoryEdit struct {
	memoryReader
	state  *memoryPeople
	erased []Author
}

// known says whether a user is there and not erased.
func (e *memoryEdit) known(user ID) error {
	if u, ok := e.state.users[user]; !ok || !u.ErasedAt.IsZero() {
		return fmt.Errorf("user: %w", ErrNotFound)
	}
	return nil
}

// taken refuses what another record has.
func taken[K comparable, V any](table map[K]V, what string, clashes func(V) bool) error {
	if _, err := first(table, what, clashes); err == nil {
		return fmt.Errorf("%s: %w", what, ErrExists)
	}
	return nil
}

func (e *memoryEdit) PutUser(user User) error {
	if err := taken(e.state.users, "mail address", func(u User) bool { return u.Mail != "" && u.Mail == user.Mail && u.ID != user.ID }); err != nil {
		return err
	}
	user.CreatedAt, user.SeenAt = Micro(user.CreatedAt), Micro(user.SeenAt)
	user.SuspendedAt, user.ErasedAt = Micro(user.SuspendedAt), Micro(user.ErasedAt)
	e.state.users[user.ID] = user
	return nil
}

func (e *memoryEdit) SetPicture(user ID, png []byte) error {
	if len(png) == 0 {
		delete(e.state.pictures, user)
		return nil
	}
	if err := e.known(user); err != nil {
		return err
	}
	e.state.pictures[user] = slices.Clone(png)
	return nil
}

func (e *memoryEdit) PutIdentity(identity Identity) error {
	key := [2]string{identity.Issuer, identity.Subject}
	if other, ok := e.state.identities[key]; ok && other.User != identity.User {
		return fmt.Errorf("identity: %w", ErrExists)
	}
	if err := e.known(identity.User); err != nil {
		return err
	}
	e.state.identities[key] = identity
	return nil
}

func (e *memoryEdit) DeleteIdentity(issuer, subject string) error {
	delete(e.state.identities, [2]string{issuer, subject})
	return nil
}

func (e *memoryEdit) Erase(user ID, name, color string, at time.Time) error {
	p := e.state
	before := p.users[user]
	if before.ID == user {
		p.users[user] = User{ID: user, CreatedAt: before.CreatedAt, ErasedAt: Micro(at)}
	}
	delete(p.pictures, user)
	maps.DeleteFunc(p.identities, func(_ [2]string, i Identity) bool { return i.User == user })
	maps.DeleteFunc(p.logins, func(_ ID, l Login) bool { return l.User == user })
	maps.DeleteFunc(p.tickets, func(_ ID, t Ticket) bool { return t.User == user || before.Mail != "" && t.Mail == before.Mail })
	maps.DeleteFunc(p.members, func(key [2]ID, _ bool) bool { return key[1] == user })
	maps.DeleteFunc(p.grants, func(key grantKey, _ Grant) bool { return key.kind == SubjectUser && key.subject == user })
	maps.DeleteFunc(p.visits, func(_ [2]ID, v Visit) bool { return v.User == user })
	maps.DeleteFunc(p.requests, func(_ [2]ID, a AccessRequest) bool { return a.User == user })
	maps.DeleteFunc(p.tokens, func(_ ID, t Token) bool { return t.User == user })
	for i := range p.audit {
		entry := &p.audit[i]
		if entry.Actor == user {
			entry.Name, entry.Address = name, ""
		}
		if entry.Actor == user || entry.Subject == user {
			for _, word := range []string{before.Name, before.Mail} {
				if word != "" {
					entry.Detail = strings.ReplaceAll(entry.Detail, word, name)
				}
			}
		}
	}
	e.erased = append(e.erased, Author{user, name, color})
	return nil
}

func (e *memoryEdit) PutLogin(login Login) error {
	if err := e.known(login.User); err != nil {
		return err
	}
	if err := taken(e.state.logins, "login", func(l Login) bool { return l.Digest == login.Digest && l.ID != login.ID }); err != nil {
		return err
	}
	login.CreatedAt, login.SeenAt, login.ExpiresAt = Micro(login.CreatedAt), Micro(login.SeenAt), Micro(login.ExpiresAt)
	e.state.logins[login.ID] = login
	return nil
}

func (e *memoryEdit) DeleteLogin(id ID) error {
	delete(e.state.logins, id)
	return nil
}

func (e *memoryEdit) DeleteLogins(user, except ID) ([]ID, error) {
	var deleted []ID
	for _, login := range sorted(e.state.logins, func(l Login) bool { return l.User == user && l.ID != except }, compareLogins) {
		deleted = append(deleted, login.ID)
		delete(e.state.logins, login.ID)
	}
	return deleted, nil
}

func (e *memoryEdit) PutTicket(ticket Ticket) error {
	if !ticket.User.IsZero() {
		if err := e.known(ticket.User); err != nil {
			return err
		}
	}
	if err := taken(e.state.tickets, "ticket", func(t Ticket) bool { return t.Digest == ticket.Digest && t.ID != ticket.ID }); err != nil {
		return err
	}
	ticket.Groups = slices.Clone(ticket.Groups)
	ticket.CreatedAt, ticket.ExpiresAt, ticket.UsedAt = Micro(ticket.CreatedAt), Micro(ticket.ExpiresAt), Micro(ticket.UsedAt)
	e.state.tickets[ticket.ID] = ticket
	return nil
}

func (e *memoryEdit) UseTicket(digest Hash, kind TicketKind, at time.Time) (Ticket, error) {
	ticket, err := first(e.state.tickets, "ticket", func(t Ticket) bool { return t.Digest == digest && t.Kind == kind })
	if err != nil {
		return ticket, err
	}
	if ticket, err = ticket.Use(at); err != nil {
		return Ticket{}, err
	}
	e.state.tickets[ticket.ID] = ticket
	ticket.Groups = slices.Clone(ticket.Groups)
	return ticket, nil
}

func (e *memoryEdit) DeleteTicket(id ID) error {
	delete(e.state.tickets, id)
	return nil
}

func (e *memoryEdit) PutGroup(group Group) error {
	folded := FoldTitle(group.Name)
	if err := taken(e.state.groups, "group", func(g Group) bool { return FoldTitle(g.Name) == folded && g.ID != group.ID }); err != nil {
		return err
	}
	group.CreatedAt = Micro(group.CreatedAt)
	e.state.groups[group.ID] = group
	return nil
}

func (e *memoryEdit) DeleteGroup(id ID) error {
	delete(e.state.groups, id)
	maps.DeleteFunc(e.state.members, func(key [2]ID, _ bool) bool { return key[0] == id })
	maps.DeleteFunc(e.state.grants, func(key grantKey, _ Grant) bool { return key.kind == SubjectGroup && key.subject == id })
	return nil
}

func (e *memoryEdit) PutMember(group, user ID) error {
	if _, err := record(e.state.groups, group, "group"); err != nil {
		return err
	}
	if err := e.known(user); err != nil {
		return err
	}
	e.state.members[[2]ID{group, user}] = true
	return nil
}

func (e *memoryEdit) DeleteMember(group, user ID) error {
	delete(e.state.members, [2]ID{group, user})
	return nil
}

func (e *memoryEdit) PutGrant(grant Grant) error {
	err := e.known(grant.Subject)
	if grant.Kind == SubjectGroup {
		_, err = record(e.state.groups, grant.Subject, "group")
	}
	if err != nil {
		return err
	}
	grant.GrantedAt = Micro(grant.GrantedAt)
	e.state.grants[grantKey{grant.Document, grant.Kind, grant.Subject}] = grant
	return nil
}

func (e *memoryEdit) DeleteGrant(document ID, kind SubjectKind, subject ID) error {
	delete(e.state.grants, grantKey{document, kind, subject})
	return nil
}

func (e *memoryEdit) PutShareLink(link ShareLink) error {
	if err := taken(e.state.links, "share link", func(l ShareLink) bool { return l.Digest == link.Digest && l.ID != link.ID }); err != nil {
		return err
	}
	link.CreatedAt, link.ExpiresAt = Micro(link.CreatedAt), Micro(link.ExpiresAt)
	e.state.links[link.ID] = link
	return nil
}

func (e *memoryEdit) DeleteShareLink(id ID) error {
	delete(e.state.links, id)
	maps.DeleteFunc(e.state.visits, func(key [2]ID, _ Visit) bool { return key[1] == id })
	return nil
}

func (e *memoryEdit) PutVisit(visit Visit) error {
	if _, err := record(e.state.links, visit.Link, "share link"); err != nil {
		return err
	}
	visit.At = Micro(visit.At)
	e.state.visits[[2]ID{visit.User, visit.Link}] = visit
	return nil
}

func (e *memoryEdit) PutAccessRequest(request AccessRequest) error {
	request.At = Micro(request.At)
	e.state.requests[[2]ID{request.Document, request.User}] = request
	return nil
}

func (e *memoryEdit) DeleteAccessRequest(document, user ID) error {
	delete(e.state.requests, [2]ID{document, user})
	return nil
}

func (e *memoryEdit) PutToken(token Token) error {
	if err := e.known(token.User); err != nil {
		return err
	}
	if err := taken(e.state.tokens, "token", func(t Token) bool { return t.Digest == token.Digest && t.ID != token.ID }); err != nil {
		return err
	}
	token.CreatedAt, token.UsedAt, token.ExpiresAt = Micro(token.CreatedAt), Micro(token.UsedAt), Micro(token.ExpiresAt)
	e.state.tokens[token.ID] = token
	return nil
}

func (e *memoryEdit) DeleteToken(id ID) error {
	delete(e.state.tokens, id)
	return nil
}

func (e *memoryEdit) Record(entry AuditEntry) error {
	e.state.lines++
	entry.Seq, entry.At = e.state.lines, Micro(entry.At)
	e.state.audit = append(e.state.audit, entry)
	return nil
}

func (e *memoryEdit) Expire(before, auditBefore time.Time) error {
	p := e.state
	over := func(expires time.Time) bool { return !expires.IsZero() && expires.Before(before) }
	maps.DeleteFunc(p.logins, func(_ ID, l Login) bool { return over(l.ExpiresAt) })
	maps.DeleteFunc(p.tickets, func(_ ID, t Ticket) bool { return over(t.ExpiresAt) })
	maps.DeleteFunc(p.tokens, func(_ ID, t Token) bool { return over(t.ExpiresAt) })
	maps.DeleteFunc(p.links, func(_ ID, l ShareLink) bool { return over(l.ExpiresAt) })
	maps.DeleteFunc(p.visits, func(_ [2]ID, v Visit) bool { _, ok := p.links[v.Link]; return !ok })
	if !auditBefore.IsZero() {
		old := 0
		p.audit = slices.DeleteFunc(p.audit, func(e AuditEntry) bool {
			if old == AuditStep || !e.At.Before(auditBefore) {
				return false
			}
			old++
			return true
		})
	}
	return nil
}
