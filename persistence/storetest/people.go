package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// peopleTests are run by Run.
var peopleTests = []storeTest{
	{"people: a user is as it was put, and found by mail and identity", testUsers},
	{"people: names that are taken", testTaken},
	{"people: users are paged by name and searched", testUserPages},
	{"people: logins", testLogins},
	{"people: a ticket is used once", testTickets},
	{"people: what belongs to a group or a link goes with it", testCascades},
	{"people: what belongs to nobody is refused", testOrphans},
	{"people: the last owner stays, and of two racing edits one wins", testLastOwner},
	{"people: a failed edit leaves nothing, and others alone", testFailedEdit},
	{"people: edits and appends at once", testPeopleConcurrency},
	{"people: random edits are answered as by the reference store", testPeopleModel},
}

// Edit runs an edit that must succeed.
func Edit(t testing.TB, s persistence.People, change func(persistence.PeopleEdit) error) {
	t.Helper()
	if err := s.EditPeople(t.Context(), change); err != nil {
		t.Fatalf("edit: %v", err)
	}
}

// NewUser adds an account.
func NewUser(t *testing.T, s persistence.People, name string, standing persistence.Standing) persistence.User {
	t.Helper()
	user := persistence.User{ID: persistence.NewID(), Name: name, Color: "#123456", Standing: standing, CreatedAt: Start}
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.PutUser(user) })
	return user
}

func digest(text string) (hash persistence.Hash) {
	copy(hash[:], text)
	return hash
}

// same compares what a store answers.
func same[T any](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if !reflect.DeepEqual(got, want) {
		t.Errorf("%s is\n%+v, not\n%+v", what, got, want)
	}
}

func testUsers(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	user := persistence.User{
		ID: persistence.NewID(), Name: "Ada Lovelace", Color: "#aa0000", Mail: "ada@example.org", Standing: persistence.StandingAdmin,
		Password: "$argon2id$…", CreatedAt: Start, SeenAt: Start.Add(time.Hour), SuspendedAt: Start.Add(2 * time.Hour),
	}
	identity := persistence.Identity{Issuer: "https://id.example.org", Subject: "ada", User: user.ID}
	picture := []byte{0x89, 'P', 'N', 'G', 0}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		if err := errors.Join(e.PutUser(user), e.PutIdentity(identity), e.SetPicture(user.ID, picture)); err != nil {
			return err
		}
		got, err := e.User(ctx, user.ID) // an edit sees what it wrote
		same(t, "the user within the edit", got, err, user)
		return nil
	})
	check := func() {
		t.Helper()
		got, err := s.User(ctx, user.ID)
		same(t, "the user", got, err, user)
		got, err = s.UserByMail(ctx, user.Mail)
		same(t, "the user of the mail", got, err, user)
		got, err = s.UserByIdentity(ctx, identity.Issuer, identity.Subject)
		same(t, "the user of the identity", got, err, user)
		png, err := s.Picture(ctx, user.ID)
		same(t, "the picture", png, err, picture)
		identities, err := s.Identities(ctx, user.ID)
		same(t, "the identities", identities, err, []persistence.Identity{identity})
	}
	check()
	user.Name, user.Mail, user.SuspendedAt = "Ada King", "king@example.org", time.Time{}
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.PutUser(user) })
	check()
	_, err := s.UserByMail(ctx, "ada@example.org")
	wantError(t, "the old mail", err, persistence.ErrNotFound)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.SetPicture(user.ID, nil), e.DeleteIdentity(identity.Issuer, identity.Subject))
	})
	_, err = s.Picture(ctx, user.ID)
	wantError(t, "a removed picture", err, persistence.ErrNotFound)
	_, err = s.UserByIdentity(ctx, identity.Issuer, identity.Subject)
	wantError(t, "a removed identity", err, persistence.ErrNotFound)
	_, err = s.UserByMail(ctx, "")
	wantError(t, "no mail", err, persistence.ErrNotFound)
	_, err = s.User(ctx, persistence.NewID())
	wantError(t, "an unknown user", err, persistence.ErrNotFound)
}

