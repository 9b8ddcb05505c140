//go:build unix

package sqlite

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOwner opens data directories of another user as root, as an administrator
// does by a command while the server is stopped.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make files for others")
	}
	const user, group = 64001, 64002
	directory := func(t *testing.T) string {
		dir := t.TempDir()
		if err := os.Chown(dir, user, group); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	owned := func(t *testing.T, dir string, names ...string) {
		t.Helper()
		for _, name := range names {
			found, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if of := found.Sys().(*syscall.Stat_t); of.Uid != user || of.Gid != group {
				t.Errorf("%s belongs to %d:%d, and the server's user cannot open it", name, of.Uid, of.Gid)
			}
		}
	}
	all := []string{databaseFile, runFile, lockFile}
	dir := directory(t)
	t.Run("what an opening makes belongs to the directory's owner", func(t *testing.T) {
		s := openDir(t, dir)
		owned(t, dir, append([]string{databaseFile + "-wal", databaseFile + "-shm"}, all...)...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		owned(t, dir, all...)
	})
	file := filepath.Join(t.TempDir(), "backup.db")
	t.Run("a backup elsewhere belongs to who made it", func(t *testing.T) {
		elsewhere := filepath.Join(directory(t), "backup.db")
		for _, path := range []string{file, elsewhere} {
			if err := Backup(t.Context(), dir, path); err != nil {
				t.Fatal(err)
			}
			if found, err := os.Stat(path); err != nil || found.Sys().(*syscall.Stat_t).Uid != 0 {
				t.Errorf("%s is not root's, %v", path, err)
			}
		}
	})
	t.Run("what is restored into the owner's directory is theirs", func(t *testing.T) {
		dir := directory(t)
		if _, err := Restore(t.Context(), dir, file, RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
		owned(t, dir, databaseFile, lockFile)
	})
	t.Run("nothing that a link leads to is given away or written", func(t *testing.T) {
		dir, target := directory(t), filepath.Join(t.TempDir(), "target")
		if err := os.WriteFile(target, []byte("as it was"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{runFile + partialSuffix, lockFile} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		s := openDir(t, dir)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		found, err := os.Stat(target)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(target); err != nil || string(text) != "as it was" || found.Sys().(*syscall.Stat_t).Uid != 0 {
			t.Errorf("%q of %d, %v", text, found.Sys().(*syscall.Stat_t).Uid, err)
		}
	})
}
