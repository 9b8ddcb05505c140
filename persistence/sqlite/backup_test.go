package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

func TestBackupAndRestore(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	s := openDir(t, dir)
	empty, l := storetest.NewLog(t, s), storetest.NewLog(t, s)
	l.Grow(50, persistence.NewID())
	if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: 40, Hash: l.Changes[39].Hash, Content: []byte("forty")}); err != nil {
		t.Fatal(err)
	}
	// While someone writes, into another document.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	busy := storetest.NewLog(t, s)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for ctx.Err() == nil {
			busy.Grow(3, busy.ID)
		}
	}()
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	stop()
	<-stopped
	if err := s.Backup(t.Context(), file); !errors.Is(err, persistence.ErrExists) {
		t.Errorf("a backup over another: %v", err)
	}
	l.Grow(5, persistence.NewID()) // is not in the backup
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), dir, file, RestoreOptions{}); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("restored over a database: %v", err)
	}

	other := filepath.Join(t.TempDir(), "new", "data")
	if _, err := Restore(t.Context(), other, file, RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, other, nil); len(found) != 0 {
		t.Errorf("verify: %v", found)
	}
	s = openDir(t, other)
	defer s.Close()
	t.Run("[S7] a restored log has a new epoch and goes on from where it was", func(t *testing.T) {
		head, err := s.Head(t.Context(), l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if head.Epoch == l.Head.Epoch {
			t.Error("the epoch is the old one")
		}
		if head.Revision != 50 || head.Hash != l.Changes[49].Hash {
			t.Errorf("the head is %v", head)
		}
		if old := l.Batch(1, persistence.NewID()); !errors.Is(storetest.Append(s, old), persistence.ErrConflict) {
			t.Error("a batch of the old epoch was taken")
		}
		l.Reopened(s)
		l.Head, l.Changes = head, l.Changes[:50]
		l.Grow(3, persistence.NewID())
		l.Check(s)
		if snapshot, err := s.Snapshot(t.Context(), l.ID, -1); err != nil || string(snapshot.Content) != "forty" {
			t.Errorf("snapshot %+v, %v", snapshot, err)
		}
	})
	t.Run("[S7] an empty log starts anew", func(t *testing.T) {
		head, err := s.Head(t.Context(), empty.ID)
		if err != nil || head.Epoch == empty.Head.Epoch || head.Hash != persistence.ChainStart(empty.ID, head.Epoch) {
			t.Errorf("the head is %v, %v", head, err)
		}
	})
	t.Run("[L4] the chain is whole across the epochs", func(t *testing.T) {
		if found := findings(t, other, nil); len(found) != 0 {
			t.Errorf("verify: %v", found)
		}
	})
}