func testTaken(t *testing.T, s persistence.Store) {
	ada, ben := NewUser(t, s, "Ada", persistence.StandingMember), NewUser(t, s, "Ben", persistence.StandingMember)
	ada.Mail = "ada@example.org"
	group := persistence.Group{ID: persistence.NewID(), Name: "Écrivains", CreatedAt: Start}
	login := persistence.Login{ID: persistence.NewID(), User: ada.ID, Digest: digest("login"), CreatedAt: Start, ExpiresAt: Start}
	ticket := persistence.Ticket{ID: persistence.NewID(), Kind: persistence.TicketInvitation, Digest: digest("ticket"), CreatedAt: Start, ExpiresAt: Start}
	link := persistence.ShareLink{ID: persistence.NewID(), Document: persistence.NewID(), Digest: digest("link"), Rank: 1, CreatedAt: Start}
	token := persistence.Token{ID: persistence.NewID(), Kind: persistence.TokenPersonal, User: ada.ID, Digest: digest("token"), CreatedAt: Start}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutUser(ada), e.PutGroup(group), e.PutIdentity(persistence.Identity{Issuer: "i", Subject: "s", User: ada.ID}),
			e.PutLogin(login), e.PutTicket(ticket), e.PutShareLink(link), e.PutToken(token))
	})
	again := persistence.NewID()
	for name, change := range map[string]func(persistence.PeopleEdit) error{
		"mail": func(e persistence.PeopleEdit) error { ben.Mail = ada.Mail; return e.PutUser(ben) },
		"group": func(e persistence.PeopleEdit) error {
			return e.PutGroup(persistence.Group{ID: again, Name: "ÉCRIVAINS"})
		},
		"identity": func(e persistence.PeopleEdit) error {
			return e.PutIdentity(persistence.Identity{Issuer: "i", Subject: "s", User: ben.ID})
		},
		"login":  func(e persistence.PeopleEdit) error { l := login; l.ID = again; return e.PutLogin(l) },
		"ticket": func(e persistence.PeopleEdit) error { x := ticket; x.ID = again; return e.PutTicket(x) },
		"link":   func(e persistence.PeopleEdit) error { l := link; l.ID = again; return e.PutShareLink(l) },
		"token":  func(e persistence.PeopleEdit) error { x := token; x.ID = again; return e.PutToken(x) },
	} {
		wantError(t, "a "+name+" that is taken", s.EditPeople(t.Context(), change), persistence.ErrExists)
	}
	// Their own names are not taken; many users have no mail.
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutUser(ada), e.PutGroup(group), e.PutLogin(login), e.PutTicket(ticket), e.PutShareLink(link), e.PutToken(token),
			e.PutIdentity(persistence.Identity{Issuer: "i", Subject: "s", User: ada.ID}), e.PutUser(persistence.User{ID: again, Name: "Ada"}))
	})
	if got, err := s.User(t.Context(), ben.ID); err != nil || got.Mail != "" {
		t.Errorf("a refused edit left %+v, %v", got, err)
	}
}

