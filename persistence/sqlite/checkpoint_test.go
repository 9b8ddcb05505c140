package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// pageBytes is SQLite's page.
const pageBytes = 4096

// size is how large a file of the directory is; bytes.
func size(t *testing.T, dir, name string) int64 {
	t.Helper()
	found, err := os.Stat(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return found.Size()
}

func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	log := storetest.NewLog(t, s)
	client := persistence.NewID()
	before := size(t, dir, databaseFile)
	t.Run("what is committed is copied into the database beside the writer", func(t *testing.T) {
		for range checkpointPages / 3 { // more than it waits for
			log.Grow(40, client)
		}
		for deadline := time.Now().Add(time.Minute); size(t, dir, databaseFile) < before+40*pageBytes; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the database has grown from %d to %d bytes only", before, size(t, dir, databaseFile))
			}
		}
		if wal := size(t, dir, databaseFile+"-wal"); wal > 2*checkpointWithin*pageBytes {
			t.Errorf("the write-ahead log has %d bytes", wal)
		}
	})
	t.Run("after an orderly end nothing is left in the log", func(t *testing.T) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, databaseFile+"-wal")); !os.IsNotExist(err) {
			t.Errorf("the write-ahead log: %v", err)
		}
		again := openDir(t, dir)
		defer again.Close()
		changes := 0
		err := again.Changes(t.Context(), log.ID, 0, log.Head.Revision, func(*persistence.Change) bool { changes++; return true })
		if err != nil || int64(changes) != log.Head.Revision {
			t.Errorf("%d changes of %d, %v", changes, log.Head.Revision, err)
		}
	})
}
