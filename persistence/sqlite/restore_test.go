package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// past is a history of documents, and what must be left of it at any moment.
type past struct {
	t       *testing.T
	random  *rand.Rand
	store   *Store
	clock   time.Time
	logs    []*pastLog
	clients []persistence.ID
}

type pastLog struct {
	id               persistence.ID
	head             persistence.Head
	created, trashed time.Time
	changes          []persistence.Change
	snapshots        []int64
}

func (p *past) tick() time.Time {
	p.clock = p.clock.Add(time.Duration(1+p.random.Int64N(2_000_000)) * time.Microsecond)
	if p.random.IntN(20) == 0 {
		p.clock = p.clock.Add(-5 * time.Second) // somebody set it back
	}
	return p.clock
}

func (p *past) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *past) create() {
	l := &pastLog{id: persistence.NewID(), created: p.tick()}
	p.must(p.store.Create(p.t.Context(), persistence.Document{ID: l.id, Title: "Past", Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: l.created, CreatedBy: storetest.Ada}, nil))
	p.logs = append(p.logs, l)
	p.look()
}

// look reads the heads, whose epochs a restore has changed.
func (p *past) look() {
	for _, l := range p.logs {
		head, err := p.store.Head(p.t.Context(), l.id)
		p.must(err)
		l.head = head
	}
}

func (p *past) write(l *pastLog) {
	b := persistence.Batch{Document: l.id, Base: l.head}
	for range 1 + p.random.IntN(3) {
		client := p.clients[p.random.IntN(len(p.clients))]
		b.Changes = append(b.Changes, persistence.Change{
			Client: client, Seq: l.head.Revision + int64(len(b.Changes)) + 1, Author: []persistence.Author{storetest.Ada, storetest.Ben}[p.random.IntN(2)],
			At: p.tick(), Delta: fmt.Appendf(nil, `[{"insert":"%d"}]`, p.random.IntN(1000)),
		})
	}
	l.head = b.Seal()
	for _, c := range b.Changes {
		b.Clients = append(b.Clients, persistence.ClientRow{Client: c.Client, User: c.Author.ID, Seq: c.Seq, Revision: c.Revision, Digest: c.Hash, SeenAt: c.At})
	}
	p.must(storetest.Append(p.store, b))
	l.changes = append(l.changes, b.Changes...)
	if p.random.IntN(6) == 0 {
		p.must(p.store.PutSnapshot(p.t.Context(), l.id, persistence.Snapshot{Revision: l.head.Revision, Hash: l.head.Hash, Content: fmt.Appendf(nil, "at %d", l.head.Revision)}))
		l.snapshots = persistence.RetainSnapshots(append(l.snapshots, l.head.Revision))
	}
}

func TestRestoreUntil(t *testing.T) {
	random := storetest.Seed(t)
	p := &past{t: t, random: random, clock: time.Now().Add(-time.Hour).Truncate(time.Microsecond)}
	for range 6 {
		p.clients = append(p.clients, persistence.NewID())
	}
	file := ""
	for round := range 3 { // each in an epoch of its own
		dir := t.TempDir()
		if round > 0 {
			_, err := Restore(t.Context(), dir, file, RestoreOptions{})
			p.must(err)
		}
		p.store = openDir(t, dir)
		p.look()
		for range 3 {
			p.create()
			for range 15 {
				p.write(p.logs[random.IntN(len(p.logs))])
			}
		}
		p.create() // stays empty for a while
		for _, l := range p.logs[:2] {
			at := p.tick()
			p.must(p.store.Trash(t.Context(), l.id, storetest.Ada, at))
			if l.trashed.IsZero() {
				l.trashed = at
			}
		}
		file = filepath.Join(t.TempDir(), "backup.db")
		p.must(p.store.Backup(t.Context(), file))
		p.must(p.store.Close())
	}
	moments := []time.Time{p.logs[0].created, p.clock.Add(time.Minute)}
	for range 12 {
		l := p.logs[random.IntN(len(p.logs))]
		at := l.created
		if n := len(l.changes); n > 0 {
			at = l.changes[random.IntN(n)].At
		}
		moments = append(moments, at.Add(time.Duration(random.IntN(3)-1)*time.Microsecond)) // at it, just before, just after
	}
	first := slices.MinFunc(p.logs, func(a, b *pastLog) int { return a.created.Compare(b.created) }).created
	cut := 0
	for _, until := range moments {
		if until.Before(first) {
			continue
		}
		restored := p.restore(file, until)
		if restored.LaterChanges > 0 {
			cut++
		}
		if t.Failed() {
			t.Fatalf("until %v", until)
		}
	}
	if cut == 0 {
		t.Error("no restore left anything out")
	}
}