func testUserPages(t *testing.T, s persistence.Store) {
	var want []persistence.ID
	for i := range 23 {
		name := fmt.Sprintf("Person %02d", i)
		if i%2 == 0 {
			name = fmt.Sprintf("PERSON %02d", i) // the order ignores case
		}
		want = append(want, NewUser(t, s, name, persistence.StandingMember).ID)
	}
	same := []persistence.ID{NewUser(t, s, "Same", persistence.StandingMember).ID, NewUser(t, s, "Same", persistence.StandingMember).ID}
	slices.SortFunc(same, func(a, b persistence.ID) int { return slices.Compare(a[:], b[:]) })
	want = append(want, same...)
	pages := func(query persistence.UserQuery) (ids []persistence.ID) {
		t.Helper()
		for {
			page, next, err := s.Users(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range page {
				ids = append(ids, u.ID)
			}
			if query.Cursor = next; next == "" {
				return ids
			}
			if len(page) != query.PageSize() {
				t.Fatalf("a page of %d that is not the last has %d", query.PageSize(), len(page))
			}
		}
	}
	for _, limit := range []int{0, 1, 4, 25, 24, 500} {
		if got := pages(persistence.UserQuery{Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("in pages of %d the order differs", limit)
		}
	}
	if got := pages(persistence.UserQuery{Search: "son 1", Limit: 3}); !slices.Equal(got, want[10:20]) {
		t.Errorf("the search finds %d", len(got))
	}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		user, err := e.User(t.Context(), want[3])
		user.Mail = "someone@example.org"
		return errors.Join(err, e.PutUser(user), e.Erase(want[0], "Erased", "#000000", Start))
	})
	if got := pages(persistence.UserQuery{Search: "EXAMPLE.org"}); !slices.Equal(got, want[3:4]) {
		t.Errorf("the search in mails finds %d", len(got))
	}
	if got := pages(persistence.UserQuery{}); !slices.Equal(got, want[1:]) {
		t.Error("an erased user is listed")
	}
	if n, err := s.CountUsers(t.Context()); err != nil || n != len(want)-1 {
		t.Errorf("%d users are counted, %v", n, err)
	}
	_, _, err := s.Users(t.Context(), persistence.UserQuery{Cursor: "?"})
	wantError(t, "cursor", err, persistence.ErrCursor)
}

func testLogins(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, ben := NewUser(t, s, "Ada", persistence.StandingMember), NewUser(t, s, "Ben", persistence.StandingMember)
	var logins []persistence.Login
	for i := range 4 {
		logins = append(logins, persistence.Login{
			ID: persistence.NewID(), User: ada.ID, Digest: digest(fmt.Sprint("login ", i)), Method: "password", Agent: "Firefox", Address: "192.0.2.1",
			CreatedAt: Start, SeenAt: Start.Add(-time.Duration(i) * time.Minute), ExpiresAt: Start.Add(time.Hour),
		})
	}
	other := persistence.Login{ID: persistence.NewID(), User: ben.ID, Digest: digest("other"), SeenAt: Start, CreatedAt: Start, ExpiresAt: Start.Add(time.Hour)}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		for _, l := range append(logins, other) {
			if err := e.PutLogin(l); err != nil {
				return err
			}
		}
		return nil
	})
	got, err := s.Logins(ctx, ada.ID)
	same(t, "the logins", got, err, logins)
	one, err := s.LoginByDigest(ctx, logins[2].Digest)
	same(t, "a login by its digest", one, err, logins[2])
	logins[3].SeenAt = Start.Add(time.Minute)
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.PutLogin(logins[3]) })
	one, err = s.Login(ctx, logins[3].ID)
	same(t, "a login that was seen", one, err, logins[3])
	Edit(t, s, func(e persistence.PeopleEdit) error {
		deleted, err := e.DeleteLogins(ada.ID, logins[1].ID)
		same(t, "those deleted", deleted, err, []persistence.ID{logins[3].ID, logins[0].ID, logins[2].ID})
		return nil
	})
	got, err = s.Logins(ctx, ada.ID)
	same(t, "those left", got, err, logins[1:2])
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.DeleteLogin(logins[1].ID), e.DeleteLogin(logins[1].ID))
	})
	_, err = s.LoginByDigest(ctx, logins[1].Digest)
	wantError(t, "a deleted login", err, persistence.ErrNotFound)
	one, err = s.Login(ctx, other.ID)
	same(t, "another user's login", one, err, other)
}

