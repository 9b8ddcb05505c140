//go:build unix

package sqlite

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	code "modernc.org/sqlite/lib"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

// childUntilError appends under a limit on the size of files, so that a write
// of the log to the disk fails: an I/O error.
func childUntilError(dir string, out io.Writer) error {
	ctx := context.Background()
	s, err := Open(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	documents, _, err := s.List(ctx, persistence.ListQuery{})
	if err != nil {
		return err
	}
	d := documents[0]
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 600 << 10, Max: 600 << 10} // bytes of one file
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	head := d.Head
	for {
		b := storetest.Batch(d.ID, head, 5, d.ID)
		if err = storetest.Append(s, b); err != nil {
			break
		}
		head = b.Head()
	}
	if head.Revision == 0 || !errors.Is(err, persistence.ErrStopped) {
		return fmt.Errorf("after revision %d: %w", head.Revision, err)
	}
	if err := s.Ready(ctx); !errors.Is(err, persistence.ErrStopped) || !strings.Contains(err.Error(), "I/O") {
		return fmt.Errorf("ready: %w", err)
	}
	for range 3 {
		if err := storetest.Append(s, storetest.Batch(d.ID, head, 1, d.ID)); !errors.Is(err, persistence.ErrStopped) || err.Error() != s.Ready(ctx).Error() {
			return fmt.Errorf("append after the failure: %w", err)
		}
	}
	if err := s.Rename(ctx, d.ID, "x", storetest.Ada, storetest.Start); !errors.Is(err, persistence.ErrStopped) {
		return fmt.Errorf("rename after the failure: %w", err)
	}
	if got, err := s.Head(ctx, d.ID); err != nil || got != head {
		return fmt.Errorf("head after the failure is %v, not %v: %w", got, head, err)
	}
	_, err = fmt.Fprintln(out, head.Revision)
	return err // without Close: a server that cannot write ends at once
}

func TestWriteError(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	id := storetest.NewLog(t, s).ID
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("[L3] a failed commit stops all writes, and what was answered is there", func(t *testing.T) {
		var out bytes.Buffer
		command := child(t, "append-until-error", dir)
		command.Stdout = &out
		if err := command.Run(); err != nil {
			t.Fatal(err)
		}
		var answered int64
		if _, err := fmt.Sscan(out.String(), &answered); err != nil {
			t.Fatal(err)
		}
		s := openDir(t, dir)
		defer s.Close()
		checkAnswered(t, s, id, answered)
		if found := findings(t, dir, nil); len(found) != 0 {
			t.Errorf("verify: %v", found)
		}
	})
}

