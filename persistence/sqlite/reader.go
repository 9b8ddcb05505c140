package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Reader reads a data directory: what the reading half of a Store does, and the
// whole of what a command may do beside a server that has the directory open.
// It takes no lock and writes nothing. All methods may be called from any
// goroutine.
type Reader struct {
	peopleReader
	dir     string
	logger  *slog.Logger
	pool    *sql.DB
	scans   chan struct{} // full while as many lists read every document as may
	queries queries
	authors authorCache
}

// OpenReader opens an existing data directory for reading. The error wraps
// fs.ErrNotExist where there is no database, ErrForeign where it is another
// program's, and says so when its schema is not the one this program knows.
func OpenReader(ctx context.Context, dir string) (*Reader, error) {
	r, err := openExisting(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	return r, nil
}

func openExisting(ctx context.Context, dir string) (*Reader, error) {
	config := Config{Dir: dir}
	if err := config.complete(); err != nil {
		return nil, err
	}
	path := filepath.Join(config.Dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if err := checkOurs(ctx, path, false); err != nil {
		return nil, err
	}
	r, err := newReader(config)
	if err != nil {
		return nil, err
	}
	r.pool.SetMaxOpenConns(1) // a command reads one thing after another
	if _, current, target, err := schemaVersions(ctx, r.pool, migrations()); err != nil {
		return nil, errors.Join(err, r.Close())
	} else if current != target {
		return nil, errors.Join(fmt.Errorf("schema %d where this program knows %d; serve once to migrate", current, target), r.Close())
	}
	if err := r.prepare(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// newReader makes a reader of a directory; prepare makes it ready.
func newReader(config Config) (*Reader, error) {
	pool, err := openPool(filepath.Join(config.Dir, databaseFile), readerPragmas())
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(maxReaders)
	pool.SetMaxIdleConns(idleReaders)
	pool.SetConnMaxIdleTime(readerIdle)
	people := peopleReader{&poolAsker{pool: pool, prepared: make(map[string]*sql.Stmt)}}
	return &Reader{peopleReader: people, dir: config.Dir, logger: config.Logger, pool: pool, scans: make(chan struct{}, maxScans)}, nil
}

func (r *Reader) prepare(ctx context.Context) (err error) {
	r.queries, err = prepareQueries(ctx, r.pool)
	return err
}

// Close ends reading.
func (r *Reader) Close() error { return r.pool.Close() }