func testTickets(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	user := NewUser(t, s, "Ada", persistence.StandingMember)
	ticket := func(kind persistence.TicketKind, secret string, minutes int) persistence.Ticket {
		ticket := persistence.Ticket{
			ID: persistence.NewID(), Kind: kind, Digest: digest(secret), Mail: "new@example.org", Standing: persistence.StandingMember,
			Groups: []persistence.ID{persistence.NewID(), persistence.NewID()}, CreatedBy: user.ID,
			CreatedAt: Start.Add(-time.Duration(minutes) * time.Minute), ExpiresAt: Start.Add(time.Duration(minutes) * time.Minute),
		}
		if kind == persistence.TicketReset {
			ticket.User, ticket.Groups = user.ID, nil
		}
		return ticket
	}
	first, second := ticket(persistence.TicketInvitation, "first", 10), ticket(persistence.TicketInvitation, "second", 20)
	over, reset := ticket(persistence.TicketInvitation, "over", -1), ticket(persistence.TicketReset, "reset", 10)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutTicket(first), e.PutTicket(second), e.PutTicket(over), e.PutTicket(reset))
	})
	got, err := s.Tickets(ctx, persistence.TicketInvitation, Start)
	same(t, "open invitations", got, err, []persistence.Ticket{first, second})
	one, err := s.Ticket(ctx, reset.Digest)
	same(t, "a ticket", one, err, reset)

	use := func(secret string, kind persistence.TicketKind, at time.Time) error {
		return s.EditPeople(ctx, func(e persistence.PeopleEdit) error { _, err := e.UseTicket(digest(secret), kind, at); return err })
	}
	// Of many who open the same link one gets in.
	used := Start.Add(time.Minute)
	var won sync.Map
	var everyone sync.WaitGroup
	for i := range 8 {
		everyone.Go(func() {
			if err := use("first", persistence.TicketInvitation, used); err == nil {
				won.Store(i, true)
			} else {
				wantError(t, "a ticket used twice", err, persistence.ErrUsed)
			}
		})
	}
	everyone.Wait()
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	if winners != 1 {
		t.Errorf("%d got in by one ticket", winners)
	}
	first.UsedAt = used
	one, err = s.Ticket(ctx, first.Digest)
	same(t, "the used ticket", one, err, first)
	wantError(t, "an expired ticket", use("over", persistence.TicketInvitation, Start), persistence.ErrExpired)
	wantError(t, "a ticket at its end", use("reset", persistence.TicketReset, reset.ExpiresAt), persistence.ErrExpired)
	wantError(t, "a ticket of another kind", use("second", persistence.TicketReset, Start), persistence.ErrNotFound)
	wantError(t, "an unknown ticket", use("third", persistence.TicketInvitation, Start), persistence.ErrNotFound)
	// A use that is taken back has not happened.
	boom := errors.New("the password is too short")
	wantError(t, "an edit that fails", s.EditPeople(ctx, func(e persistence.PeopleEdit) error {
		_, err := e.UseTicket(second.Digest, second.Kind, Start)
		return errors.Join(err, boom)
	}), boom)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		_, err := e.UseTicket(second.Digest, second.Kind, Start)
		return err
	})
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.DeleteTicket(reset.ID) })
	wantError(t, "a deleted ticket", use("reset", persistence.TicketReset, Start), persistence.ErrNotFound)
}

