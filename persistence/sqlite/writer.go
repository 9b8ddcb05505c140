package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	code "modernc.org/sqlite/lib"

	"github.com/coscribe/coscribe/persistence"
)

// maxGroup is the number of requests that one transaction carries at most. It
// bounds the time a commit takes and the pages it keeps in memory.
const maxGroup = 512

// restAfter is how long after the last write the store gives back what it
// remembers of documents, their clients and authors. Who needs it reads it again.
const restAfter = time.Minute

// write is one request to the writer: a batch, or anything else as edit.
type write struct {
	batch   persistence.Batch
	invalid error               // of batch, which is refused unread
	edit    func(*tables) error // instead of batch; refuses before it writes
	done    func(error)
	err     error // the answer
	rest    bool  // nobody's: the writer's own
}

var errClosed = fmt.Errorf("%w: closed", persistence.ErrStopped)

// writer owns the one connection that writes and the goroutine that uses it.
// The queue is bounded by its callers: a session has a bounded number of
// batches under way.
type writer struct {
	tables *tables // of the goroutine
	logger *slog.Logger
	now    func() time.Time
	wrote  func(requests int) // called after a commit
	erased func()             // called after the commit of an erasure, and at rest

	mu      sync.Mutex
	wake    *sync.Cond // queue or closing changed
	queue   []write
	closing bool
	stopped error         // why nothing is written any more
	ended   chan struct{} // closed when the goroutine has ended

	closeErr error // of the goroutine's connection; read after ended
}

func newWriter(ctx context.Context, path string, config Config, wrote func(requests int), erased func()) (*writer, error) {
	t, err := openTables(ctx, path, config)
	if err != nil {
		return nil, err
	}
	w := &writer{tables: t, logger: config.Logger, now: config.Now, wrote: wrote, erased: erased, ended: make(chan struct{})}
	w.wake = sync.NewCond(&w.mu)
	return w, nil
}

// enqueue hands over a request. After close it is answered from a goroutine of
// its own, since the writer's has ended.
func (w *writer) enqueue(request write) {
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		go request.done(errClosed)
		return
	}
	w.queue = append(w.queue, request)
	if len(w.queue) == 1 {
		w.wake.Signal()
	}
	w.mu.Unlock()
}

// edit runs a change of other tables in the writer's next transaction and waits
// for its commit. When ctx ends first the edit still happens.
func (w *writer) edit(ctx context.Context, apply func(*tables) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	answer := make(chan error, 1)
	w.enqueue(write{edit: apply, done: func(err error) { answer <- err }})
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped == nil && w.closing {
		return errClosed
	}
	return w.stopped
}

// close drains the queue, ends the goroutine and closes the connection.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.wake.Signal()
	w.mu.Unlock()
	<-w.ended
	return w.closeErr
}

// stop ends writing for good (law L3) and returns what all writes answer now.
func (w *writer) stop(reason error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = fmt.Errorf("%w: %w", persistence.ErrStopped, reason)
	w.logger.Error("the store has stopped writing", "reason", reason)
	return w.stopped
}

// run is the writer's goroutine.
func (w *writer) run() {
	defer close(w.ended)
	group := make([]write, 0, maxGroup)
	housekeeping := w.scheduleExpiry()
	rest := time.AfterFunc(restAfter, w.rest)
	for {
		var open bool
		if group, open = w.take(group[:0]); !open {
			break
		}
		w.commit(group)
		for i := range group {
			group[i].done(group[i].err)
		}
		if len(group) > 1 || !group[0].rest {
			rest.Reset(restAfter)
			if w.ready() == nil {
				w.wrote(len(group))
			}
		}
		clear(group) // the batches belong to their callers again
	}
	housekeeping.Stop()
	rest.Stop()
	w.closeErr = w.tables.close()
}

// rest lets the writer forget in its turn.
func (w *writer) rest() {
	w.enqueue(write{rest: true, done: func(error) {}, edit: func(t *tables) error {
		t.forget()
		t.erased = true // readers forget authors too, and so they would after an erasure in this transaction
		return nil
	}})
}

// take waits for requests and moves them into group. It reports false when the
// writer is closing and the queue is empty; from then on requests are refused.
func (w *writer) take(group []write) ([]write, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 {
		if w.closing {
			return group, false
		}
		w.wake.Wait()
	}
	n := min(len(w.queue), maxGroup)
	group = append(group, w.queue[:n]...)
	rest := copy(w.queue, w.queue[n:])
	clear(w.queue[rest:])
	w.queue = w.queue[:rest]
	return group, true
}

// commit applies the group in one transaction and sets each answer. If that
// fails because of one of them, each is tried in a transaction of its own, so
// that a damaged document or a full disk costs nobody else.
func (w *writer) commit(group []write) {
	w.mu.Lock()
	err := w.stopped
	w.mu.Unlock()
	if err == nil {
		err = w.transact(group)
		switch {
		case err == nil:
			if w.tables.erased {
				w.tables.erased = false
				w.erased()
			}
			return
		case fatal(err):
			err = w.stop(err)
		case len(group) > 1 && primaryCode(err) != code.SQLITE_BUSY: // who locked us out keeps each of them waiting
			for i := range group {
				w.commit(group[i : i+1])
			}
			return
		default:
			err = classify(err)
		}
	}
	for i := range group {
		group[i].err = err
	}
}

// transact is one transaction. With a nil error it is durable and each request
// has its own answer; otherwise everything is rolled back - or, if the error is
// fatal, the outcome is unknown.
func (w *writer) transact(group []write) error {
	t := w.tables
	if err := t.fit(len(group)); err != nil {
		return fmt.Errorf("size the page cache: %w", err)
	}
	if err := t.begin.exec(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for i := range group {
		request := &group[i]
		request.err = w.apply(request)
		if request.err != nil && !refused(request.err) {
			return w.rollback(request.err)
		}
	}
	if err := t.commit.exec(); err != nil {
		return w.rollback(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// apply runs one request in the open transaction. A panic in it, which would be
// a bug here, is its error: it is rolled back, and the others are tried without
// it (law R6). One in COMMIT, whose outcome nobody would know, is not held up.
func (w *writer) apply(request *write) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.logger.Error("a write panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("write panicked: %v", p)
		}
	}()
	switch {
	case request.invalid != nil:
		return request.invalid
	case request.edit != nil:
		return request.edit(w.tables)
	}
	return w.tables.append(&request.batch)
}

func (w *writer) rollback(cause error) error {
	w.tables.forget()
	// SQLite may have rolled back by itself, so an error means nothing here; if
	// the transaction were still open, the next begin would fail and stop us.
	_ = w.tables.rollback.exec()
	return cause
}
