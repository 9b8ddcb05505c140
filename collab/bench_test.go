package collab_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/sqlite"
)

func benchUser(n int) protocol.User {
	return protocol.User{ID: persistence.ID{0: 0xaa, 14: byte(n >> 8), 15: byte(n)}.String(), Name: fmt.Sprintf("User %d", n), Color: "#336699"}
}

// unhurried has rates that no benchmark meets.
var unhurried = collab.Limits{
	Drain: time.Millisecond, ConnectionChanges: 1e9, ConnectionBytes: 1e12, UserChanges: 1e9, UserBytes: 1e12, DocumentChanges: 1e9, DocumentBytes: 1e12,
}

// benchConn takes frames as they come, like a socket that is never full.
type benchConn struct {
	peer   atomic.Pointer[collab.Peer]
	frames atomic.Int64
	acked  func()
	mu     sync.Mutex
}

func (c *benchConn) Kind() string                     { return "websocket" }
func (c *benchConn) Close(protocol.CloseCode, string) {}
func (c *benchConn) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	peer := c.peer.Load()
	for peer != nil {
		frame, ok := peer.Next()
		if !ok {
			return
		}
		c.frames.Add(1)
		if c.acked != nil && strings.Contains(string(frame), `"ack"`) {
			c.acked()
		}
	}
}

func benchAttach(b *testing.B, h *collab.Hub, document persistence.ID, n int, acked func()) (*collab.Peer, *benchConn) {
	b.Helper()
	c := &benchConn{}
	p, err := h.Attach(context.Background(), collab.Attach{Document: document, Who: collab.Identity{User: benchUser(n)}, Role: protocol.RoleEditor, Conn: c})
	if err != nil {
		b.Fatal(err)
	}
	p.Next() // the welcome
	c.acked = acked
	c.peer.Store(p)
	return p, c
}

func benchDocument(b *testing.B, s persistence.Documents) persistence.ID {
	b.Helper()
	id := persistence.NewID()
	if err := s.Create(context.Background(), persistence.Document{ID: id, Head: persistence.Head{Epoch: persistence.NewID()}}, nil); err != nil {
		b.Fatal(err)
	}
	return id
}

// BenchmarkFanOut: one change to n readers, up to their outboxes and out of
// them; ns and allocations per delivery, sockets not included.
func BenchmarkFanOut(b *testing.B) {
	for _, readers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			store := persistence.NewMemory()
			hub := collab.NewHub(collab.Config{Log: store, Documents: store, Limits: unhurried})
			document := benchDocument(b, store)
			acks := make(chan struct{}, 1)
			writer, _ := benchAttach(b, hub, document, 0, func() { acks <- struct{}{} })
			conns := make([]*benchConn, readers)
			for i := range conns {
				_, conns[i] = benchAttach(b, hub, document, i+1, nil)
			}
			time.Sleep(1500 * time.Millisecond) // everybody has been announced
			seen := func() (n int64) {
				for _, c := range conns {
					n += c.frames.Load()
				}
				return n
			}
			before, seq := seen(), int64(0)
			b.ReportAllocs()
			for b.Loop() {
				seq++
				if err := writer.Receive(context.Background(), protocol.Submit{Seq: seq, Base: seq - 1, Delta: ot.Delta{ot.InsertText("x", ot.Attributes{})}}, 64); err != nil {
					b.Fatal(err)
				}
				<-acks
			}
			took := b.Elapsed()
			b.ReportMetric(float64(took.Nanoseconds())/float64(max(1, seen()-before)), "ns/delivery")
			_ = hub.Close(context.Background())
		})
	}
}

const benchDocuments = 500

