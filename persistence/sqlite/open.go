package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	driver "modernc.org/sqlite"

	"github.com/coscribe/coscribe/persistence"
)

// The files of a data directory. SQLite adds coscribe.db-wal and -shm.
const (
	databaseFile = "coscribe.db"
	runFile      = "coscribe.run"
	lockFile     = "coscribe.lock"
)

const (
	// busyTimeout is how long a connection waits for a lock, in ms. Only
	// another process (backup, verify) can make one wait.
	busyTimeout = 10_000
	// walLimit is the size to which the write-ahead log is cut back after a
	// checkpoint, in bytes; otherwise it stays as large as it ever was.
	walLimit = 64 << 20
	// readerCache and writerCache bound each connection's page cache, in KiB;
	// a page of 4 KiB takes 8 of the allocator. It is filled on demand. The
	// writer has busyWriterCache while it writes to many documents: a commit of
	// 512 batches over 500 of them dirties about 560 pages, which should not
	// spill. Twice that would be no faster.
	readerCache     = 1024
	writerCache     = 1024
	busyWriterCache = 3072
	// maxReaders bounds the pool of reading connections, which are opened as
	// they are needed; idleReaders of them stay open, for readerIdle. A list that
	// reads every document - of fifty thousand for 80 ms - has maxScans of them:
	// behind sixty searches whoever joined a document waited for 15 s.
	maxReaders  = 4
	maxScans    = 2
	idleReaders = 2
	readerIdle  = time.Minute
)

// Config is what Open needs. Only Dir is required.
type Config struct {
	Dir    string                // data directory, made if absent
	Now    func() time.Time      // clock for the expiry of client rows; time.Now
	NewID  func() persistence.ID // new epochs and run ids; persistence.NewID
	Logger *slog.Logger          // damage and loss of service; silent if nil
}

func (c *Config) complete() error {
	if c.Dir == "" {
		return errors.New("open store: no data directory given")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	c.Dir = dir
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = persistence.NewID
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Store is an open data directory. All methods may be called from any
// goroutine.
type Store struct {
	*Reader
	lock   *os.File
	writer *writer
	copies *checkpointer
	close  sync.Once
	closed error // of Close
}

var _ persistence.Store = (*Store)(nil)

// Open opens the data directory and makes it if it is absent, brings the schema
// up to date (after a copy of what was there) and starts the writer. A database
// that is not the one this directory had last gets new epochs (law S7).
//
// Errors: ErrInUse when another server has the directory open, ErrNewerSchema
// when a newer program has written it, ErrEarlySchema when one from before the
// first release has.
func Open(ctx context.Context, config Config) (*Store, error) {
	if err := config.complete(); err != nil {
		return nil, err
	}
	if err := makeDir(config.Dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockDir(config.Dir)
	if err != nil {
		return nil, err
	}
	s, err := open(ctx, config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", config.Dir, classify(err)), lock.Close())
	}
	s.lock = lock
	return s, nil
}

func open(ctx context.Context, config Config) (*Store, error) {
	path := filepath.Join(config.Dir, databaseFile)
	if err := migrate(ctx, path, migrations(), config.Logger); err != nil {
		return nil, err
	}
	if err := startRun(ctx, config); err != nil {
		return nil, err
	}
	reader, err := newReader(config)
	if err != nil {
		return nil, err
	}
	if err := reader.prepare(ctx); err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	copies, err := newCheckpointer(ctx, path, config.Logger)
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	go copies.run()
	w, err := newWriter(ctx, path, config, copies.wrote, reader.authors.forget)
	if err != nil {
		return nil, errors.Join(err, copies.close(), reader.Close())
	}
	go w.run()
	return &Store{Reader: reader, writer: w, copies: copies}, nil
}

// Ready implements persistence.Store.
func (s *Store) Ready(context.Context) error { return s.writer.ready() }

// Close implements persistence.Store. Batches already appended are committed
// and answered first. Later calls return the first one's result.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.closed = errors.Join(s.writer.close(), s.Reader.Close(), s.copies.close(), s.lock.Close())
	})
	return s.closed
}

// Exists says whether a directory has a database.
func Exists(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// makeDir makes the data directory if it is absent, and those above it, durably.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeDir(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

func readerPragmas() []string {
	return []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout),
		"query_only(1)",
		fmt.Sprintf("cache_size(-%d)", readerCache),
	}
}

// synchronous makes an fsync of the log at every commit (law S5). It is a
// variable only so that the power-cut test can link a program with NORMAL, which
// must be found to lose changes.
var synchronous = "FULL"

func writerPragmas() []string {
	return []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout), // first: the others may have to wait
		"journal_mode(WAL)",
		"synchronous(" + synchronous + ")",
		"secure_delete(FAST)", // zeroes what is deleted or replaced in a page: an erased name is gone
		fmt.Sprintf("journal_size_limit(%d)", walLimit),
		fmt.Sprintf("cache_size(-%d)", writerCache),
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointWithin),
	}
}

func checkpointerPragmas() []string {
	return []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout),
		"synchronous(" + synchronous + ")",
	}
}

// ownLocks makes SQLite's locks belong to its own open file, so that nothing
// else in the process that opens and closes the same file takes them away
// (POSIX record locks would go). It must precede the first connection.
var ownLocks = sync.OnceFunc(func() { driver.OFDLocking(true) })

// source names a database for the driver.
func source(path string, pragmas []string, parameters ...string) string {
	ownLocks()
	address := &url.URL{Path: path}
	values := url.Values{"_pragma": pragmas}
	query := values.Encode()
	if len(parameters) > 0 {
		query += "&" + strings.Join(parameters, "&")
	}
	return "file:" + address.EscapedPath() + "?" + query
}

func openPool(path string, pragmas []string, parameters ...string) (*sql.DB, error) {
	connector, err := driver.NewConnector(source(path, pragmas, parameters...))
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