func TestFullDisk(t *testing.T) {
	s := openDir(t, t.TempDir())
	defer s.Close()
	l := storetest.NewLog(t, s)
	l.Grow(100, persistence.NewID())
	// SQLite answers "full" when the database may not have more pages.
	allow := func(pages string) {
		t.Helper()
		err := s.writer.edit(t.Context(), func(tb *tables) error {
			limit, err := tb.connection.prepare("PRAGMA max_page_count = " + pages)
			if err != nil {
				return err
			}
			return limit.exec()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Run("[L1] a batch for which there is no room leaves nothing behind", func(t *testing.T) {
		allow("1") // SQLite takes it as: no more than there are
		b := l.Batch(2000, persistence.NewID())
		if err := storetest.Append(s, b); !errors.Is(err, persistence.ErrFull) {
			t.Fatalf("append: %v", err)
		}
		l.Check(s)
		if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: 100, Hash: l.Head.Hash, Content: make([]byte, 1<<20)}); !errors.Is(err, persistence.ErrFull) {
			t.Errorf("snapshot: %v", err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("a full disk stopped the store: %v", err)
		}
		allow("1000000")
		if err := storetest.Append(s, b); err != nil {
			t.Fatalf("the same batch when there is room: %v", err)
		}
		l.Took(b)
		l.Check(s)
	})
}

// A damaged document must not take others' batches of the same group along.
func TestFailureInGroup(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	damaged, whole := storetest.NewLog(t, s), storetest.NewLog(t, s)
	damaged.Grow(3, persistence.NewID())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A row in the way of the next change.
	tamper(t, dir, "INSERT INTO changes (document, revision, client, seq, author, at, hash, delta) VALUES (1, 4, 0, 1, 1, 1, x'00', x'00')")
	s = openDir(t, dir)
	defer s.Close()
	whole.Reopened(s)
	t.Run("[R6] a batch that fails in a group fails alone", func(t *testing.T) {
		// An edit keeps the writer busy until all three batches are queued.
		queued := make(chan struct{})
		go func() {
			_ = s.writer.edit(context.Background(), func(*tables) error { <-queued; return nil })
		}()
		answers := make([]chan error, 3)
		first := whole.Batch(2, persistence.NewID())
		second := storetest.Batch(whole.ID, first.Head(), 2, persistence.NewID())
		for i, b := range []persistence.Batch{first, damaged.Batch(1, persistence.NewID()), second} {
			answers[i] = make(chan error, 1)
			s.Append(b, func(err error) { answers[i] <- err })
		}
		close(queued)
		if err := <-answers[1]; !errors.Is(err, persistence.ErrDamaged) {
			t.Errorf("the damaged document's batch: %v", err)
		}
		for _, i := range []int{0, 2} {
			if err := <-answers[i]; err != nil {
				t.Errorf("batch %d: %v", i, err)
			}
		}
		whole.Took(first)
		whole.Took(second)
		whole.Check(s)
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// SQLite says nothing about the length of what it keeps.
func TestHeadOfAnotherLength(t *testing.T) {
	for _, column := range []string{"epoch", "hash"} {
		t.Run("[R6][L4] a head whose "+column+" was cut short is damage, to its document alone", func(t *testing.T) {
			dir := t.TempDir()
			s := openDir(t, dir)
			damaged, whole := storetest.NewLog(t, s), storetest.NewLog(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tamper(t, dir, "UPDATE documents SET "+column+" = substr("+column+", 2) WHERE uuid = ?", damaged.ID[:])
			s = openDir(t, dir)
			defer s.Close()
			whole.Reopened(s)
			if err := storetest.Append(s, damaged.Batch(1, persistence.NewID())); !errors.Is(err, persistence.ErrDamaged) {
				t.Errorf("an append: %v", err)
			}
			if head, err := s.Head(t.Context(), damaged.ID); !errors.Is(err, persistence.ErrDamaged) {
				t.Errorf("the head is %v, %v", head, err)
			}
			if _, err := s.Document(t.Context(), damaged.ID); !errors.Is(err, persistence.ErrDamaged) {
				t.Errorf("its row: %v", err)
			}
			if listed, _, err := s.List(t.Context(), persistence.ListQuery{}); err != nil || len(listed) != 2 {
				t.Errorf("%d documents are listed, %v", len(listed), err)
			}
			whole.Grow(1, persistence.NewID())
			whole.Check(s)
		})
	}
	t.Run("[R6][S7] neither a document without an id nor one without an author keeps a replaced database from opening", func(t *testing.T) {
		dir := t.TempDir()
		s := openDir(t, dir)
		nameless, orphan := storetest.NewLog(t, s), storetest.NewLog(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		tamper(t, dir, "UPDATE documents SET uuid = substr(uuid, 2) WHERE uuid = ?", nameless.ID[:])
		tamper(t, dir, "UPDATE documents SET created_by = 99 WHERE uuid = ?", orphan.ID[:])
		if err := os.Remove(filepath.Join(dir, runFile)); err != nil {
			t.Fatal(err)
		}
		s = openDir(t, dir)
		defer s.Close()
		if listed, _, err := s.List(t.Context(), persistence.ListQuery{}); err != nil || len(listed) != 1 || listed[0].ID != orphan.ID {
			t.Errorf("listed are %v, %v", listed, err)
		}
	})
}

// countedBegin counts how often a transaction was begun.
type countedBegin struct {
	driver.StmtExecContext
	n atomic.Int32
}

func (c *countedBegin) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	c.n.Add(1)
	return c.StmtExecContext.ExecContext(ctx, args)
}

func TestLockedOut(t *testing.T) {
	t.Run("[R2] while another program keeps the database, a group waits once and not once for each of its requests", func(t *testing.T) {
		dir := t.TempDir()
		s := openDir(t, dir)
		defer s.Close()
		l := storetest.NewLog(t, s)
		other, err := openPool(filepath.Join(dir, databaseFile), nil, "_txlock=immediate")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var begun countedBegin
		err = s.writer.edit(t.Context(), func(w *tables) error {
			begun.StmtExecContext, w.begin.executor = w.begin.executor, &begun
			return w.connection.exec("PRAGMA busy_timeout(1)")
		})
		if err != nil {
			t.Fatal(err)
		}
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		answers := make(chan error, 8)
		s.writer.mu.Lock()
		for range cap(answers) {
			s.writer.queue = append(s.writer.queue, write{edit: func(*tables) error { return nil }, done: func(err error) { answers <- err }})
		}
		s.writer.wake.Signal()
		s.writer.mu.Unlock()
		for range cap(answers) {
			if err := <-answers; primaryCode(err) != code.SQLITE_BUSY {
				t.Errorf("%v", err)
			}
		}
		if n := begun.n.Load(); n > 2 { // one may be the expiry's
			t.Errorf("%d transactions were begun", n)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		l.Grow(1, persistence.NewID())
		l.Check(s)
	})
}

// A bug that panics for one document must not end the writer, or take along
// what others wrote in the same group.
func TestPanicInGroup(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	defer s.Close()
	broken, whole := storetest.NewLog(t, s), storetest.NewLog(t, s)
	broken.Grow(3, persistence.NewID())
	t.Run("[R6] a write that panics fails alone", func(t *testing.T) {
		queued := make(chan struct{})
		go func() {
			_ = s.writer.edit(context.Background(), func(*tables) error { <-queued; return nil })
		}()
		first := whole.Batch(2, persistence.NewID())
		second := storetest.Batch(whole.ID, first.Head(), 2, persistence.NewID())
		answers := make([]chan error, 3)
		for i := range answers {
			answers[i] = make(chan error, 1)
		}
		s.Append(first, func(err error) { answers[0] <- err })
		s.writer.enqueue(write{
			edit: func(tb *tables) error {
				tb.documents[broken.ID] = nil // what the next look at it stumbles over
				return tb.append(&persistence.Batch{Document: broken.ID})
			},
			done: func(err error) { answers[1] <- err },
		})
		s.Append(second, func(err error) { answers[2] <- err })
		close(queued)
		for i, want := range []bool{true, false, true} {
			if err := <-answers[i]; (err == nil) != want {
				t.Errorf("write %d: %v", i, err)
			}
		}
		whole.Took(first)
		whole.Took(second)
		whole.Check(s)
		broken.Check(s)
		broken.Grow(2, persistence.NewID()) // the broken one goes on, too
		broken.Check(s)
		if err := s.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if found := findings(t, dir, nil); len(found) != 0 {
		t.Errorf("verify: %v", found)
	}
}

func TestOpenRefusesNonsense(t *testing.T) {
	if _, err := Open(t.Context(), Config{}); err == nil {
		t.Error("opened without a directory")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/"+databaseFile, bytes.Repeat([]byte("not a database"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Config{Dir: dir}); err == nil {
		t.Error("opened a file that is no database")
	}
}
