package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"github.com/coscribe/coscribe/persistence"
)

var (
	// ErrInUse: another process has the data directory open.
	ErrInUse = errors.New("data directory is in use by another server")
	// ErrNewerSchema: the database was written by a newer program.
	ErrNewerSchema = errors.New("database has a newer schema than this program knows")
	// ErrEarlySchema: the database was made by a build from before the first
	// release (decision 0102).
	ErrEarlySchema = errors.New("database was made by a build from before the first release, which this program cannot read")
	// ErrForeign: what the data directory has for a database is none of ours.
	ErrForeign = errors.New("its " + databaseFile + " is not a database that this program made")
	// ErrNotEmpty: the data directory to restore into holds something.
	ErrNotEmpty = errors.New("data directory is not empty")
	// ErrNoBackup: the file to restore from is not what Backup writes.
	ErrNoBackup = errors.New("not a backup of this program")
	// ErrOutside: the moment to restore to is not within the backup.
	ErrOutside = errors.New("not within this backup")
)

// primaryCode is SQLite's primary result code of err, 0 if it is not its error.
func primaryCode(err error) int {
	var failure *driver.Error
	if errors.As(err, &failure) {
		return failure.Code() & 0xff
	}
	return 0
}

// unwritable says of a database that could not be read that its directory may not
// be written to: SQLite shares its log's index there, also to read.
func unwritable(err error, path string) error {
	if primaryCode(err) == code.SQLITE_READONLY {
		return errors.Join(&fs.PathError{Op: "open", Path: filepath.Dir(path), Err: fs.ErrPermission}, err)
	}
	return err
}

// refused says whether a write was turned down without having written anything
// that is still there.
func refused(err error) bool {
	if _, own := errors.AsType[refusal](err); own {
		return true
	}
	return errors.Is(err, persistence.ErrConflict) || errors.Is(err, persistence.ErrNotFound) ||
		errors.Is(err, persistence.ErrExists) || errors.Is(err, persistence.ErrBatch)
}

// fatal says whether the writer must stop after err: what the disk holds is no
// longer certain, or nothing can be written to it at all. The exceptions leave
// a transaction that was rolled back for certain.
func fatal(err error) bool {
	switch primaryCode(err) {
	case code.SQLITE_OK, code.SQLITE_FULL, code.SQLITE_BUSY, code.SQLITE_CORRUPT,
		code.SQLITE_CONSTRAINT, code.SQLITE_TOOBIG, code.SQLITE_MISMATCH:
		return false
	}
	return true
}

// classify gives what SQLite refused the sentinel its caller knows.
func classify(err error) error {
	if errors.Is(err, persistence.ErrFull) || errors.Is(err, persistence.ErrDamaged) {
		return err // has it
	}
	switch primaryCode(err) {
	case code.SQLITE_FULL:
		return fmt.Errorf("%w: %w", persistence.ErrFull, err)
	case code.SQLITE_CORRUPT, code.SQLITE_CONSTRAINT, code.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", persistence.ErrDamaged, err)
	}
	return err
}
