package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
)

const (
	// checkpointPages is after about how many pages in the write-ahead log they
	// are copied into the database.
	checkpointPages = 1000
	// checkpointTries is how often the copy is taken up again at once when
	// commits came meanwhile. Only a log that is copied to its end is begun anew
	// by the next commit; otherwise it grows.
	checkpointTries = 4
	// checkpointWithin is at how many pages a commit copies the log itself, so
	// that a store which never rests is bounded too: 32 MiB.
	checkpointWithin = 8192
)

// checkpointer copies the write-ahead log into the database beside the writer.
// Within a commit, which is where SQLite does it otherwise, it would hold up
// every document's acks by the time that a thousand pages and the database's
// fsync take. It has a connection and a goroutine of its own; the log stays until
// all of it is copied and synced, so a copy that fails loses nothing.
type checkpointer struct {
	connection *connection
	copy       *statement
	logger     *slog.Logger
	wake       chan struct{} // one is enough; closed at the end
	ended      chan struct{}
	pages      int // in the log since it was asked for a copy; the writer's goroutine
}

func newCheckpointer(ctx context.Context, path string, logger *slog.Logger) (*checkpointer, error) {
	conn, err := connect(ctx, path, checkpointerPragmas())
	if err != nil {
		return nil, err
	}
	c := &checkpointer{connection: conn, logger: logger, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if c.copy, err = conn.prepare("PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		return nil, errors.Join(err, conn.close())
	}
	return c, nil
}

// wrote counts what a commit of so many requests put into the log: each a row
// and its index entry, all together a few pages more. The writer's goroutine.
func (c *checkpointer) wrote(requests int) {
	if c.pages += 2 + 2*requests; c.pages < checkpointPages {
		return
	}
	c.pages = 0
	select {
	case c.wake <- struct{}{}:
	default: // it is at it
	}
}

// run is the checkpointer's goroutine.
func (c *checkpointer) run() {
	defer close(c.ended)
	for range c.wake {
		for range checkpointTries {
			whole, err := c.checkpoint()
			if err != nil {
				c.logger.Warn("the write-ahead log was not copied into the database; it grows until that succeeds", "error", err)
			}
			if whole || err != nil {
				break
			}
		}
	}
}

// checkpoint copies what it can without waiting for anybody, and reports whether
// that was all.
func (c *checkpointer) checkpoint() (whole bool, err error) {
	var columns [3]driver.Value // busy, pages in the log, pages copied
	if _, err := c.copy.row(columns[:]); err != nil {
		return false, err
	}
	return columns[0] == int64(0) && columns[1] == columns[2], nil
}

// close ends the goroutine; wrote must not be called any more.
func (c *checkpointer) close() error {
	close(c.wake)
	<-c.ended
	return c.connection.close()
}
