package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// TestErase looks at the files themselves: an erased name is in no page, not
// even in one that is no longer used, and the log still verifies.
func TestErase(t *testing.T) {
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	s := openDir(t, dir)
	const name, mail = "Wilhelmina Unmistakable", "wilhelmina@unmistakable.example"
	user := persistence.User{ID: storetest.Ben.ID, Name: "Before " + name, Mail: "before-" + mail, Color: "#00bb00", CreatedAt: storetest.Start}
	put := func(u persistence.User) {
		storetest.Edit(t, s, func(e persistence.PeopleEdit) error {
			return errors.Join(e.PutUser(u), e.Record(persistence.AuditEntry{At: storetest.Start, Action: "user.changed", Actor: u.ID, Name: u.Name}))
		})
	}
	put(user)
	user.Name, user.Mail = name, mail
	put(user)
	l := storetest.NewLog(t, s)
	for i := range 3 {
		b := l.Batch(1, persistence.NewID())
		b.Changes[0].Author = persistence.Author{ID: user.ID, Name: []string{"Before " + name, name, name}[i], Color: user.Color}
		b.Seal()
		if err := storetest.Append(s, b); err != nil {
			t.Fatal(err)
		}
		l.Took(b)
	}
	if holds(t, dir, name) == 0 {
		t.Fatal("the name is not found even before the erasure")
	}
	gone := persistence.Author{ID: user.ID, Name: "Former member", Color: "#888888"}
	storetest.Edit(t, s, func(e persistence.PeopleEdit) error { return e.Erase(user.ID, gone.Name, gone.Color, storetest.Start) })
	for i := range l.Changes {
		l.Changes[i].Author = gone
	}
	l.Check(s)
	if err := errors.Join(s.Backup(context.Background(), backup), s.Close()); err != nil {
		t.Fatal(err)
	}
	t.Run("[L4] the log verifies after an erasure", func(t *testing.T) {
		if found := findings(t, dir, nil); len(found) != 0 {
			t.Errorf("found %v", found)
		}
	})
	t.Run("an erased name is in no file of the closed store, nor in a new backup", func(t *testing.T) {
		for _, place := range []string{dir, filepath.Dir(backup)} {
			if n := holds(t, place, name) + holds(t, place, "wilhelmina"); n != 0 {
				t.Errorf("%d traces in %s", n, filepath.Base(place))
			}
		}
	})
	t.Run("[S7] [L4] the log of a restored backup verifies", func(t *testing.T) {
		restored := filepath.Join(t.TempDir(), "restored")
		if _, err := Restore(t.Context(), restored, backup, RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		if found := findings(t, restored, nil); len(found) != 0 {
			t.Errorf("found %v", found)
		}
	})
}

// holds counts the word in all files of a directory.
func holds(t *testing.T, dir, word string) (n int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(content, []byte(word))
	}
	return n
}