func testCascades(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, ben, guest, document := NewUser(t, s, "Ada", 1), NewUser(t, s, "Ben", 1), persistence.NewID(), persistence.NewID()
	team := persistence.Group{ID: persistence.NewID(), Name: "Team", External: "cn=team", CreatedAt: Start}
	band := persistence.Group{ID: persistence.NewID(), Name: "band", CreatedAt: Start}
	link := persistence.ShareLink{ID: persistence.NewID(), Document: document, Digest: digest("link"), Rank: 1, Password: "$argon2id", CreatedBy: ada.ID, CreatedAt: Start}
	later := link
	later.ID, later.Digest, later.CreatedAt, later.ExpiresAt = persistence.NewID(), digest("later"), Start.Add(time.Second), Start.Add(time.Hour)
	grants := []persistence.Grant{
		{Document: document, Kind: persistence.SubjectUser, Subject: ada.ID, Rank: 4, GrantedBy: ben.ID, GrantedAt: Start},
		{Document: document, Kind: persistence.SubjectGroup, Subject: team.ID, Rank: 3, GrantedAt: Start},
	}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutGroup(team), e.PutGroup(band), e.PutMember(team.ID, ada.ID), e.PutMember(team.ID, ben.ID), e.PutMember(band.ID, ben.ID),
			e.PutGrant(grants[0]), e.PutGrant(grants[1]), e.PutShareLink(link), e.PutShareLink(later),
			e.PutVisit(persistence.Visit{User: guest, Link: link.ID, At: Start}), e.PutVisit(persistence.Visit{User: guest, Link: later.ID, At: Start}))
	})
	groups, err := s.Groups(ctx)
	same(t, "the groups", groups, err, []persistence.Group{band, team})
	groups, err = s.GroupsOf(ctx, ben.ID)
	same(t, "Ben's groups", groups, err, []persistence.Group{band, team})
	members, err := s.Members(ctx, team.ID)
	same(t, "the members", members, err, []persistence.User{ada, ben})
	got, err := s.Grants(ctx, document)
	same(t, "the grants", got, err, grants)
	got, err = s.GrantsOf(ctx, persistence.SubjectGroup, team.ID)
	same(t, "the group's grants", got, err, grants[1:])
	links, err := s.ShareLinks(ctx, document)
	same(t, "the links", links, err, []persistence.ShareLink{link, later})
	ending, err := s.LinksEnding(ctx, later.ExpiresAt.Add(-time.Microsecond), later.ExpiresAt)
	same(t, "the links that end by then", ending, err, []persistence.ShareLink{later})
	ending, err = s.LinksEnding(ctx, later.ExpiresAt, later.ExpiresAt.Add(time.Hour))
	same(t, "those that end after", ending, err, nil)
	one, err := s.ShareLinkByDigest(ctx, later.Digest)
	same(t, "a link by its digest", one, err, later)

	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.DeleteGroup(team.ID), e.DeleteShareLink(link.ID))
	})
	groups, err = s.GroupsOf(ctx, ben.ID)
	same(t, "Ben's groups after the deletion", groups, err, []persistence.Group{band})
	got, err = s.Grants(ctx, document)
	same(t, "the grants after the deletion of the group", got, err, grants[:1])
	// Made again, they do not have what they had.
	Edit(t, s, func(e persistence.PeopleEdit) error { return errors.Join(e.PutGroup(team), e.PutShareLink(link)) })
	members, err = s.Members(ctx, team.ID)
	same(t, "the members of a group that was made again", members, err, nil)
	wantRank(t, s, document, ben.ID, Start, 0)
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.DeleteShareLink(later.ID) })
	wantRank(t, s, document, guest, Start, 0)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.DeleteGrant(document, persistence.SubjectUser, ada.ID), e.DeleteMember(band.ID, ben.ID))
	})
	got, err = s.Grants(ctx, document)
	same(t, "no grants", got, err, nil)
}

func testOrphans(t *testing.T, s persistence.Store) {
	nobody, ada := persistence.NewID(), NewUser(t, s, "Ada", 1)
	erased := NewUser(t, s, "Ben", 1)
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.Erase(erased.ID, "Erased", "#000000", Start) })
	for _, user := range []persistence.ID{nobody, erased.ID} {
		for name, change := range map[string]func(persistence.PeopleEdit) error{
			"picture":  func(e persistence.PeopleEdit) error { return e.SetPicture(user, []byte("png")) },
			"identity": func(e persistence.PeopleEdit) error { return e.PutIdentity(persistence.Identity{User: user}) },
			"login":    func(e persistence.PeopleEdit) error { return e.PutLogin(persistence.Login{ID: nobody, User: user}) },
			"reset": func(e persistence.PeopleEdit) error {
				return e.PutTicket(persistence.Ticket{ID: nobody, Kind: persistence.TicketReset, User: user})
			},
			"membership": func(e persistence.PeopleEdit) error { return e.PutMember(nobody, ada.ID) },
			"grant to a user": func(e persistence.PeopleEdit) error {
				return e.PutGrant(persistence.Grant{Document: nobody, Kind: persistence.SubjectUser, Subject: user, Rank: 1})
			},
			"grant to a group": func(e persistence.PeopleEdit) error {
				return e.PutGrant(persistence.Grant{Document: nobody, Kind: persistence.SubjectGroup, Subject: ada.ID, Rank: 1})
			},
			"visit": func(e persistence.PeopleEdit) error {
				return e.PutVisit(persistence.Visit{User: ada.ID, Link: nobody})
			},
			"token": func(e persistence.PeopleEdit) error { return e.PutToken(persistence.Token{ID: nobody, User: user}) },
		} {
			wantError(t, name, s.EditPeople(t.Context(), change), persistence.ErrNotFound)
		}
	}
}

