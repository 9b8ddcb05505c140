package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// testPeopleModel gives the same random edits to the store and to the reference
// store, and compares every answer. Ids and names are few, so that they clash.
func testPeopleModel(t *testing.T, s persistence.Store) {
	m := peopleModel{model: model{t: t, random: Seed(t), stores: [2]persistence.Store{s, persistence.NewMemory()}}}
	boom := errors.New("boom")
	steps := 400
	if testing.Short() { // under the race detector
		steps = 160
	}
	for step := range steps {
		m.step = step
		var changes []func(persistence.PeopleEdit) error
		for range 1 + m.random.IntN(4) {
			changes = append(changes, m.edit())
		}
		fails := m.random.IntN(8) == 0
		err := m.both("edit", func(s persistence.Store) (any, error) {
			return nil, s.EditPeople(t.Context(), func(e persistence.PeopleEdit) error {
				for _, change := range changes {
					if err := change(e); err != nil {
						return err
					}
				}
				if fails {
					return boom
				}
				return nil
			})
		})
		if err == nil {
			m.taken++
		} else {
			m.refused++
		}
		m.read()
	}
	if m.taken < steps/8 || m.refused < steps/8 {
		t.Errorf("%d edits taken and %d refused: too few to mean anything", m.taken, m.refused)
	}
}

type peopleModel struct{ model }

func (m *peopleModel) id() persistence.ID { return persistence.ID{byte(1 + m.random.IntN(6))} }

func (m *peopleModel) word() string { return fmt.Sprintf("%c", "aAbBcd"[m.random.IntN(6)]) }

func (m *peopleModel) digest() persistence.Hash { return persistence.Hash{byte(m.random.IntN(9))} }

// time is sometimes none.
func (m *peopleModel) time() time.Time {
	if m.random.IntN(3) == 0 {
		return time.Time{}
	}
	return m.model.time()
}

// edit is one random step of an edit, the same for both stores.
func (m *peopleModel) edit() func(persistence.PeopleEdit) error {
	type edit = persistence.PeopleEdit
	a, b, at, digest, word, rank := m.id(), m.id(), m.time(), m.digest(), m.word(), persistence.Rank(1+m.random.IntN(4))
	kind := persistence.SubjectKind(1 + m.random.IntN(2))
	user := persistence.User{ID: a, Name: word, Mail: m.word(), Standing: persistence.Standing(m.random.IntN(4)), CreatedAt: at, SuspendedAt: m.time()}
	steps := []func(edit) error{
		func(e edit) error { return e.PutUser(user) },
		func(e edit) error { return e.PutUser(user) },
		func(e edit) error { return e.SetPicture(a, []byte(word)) },
		func(e edit) error { return e.SetPicture(a, nil) },
		func(e edit) error { return e.PutIdentity(persistence.Identity{Issuer: "i", Subject: word, User: a}) },
		func(e edit) error { return e.DeleteIdentity("i", word) },
		func(e edit) error {
			return e.PutLogin(persistence.Login{ID: b, User: a, Digest: digest, SeenAt: at, ExpiresAt: at})
		},
		func(e edit) error { return e.DeleteLogin(a) },
		func(e edit) error { _, err := e.DeleteLogins(a, b); return err },
		func(e edit) error {
			return e.PutTicket(persistence.Ticket{ID: a, Kind: persistence.TicketInvitation, Digest: digest, Mail: word, CreatedAt: at, ExpiresAt: Start.Add(time.Hour)})
		},
		func(e edit) error { _, err := e.UseTicket(digest, persistence.TicketInvitation, at); return err },
		func(e edit) error { return e.DeleteTicket(a) },
		func(e edit) error {
			return e.PutGroup(persistence.Group{ID: a, Name: word, External: word, CreatedAt: at})
		},
		func(e edit) error { return e.DeleteGroup(a) },
		func(e edit) error { return e.PutMember(a, b) },
		func(e edit) error { return e.DeleteMember(a, b) },
		func(e edit) error {
			return e.PutGrant(persistence.Grant{Document: b, Kind: kind, Subject: a, Rank: rank, GrantedAt: at})
		},
		func(e edit) error { return e.DeleteGrant(b, kind, a) },
		func(e edit) error {
			return e.PutShareLink(persistence.ShareLink{ID: a, Document: b, Digest: digest, Rank: rank, CreatedAt: at, ExpiresAt: at})
		},
		func(e edit) error { return e.DeleteShareLink(a) },
		func(e edit) error { return e.PutVisit(persistence.Visit{User: a, Link: b, At: at}) },
		func(e edit) error {
			return e.PutAccessRequest(persistence.AccessRequest{Document: a, User: b, Rank: rank, At: at})
		},
		func(e edit) error { return e.DeleteAccessRequest(a, b) },
		func(e edit) error {
			return e.PutToken(persistence.Token{ID: b, User: a, Digest: digest, Ceiling: rank, CreatedAt: at, ExpiresAt: at})
		},
		func(e edit) error { return e.DeleteToken(a) },
		func(e edit) error {
			return e.Record(persistence.AuditEntry{At: at, Action: "x." + word, Actor: a, Name: word, Detail: word})
		},
	}
	if m.random.IntN(20) == 0 {
		steps = []func(edit) error{
			func(e edit) error { return e.Erase(a, "Erased", "#000000", Start) },
			func(e edit) error { return e.Expire(at, m.model.time()) },
		}
		if m.random.IntN(2) == 0 {
			expire := at
			return func(e edit) error { return e.Expire(expire, expire) }
		}
		return steps[0]
	}
	return steps[m.random.IntN(len(steps))]
}

