package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

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
	if err := checkOurs(ctx, from, false); err != nil {
		return fmt.Errorf("back up %s: %w", dir, err)
	}
	began := time.Now() // the copy holds all that was committed until now, and may hold more
	err := copyDatabase(ctx, from, file, makePrivate, func(copied string) error { return markCopied(ctx, copied, began) })
	if err != nil {
		return fmt.Errorf("back up to %s: %w", file, classify(err))
	}
	return nil
}

// partialSuffix marks a copy that is not complete.
const partialSuffix = ".partial"

// copyDatabase copies a database without its run id, into a file that create
// makes. The copy appears under its name when it is complete, finished has
// changed in it what it wanted, and it is durable; after an error nothing of it
// is left.
func copyDatabase(ctx context.Context, from, to string, create, finished func(copied string) error) (err error) {
	partial := to + partialSuffix
	if err := removePartial(partial); err != nil { // of a process that was killed
		return err
	}
	if err := create(partial); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = removePartial(partial) // the first error says more
		}
	}()
	if err := vacuumInto(ctx, from, partial); err != nil {
		return err
	}
	if err := onCopy(ctx, partial, "DELETE FROM meta WHERE name = 'run'"); err != nil {
		return err
	}
	if finished != nil {
		if err := finished(partial); err != nil {
			return err
		}
	}
	if err := syncFile(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// removePartial removes an incomplete copy with its journal, which SQLite would
// otherwise take for that of the next one.
func removePartial(partial string) error {
	for _, path := range []string{partial, partial + "-journal"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// copiedName is the row of meta that says until when a backup is complete.
const copiedName = "copied"

func markCopied(ctx context.Context, copied string, at time.Time) error {
	moment := at.UTC().Format(time.RFC3339Nano)
	return onCopy(ctx, copied, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", copiedName, []byte(moment))
}

// onCopy changes something in a copy that nobody has open.
func onCopy(ctx context.Context, copied, text string, args ...any) (err error) {
	db, err := openCopy(copied)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, text, args...)
	return err
}

func openCopy(copied string) (*sql.DB, error) {
	db, err := openPool(copied, []string{"synchronous(FULL)"}, "_txlock=immediate")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
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