func (p *past) restore(file string, until time.Time) Restored {
	t, dir := p.t, filepath.Join(p.t.TempDir(), "new")
	restored, err := Restore(t.Context(), dir, file, RestoreOptions{Until: until, Report: func(f Finding) { t.Error(f) }})
	p.must(err)
	for _, found := range findings(t, dir, nil) {
		t.Errorf("[L4] verify: %v", found)
	}
	p.store = openDir(t, dir)
	defer func() { p.must(p.store.Close()) }()
	var documents, changes, all int64
	for _, l := range p.logs {
		all += int64(len(l.changes))
		d, err := p.store.Document(t.Context(), l.id)
		if l.created.After(until) {
			if !errors.Is(err, persistence.ErrNotFound) {
				t.Errorf("a later document is there: %v", err)
			}
			continue
		}
		p.must(err)
		kept := l.changes
		if i := slices.IndexFunc(kept, func(c persistence.Change) bool { return c.At.After(until) }); i >= 0 {
			kept = kept[:i]
		}
		documents, changes = documents+1, changes+int64(len(kept))
		p.compare(l, d, kept, until)
	}
	if restored.Documents != documents || restored.Changes != changes || restored.LaterDocuments != int64(len(p.logs))-documents || restored.LaterChanges != all-changes {
		t.Errorf("%+v; there are %d documents of %d and %d changes of %d", restored, documents, len(p.logs), changes, all)
	}
	// It can be written to, and is whole afterwards.
	for _, l := range p.logs {
		if head, err := p.store.Head(t.Context(), l.id); err == nil {
			b := storetest.Batch(l.id, head, 2, p.clients[0])
			p.must(storetest.Append(p.store, b))
		}
	}
	for _, found := range findings(t, dir, nil) {
		t.Errorf("[L4] verify, after writing: %v", found)
	}
	return restored
}

func (p *past) compare(l *pastLog, d persistence.Document, kept []persistence.Change, until time.Time) {
	t := p.t
	if d.Head.Epoch == l.head.Epoch {
		t.Error("[S7] the epoch is the old one")
	}
	got := storetest.Changes(t, p.store, l.id, 0, -1)
	if len(got) != len(kept) {
		t.Fatalf("%d changes, not %d", len(got), len(kept))
	}
	want := persistence.Head{Epoch: d.Head.Epoch, Hash: persistence.ChainStart(l.id, d.Head.Epoch)}
	updated, last := l.created, map[persistence.ID]persistence.Change{}
	for i, c := range kept {
		if got[i].Hash != c.Hash || !bytes.Equal(got[i].Delta, c.Delta) {
			t.Fatalf("revision %d is another", c.Revision)
		}
		want.Revision, want.Hash, updated, last[c.Client] = c.Revision, c.Hash, c.At, c
	}
	if d.Head != want {
		t.Errorf("the head is %v, not %v", d.Head, want)
	}
	if !d.UpdatedAt.Equal(updated) {
		t.Errorf("updated at %v, not %v", d.UpdatedAt, updated)
	}
	if trashed := !l.trashed.IsZero() && !l.trashed.After(until); d.TrashedAt.IsZero() == trashed {
		t.Errorf("trashed at %v, restored until %v: in the trash %v", l.trashed, until, !trashed)
	}
	for _, client := range p.clients {
		row, err := p.store.Client(t.Context(), l.id, client)
		c, wrote := last[client]
		switch {
		case !wrote && !errors.Is(err, persistence.ErrNotFound):
			t.Errorf("[S2] a client without a change has the row %+v, %v", row, err)
		case wrote && (err != nil || row.Seq != c.Seq || row.Revision != c.Revision):
			t.Errorf("[S2] a client's row is %+v, %v; its last change is %d at %d", row, err, c.Seq, c.Revision)
		case wrote && row.Digest != (persistence.Hash{}) && row.Digest != c.Hash:
			t.Error("[S2] the row has the digest of another change")
		}
	}
	newest := int64(-1)
	for _, revision := range l.snapshots {
		if revision <= want.Revision {
			newest = revision
		}
	}
	snapshot, err := p.store.Snapshot(t.Context(), l.id, -1)
	if newest < 0 && !errors.Is(err, persistence.ErrNotFound) || newest >= 0 && (err != nil || snapshot.Revision != newest) {
		t.Errorf("[L2] the newest snapshot is of %d (%v), not %d", snapshot.Revision, err, newest)
	}
}