func testLastOwner(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	Edit(t, s, func(e persistence.PeopleEdit) error { return nil }) // a server without an owner can be edited
	ada, ben := NewUser(t, s, "Ada", persistence.StandingOwner), NewUser(t, s, "Ben", persistence.StandingOwner)
	step := func(user persistence.User) func(persistence.PeopleEdit) error {
		user.Standing = persistence.StandingAdmin
		return func(e persistence.PeopleEdit) error { return e.PutUser(user) }
	}
	for range 10 {
		Edit(t, s, func(e persistence.PeopleEdit) error { return errors.Join(e.PutUser(ada), e.PutUser(ben)) })
		var errs [2]error
		var both sync.WaitGroup
		for i, user := range []persistence.User{ada, ben} {
			both.Go(func() { errs[i] = s.EditPeople(ctx, step(user)) })
		}
		both.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("two owners stepping down at once: %v, %v", errs[0], errs[1])
		}
		wantError(t, "the last owner", errors.Join(errs[0], errs[1]), persistence.ErrLastOwner)
	}
	last, other := ada, ben
	if user, err := s.User(ctx, ada.ID); err != nil {
		t.Fatal(err)
	} else if user.Standing != persistence.StandingOwner {
		last, other = ben, ada
	}
	suspended := last
	suspended.SuspendedAt = Start
	for name, change := range map[string]func(persistence.PeopleEdit) error{
		"made a member": func(e persistence.PeopleEdit) error { u := last; u.Standing = 1; return e.PutUser(u) },
		"suspended":     func(e persistence.PeopleEdit) error { return e.PutUser(suspended) },
		"erased":        func(e persistence.PeopleEdit) error { return e.Erase(last.ID, "Erased", "#000000", Start) },
	} {
		wantError(t, "the last owner "+name, s.EditPeople(ctx, change), persistence.ErrLastOwner)
		got, err := s.User(ctx, last.ID)
		same(t, "the last owner", got, err, last)
	}
	// Within one edit another may take their place.
	Edit(t, s, func(e persistence.PeopleEdit) error { return errors.Join(e.PutUser(suspended), e.PutUser(other)) })
}

