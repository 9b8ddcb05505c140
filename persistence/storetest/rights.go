package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// rightsTests are run by Run.
var rightsTests = []storeTest{
	{"rights: the rank is the highest by grant, group and visited link", testRank},
	{"rights: a list shows what its reader may see", testVisible},
	{"list: documents without owner, and by size", testUnownedAndLargest},
	{"rights: access requests", testAccessRequests},
	{"tokens", testTokens},
	{"audit: queries, pages, retention", testAudit},
	{"what has expired is deleted", testExpire},
	{"erase: the name leaves history, the text stays", testErase},
}

const owner = persistence.Rank(4)

func grant(document, user persistence.ID, rank persistence.Rank) persistence.Grant {
	return persistence.Grant{Document: document, Kind: persistence.SubjectUser, Subject: user, Rank: rank, GrantedAt: Start}
}

func testRank(t *testing.T, s persistence.Store) {
	ada, ben, guest := NewUser(t, s, "Ada", 1), NewUser(t, s, "Ben", 1), persistence.NewID()
	document, other := persistence.NewID(), persistence.NewID()
	team := persistence.Group{ID: persistence.NewID(), Name: "Team", CreatedAt: Start}
	ends := Start.Add(time.Hour)
	view := persistence.ShareLink{ID: persistence.NewID(), Document: document, Digest: digest("view"), Rank: 1, CreatedAt: Start}
	edit := persistence.ShareLink{ID: persistence.NewID(), Document: document, Digest: digest("edit"), Rank: 3, CreatedAt: Start, ExpiresAt: ends}
	wantRank(t, s, document, ada.ID, Start, 0)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		if err := errors.Join(e.PutGrant(grant(document, ada.ID, 2)), e.PutGroup(team)); err != nil {
			return err
		}
		wantRank(t, e, document, ada.ID, Start, 2) // within the edit
		return nil
	})
	wantRank(t, s, document, ada.ID, Start, 2)
	wantRank(t, s, document, ben.ID, Start, 0)
	wantRank(t, s, other, ada.ID, Start, 0)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutMember(team.ID, ada.ID), e.PutMember(team.ID, ben.ID),
			e.PutGrant(persistence.Grant{Document: document, Kind: persistence.SubjectGroup, Subject: team.ID, Rank: 3, GrantedAt: Start}))
	})
	wantRank(t, s, document, ada.ID, Start, 3)
	wantRank(t, s, document, ben.ID, Start, 3)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutGrant(grant(document, ben.ID, 4)), e.PutShareLink(view), e.PutShareLink(edit))
	})
	wantRank(t, s, document, ben.ID, Start, 4)
	wantRank(t, s, document, guest, Start, 0) // a link is worth nothing to who has not opened it
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutVisit(persistence.Visit{User: guest, Link: view.ID, At: Start}), e.PutVisit(persistence.Visit{User: guest, Link: edit.ID, At: Start}))
	})
	wantRank(t, s, document, guest, Start, 3)
	wantRank(t, s, document, guest, ends.Add(-time.Microsecond), 3)
	wantRank(t, s, document, guest, ends, 1)
	wantRank(t, s, other, guest, Start, 0)
	edit.Rank, edit.ExpiresAt = 2, time.Time{}
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.PutShareLink(edit) })
	wantRank(t, s, document, guest, ends, 2)
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.DeleteMember(team.ID, ada.ID) })
	wantRank(t, s, document, ada.ID, Start, 2)
}

