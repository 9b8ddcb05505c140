package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coscribe/coscribe/persistence"
)

// Backup writes a copy of the database to file, which must not exist. It reads
// from a connection of its own while writing goes on, and holds what was
// committed at one moment.
func (s *Store) Backup(ctx context.Context, file string) error {
	return Backup(ctx, s.dir, file)
}

// Backup copies the database of a data directory to file, which must not exist.
// A server may have the directory open, in this process or another. The copy
// appears under its name when it is complete and durable; it carries no run id,
// so that wherever it is opened every document gets a new epoch (law S7).
func Backup(ctx context.Context, dir, file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("back up to %s: %w", file, persistence.ErrExists), err)
	}
	from := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err := copyDatabase(ctx, from, file); err != nil {
		return fmt.Errorf("back up to %s: %w", file, err)
	}
	return nil
}

// Restore makes a data directory, absent or without a database, from a file
// that Backup wrote. All documents get new epochs. ErrNotEmpty, ErrNewerSchema.
func Restore(ctx context.Context, dir, file string) error {
	if err := restore(ctx, dir, file); err != nil {
		return fmt.Errorf("restore %s: %w", file, err)
	}
	// Opening migrates an older copy and gives the new epochs.
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	return s.Close()
}

func restore(ctx context.Context, dir, file string) (err error) {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if err := checkBackup(ctx, file); err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	to := filepath.Join(dir, databaseFile)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w: %s", ErrNotEmpty, dir), err)
	}
	return copyDatabase(ctx, file, to)
}

// checkBackup says whether file is a database of ours, undamaged as far as
// SQLite can tell, and not newer than this program.
func checkBackup(ctx context.Context, file string) (err error) {
	db, err := openPool(file, readerPragmas(), "mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var known int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN ('goose_db_version', 'documents', 'changes')").Scan(&known); err != nil {
		return err
	}
	if known != 3 {
		return errors.New("not a backup of this program")
	}
	if _, _, _, err := schemaVersions(ctx, db, migrations()); err != nil {
		return err
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", persistence.ErrDamaged, verdict)
	}
	return nil
}

// copyDatabase copies a database without its run id. The copy appears under its
// name when it is complete and durable.
func copyDatabase(ctx context.Context, from, to string) (err error) {
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makePrivate(partial); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(partial) // the first error says more
		}
	}()
	if err := vacuumInto(ctx, from, partial); err != nil {
		return err
	}
	if err := removeRun(ctx, partial); err != nil {
		return err
	}
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func removeRun(ctx context.Context, path string) (err error) {
	db, err := openPool(path, []string{"synchronous(FULL)"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "DELETE FROM meta WHERE name = 'run'")
	return err
}

// vacuumInto copies a database through SQLite, on a connection of its own: one
// read transaction, and the copy is compact. The file to must be empty or absent.
func vacuumInto(ctx context.Context, from, to string) (err error) {
	db, err := openPool(from, []string{fmt.Sprintf("busy_timeout(%d)", busyTimeout)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
