package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	code "modernc.org/sqlite/lib"

	"github.com/coscribe/coscribe/persistence"
)

// Restored is what a data directory holds after Restore.
type Restored struct {
	Documents, Changes int64
	LastChange         time.Time // when the newest change was accepted; zero: there is none
	// What was left out as later than the moment asked for.
	LaterDocuments, LaterChanges int64
}

// RestoreOptions say how to restore. All are optional.
type RestoreOptions struct {
	// Until, unless zero, is the moment as of which to restore, in µs: every
	// change accepted later is left out, and so is every document made later.
	// Titles, people and what they may do are as of the backup, since no history
	// of them is kept.
	Until time.Time
	// Content and Report check the backup before it is cut at Until, as Verify
	// does: damage decides where, and is not to be seen afterwards.
	Content func(document persistence.ID) Content
	Report  func(Finding)
}

// Restore makes a data directory, absent or empty, from a file that Backup
// wrote; all documents get new epochs (law S7).
//
// The directory has its database when that is complete and durable; after an
// error it is as it was. Errors: ErrNotEmpty, ErrNoBackup, ErrNewerSchema,
// ErrEarlySchema, ErrInUse, ErrOutside when until lies before the first document
// or after the moment of the backup.
func Restore(ctx context.Context, dir, file string, options RestoreOptions) (Restored, error) {
	restored, err := restore(ctx, dir, file, options)
	if err != nil {
		return restored, fmt.Errorf("restore %s: %w", file, classify(err))
	}
	// Opening gives the new epochs. Should it fail, the next one does.
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return restored, err
	}
	return restored, s.Close()
}

func restore(ctx context.Context, dir, file string, options RestoreOptions) (restored Restored, err error) {
	if err := checkBackup(ctx, file, options.Until); err != nil {
		return restored, err
	}
	undo, err := takeEmptyDir(dir)
	if err != nil {
		return restored, err
	}
	defer func() { err = errors.Join(err, undo(err != nil)) }()
	err = copyDatabase(ctx, file, filepath.Join(dir, databaseFile), makeOwned, func(copied string) (err error) {
		restored, err = finishRestore(ctx, copied, options)
		return err
	})
	return restored, err
}

// takeEmptyDir makes or takes a directory to restore into. release gives the
// lock back and, if the restore failed, removes what was made here.
func takeEmptyDir(dir string) (release func(failed bool) error, err error) {
	_, absent := os.Stat(dir)
	if absent == nil {
		if err := checkEmpty(dir); err != nil {
			return nil, err
		}
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	_, unlocked := os.Lstat(filepath.Join(dir, lockFile))
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	release = func(failed bool) error {
		if failed && unlocked != nil {
			_ = os.Remove(filepath.Join(dir, lockFile)) // while it is ours
		}
		if failed && absent != nil {
			_ = os.Remove(dir)
		}
		return lock.Close()
	}
	// Nobody but a server makes files here, and none can start now.
	if err := checkEmpty(dir); err != nil {
		return nil, errors.Join(err, release(true))
	}
	return release, nil
}

// checkEmpty says whether nothing is in a directory but what file systems, an
// earlier server's lock and a restore that was killed leave.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	left := []string{"lost+found", lockFile, databaseFile + partialSuffix, databaseFile + partialSuffix + "-journal"}
	for _, entry := range entries {
		if !slices.Contains(left, entry.Name()) {
			return fmt.Errorf("%w: %s has %s", ErrNotEmpty, dir, entry.Name())
		}
	}
	return nil
}

// checkBackup says whether file is a database of ours, undamaged as far as
// SQLite can tell, not newer than this program, and reaches until.
func checkBackup(ctx context.Context, file string, until time.Time) (err error) {
	switch found, err := os.Stat(file); {
	case err != nil:
		return err
	case found.IsDir():
		return fmt.Errorf("%w: it is a directory", ErrNoBackup)
	case !found.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrNoBackup)
	}
	db, err := openPool(file, readerPragmas(), "mode=ro")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var known int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN ('goose_db_version', 'documents', 'changes')").Scan(&known)
	if primaryCode(err) == code.SQLITE_NOTADB || err == nil && known != 3 {
		return ErrNoBackup
	}
	if err != nil {
		return err
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
	if until.IsZero() {
		return nil
	}
	return checkWithin(ctx, db, until)
}

// checkWithin refuses a moment of which the backup knows nothing.
func checkWithin(ctx context.Context, db *sql.DB, until time.Time) error {
	var first sql.NullInt64
	if err := db.QueryRowContext(ctx, "SELECT min(created_at) FROM documents").Scan(&first); err != nil {
		return err
	}
	if first.Valid && until.Before(moment(first.Int64)) {
		return fmt.Errorf("%s is %w: its first document was made at %s", stamp(until), ErrOutside, stamp(moment(first.Int64)))
	}
	var copied []byte
	err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", copiedName).Scan(&copied)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // a database that Backup did not write; nobody knows when it was taken
	}
	if err != nil {
		return err
	}
	var end time.Time
	if err := end.UnmarshalText(copied); err != nil {
		return fmt.Errorf("the moment of the backup: %w: %w", persistence.ErrDamaged, err)
	}
	if until.After(end) {
		return fmt.Errorf("%s is %w, which was made at %s and knows nothing later", stamp(until), ErrOutside, stamp(end))
	}
	return nil
}

// stamp is a moment as people type it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.999999Z07:00") }

// finishRestore brings the copy to this program's schema, cuts it at a moment
// and takes off what makes it a backup.
func finishRestore(ctx context.Context, copied string, options RestoreOptions) (restored Restored, err error) {
	db, err := openCopy(copied)
	if err != nil {
		return restored, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// The backup itself stays as it is, so no other copy is needed.
	steps, _, _, err := schemaVersions(ctx, db, migrations())
	if err != nil {
		return restored, err
	}
	if _, err := steps.Up(ctx); err != nil {
		return restored, fmt.Errorf("migrate the restored database: %w", err)
	}
	if until := options.Until; !until.IsZero() {
		if options.Report != nil {
			if err := verifyCopy(ctx, copied, options.Content, options.Report); err != nil {
				return restored, err
			}
		}
		if restored.LaterDocuments, restored.LaterChanges, err = cutAt(ctx, db, until); err != nil {
			return restored, fmt.Errorf("leave out what came after %s: %w", stamp(until), err)
		}
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM meta WHERE name = ?", copiedName); err != nil {
		return restored, err
	}
	var last sql.NullInt64
	err = db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM documents), count(*), max(at) FROM changes").Scan(&restored.Documents, &restored.Changes, &last)
	if last.Valid {
		restored.LastChange = moment(last.Int64)
	}
	return restored, err
}

// String is what was restored, for people.
func (r Restored) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d documents, %d changes", r.Documents, r.Changes)
	if !r.LastChange.IsZero() {
		fmt.Fprintf(&text, ", the last of %s", stamp(r.LastChange))
	}
	if r.LaterDocuments+r.LaterChanges > 0 {
		fmt.Fprintf(&text, "; left out as later: %d documents, %d changes", r.LaterDocuments, r.LaterChanges)
	}
	return text.String()
}