func testVisible(t *testing.T, s persistence.Store) {
	ada, guest := NewUser(t, s, "Ada", 1), persistence.NewID()
	team := persistence.Group{ID: persistence.NewID(), Name: "Team", CreatedAt: Start}
	ends := Start.Add(time.Hour)
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutGroup(team), e.PutMember(team.ID, ada.ID))
	})
	visible := map[persistence.ID][]persistence.ID{} // newest first
	var expiring []persistence.ID
	for i := range 60 {
		id := create(t, s, fmt.Sprintf("Document %d", i), float64(i)*0.4)
		sees := func(user persistence.ID) { visible[user] = slices.Insert(visible[user], 0, id) }
		Edit(t, s, func(e persistence.PeopleEdit) error {
			switch i % 6 {
			case 0: // by a grant
				sees(ada.ID)
				return e.PutGrant(grant(id, ada.ID, 1))
			case 1: // by a group and by a grant, once in the list
				sees(ada.ID)
				return errors.Join(e.PutGrant(grant(id, ada.ID, 1)), e.PutGrant(persistence.Grant{Document: id, Kind: persistence.SubjectGroup, Subject: team.ID, Rank: 1}))
			case 2: // by links
				sees(ada.ID)
				sees(guest)
				link := persistence.ShareLink{ID: persistence.NewID(), Document: id, Digest: digest(fmt.Sprint("link ", i)), Rank: 1}
				return errors.Join(e.PutShareLink(link), e.PutVisit(persistence.Visit{User: guest, Link: link.ID}), e.PutVisit(persistence.Visit{User: ada.ID, Link: link.ID}))
			case 3: // by a link that ends
				expiring = append(expiring, id)
				link := persistence.ShareLink{ID: persistence.NewID(), Document: id, Digest: digest(fmt.Sprint("link ", i)), Rank: 1, ExpiresAt: ends}
				return errors.Join(e.PutShareLink(link), e.PutVisit(persistence.Visit{User: guest, Link: link.ID}))
			}
			return nil
		})
	}
	for user, want := range visible {
		for _, limit := range []int{0, 1, 7, len(want), 200} {
			if got := listAll(t, s, persistence.ListQuery{Visible: user, At: ends, Limit: limit}); !slices.Equal(got, want) {
				t.Errorf("in pages of %d: %d documents, not %d, or another order", limit, len(got), len(want))
			}
		}
	}
	if got := listAll(t, s, persistence.ListQuery{Visible: guest, At: Start}); len(got) != len(visible[guest])+len(expiring) {
		t.Errorf("before links end the guest sees %d", len(got))
	}
	if got := listAll(t, s, persistence.ListQuery{Visible: persistence.NewID(), At: Start}); len(got) != 0 {
		t.Errorf("a stranger sees %d", len(got))
	}
	if got := listAll(t, s, persistence.ListQuery{Visible: ada.ID, At: Start, Search: "document 1", Limit: 2}); len(got) != 6 { // 1, 12, 13, 14, 18, 19
		t.Errorf("a search among the visible finds %d", len(got))
	}
	if err := s.Trash(t.Context(), visible[ada.ID][2], Ada, Start); err != nil {
		t.Fatal(err)
	}
	if got := listAll(t, s, persistence.ListQuery{Visible: ada.ID, At: Start, Trashed: true}); !slices.Equal(got, visible[ada.ID][2:3]) {
		t.Errorf("the trash shows %d", len(got))
	}
	if got := listAll(t, s, persistence.ListQuery{Visible: guest, At: Start, Trashed: true}); len(got) != 0 {
		t.Errorf("a guest's trash shows %d", len(got))
	}
}

func testUnownedAndLargest(t *testing.T, s persistence.Store) {
	ada := NewUser(t, s, "Ada", 1)
	var logs []*Log
	for i := range 9 {
		l := NewLog(t, s)
		l.Grow([]int{3, 0, 7, 3, 12, 0, 1, 2, 5}[i], persistence.NewID())
		logs = append(logs, l)
		Edit(t, s, func(e persistence.PeopleEdit) error {
			if i%3 == 0 {
				return nil
			}
			return e.PutGrant(grant(l.ID, ada.ID, persistence.Rank(5-i%3))) // 4 or 3
		})
	}
	unowned := listAll(t, s, persistence.ListQuery{Unowned: owner, Limit: 2})
	for i, l := range logs {
		if owned := i%3 == 1; slices.Contains(unowned, l.ID) == owned {
			t.Errorf("document %d is listed: %v", i, !owned)
		}
	}
	bytes := func(l *Log) (n int64) {
		for _, c := range l.Changes {
			n += int64(len(c.Delta))
		}
		return n
	}
	slices.SortFunc(logs, func(a, b *Log) int {
		return persistence.Cursor{Place: bytes(a), ID: a.ID}.Compare(persistence.Cursor{Place: bytes(b), ID: b.ID})
	})
	var want []persistence.ID
	for _, l := range logs {
		want = append(want, l.ID)
		if d, err := s.Document(t.Context(), l.ID); err != nil || d.Bytes != bytes(l) {
			t.Errorf("a document has %d bytes, not %d; %v", d.Bytes, bytes(l), err)
		}
	}
	for _, limit := range []int{1, 4, 50} {
		if got := listAll(t, s, persistence.ListQuery{Largest: true, Limit: limit}); !slices.Equal(got, want) {
			t.Errorf("in pages of %d the order by size differs", limit)
		}
	}
}