// BenchmarkSessionDurable: changes per second through sessions to SQLite with
// synchronous=FULL, over 500 documents each with one change under way, beside
// a bare loop that commits the same rows 500 at a time in the same run.
func BenchmarkSessionDurable(b *testing.B) {
	store, err := sqlite.Open(context.Background(), sqlite.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	hub := collab.NewHub(collab.Config{Log: store, Documents: store, Limits: unhurried})
	turns := make(chan *typist, benchDocuments)
	for i := range benchDocuments {
		t := &typist{}
		t.peer, _ = benchAttach(b, hub, benchDocument(b, store), i, func() { turns <- t })
		turns <- t
	}
	bare := newBareLog(b)

	const round = 10 * benchDocuments
	var sessions, loop time.Duration
	changes := 0
	for b.Loop() {
		started := time.Now()
		for range round {
			(<-turns).submit(b)
		}
		free := make([]*typist, benchDocuments) // all have been answered
		for i := range free {
			free[i] = <-turns
		}
		sessions += time.Since(started)
		for _, t := range free {
			turns <- t
		}
		loop += bare.run(b, round)
		changes += round
	}
	_ = hub.Close(context.Background())
	perSecond, bareSecond := float64(changes)/sessions.Seconds(), float64(changes)/loop.Seconds()
	b.ReportMetric(perSecond, "changes/s")
	b.ReportMetric(bareSecond, "bare-changes/s")
	b.ReportMetric(perSecond/bareSecond, "ratio")
	b.ReportMetric(0, "ns/op")
}

// typist writes one character after another.
type typist struct {
	peer *collab.Peer
	seq  int64
}

func (t *typist) submit(b *testing.B) {
	t.seq++
	err := t.peer.Receive(context.Background(), protocol.Submit{Seq: t.seq, Base: t.seq - 1, Delta: ot.Delta{ot.InsertText("x", ot.Attributes{})}}, 64)
	if err != nil {
		b.Error(err)
	}
}

// bareLog is the yardstick: the same rows by database/sql and nothing else.
type bareLog struct {
	db        *sql.DB
	documents []persistence.ID
	revision  int64
}

func newBareLog(b *testing.B) *bareLog {
	b.Helper()
	dir := b.TempDir()
	store, err := sqlite.Open(context.Background(), sqlite.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	l := &bareLog{}
	for range benchDocuments {
		l.documents = append(l.documents, benchDocument(b, store))
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.db"))
	if len(files) != 1 {
		b.Fatalf("database files: %v", files)
	}
	l.db, err = sql.Open("sqlite", "file:"+files[0]+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(1)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	l.db.SetMaxOpenConns(1)
	b.Cleanup(func() { _ = l.db.Close() })
	return l
}

func (l *bareLog) exec(b *testing.B, text string, args ...any) {
	if _, err := l.db.Exec(text, args...); err != nil {
		b.Fatal(err)
	}
}

func (l *bareLog) run(b *testing.B, n int) time.Duration {
	var hash [32]byte
	if l.revision == 0 {
		for i := range l.documents {
			l.exec(b, "INSERT INTO clients (id, document, client) VALUES (?, ?, ?)", i+1, i+1, hash[:16])
		}
	}
	prepare := func(text string) *sql.Stmt {
		s, err := l.db.Prepare(text)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	insert := prepare("INSERT INTO changes (document, revision, client, seq, author, at, hash, delta) VALUES (?, ?, ?, ?, 1, ?, ?, ?)")
	head := prepare("UPDATE documents SET revision = ?, hash = ?, updated_at = ?, updated_by = 1 WHERE id = ?")
	client := prepare("UPDATE clients SET user = ?, seq = ?, revision = ?, digest = ?, seen_at = ? WHERE id = ?")
	started := time.Now()
	for ; n > 0; n -= len(l.documents) {
		l.revision++
		at := time.Now().UnixMicro()
		tx, err := l.db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		insert, head, client := tx.Stmt(insert), tx.Stmt(head), tx.Stmt(client)
		for i := range l.documents {
			for _, err := range []error{
				exec(insert, i+1, l.revision, i+1, l.revision, at, hash[:], []byte(`[{"insert":"x"}]`)),
				exec(head, l.revision, hash[:], at, i+1),
				exec(client, hash[:16], l.revision, l.revision, hash[:], at, i+1),
			} {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(started)
}

func exec(s *sql.Stmt, args ...any) error {
	_, err := s.Exec(args...)
	return err
}

// BenchmarkColdOpen: from nothing in memory to the content of a document with
// 1 MB of text and 100,000 changes, after an orderly stop and after a crash.
func BenchmarkColdOpen(b *testing.B) {
	for _, stopped := range []bool{true, false} {
		b.Run(fmt.Sprintf("stopped=%v", stopped), func(b *testing.B) {
			ctx, dir := context.Background(), b.TempDir()
			store, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
			if err != nil {
				b.Fatal(err)
			}
			hub := collab.NewHub(collab.Config{Log: store, Documents: store, Limits: unhurried})
			document := benchDocument(b, store)
			random := rand.New(rand.NewPCG(1, 2))
			paragraph := make([]byte, 100_000) // packs as badly as text can
			for i := range paragraph {
				paragraph[i] = "abcdefghijklmnopqrstuvwxyz     "[random.IntN(31)]
			}
			var head int64
			for range 10 {
				r, err := hub.Submit(ctx, collab.Write{Document: document, Who: collab.Identity{User: benchUser(1)}, Role: protocol.RoleEditor, Delta: ot.Delta{ot.InsertText(string(paragraph), ot.Attributes{})}})
				if err != nil {
					b.Fatal(err)
				}
				head = r.Revision
			}
			done := make(chan struct{}, 100_000)
			p, _ := benchAttach(b, hub, document, 1, func() { done <- struct{}{} })
			for seq := range int64(100_000) {
				at := 1 + random.IntN(len(paragraph)*10-1)
				if err := p.Receive(ctx, protocol.Submit{Seq: seq + 1, Base: head, Delta: ot.Delta{ot.Retain(at, ot.Attributes{}), ot.InsertText("x", ot.Attributes{})}}, 64); err != nil {
					b.Fatal(err)
				}
				if seq%32 == 31 {
					for { // until nothing is in flight
						c, err := hub.Read(ctx, document)
						if err != nil {
							b.Fatal(err)
						}
						if c.Revision == 10+seq+1 {
							head = c.Revision
							break
						}
						<-done
					}
				}
			}
			if stopped {
				_ = hub.Close(ctx)
			}
			time.Sleep(time.Second)
			for b.Loop() {
				cold := collab.NewHub(collab.Config{Log: store, Documents: store})
				c, err := cold.Read(ctx, document)
				if err != nil || c.Revision != 100_010 {
					b.Fatal(c.Revision, err)
				}
				c.Document.AppendJSON(nil)
				b.StopTimer()
				_ = cold.Close(ctx)
				b.StartTimer()
			}
			if !stopped {
				_ = hub.Close(ctx)
			}
			_ = store.Close()
		})
	}
}

// BenchmarkIdle: memory of a live document nobody writes in any more, of the
// peers in it, heap and stacks together; bytes.
func BenchmarkIdle(b *testing.B) {
	const documents, peers = 500, 2000
	store := persistence.NewMemory()
	hub := collab.NewHub(collab.Config{Log: store, Documents: store, Limits: unhurried})
	ids := make([]persistence.ID, documents)
	for i := range ids {
		ids[i] = benchDocument(b, store)
	}
	for b.Loop() {
		before := memoryInUse()
		for _, id := range ids {
			acks := make(chan struct{}, 1)
			p, _ := benchAttach(b, hub, id, 1, func() { acks <- struct{}{} })
			for seq := range int64(20) {
				if err := p.Receive(context.Background(), protocol.Submit{Seq: seq + 1, Base: seq, Delta: ot.Delta{ot.InsertText("x", ot.Attributes{})}}, 64); err != nil {
					b.Fatal(err)
				}
				<-acks
			}
		}
		time.Sleep(6 * time.Second) // quiet has set in
		live := memoryInUse()
		for i := range peers {
			benchAttach(b, hub, ids[0], i, nil)
		}
		time.Sleep(3 * time.Second)
		b.ReportMetric(float64(live-before)/documents, "B/document")
		b.ReportMetric(float64(memoryInUse()-live)/peers, "B/peer")
	}
	b.ReportMetric(0, "ns/op")
	_ = hub.Close(context.Background())
}

func memoryInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