// copyFiles copies the files of a closed data directory.
func copyFiles(t *testing.T, from, to string, names ...string) {
	t.Helper()
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRun(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	s := openDir(t, dir)
	l := storetest.NewLog(t, s)
	l.Grow(4, persistence.NewID())
	file := filepath.Join(t.TempDir(), "backup.db")
	epoch := func() persistence.ID {
		t.Helper()
		s := openDir(t, dir)
		head, err := s.Head(t.Context(), l.ID)
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		return head.Epoch
	}
	if err := errors.Join(s.Backup(t.Context(), file), s.Close()); err != nil {
		t.Fatal(err)
	}
	copyFiles(t, dir, kept, databaseFile, runFile)
	t.Run("[S7] opening again keeps the epochs", func(t *testing.T) {
		for range 3 {
			if epoch() != l.Head.Epoch {
				t.Fatal("a new epoch for nothing")
			}
		}
	})
	t.Run("[S7] a crash between the steps of opening keeps the epochs", func(t *testing.T) {
		// The file is written with both ids, the database is not yet.
		run, err := os.ReadFile(filepath.Join(dir, runFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, runFile), append([]byte(persistence.NewID().String()+"\n"), run...), 0o600); err != nil {
			t.Fatal(err)
		}
		if epoch() != l.Head.Epoch {
			t.Error("a new epoch for nothing")
		}
	})
	last := l.Head.Epoch
	for name, replace := range map[string]func(){
		"an older copy of the database": func() { copyFiles(t, kept, dir, databaseFile) },
		"a backup of the same run": func() {
			content, err := os.ReadFile(file)
			if err = errors.Join(err, os.WriteFile(filepath.Join(dir, databaseFile), content, 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"the file is gone": func() {
			if err := os.Remove(filepath.Join(dir, runFile)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run("[S7] new epochs when the database was replaced: "+name, func(t *testing.T) {
			replace()
			renewed := epoch()
			if renewed == last || renewed == l.Head.Epoch || renewed.IsZero() {
				t.Error("the epoch stayed")
			}
			if again := epoch(); again != renewed {
				t.Error("and again at the next opening")
			}
			last = renewed
			if found := findings(t, dir, nil); len(found) != 0 {
				t.Errorf("verify: %v", found)
			}
		})
	}
}

func TestSchema(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	l := storetest.NewLog(t, s)
	l.Grow(3, persistence.NewID())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("a newer schema is refused", func(t *testing.T) {
		tamper(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
		if _, err := Open(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrNewerSchema) || !strings.Contains(err.Error(), "99") {
			t.Errorf("opened: %v", err)
		}
		if err := Verify(t.Context(), dir, nil, func(Finding) {}); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("verified: %v", err)
		}
		if _, err := Restore(t.Context(), t.TempDir(), filepath.Join(dir, databaseFile), RestoreOptions{}); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("restored: %v", err)
		}
		tamper(t, dir, "DELETE FROM goose_db_version WHERE version_id = 99")
		if err := openDir(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("one from before the first release is refused and left alone", func(t *testing.T) {
		early := t.TempDir()
		if err := openDir(t, early).Close(); err != nil {
			t.Fatal(err)
		}
		db, err := openPool(filepath.Join(early, databaseFile), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), "ALTER TABLE documents DROP COLUMN bytes") // as it was then
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		tamper(t, early, "DELETE FROM goose_db_version WHERE version_id > 1")
		if _, err := Open(t.Context(), Config{Dir: early}); !errors.Is(err, ErrEarlySchema) {
			t.Errorf("opened: %v", err)
		}
		if err := Verify(t.Context(), early, nil, func(Finding) {}); !errors.Is(err, ErrEarlySchema) {
			t.Errorf("verified: %v", err)
		}
		if found, err := filepath.Glob(filepath.Join(early, "*before-schema*")); err != nil || len(found) > 0 {
			t.Errorf("there are copies: %v, %v", found, err)
		}
	})
	t.Run("a database is copied before it is migrated", func(t *testing.T) {
		known := fstest.MapFS{}
		err := fs.WalkDir(migrations(), ".", func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				known[path] = new(fstest.MapFile)
				known[path].Data, err = fs.ReadFile(migrations(), path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		next := len(known) + 1
		path := filepath.Join(dir, databaseFile)
		step := func(text string) error {
			files := maps.Clone(known)
			files[fmt.Sprintf("%05d_next.sql", next)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
			return migrate(t.Context(), path, files, slog.New(slog.DiscardHandler))
		}
		// A step that fails leaves the schema as it was.
		if err := step("CREATE TABLE extra (x INTEGER) STRICT;\nCREATE TABLE documents (x);"); err == nil {
			t.Fatal("a wrong step was taken")
		}
		copied := fmt.Sprintf("%s.before-schema-%d", path, next)
		if err := openDir(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		if err := step("CREATE TABLE extra (x INTEGER) STRICT;"); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrNewerSchema) {
			t.Errorf("the migrated database: %v", err)
		}
		back := t.TempDir()
		if err := os.Rename(copied, filepath.Join(back, databaseFile)); err != nil {
			t.Fatal(err)
		}
		s := openDir(t, back)
		defer s.Close()
		if got := storetest.Changes(t, s, l.ID, 0, -1); len(got) != 3 {
			t.Errorf("the copy has %d changes", len(got))
		}
	})
}

// A directory may be another program's, or one whose first start was cut short.
func TestForeignDatabases(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, dir string){
		"of another program": func(t *testing.T, dir string) {
			if err := onCopy(t.Context(), filepath.Join(dir, databaseFile), "CREATE TABLE theirs (a)"); err != nil {
				t.Fatal(err)
			}
		},
		"that is no database": func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, databaseFile), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run("one "+name+" is refused, and stays as it is", func(t *testing.T) {
			dir := t.TempDir()
			make(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, databaseFile))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), Config{Dir: dir}); !errors.Is(err, ErrForeign) {
				t.Errorf("opened: %v", err)
			}
			refusedToRead(t, dir)
			if after, err := os.ReadFile(filepath.Join(dir, databaseFile)); err != nil || !bytes.Equal(after, before) {
				t.Errorf("it was changed; %v", err)
			}
		})
	}
	t.Run("one that is still empty is read by nobody, and opened", func(t *testing.T) {
		dir := t.TempDir()
		if err := makePrivate(filepath.Join(dir, databaseFile)); err != nil {
			t.Fatal(err)
		}
		refusedToRead(t, dir)
		if err := openDir(t, dir).Close(); err != nil {
			t.Error(err)
		}
	})
}

// Root may write everywhere, so what SQLite says is made by a write that it
// refuses.
func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := openDir(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, databaseFile)
	db, err := openPool(path, readerPragmas())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(), "DELETE FROM meta")
	found, ok := errors.AsType[*fs.PathError](unwritable(err, path))
	if !ok || found.Path != dir || !errors.Is(found, fs.ErrPermission) {
		t.Errorf("%v is said as %v", err, found)
	}
	if err := unwritable(nil, path); err != nil {
		t.Error(err)
	}
}

func refusedToRead(t *testing.T, dir string) {
	t.Helper()
	if err := Verify(t.Context(), dir, nil, func(Finding) {}); !errors.Is(err, ErrForeign) {
		t.Errorf("verified: %v", err)
	}
	if _, err := OpenReader(t.Context(), dir); !errors.Is(err, ErrForeign) {
		t.Errorf("read: %v", err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	if err := Backup(t.Context(), dir, backup); !errors.Is(err, ErrForeign) {
		t.Errorf("backed up: %v", err)
	}
}
