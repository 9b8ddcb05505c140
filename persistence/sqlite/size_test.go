package sqlite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// databaseBytes is the size of the database of a store whose write-ahead log
// has been moved into it.
func databaseBytes(t testing.TB, dir string) int64 {
	t.Helper()
	db, err := openPool(filepath.Join(dir, databaseFile), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	return file.Size()
}

func TestDiskPerChange(t *testing.T) {
	const most = 200 // bytes per change of one character, all included
	for _, c := range []struct {
		name               string
		documents, changes int // changes of each document
		snapshot, every    int // bytes of each snapshot, and changes between two
	}{
		{"one document", 1, 8_000, 4_000, 200},
		{"many documents in turn", 50, 200, 1_500, 100},
		{"one large document", 1, 8_000, 160_000, 4_000},
	} {
		t.Run("[L5] disk per change of one character: "+c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openDir(t, dir)
			defer s.Close()
			var logs []*storetest.Log
			for range c.documents {
				l := storetest.NewLog(t, s)
				l.Grow(1, l.ID)
				logs = append(logs, l)
			}
			before := databaseBytes(t, dir)
			for done := 0; done < c.changes; done += 20 {
				for _, l := range logs {
					l.Grow(20, l.ID)
					if (done+20)%c.every == 0 {
						snapshot := persistence.Snapshot{Revision: l.Head.Revision, Hash: l.Head.Hash, Content: make([]byte, c.snapshot)}
						if err := s.PutSnapshot(t.Context(), l.ID, snapshot); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			per := float64(databaseBytes(t, dir)-before) / float64(c.documents*c.changes)
			t.Logf("%.0f bytes per change", per)
			if per > most {
				t.Errorf("%.0f bytes per change, more than %d", per, most)
			}
		})
	}
}