// backedUp is a backup of one document with 50 changes.
func backedUp(t *testing.T) (file string, l *storetest.Log) {
	t.Helper()
	s := openDir(t, t.TempDir())
	l = storetest.NewLog(t, s)
	l.Grow(50, persistence.NewID())
	file = filepath.Join(t.TempDir(), "backup.db")
	if err := errors.Join(s.Backup(t.Context(), file), s.Close()); err != nil {
		t.Fatal(err)
	}
	return file, l
}

func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, _ := backedUp(t)
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE other (x)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	for _, c := range []struct {
		name, file string
		until      time.Time
		want       error
	}{
		{"nonsense", write("nonsense", bytes.Repeat([]byte("x"), 10_000)), time.Time{}, ErrNoBackup},
		{"an empty file", write("empty", nil), time.Time{}, ErrNoBackup},
		{"another program's database", foreign, time.Time{}, ErrNoBackup},
		{"a directory", dir, time.Time{}, ErrNoBackup},
		{"a socket", socket, time.Time{}, ErrNoBackup},
		{"no file", filepath.Join(dir, "absent"), time.Time{}, fs.ErrNotExist},
		{"a moment before its first document", good, storetest.Start.Add(-time.Microsecond), ErrOutside},
		{"a moment after it was made", good, time.Now().AddDate(100, 0, 0), ErrOutside},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			if _, err := Restore(t.Context(), filepath.Join(parent, "restored"), c.file, RestoreOptions{Until: c.until}); !errors.Is(err, c.want) {
				t.Errorf("%v", err)
			}
			if left := names(t, parent); len(left) != 0 {
				t.Errorf("it left %v behind", left)
			}
		})
	}
}

