package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

const benchDocuments = 500

// benchLog is a document with one client that appends change after change.
type benchLog struct {
	id, client persistence.ID
	row        int64 // of the document, in the order of creation
	head       persistence.Head
	batch      persistence.Batch
}

func benchLogs(b *testing.B, s persistence.Store, n int) []*benchLog {
	b.Helper()
	logs := make([]*benchLog, n)
	for i := range logs {
		id := persistence.NewID()
		epoch := persistence.NewID()
		logs[i] = &benchLog{id: id, client: persistence.NewID(), row: int64(i + 1), head: persistence.Head{Epoch: epoch, Hash: persistence.ChainStart(id, epoch)}}
	}
	var all sync.WaitGroup
	for part := range 50 { // enough at once for a group
		all.Go(func() {
			for i := part; i < n; i += 50 {
				document := persistence.Document{ID: logs[i].id, Title: fmt.Sprintf("Document %d", i), Head: persistence.Head{Epoch: logs[i].head.Epoch}, CreatedAt: storetest.Start, CreatedBy: storetest.Ada}
				if err := s.Create(context.Background(), document, nil); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return logs
}

// next makes the next change of a typist: one character.
func (l *benchLog) next() persistence.Batch {
	revision := l.head.Revision + 1
	at := storetest.Start.Add(time.Duration(revision) * 200 * time.Millisecond)
	l.batch = persistence.Batch{
		Document: l.id, Base: l.head,
		Changes: append(l.batch.Changes[:0], persistence.Change{Client: l.client, Seq: revision, Author: storetest.Ada, At: at, Delta: fmt.Appendf(nil, `[{"retain":%d},{"insert":"x"}]`, 100+revision)}),
	}
	l.head = l.batch.Seal()
	l.batch.Clients = []persistence.ClientRow{{Client: l.client, User: storetest.Ada.ID, Seq: revision, Revision: revision, Digest: l.head.Hash, SeenAt: at}}
	return l.batch
}

// drive appends n changes round the logs, each log having one batch under way.
func drive(b *testing.B, s persistence.Log, logs []*benchLog, n int) time.Duration {
	b.Helper()
	turns := make(chan *benchLog, len(logs))
	var left sync.WaitGroup
	left.Add(n)
	var budget atomic.Int64
	budget.Store(int64(n))
	started := time.Now()
	for range 2 { // sequencing is done by others while the writer commits
		go func() {
			for l := range turns {
				if budget.Add(-1) < 0 {
					continue
				}
				s.Append(l.next(), func(err error) {
					if err != nil {
						b.Error(err)
					}
					turns <- l
					left.Done()
				})
			}
		}()
	}
	for _, l := range logs {
		turns <- l
	}
	left.Wait()
	taken := time.Since(started)
	close(turns)
	return taken
}

// bareLoop is the yardstick: a loop over database/sql that commits 500 changes
// at a time, with the same rows in the same tables, and nothing else - no queue,
// no comparison, no hashing, no answers.
func bareLoop(b *testing.B, db *sql.DB, logs []*benchLog, n int) time.Duration {
	b.Helper()
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	prepare := func(text string) *sql.Stmt {
		s, err := db.Prepare(text)
		check(err)
		return s
	}
	insert := prepare("INSERT INTO changes (document, revision, client, seq, author, at, hash, delta) VALUES (?, ?, ?, ?, 1, ?, ?, ?)")
	head := prepare("UPDATE documents SET revision = ?, hash = ?, updated_at = ?, updated_by = 1 WHERE id = ?")
	client := prepare("UPDATE clients SET user = ?, seq = ?, revision = ?, digest = ?, seen_at = ? WHERE id = ?")
	for _, l := range logs {
		_, err := db.Exec("INSERT OR IGNORE INTO clients (id, document, client) VALUES (?, ?, ?)", l.row, l.row, l.client[:])
		check(err)
	}
	batches := make([]persistence.Batch, len(logs))
	var taken time.Duration
	for n > 0 {
		group := min(n, len(logs))
		n -= group
		for i := range group {
			batches[i] = logs[i].next()
		}
		started := time.Now()
		tx, err := db.BeginTx(ctx, nil)
		check(err)
		insert, head, client := tx.Stmt(insert), tx.Stmt(head), tx.Stmt(client)
		for i := range group {
			c, row := &batches[i].Changes[0], &batches[i].Clients[0]
			_, err = insert.Exec(logs[i].row, c.Revision, logs[i].row, c.Seq, c.At.UnixMicro(), c.Hash[:], c.Delta)
			check(err)
			_, err = head.Exec(c.Revision, c.Hash[:], c.At.UnixMicro(), logs[i].row)
			check(err)
			_, err = client.Exec(row.User[:], row.Seq, row.Revision, row.Digest[:], row.SeenAt.UnixMicro(), logs[i].row)
			check(err)
		}
		check(tx.Commit())
		taken += time.Since(started)
	}
	return taken
}

// BenchmarkDurableChanges: durable changes per second over 500 documents, the
// store beside the bare loop, taking turns in one run.
func BenchmarkDurableChanges(b *testing.B) {
	s := openDir(b, b.TempDir())
	defer s.Close()
	logs := benchLogs(b, s, benchDocuments)

	dir := b.TempDir()
	other := openDir(b, dir)
	bareLogs := benchLogs(b, other, benchDocuments)
	if err := other.Close(); err != nil {
		b.Fatal(err)
	}
	bare, err := openPool(filepath.Join(dir, databaseFile), writerPragmas(), "_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	bare.SetMaxOpenConns(1)

	const round = 10 * benchDocuments
	drive(b, s, logs, round)
	bareLoop(b, bare, bareLogs, round)
	var store, loop time.Duration
	changes := 0
	for b.Loop() {
		store += drive(b, s, logs, round)
		loop += bareLoop(b, bare, bareLogs, round)
		changes += round
	}
	perSecond, bareSecond := float64(changes)/store.Seconds(), float64(changes)/loop.Seconds()
	b.ReportMetric(perSecond, "changes/s")
	b.ReportMetric(bareSecond, "bare-changes/s")
	b.ReportMetric(perSecond/bareSecond, "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAppendOne: one change and its answer on an idle store: the latency of
// a commit with its fsync.
func BenchmarkAppendOne(b *testing.B) {
	s := openDir(b, b.TempDir())
	defer s.Close()
	l := benchLogs(b, s, 1)[0]
	b.ReportAllocs()
	for b.Loop() {
		if err := storetest.Append(s, l.next()); err != nil {
			b.Fatal(err)
		}
	}
}
