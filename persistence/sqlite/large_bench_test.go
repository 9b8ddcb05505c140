package sqlite

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// BenchmarkFiftyThousandDocuments: a catalogue of that size is ordinary.
func BenchmarkFiftyThousandDocuments(b *testing.B) {
	dir := b.TempDir()
	s := openDir(b, dir)
	logs := benchLogs(b, s, 50_000)
	ctx := context.Background()
	// As in life, they were last changed at different times.
	for i, l := range logs {
		if i%100 == 0 {
			at := storetest.Start.AddDate(0, 0, i/100)
			if err := s.Rename(ctx, l.id, fmt.Sprintf("Renamed %d", i), storetest.Ada, at); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if err := openDir(b, dir).Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	s = openDir(b, dir)
	defer s.Close()
	_, deep, err := s.List(ctx, persistence.ListQuery{Limit: 200})
	if err != nil {
		b.Fatal(err)
	}
	// Somebody who sees every 500th, by grant, group and link, and somebody who
	// sees them all.
	few, most := persistence.NewID(), persistence.NewID()
	storetest.Edit(b, s, func(e persistence.PeopleEdit) error {
		team, err := persistence.NewID(), error(nil)
		for _, id := range []persistence.ID{few, most} {
			err = errors.Join(err, e.PutUser(persistence.User{ID: id, Name: "Somebody"}))
		}
		err = errors.Join(err, e.PutGroup(persistence.Group{ID: team, Name: "Team"}), e.PutMember(team, few))
		for i, l := range logs {
			grant := persistence.Grant{Document: l.id, Kind: persistence.SubjectUser, Subject: most, Rank: 1}
			err = errors.Join(err, e.PutGrant(grant))
			switch i % 1500 {
			case 0:
				grant.Subject = few
				err = errors.Join(err, e.PutGrant(grant))
			case 500:
				grant.Kind, grant.Subject = persistence.SubjectGroup, team
				err = errors.Join(err, e.PutGrant(grant))
			case 1000:
				link := persistence.ShareLink{ID: l.id, Document: l.id, Digest: l.head.Hash, Rank: 1}
				err = errors.Join(err, e.PutShareLink(link), e.PutVisit(persistence.Visit{User: few, Link: link.ID}))
			}
		}
		return err
	})
	at := storetest.Start
	b.Run("rank", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Rank(ctx, logs[500].id, few, at); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []struct {
		name  string
		query persistence.ListQuery
	}{
		{"visible/100 of 50,000", persistence.ListQuery{Visible: few, At: at}},
		{"visible/50,000", persistence.ListQuery{Visible: most, At: at}},
		{"visible/50,000, a later page", persistence.ListQuery{Visible: most, At: at, Cursor: deep}},
		{"visible/100, search", persistence.ListQuery{Visible: few, At: at, Search: "document 1"}},
		{"administration/unowned", persistence.ListQuery{Unowned: 4}},
		{"administration/largest", persistence.ListQuery{Largest: true}},
		{"list/first page", persistence.ListQuery{}},
		{"list/later page", persistence.ListQuery{Cursor: deep}},
		{"list/imported in one minute", persistence.ListQuery{Cursor: persistence.Cursor{Place: storetest.Start.UnixMicro(), ID: persistence.ID{1}}.String()}},
		{"list/trash", persistence.ListQuery{Trashed: true}},
		{"search/frequent", persistence.ListQuery{Search: "document"}},
		{"search/none", persistence.ListQuery{Search: "absent from all titles"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.List(ctx, c.query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("append to a cold document", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if err := storetest.Append(s, logs[(i*7919)%len(logs)].next()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHundredThousandChanges: so is a document with that many changes.
func BenchmarkHundredThousandChanges(b *testing.B) {
	const changes = 100_000
	s := openDir(b, b.TempDir())
	defer s.Close()
	ctx := context.Background()
	l := benchLogs(b, s, 1)[0]
	for l.head.Revision < changes {
		batch := storetest.Batch(l.id, l.head, 1000, l.client)
		if err := storetest.Append(s, batch); err != nil {
			b.Fatal(err)
		}
		l.head = batch.Head()
	}
	read := func(after int64) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := int64(0)
				err := s.Changes(ctx, l.id, after, -1, func(*persistence.Change) bool { n++; return true })
				if err != nil || n != l.head.Revision-after {
					b.Fatal(n, err)
				}
			}
		}
	}
	if err := s.PutSnapshot(ctx, l.id, persistence.Snapshot{Revision: changes, Hash: l.head.Hash, Content: make([]byte, 400_000)}); err != nil {
		b.Fatal(err)
	}
	b.Run("snapshot of 400 KB", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Snapshot(ctx, l.id, -1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read the last 1000", read(changes-1000))
	b.Run("read all", read(0))
	b.Run("append one", func(b *testing.B) {
		for b.Loop() {
			if err := storetest.Append(s, l.next()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