func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestRestoreTouchesNothing(t *testing.T) {
	file, l := backedUp(t)
	t.Run("a directory with anything in it", func(t *testing.T) {
		for _, name := range []string{"notes.txt", databaseFile, runFile, databaseFile + "-wal"} {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Restore(t.Context(), dir, file, RestoreOptions{}); !errors.Is(err, ErrNotEmpty) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
			if left := names(t, dir); len(left) != 1 {
				t.Errorf("it left %v", left)
			}
		}
	})
	t.Run("the remains of a restore that was killed are no obstacle", func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range []string{databaseFile + partialSuffix, databaseFile + partialSuffix + "-journal", lockFile} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Restore(t.Context(), dir, file, RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		if found := findings(t, dir, nil); len(found) != 0 {
			t.Errorf("verify: %v", found)
		}
	})
	t.Run("nothing half-done remains of one that fails", func(t *testing.T) {
		// The copy is made and being checked when the operator gives up.
		ctx, giveUp := context.WithCancel(t.Context())
		parent := t.TempDir()
		_, err := Restore(ctx, filepath.Join(parent, "restored"), file, RestoreOptions{Until: storetest.Start.Add(time.Millisecond),
			Report:  func(Finding) {},
			Content: func(persistence.ID) Content { giveUp(); return idle{} },
		})
		if !errors.Is(err, context.Canceled) && primaryCode(err) == 0 {
			t.Errorf("it ended with %v", err)
		}
		if left := names(t, parent); len(left) != 0 {
			t.Errorf("it left %v", left)
		}
	})
	t.Run("[L4] a change whose time was damaged is named before it decides", func(t *testing.T) {
		bad := t.TempDir()
		if _, err := Restore(t.Context(), bad, file, RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		tamper(t, bad, "UPDATE changes SET at = at + 1000000000000 WHERE revision = 30")
		var found []Finding
		restored, err := Restore(t.Context(), t.TempDir(), filepath.Join(bad, databaseFile), RestoreOptions{
			Until: storetest.Start.Add(40 * time.Millisecond), Report: func(f Finding) { found = append(found, f) },
		})
		if err != nil || restored.Changes != 29 {
			t.Errorf("%+v, %v", restored, err)
		}
		if len(found) != 1 || found[0].Document != l.ID || found[0].Revision != 30 {
			t.Errorf("found %v", found)
		}
	})
}

// idle replays nothing.
type idle struct{}

func (idle) Change(*persistence.Change) error     { return nil }
func (idle) Snapshot(*persistence.Snapshot) error { return nil }

func TestRestoreKeepsRights(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	s := openDir(t, dir)
	kept := storetest.NewLog(t, s)
	kept.Grow(3, persistence.NewID())
	moment := storetest.Start.Add(time.Minute)
	later := persistence.NewID()
	document := persistence.Document{ID: later, Title: "Later", Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: moment.Add(time.Minute), CreatedBy: storetest.Ada}
	user := storetest.NewUser(t, s, "Ada", persistence.StandingOwner)
	if err := s.Create(t.Context(), document, nil); err != nil {
		t.Fatal(err)
	}
	storetest.Edit(t, s, func(e persistence.PeopleEdit) error {
		var err error
		for i, id := range []persistence.ID{kept.ID, later} {
			link := persistence.ShareLink{ID: persistence.ID{byte(1 + i)}, Document: id, Digest: persistence.Hash{byte(i)}, Rank: 1}
			err = errors.Join(err, e.PutGrant(persistence.Grant{Document: id, Kind: persistence.SubjectUser, Subject: user.ID, Rank: 4}),
				e.PutShareLink(link), e.PutVisit(persistence.Visit{User: storetest.Ben.ID, Link: link.ID}))
		}
		return err
	})
	if err := errors.Join(s.Backup(t.Context(), file), s.Close()); err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if _, err := Restore(t.Context(), restored, file, RestoreOptions{Until: moment}); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, restored, nil); len(found) != 0 {
		t.Errorf("found %v", found)
	}
	s = openDir(t, restored)
	defer s.Close()
	for id, want := range map[persistence.ID][2]persistence.Rank{kept.ID: {4, 1}, later: {}} {
		for i, who := range []persistence.ID{user.ID, storetest.Ben.ID} {
			if got, err := s.Rank(t.Context(), id, who, moment); err != nil || got != want[i] {
				t.Errorf("a rank is %d, not %d, %v", got, want[i], err)
			}
		}
	}
	if got, err := s.User(t.Context(), user.ID); err != nil || got != user {
		t.Errorf("the user is %+v, %v", got, err)
	}
}

// A table that a later schema adds and that points to documents has to be cut
// with them: say so in cutAt, then here.
func TestCutKnowsAllTables(t *testing.T) {
	dir := t.TempDir()
	if err := openDir(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := openPool(filepath.Join(dir, databaseFile), readerPragmas())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var pointing string
	err = db.QueryRow(`SELECT group_concat(name, ' ') FROM (SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.name LIKE '%document%' ORDER BY m.name)`).Scan(&pointing)
	if err != nil || pointing != "audit changes clients epochs grants links requests snapshots tokens" {
		t.Errorf("tables with a document: %s, %v", pointing, err)
	}
}
