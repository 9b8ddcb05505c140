package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// tamper changes a closed store's database behind its back.
func tamper(t *testing.T, dir, statement string, args ...any) {
	t.Helper()
	db, err := openPool(filepath.Join(dir, databaseFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := db.Exec(statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func findings(t *testing.T, dir string, content func(persistence.ID) Content) []Finding {
	t.Helper()
	var found []Finding
	if err := Verify(t.Context(), dir, content, func(f Finding) { found = append(found, f) }); err != nil {
		t.Fatal(err)
	}
	return found
}

// flip is an SQL expression: the column with its n-th byte (from 1) changed.
func flip(column string, n int) string {
	return fmt.Sprintf("CAST(substr(%[1]s, 1, %[2]d - 1) || iif(substr(%[1]s, %[2]d, 1) = x'5a', x'a5', x'5a') || substr(%[1]s, %[2]d + 1) AS BLOB)", column, n)
}

func TestVerifyNamesDamage(t *testing.T) {
	const at, of = 7, 1100 // of: more than one piece
	for _, c := range []struct {
		name      string
		statement string
		revision  int64
		problem   string
	}{
		{"[L4] a flipped byte in a delta", "UPDATE changes SET delta = " + flip("delta", 3) + " WHERE revision = 7 AND document = 2", at, "not what was written"},
		{"[L4] a flipped byte in a hash", "UPDATE changes SET hash = " + flip("hash", 9) + " WHERE revision = 7 AND document = 2", at, "not what was written"},
		{"[L4] the hash of the last change", "UPDATE changes SET hash = " + flip("hash", 9) + " WHERE revision = 1100 AND document = 2", of, "not what was written"},
		{"[L4] another time", "UPDATE changes SET at = at + 1 WHERE revision = 7 AND document = 2", at, "not what was written"},
		{"[L4] a deleted row", "DELETE FROM changes WHERE revision = 7 AND document = 2", at, "is missing"},
		{"[L4] the last row deleted", "DELETE FROM changes WHERE revision = 1100 AND document = 2", of, "is missing"},
		{"[L4] a head that forgot changes", "UPDATE documents SET revision = 1099, hash = (SELECT hash FROM changes WHERE document = 2 AND revision = 1099) WHERE id = 2", of, "behind the head"},
		{"[L4] many rows deleted", "DELETE FROM changes WHERE revision BETWEEN 3 AND 1060 AND document = 2", 3, "it and all up to 1060 are missing"},
		{"[L4] a head far away", "UPDATE documents SET revision = 9223372036854775807 WHERE id = 2", of + 1, "are missing"},
		{"[L2] a deleted snapshot", "DELETE FROM snapshots WHERE revision = 1050 AND document = 2", 1050, "snapshot is missing"},
		{"[L2] a flipped byte in a snapshot", "UPDATE snapshots SET content = " + flip("content", 2) + " WHERE revision = 1050 AND document = 2", 1050, "its snapshot"},
		{"[L2] a snapshot of another log", "UPDATE snapshots SET hash = " + flip("hash", 2) + " WHERE revision = 1050 AND document = 2", 1050, "its snapshot"},
		{"[S2] a client's row that points elsewhere", "UPDATE clients SET seq = seq + 1 WHERE document = 2", of, "client's row"},
		{"another size", "UPDATE documents SET bytes = bytes + 1 WHERE id = 2", 0, "bytes"},
		{"[S7] another epoch", "UPDATE documents SET epoch = " + flip("epoch", 2) + " WHERE id = 2", 0, "epoch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openDir(t, dir)
			logs := []*storetest.Log{storetest.NewLog(t, s), storetest.NewLog(t, s), storetest.NewLog(t, s)}
			for i, l := range logs {
				l.Grow([]int{20, of, 20}[i], persistence.NewID())
			}
			damaged := logs[1]
			for _, revision := range []int64{700, 1050, 1090} {
				if err := s.PutSnapshot(t.Context(), damaged.ID, persistence.Snapshot{Revision: revision, Hash: damaged.Changes[revision-1].Hash, Content: []byte("content")}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if found := findings(t, dir, nil); len(found) != 0 {
				t.Fatalf("an undamaged store: %v", found)
			}
			tamper(t, dir, c.statement)
			found := slices.DeleteFunc(findings(t, dir, nil), func(f Finding) bool {
				return c.name == "[L4] the last row deleted" && strings.Contains(f.Problem, "client's row") // of that very change
			})
			if len(found) != 1 || found[0].Document != damaged.ID || found[0].Revision != c.revision || !strings.Contains(found[0].String(), c.problem) {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestVerifyNamesAuthors(t *testing.T) {
	for _, c := range []struct {
		name, statement string
		changes         int // that are named as well
	}{
		{"[L4] a flipped byte in an author's name", "UPDATE authors SET name = 'Adb' WHERE name = 'Ada'", 0},
		{"[L4] a flipped byte in an author's color", "UPDATE authors SET color = '#aa0001' WHERE name = 'Ada'", 0},
		{"[L4] a flipped byte in an author's id", "UPDATE authors SET user = " + flip("user", 1) + " WHERE name = 'Ada'", 5},
		{"[L4] a flipped byte in an author's digest", "UPDATE authors SET digest = " + flip("digest", 1) + " WHERE name = 'Ada'", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openDir(t, dir)
			l := storetest.NewLog(t, s)
			l.Grow(10, persistence.NewID()) // by Ben and Ada in turn
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tamper(t, dir, c.statement)
			found := findings(t, dir, nil)
			if len(found) != 1+c.changes || found[0].Document != l.ID || found[0].Revision != 2 || !strings.Contains(found[0].Problem, "author") {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestDamageStaysLocal(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	damaged, whole := storetest.NewLog(t, s), storetest.NewLog(t, s)
	damaged.Grow(30, persistence.NewID())
	whole.Grow(30, persistence.NewID())
	for _, revision := range []int64{10, 20} {
		if err := s.PutSnapshot(t.Context(), damaged.ID, persistence.Snapshot{Revision: revision, Hash: damaged.Changes[revision-1].Hash, Content: fmt.Append(nil, "at ", revision)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, "UPDATE snapshots SET content = x'00' WHERE revision = 20")
	tamper(t, dir, "UPDATE changes SET delta = x'5b5d' WHERE document = 1 AND revision = 25")
	tamper(t, dir, "DELETE FROM changes WHERE document = 1 AND revision = 3")
	s = openDir(t, dir)
	defer s.Close()
	read := func(after, through int64) (n int64, err error) {
		err = s.Changes(t.Context(), damaged.ID, after, through, func(*persistence.Change) bool { n++; return true })
		return n, err
	}
	t.Run("[L4] reading a damaged range says so and gives nothing of it", func(t *testing.T) {
		for _, r := range [][3]int64{{0, -1, 2}, {0, 2, 2}, {3, 10, 0}, {10, 24, 14}, {20, -1, 4}, {25, 30, 5}} {
			n, err := read(r[0], r[1])
			if n != r[2] {
				t.Errorf("after %d through %d: %d changes, not %d", r[0], r[1], n, r[2])
			}
			if fine := r[1] == 2 || r[1] == 24 || r[0] == 25; fine != (err == nil) || err != nil && !errors.Is(err, persistence.ErrDamaged) {
				t.Errorf("after %d through %d: %v", r[0], r[1], err)
			}
		}
	})
	t.Run("[L2] a damaged snapshot is passed over", func(t *testing.T) {
		if snapshot, err := s.Snapshot(t.Context(), damaged.ID, -1); err != nil || snapshot.Revision != 10 {
			t.Errorf("revision %d, %v", snapshot.Revision, err)
		}
	})
	t.Run("[R6] other documents do not notice", func(t *testing.T) { whole.Reopened(s); whole.Grow(1, persistence.NewID()); whole.Check(s) })
}

// replay is a Content that fails where it is told to.
type replay struct {
	revision, failChange, failSnapshot int64
}

func (r *replay) Change(c *persistence.Change) error {
	r.revision++
	if c.Revision != r.revision {
		return fmt.Errorf("revision %d was given instead of %d", c.Revision, r.revision)
	}
	if c.Revision == r.failChange {
		return errors.New("delete past the end")
	}
	return nil
}

func (r *replay) Snapshot(s *persistence.Snapshot) error {
	if s.Revision != r.revision {
		return fmt.Errorf("snapshot %d was given at revision %d", s.Revision, r.revision)
	}
	if s.Revision == r.failSnapshot {
		return errors.New("another text")
	}
	return nil
}

func TestVerifyContent(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	defer s.Close() // Verify runs beside an open store
	l := storetest.NewLog(t, s)
	l.Grow(20, persistence.NewID())
	for _, revision := range []int64{5, 10} {
		if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: revision, Hash: l.Changes[revision-1].Hash, Content: []byte("content")}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("[L2] content is replayed", func(t *testing.T) {
		for _, c := range []struct {
			replay   replay
			revision int64
		}{{replay{}, 0}, {replay{failChange: 8}, 8}, {replay{failSnapshot: 10}, 10}} {
			found := findings(t, dir, func(persistence.ID) Content { return &c.replay })
			if c.revision == 0 && len(found) != 0 || c.revision != 0 && (len(found) != 1 || found[0].Revision != c.revision) {
				t.Errorf("%+v: %v", c.replay, found)
			}
		}
	})
}

func TestVerifyNamesSchema(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	storetest.NewLog(t, s).Grow(3, persistence.NewID())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := openPool(filepath.Join(dir, databaseFile), []string{"writable_schema(1)"})
	if err != nil {
		t.Fatal(err)
	}
	// What one flipped bit did: seed 8501926444977321027 of the campaign "damage".
	result, err := db.Exec("UPDATE sqlite_schema SET sql = replace(sql, 'expires_at', 'expirds_at') WHERE name = 'tickets'")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	found := findings(t, dir, nil)
	if len(found) != 1 || !strings.Contains(found[0].Problem, "table tickets") || !strings.Contains(found[0].Problem, "expirds_at") {
		t.Errorf("[L4] a flipped bit in the schema: %v", found)
	}
}