func testAccessRequests(t *testing.T, s persistence.Store) {
	document := persistence.NewID()
	first := persistence.AccessRequest{Document: document, User: persistence.NewID(), Rank: 3, Message: "For the review", At: Start}
	second := persistence.AccessRequest{Document: document, User: persistence.NewID(), Rank: 1, At: Start.Add(time.Second)}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutAccessRequest(second), e.PutAccessRequest(first))
	})
	got, err := s.AccessRequests(t.Context(), document)
	same(t, "the requests", got, err, []persistence.AccessRequest{first, second})
	first.Message = "Please" // asked again
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutAccessRequest(first), e.DeleteAccessRequest(document, second.User))
	})
	got, err = s.AccessRequests(t.Context(), document)
	same(t, "the requests left", got, err, []persistence.AccessRequest{first})
}

func testTokens(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, ben := NewUser(t, s, "Ada", 1), NewUser(t, s, "Ben", 1)
	first := persistence.Token{ID: persistence.NewID(), Kind: persistence.TokenPersonal, User: ada.ID, Name: "laptop", Digest: digest("first"), Ceiling: 3, CreatedBy: ada.ID, CreatedAt: Start}
	second := persistence.Token{
		ID: persistence.NewID(), Kind: persistence.TokenService, User: ben.ID, Name: "wiki", Digest: digest("second"), Ceiling: 1, Admin: true,
		Document: persistence.NewID(), CreatedBy: ada.ID, CreatedAt: Start.Add(time.Second), UsedAt: Start.Add(time.Minute), ExpiresAt: Start.Add(time.Hour),
	}
	Edit(t, s, func(e persistence.PeopleEdit) error { return errors.Join(e.PutToken(first), e.PutToken(second)) })
	got, err := s.Tokens(ctx, persistence.ID{})
	same(t, "all tokens", got, err, []persistence.Token{second, first})
	got, err = s.Tokens(ctx, ada.ID)
	same(t, "Ada's tokens", got, err, []persistence.Token{first})
	one, err := s.TokenByDigest(ctx, second.Digest)
	same(t, "a token by its digest", one, err, second)
	first.UsedAt = Start.Add(time.Minute)
	Edit(t, s, func(e persistence.PeopleEdit) error { return errors.Join(e.PutToken(first), e.DeleteToken(second.ID)) })
	one, err = s.Token(ctx, first.ID)
	same(t, "a used token", one, err, first)
	_, err = s.TokenByDigest(ctx, second.Digest)
	wantError(t, "a deleted token", err, persistence.ErrNotFound)
}

func testAudit(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, other, document, link := persistence.NewID(), persistence.NewID(), persistence.NewID(), persistence.NewID()
	actions := []string{"login.created", "login.denied", "grant.changed", "grants.odd", "document.exported"}
	var lines []persistence.AuditEntry // as they were put
	for i := range 30 {
		line := persistence.AuditEntry{At: Start.Add(time.Duration(i) * time.Minute), Action: actions[i%5], Outcome: []string{"done", "denied"}[i%2], Name: "Ada", Address: "192.0.2.7", Detail: fmt.Sprint("line ", i)}
		if i%3 == 0 {
			line.Actor, line.Document = ada, document
		}
		if i%4 == 0 {
			line.Subject = link
		}
		if i%5 == 1 {
			line.Subject = ada // also of what she did herself
		}
		if i%7 == 0 {
			line.Actor, line.Subject = other, other
		}
		lines = append(lines, line)
		Edit(t, s, func(e persistence.PeopleEdit) error { return e.Record(line) })
	}
	all, err := s.Audit(ctx, persistence.AuditQuery{})
	if err != nil || len(all) != len(lines) {
		t.Fatalf("%d lines, %v", len(all), err)
	}
	for i, got := range all {
		want := lines[len(lines)-1-i]
		if i > 0 && got.Seq >= all[i-1].Seq {
			t.Errorf("line %d comes after %d", got.Seq, all[i-1].Seq)
		}
		want.Seq = got.Seq
		same(t, "a line", got, nil, want)
	}
	for _, query := range []persistence.AuditQuery{
		{Action: "login."}, {Action: "grant."}, {Action: "grant.changed"}, {Action: "grant"}, {Outcome: "denied"}, {Actor: ada}, {Document: document}, {Subject: link},
		{Person: ada}, {Person: link}, {Person: other}, {Person: ada, Action: "login.", Limit: 2}, {Person: other, Outcome: "denied", Before: all[5].Seq}, {Person: ada, Subject: link}, {Person: ada, Document: document, From: lines[10].At},
		{Actor: ada, Subject: link}, {From: lines[10].At}, {To: lines[10].At}, {From: lines[5].At, To: lines[20].At, Outcome: "done"}, {Before: all[7].Seq},
		{Limit: 4}, {Before: all[3].Seq, Limit: 5, Action: "login."}, {Limit: 9999},
	} {
		var want []persistence.AuditEntry
		for _, line := range all {
			if query.Matches(&line) && len(want) < query.PageSize() {
				want = append(want, line)
			}
		}
		if empty := query.Action == "grant"; (len(want) == 0) != empty {
			t.Fatalf("the query %+v is too much or too little", query)
		}
		got, err := s.Audit(ctx, query)
		same(t, fmt.Sprintf("the answer to %+v", query), got, err, want)
	}
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.Expire(Start, lines[25].At) })
	left, err := s.Audit(ctx, persistence.AuditQuery{})
	same(t, "what retention leaves", left, err, all[:5])
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.Expire(Start, Start.AddDate(1, 0, 0)), e.Record(lines[0]))
	})
	left, err = s.Audit(ctx, persistence.AuditQuery{})
	if err != nil || len(left) != 1 || left[0].Seq <= all[0].Seq {
		t.Errorf("after all lines expired: %+v, %v", left, err)
	}
}