// read compares everything that can be read.
func (m *peopleModel) read() {
	type reader = persistence.PeopleReader
	ctx, at := m.t.Context(), m.model.time()
	whole := []func(reader) (any, error){
		func(r reader) (any, error) { return r.Groups(ctx) },
		func(r reader) (any, error) { return r.Tickets(ctx, persistence.TicketInvitation, at) },
		func(r reader) (any, error) { return r.CountUsers(ctx) },
		func(r reader) (any, error) { return r.Audit(ctx, persistence.AuditQuery{}) },
		func(r reader) (any, error) { return r.LinksEnding(ctx, at, at.Add(time.Hour)) },
		func(r reader) (any, error) { users, _, err := r.Users(ctx, persistence.UserQuery{}); return users, err },
		func(r reader) (any, error) { return r.Tokens(ctx, persistence.ID{}) },
	}
	of := []func(reader, persistence.ID) (any, error){
		func(r reader, id persistence.ID) (any, error) { return r.User(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Identities(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Picture(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Logins(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Login(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Group(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Members(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.GroupsOf(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Grants(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.GrantsOf(ctx, persistence.SubjectGroup, id) },
		func(r reader, id persistence.ID) (any, error) { return r.ShareLink(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.ShareLinks(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Visits(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.AccessRequests(ctx, id) },
		func(r reader, id persistence.ID) (any, error) { return r.Token(ctx, id) },
		func(r reader, id persistence.ID) (any, error) {
			var ranks [6]persistence.Rank
			var err error
			for i := range ranks {
				rank, bad := r.Rank(ctx, id, persistence.ID{byte(1 + i)}, at)
				ranks[i], err = rank, errors.Join(err, bad)
			}
			return ranks, err
		},
	}
	for i, read := range whole {
		m.both(fmt.Sprint("reading of all ", i), func(s persistence.Store) (any, error) { return read(s) })
	}
	read := m.random.IntN(len(of))
	for id := range 6 {
		m.both(fmt.Sprint("reading of one ", read), func(s persistence.Store) (any, error) { return of[read](s, persistence.ID{byte(1 + id)}) })
	}
}
