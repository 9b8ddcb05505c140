package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/coscribe/coscribe/persistence"
)

// Reader reads a data directory beside a server that may have it open. It
// takes no lock and writes nothing. All methods may be called from any
// goroutine.
type Reader struct {
	store *Store // without a writer
}

// OpenReader opens an existing data directory for reading. The error wraps
// fs.ErrNotExist where there is no database, and says so when its schema is not
// the one this program knows.
func OpenReader(ctx context.Context, dir string) (*Reader, error) {
	config := Config{Dir: dir}
	if err := config.complete(); err != nil {
		return nil, err
	}
	path := filepath.Join(config.Dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	pool, err := openPool(path, readerPragmas())
	if err != nil {
		return nil, fmt.Errorf("read store: %w", err)
	}
	pool.SetMaxOpenConns(1)
	if _, current, target, err := schemaVersions(ctx, pool, migrations()); err != nil || current != target {
		return nil, errors.Join(fmt.Errorf("read store: schema %d where this program knows %d; serve once to migrate", current, target), err, pool.Close())
	}
	store := &Store{config: config, readers: pool}
	if store.queries, err = prepareQueries(ctx, pool); err != nil {
		return nil, errors.Join(fmt.Errorf("read store: %w", err), pool.Close())
	}
	return &Reader{store: store}, nil
}

// Document is persistence.Documents.Document.
func (r *Reader) Document(ctx context.Context, id persistence.ID) (persistence.Document, error) {
	return r.store.Document(ctx, id)
}

// Changes is persistence.Log.Changes.
func (r *Reader) Changes(ctx context.Context, document persistence.ID, after, through int64, yield func(*persistence.Change) bool) error {
	return r.store.Changes(ctx, document, after, through, yield)
}

// Close ends reading.
func (r *Reader) Close() error { return r.store.readers.Close() }