func testFailedEdit(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, boom := NewUser(t, s, "Ada", 1), errors.New("boom")
	l := NewLog(t, s)
	var everyone sync.WaitGroup
	for i := range 40 {
		everyone.Go(func() {
			user := persistence.User{ID: persistence.ID{byte(i), 1}, Name: fmt.Sprint(i), Mail: fmt.Sprint(i)}
			err := s.EditPeople(ctx, func(e persistence.PeopleEdit) error {
				err := errors.Join(e.PutUser(user), e.Record(persistence.AuditEntry{At: Start, Action: "user.created", Subject: user.ID}))
				switch {
				case err != nil:
					return err
				case i%4 == 0:
					return boom
				case i%4 == 1:
					return e.PutMember(user.ID, user.ID) // no such group
				}
				return nil
			})
			switch i % 4 {
			case 0:
				if err != boom { // as it is, not wrapped
					t.Errorf("the edit's own error came back as %v", err)
				}
			case 1:
				wantError(t, "a refused edit", err, persistence.ErrNotFound)
			default:
				if err != nil {
					t.Errorf("an edit beside failing ones: %v", err)
				}
			}
		})
	}
	l.Grow(10, persistence.NewID())
	everyone.Wait()
	l.Check(s)
	users, _, err := s.Users(ctx, persistence.UserQuery{Limit: 100})
	if err != nil || len(users) != 21 {
		t.Errorf("%d users, %v", len(users), err)
	}
	lines, err := s.Audit(ctx, persistence.AuditQuery{})
	if err != nil || len(lines) != 20 {
		t.Errorf("%d audit lines, %v", len(lines), err)
	}
	// An erasure that fails changes no author.
	wantError(t, "an erasure", s.EditPeople(ctx, func(e persistence.PeopleEdit) error {
		return errors.Join(e.Erase(Ada.ID, "Erased", "#000000", Start), e.Erase(ada.ID, "Erased", "#000000", Start), boom)
	}), boom)
	l.Grow(2, persistence.NewID())
	l.Check(s)
	got, err := s.User(ctx, ada.ID)
	same(t, "the user", got, err, ada)
}

func testPeopleConcurrency(t *testing.T, s persistence.Store) {
	group := persistence.Group{ID: persistence.NewID(), Name: "Team", CreatedAt: Start}
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.PutGroup(group) })
	const writers, each = 8, 10
	var everyone sync.WaitGroup
	for range writers {
		l := NewLog(t, s)
		everyone.Go(func() {
			for i := range each {
				user := persistence.User{ID: persistence.NewID(), Name: "Someone", CreatedAt: Start}
				err := s.EditPeople(t.Context(), func(e persistence.PeopleEdit) error {
					return errors.Join(e.PutUser(user), e.PutMember(group.ID, user.ID), e.PutGrant(persistence.Grant{Document: l.ID, Kind: 1, Subject: user.ID, Rank: persistence.Rank(1 + i%4)}))
				})
				if err != nil {
					t.Error(err)
				}
				wantRank(t, s, l.ID, user.ID, Start, persistence.Rank(1+i%4)) // what was answered is seen
				b := l.Batch(1, persistence.NewID())
				if err := Append(s, b); err != nil {
					t.Error(err)
				}
				l.Took(b)
			}
		})
	}
	everyone.Wait()
	if members, err := s.Members(t.Context(), group.ID); err != nil || len(members) != writers*each {
		t.Errorf("%d members, %v", len(members), err)
	}
}

func wantRank(t *testing.T, s persistence.PeopleReader, document, user persistence.ID, at time.Time, want persistence.Rank) {
	t.Helper()
	if got, err := s.Rank(t.Context(), document, user, at); err != nil || got != want {
		t.Errorf("the rank is %d, not %d; %v", got, want, err)
	}
}

func testPeopleReopen(t *testing.T, open func(t *testing.T) persistence.Store) {
	s := open(t)
	ada := NewUser(t, s, "Ada", persistence.StandingOwner)
	document := persistence.NewID()
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutGrant(grant(document, ada.ID, 4)), e.Record(persistence.AuditEntry{At: Start, Action: "grant.changed", Actor: ada.ID}))
	})
	wantError(t, "a failing edit", s.EditPeople(t.Context(), func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutGrant(grant(document, ada.ID, 1)), persistence.ErrUsed)
	}), persistence.ErrUsed)
	before, err := s.Audit(t.Context(), persistence.AuditQuery{})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	wantError(t, "an edit after closing", s.EditPeople(t.Context(), func(persistence.PeopleEdit) error { return nil }), persistence.ErrStopped)
	s = open(t)
	defer s.Close()
	got, err := s.User(t.Context(), ada.ID)
	same(t, "the user", got, err, ada)
	wantRank(t, s, document, ada.ID, Start, 4)
	after, err := s.Audit(t.Context(), persistence.AuditQuery{})
	same(t, "the audit log", after, err, before)
}
