package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/pressly/goose/v3"
	code "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations is this program's schema: numbered steps, forward only. A step
// that has been released is never changed.
func migrations() fs.FS {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	return files
}

// migrate brings the schema of the database at path to that of the steps in
// files, one transaction per step. A database that exists is copied first,
// beside itself. ErrNewerSchema, ErrEarlySchema, ErrForeign.
func migrate(ctx context.Context, path string, files fs.FS, logger *slog.Logger) (err error) {
	if err := makeOwned(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := checkOurs(ctx, path, true); err != nil {
		return err
	}
	db, err := openPool(path, writerPragmas(), "_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	steps, current, target, err := schemaVersions(ctx, db, files)
	if err != nil {
		return err
	}
	if current == target {
		return nil
	}
	if current > 0 {
		copied := fmt.Sprintf("%s.before-schema-%d", path, target)
		if err := copyDatabase(ctx, path, copied, makeOwned, nil); err != nil {
			return fmt.Errorf("copy the database before migrating it from schema %d to %d: %w", current, target, err)
		}
		logger.InfoContext(ctx, "database copied before its migration", "copy", copied, "from", current, "to", target)
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database from schema %d to %d: %w", current, target, err)
	}
	return nil
}

// checkOurs says whether a database is one that this program made, before
// anything is written to it. ErrForeign; what is empty may count as ours.
func checkOurs(ctx context.Context, path string, empty bool) (err error) {
	db, err := openPool(path, readerPragmas())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var all, ours int
	err = db.QueryRowContext(ctx, "SELECT count(*), count(CASE WHEN name = 'goose_db_version' THEN 1 END) FROM sqlite_schema").Scan(&all, &ours)
	if primaryCode(err) == code.SQLITE_NOTADB || err == nil && ours == 0 && (all > 0 || !empty) {
		return ErrForeign
	}
	return unwritable(err, path)
}

// makePrivate makes an empty file for a database, which holds texts and keys,
// that only this user can read. SQLite gives its other files the same mode.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// makeOwned does so in a data directory, for its owner.
func makeOwned(path string) error {
	file, err := createOwned(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// schemaVersions reads which step the database has come to (current) and which
// is the last (target). ErrNewerSchema, ErrEarlySchema.
func schemaVersions(ctx context.Context, db *sql.DB, files fs.FS) (steps *goose.Provider, current, target int64, err error) {
	steps, err = goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, 0, 0, err
	}
	current, target, err = steps.GetVersions(ctx)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("read the schema version: %w", err)
	}
	if current > target {
		return nil, 0, 0, fmt.Errorf("%w: schema %d, known is %d", ErrNewerSchema, current, target)
	}
	if current > 0 {
		var known bool
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info('documents') WHERE name = 'bytes'").Scan(&known); err != nil {
			return nil, 0, 0, fmt.Errorf("read the schema: %w", err)
		}
		if !known {
			return nil, 0, 0, ErrEarlySchema
		}
	}
	return steps, current, target, nil
}
