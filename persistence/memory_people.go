package persistence

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// memoryPeople is what Memory keeps of people and rights. A state that readers
// can see is never changed: an edit works on a copy and puts that in its place.
type memoryPeople struct {
	users      map[ID]User
	pictures   map[ID][]byte
	identities map[[2]string]Identity // by issuer and subject
	logins     map[ID]Login
	tickets    map[ID]Ticket
	groups     map[ID]Group
	members    map[[2]ID]bool // by group and user
	grants     map[grantKey]Grant
	links      map[ID]ShareLink
	visits     map[[2]ID]Visit         // by user and link
	requests   map[[2]ID]AccessRequest // by document and user
	tokens     map[ID]Token
	audit      []AuditEntry // ascending
	lines      int64        // audit lines ever written
}

type grantKey struct {
	document ID
	kind     SubjectKind
	subject  ID
}

func newMemoryPeople() *memoryPeople {
	return &memoryPeople{
		users: map[ID]User{}, pictures: map[ID][]byte{}, identities: map[[2]string]Identity{},
		logins: map[ID]Login{}, tickets: map[ID]Ticket{}, groups: map[ID]Group{}, members: map[[2]ID]bool{},
		grants: map[grantKey]Grant{}, links: map[ID]ShareLink{}, visits: map[[2]ID]Visit{},
		requests: map[[2]ID]AccessRequest{}, tokens: map[ID]Token{},
	}
}

func (p *memoryPeople) clone() *memoryPeople {
	return &memoryPeople{
		users: maps.Clone(p.users), pictures: maps.Clone(p.pictures), identities: maps.Clone(p.identities),
		logins: maps.Clone(p.logins), tickets: maps.Clone(p.tickets), groups: maps.Clone(p.groups), members: maps.Clone(p.members),
		grants: maps.Clone(p.grants), links: maps.Clone(p.links), visits: maps.Clone(p.visits),
		requests: maps.Clone(p.requests), tokens: maps.Clone(p.tokens), audit: slices.Clone(p.audit), lines: p.lines,
	}
}

// EditPeople implements People.
func (m *Memory) EditPeople(ctx context.Context, change func(PeopleEdit) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped != nil {
		return m.stopped
	}
	before := m.people.Load()
	after := before.clone()
	edit := &memoryEdit{memoryReader: func() *memoryPeople { return after }, state: after}
	if err := change(edit); err != nil {
		return err
	}
	if before.owned() && !after.owned() {
		return ErrLastOwner
	}
	for _, e := range edit.erased {
		for _, d := range m.documents {
			d.erase(e)
		}
	}
	m.people.Store(after)
	return nil
}

// owned says whether an active user owns the server.
func (p *memoryPeople) owned() bool {
	for _, u := range p.users {
		if u.Standing == StandingOwner && u.Active() {
			return true
		}
	}
	return false
}

// erase puts another name in place of the author's. Readers may hold the
// slice of changes, so it is copied.
func (d *memoryDocument) erase(author Author) {
	d.changes = slices.Clone(d.changes)
	for i := range d.changes {
		replaceAuthor(&d.changes[i].Author, author)
	}
	replaceAuthor(&d.CreatedBy, author)
	replaceAuthor(&d.UpdatedBy, author)
}

func replaceAuthor(a *Author, by Author) {
	if a.ID == by.ID {
		*a = by
	}
}

// memoryReader implements PeopleReader on the state that it returns.
type memoryReader func() *memoryPeople