func testExpire(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	ada, document, guest := NewUser(t, s, "Ada", 1), persistence.NewID(), persistence.NewID()
	put := func(name string, expires time.Time) {
		t.Helper()
		link := persistence.ShareLink{ID: persistence.NewID(), Document: document, Digest: digest(name), Rank: 1, ExpiresAt: expires}
		Edit(t, s, func(e persistence.PeopleEdit) error {
			return errors.Join(
				e.PutLogin(persistence.Login{ID: persistence.NewID(), User: ada.ID, Digest: digest(name), ExpiresAt: expires}),
				e.PutTicket(persistence.Ticket{ID: persistence.NewID(), Kind: persistence.TicketInvitation, Digest: digest(name), ExpiresAt: expires}),
				e.PutToken(persistence.Token{ID: persistence.NewID(), User: ada.ID, Digest: digest(name), ExpiresAt: expires}),
				e.PutShareLink(link), e.PutVisit(persistence.Visit{User: guest, Link: link.ID}),
			)
		})
	}
	put("over", Start.Add(-time.Second))
	put("open", Start.Add(time.Second))
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutToken(persistence.Token{ID: persistence.NewID(), User: ada.ID, Digest: digest("ever")}),
			e.PutShareLink(persistence.ShareLink{ID: persistence.NewID(), Document: document, Digest: digest("ever"), Rank: 1}),
			e.Record(persistence.AuditEntry{At: Start.AddDate(-9, 0, 0)}))
	})
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.Expire(Start, time.Time{}) })
	for name, gone := range map[string]bool{"over": true, "open": false} {
		_, login := s.LoginByDigest(ctx, digest(name))
		_, ticket := s.Ticket(ctx, digest(name))
		_, token := s.TokenByDigest(ctx, digest(name))
		_, link := s.ShareLinkByDigest(ctx, digest(name))
		for _, err := range []error{login, ticket, token, link} {
			if errors.Is(err, persistence.ErrNotFound) != gone {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	_, token := s.TokenByDigest(ctx, digest("ever"))
	_, link := s.ShareLinkByDigest(ctx, digest("ever"))
	if lines, err := s.Audit(ctx, persistence.AuditQuery{}); err != nil || token != nil || link != nil || len(lines) != 1 {
		t.Errorf("what never expires: %v, %v, %d audit lines, %v", token, link, len(lines), err)
	}
	wantRank(t, s, document, guest, Start, 1) // by the open link
}

func testErase(t *testing.T, s persistence.Store) {
	ctx := t.Context()
	user := persistence.User{ID: Ben.ID, Name: Ben.Name, Color: Ben.Color, Mail: "ben@example.org", Standing: persistence.StandingAdmin, Password: "x", CreatedAt: Start, SeenAt: Start, SuspendedAt: Start}
	document, link := persistence.NewID(), persistence.ShareLink{ID: persistence.NewID(), Document: persistence.NewID(), Digest: digest("link"), Rank: 1, CreatedBy: Ben.ID}
	group := persistence.Group{ID: persistence.NewID(), Name: "Team"}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return errors.Join(e.PutUser(user), e.SetPicture(user.ID, []byte("png")), e.PutIdentity(persistence.Identity{Issuer: "i", Subject: "s", User: user.ID}),
			e.PutLogin(persistence.Login{ID: user.ID, User: user.ID, Digest: digest("login"), ExpiresAt: Start}),
			e.PutTicket(persistence.Ticket{ID: user.ID, Digest: digest("ticket"), Mail: user.Mail}), e.PutToken(persistence.Token{ID: user.ID, User: user.ID}),
			e.PutGroup(group), e.PutMember(group.ID, user.ID), e.PutGrant(grant(document, user.ID, 4)), e.PutShareLink(link),
			e.PutVisit(persistence.Visit{User: user.ID, Link: link.ID}), e.PutAccessRequest(persistence.AccessRequest{Document: document, User: user.ID}),
			e.Record(persistence.AuditEntry{At: Start, Action: "login.created", Actor: user.ID, Name: user.Name, Address: "192.0.2.1", Detail: "Ben signed in"}),
			e.Record(persistence.AuditEntry{At: Start, Action: "user.invited", Actor: Ada.ID, Name: "Ada", Address: "192.0.2.2", Subject: user.ID, Detail: "to ben@example.org"}))
	})
	l := NewLog(t, s)
	l.Grow(20, persistence.NewID())
	if err := s.Rename(ctx, l.ID, "Ben's", persistence.Author{ID: Ben.ID, Name: "Benjamin", Color: Ben.Color}, Start); err != nil {
		t.Fatal(err)
	}
	l.Check(s) // as they were called then; and it is in every cache
	gone := persistence.Author{ID: Ben.ID, Name: "Former member", Color: "#888888"}
	Edit(t, s, func(e persistence.PeopleEdit) error {
		return e.Erase(Ben.ID, gone.Name, gone.Color, Start.Add(time.Hour))
	})

	for i := range l.Changes {
		if l.Changes[i].Author.ID == Ben.ID {
			l.Changes[i].Author = gone
		}
	}
	l.Check(s) // the chain is whole: hashes are as they were
	if d, err := s.Document(ctx, l.ID); err != nil || d.UpdatedBy != gone || d.CreatedBy != Ada {
		t.Errorf("the document is by %+v and %+v, %v", d.CreatedBy, d.UpdatedBy, err)
	}
	got, err := s.User(ctx, user.ID)
	same(t, "the erased user", got, err, persistence.User{ID: user.ID, CreatedAt: Start, ErasedAt: Start.Add(time.Hour)})
	lines, err := s.Audit(ctx, persistence.AuditQuery{})
	if err != nil || len(lines) != 2 || lines[1].Name != gone.Name || lines[1].Address != "" || lines[0].Name != "Ada" || lines[0].Address == "" ||
		strings.Contains(fmt.Sprint(lines), "Ben") || strings.Contains(fmt.Sprint(lines), "example.org") {
		t.Errorf("the audit log holds %+v, %v", lines, err)
	}
	_, mail := s.UserByMail(ctx, user.Mail)
	_, identity := s.UserByIdentity(ctx, "i", "s")
	_, login := s.Login(ctx, user.ID)
	_, ticket := s.Ticket(ctx, digest("ticket"))
	_, token := s.Token(ctx, user.ID)
	_, picture := s.Picture(ctx, user.ID)
	for i, err := range []error{mail, identity, login, ticket, token, picture} {
		wantError(t, fmt.Sprint("record ", i, " of an erased user"), err, persistence.ErrNotFound)
	}
	members, err := s.Members(ctx, group.ID)
	same(t, "the members", members, err, nil)
	requests, err := s.AccessRequests(ctx, document)
	same(t, "the requests", requests, err, nil)
	wantRank(t, s, document, user.ID, Start, 0)
	wantRank(t, s, link.Document, user.ID, Start, 0)
	if kept, err := s.ShareLink(ctx, link.ID); err != nil || kept != link {
		t.Errorf("a link they made: %+v, %v", kept, err)
	}
	// Others write on, and a guest can be erased as well.
	l.Grow(2, persistence.NewID())
	Edit(t, s, func(e persistence.PeopleEdit) error { return e.Erase(Ada.ID, gone.Name, gone.Color, Start) })
	for _, c := range Changes(t, s, l.ID, 0, 20) {
		if c.Author.Name != gone.Name {
			t.Fatalf("revision %d is by %q", c.Revision, c.Author.Name)
		}
	}
}