// record finds one in a table.
func record[K comparable, V any](table map[K]V, key K, what string) (V, error) {
	found, ok := table[key]
	if !ok {
		return found, fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return found, nil
}

// first finds the one that matches.
func first[K comparable, V any](table map[K]V, what string, matches func(V) bool) (V, error) {
	for _, v := range table {
		if matches(v) {
			return v, nil
		}
	}
	var none V
	return none, fmt.Errorf("%s: %w", what, ErrNotFound)
}

// sorted are those that match, in order.
func sorted[K comparable, V any](table map[K]V, matches func(V) bool, compare func(a, b V) int) []V {
	var found []V
	for _, v := range table {
		if matches(v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, compare)
	return found
}

func (r memoryReader) User(_ context.Context, id ID) (User, error) {
	return record(r().users, id, "user")
}

func (r memoryReader) UserByMail(_ context.Context, mail string) (User, error) {
	return first(r().users, "user of a mail address", func(u User) bool { return mail != "" && u.Mail == mail })
}

func (r memoryReader) UserByIdentity(ctx context.Context, issuer, subject string) (User, error) {
	identity, err := record(r().identities, [2]string{issuer, subject}, "identity")
	if err != nil {
		return User{}, err
	}
	return r.User(ctx, identity.User)
}

func (r memoryReader) Identities(_ context.Context, user ID) ([]Identity, error) {
	return sorted(r().identities, func(i Identity) bool { return i.User == user }, compareIdentities), nil
}

func (r memoryReader) Users(_ context.Context, query UserQuery) ([]User, string, error) {
	after, err := ParseUserCursor(query.Cursor)
	if err != nil {
		return nil, "", err
	}
	search := FoldTitle(query.Search)
	found := sorted(r().users, func(u User) bool {
		place := UserCursor{FoldTitle(u.Name), u.ID}
		return u.ErasedAt.IsZero() && (strings.Contains(place.Folded, search) || strings.Contains(u.Mail, search)) &&
			(query.Cursor == "" || place.Compare(after) > 0)
	}, compareUsers)
	limit := query.PageSize()
	if len(found) <= limit {
		return found, "", nil
	}
	last := found[limit-1]
	return found[:limit], UserCursor{FoldTitle(last.Name), last.ID}.String(), nil
}

func (r memoryReader) CountUsers(context.Context) (int, error) {
	n := 0
	for _, u := range r().users {
		if u.ErasedAt.IsZero() {
			n++
		}
	}
	return n, nil
}

func (r memoryReader) Picture(_ context.Context, user ID) ([]byte, error) {
	png, err := record(r().pictures, user, "picture")
	return slices.Clone(png), err
}

func (r memoryReader) Login(_ context.Context, id ID) (Login, error) {
	return record(r().logins, id, "login")
}

func (r memoryReader) LoginByDigest(_ context.Context, digest Hash) (Login, error) {
	return first(r().logins, "login", func(l Login) bool { return l.Digest == digest })
}

func (r memoryReader) Logins(_ context.Context, user ID) ([]Login, error) {
	return sorted(r().logins, func(l Login) bool { return l.User == user }, compareLogins), nil
}

func (r memoryReader) Ticket(_ context.Context, digest Hash) (Ticket, error) {
	ticket, err := first(r().tickets, "ticket", func(t Ticket) bool { return t.Digest == digest })
	ticket.Groups = slices.Clone(ticket.Groups)
	return ticket, err
}

func (r memoryReader) Tickets(_ context.Context, kind TicketKind, at time.Time) ([]Ticket, error) {
	found := sorted(r().tickets, func(t Ticket) bool { return t.Kind == kind && t.UsedAt.IsZero() && t.ExpiresAt.After(at) }, compareTickets)
	for i := range found {
		found[i].Groups = slices.Clone(found[i].Groups)
	}
	return found, nil
}

func (r memoryReader) Group(_ context.Context, id ID) (Group, error) {
	return record(r().groups, id, "group")
}

func (r memoryReader) Groups(context.Context) ([]Group, error) {
	return sorted(r().groups, func(Group) bool { return true }, compareGroups), nil
}

func (r memoryReader) Members(_ context.Context, group ID) ([]User, error) {
	return sorted(r().users, func(u User) bool { return r().members[[2]ID{group, u.ID}] }, compareUsers), nil
}

func (r memoryReader) GroupsOf(_ context.Context, user ID) ([]Group, error) {
	return sorted(r().groups, func(g Group) bool { return r().members[[2]ID{g.ID, user}] }, compareGroups), nil
}

func (r memoryReader) Rank(_ context.Context, document, user ID, at time.Time) (Rank, error) {
	return r().rank(document, user, at), nil
}

func (p *memoryPeople) rank(document, user ID, at time.Time) Rank {
	var highest Rank
	for _, g := range p.grants {
		theirs := g.Kind == SubjectUser && g.Subject == user || g.Kind == SubjectGroup && p.members[[2]ID{g.Subject, user}]
		if g.Document == document && theirs {
			highest = max(highest, g.Rank)
		}
	}
	for _, v := range p.visits {
		link := p.links[v.Link]
		if v.User == user && link.Document == document && (link.ExpiresAt.IsZero() || link.ExpiresAt.After(at)) {
			highest = max(highest, link.Rank)
		}
	}
	return highest
}

// granted says whether anybody was granted the rank.
func (p *memoryPeople) granted(document ID, rank Rank) bool {
	for _, g := range p.grants {
		if g.Document == document && g.Rank == rank {
			return true
		}
	}
	return false
}

func (r memoryReader) Grants(_ context.Context, document ID) ([]Grant, error) {
	return sorted(r().grants, func(g Grant) bool { return g.Document == document }, compareGrants), nil
}

func (r memoryReader) GrantsOf(_ context.Context, kind SubjectKind, subject ID) ([]Grant, error) {
	return sorted(r().grants, func(g Grant) bool { return g.Kind == kind && g.Subject == subject }, compareGrants), nil
}

func (r memoryReader) ShareLink(_ context.Context, id ID) (ShareLink, error) {
	return record(r().links, id, "share link")
}

func (r memoryReader) ShareLinkByDigest(_ context.Context, digest Hash) (ShareLink, error) {
	return first(r().links, "share link", func(l ShareLink) bool { return l.Digest == digest })
}

func (r memoryReader) ShareLinks(_ context.Context, document ID) ([]ShareLink, error) {
	return sorted(r().links, func(l ShareLink) bool { return l.Document == document }, compareShareLinks), nil
}

func (r memoryReader) AccessRequests(_ context.Context, document ID) ([]AccessRequest, error) {
	return sorted(r().requests, func(a AccessRequest) bool { return a.Document == document }, compareAccessRequests), nil
}

func (r memoryReader) TokenByDigest(_ context.Context, digest Hash) (Token, error) {
	return first(r().tokens, "token", func(t Token) bool { return t.Digest == digest })
}

func (r memoryReader) Token(_ context.Context, id ID) (Token, error) {
	return record(r().tokens, id, "token")
}

func (r memoryReader) Tokens(_ context.Context, user ID) ([]Token, error) {
	return sorted(r().tokens, func(t Token) bool { return user.IsZero() || t.User == user }, compareTokens), nil
}

func (r memoryReader) Visits(_ context.Context, user ID) ([]Visit, error) {
	return sorted(r().visits, func(v Visit) bool { return v.User == user }, func(a, b Visit) int { return compareIDs(a.Link, b.Link) }), nil
}

func (r memoryReader) LinksEnding(_ context.Context, after, through time.Time) ([]ShareLink, error) {
	ends := func(l ShareLink) bool { return l.ExpiresAt.After(after) && !l.ExpiresAt.After(through) }
	return sorted(r().links, ends, compareShareLinks), nil
}

func (r memoryReader) Audit(_ context.Context, query AuditQuery) ([]AuditEntry, error) {
	var found []AuditEntry
	for _, entry := range slices.Backward(r().audit) {
		if query.Matches(&entry) && len(found) < query.PageSize() {
			found = append(found, entry)
		}
	}
	return found, nil
}
