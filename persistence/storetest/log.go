package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

func testCompareAndAppend(t *testing.T, s persistence.Store) {
	l, client := NewLog(t, s), persistence.NewID()
	if want := persistence.ChainStart(l.ID, l.Head.Epoch); l.Head.Hash != want || l.Head.Revision != 0 {
		t.Errorf("an empty log's head is %v", l.Head)
	}
	l.Grow(3, client)
	for name, spoil := range map[string]func(*persistence.Head){
		"an older revision": func(h *persistence.Head) { h.Revision-- },
		"a later revision":  func(h *persistence.Head) { h.Revision++ },
		"another epoch":     func(h *persistence.Head) { h.Epoch[0]++ },
		"another hash":      func(h *persistence.Head) { h.Hash[0]++ },
	} {
		b := l.Batch(2, client)
		spoil(&b.Base)
		b.Seal()
		wantError(t, name, Append(s, b), persistence.ErrConflict)
		l.Check(s)
	}
	row, err := s.Client(t.Context(), l.ID, client)
	if err != nil || row.Revision != 3 {
		t.Errorf("the client's row is %+v, %v", row, err)
	}
	l.Grow(1, client)
	l.Check(s)
	wantError(t, "unknown document", Append(s, persistence.Batch{Document: persistence.NewID(), Base: l.Head}), persistence.ErrNotFound)
}

func testConflictIsolation(t *testing.T, s persistence.Store) {
	const documents = 20
	var logs []*Log
	for range documents {
		l := NewLog(t, s)
		l.Grow(1, persistence.NewID())
		logs = append(logs, l)
	}
	answers := make([]error, documents)
	var all sync.WaitGroup
	batches := make([]persistence.Batch, documents)
	for i, l := range logs {
		batches[i] = l.Batch(2, persistence.NewID())
		if i%3 == 0 {
			batches[i].Base.Hash[5]++
			batches[i].Seal()
		}
		all.Add(1)
		s.Append(batches[i], func(err error) { answers[i] = err; all.Done() })
	}
	all.Wait()
	for i, l := range logs {
		if i%3 == 0 {
			wantError(t, "conflicting batch", answers[i], persistence.ErrConflict)
		} else if answers[i] != nil {
			t.Errorf("batch beside a conflicting one: %v", answers[i])
		} else {
			l.Took(batches[i])
		}
		l.Check(s)
	}
}

func testUnsealed(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	l.Grow(1, persistence.NewID())
	for name, spoil := range map[string]func(*persistence.Batch){
		"a gap":             func(b *persistence.Batch) { b.Changes[1].Revision++ },
		"a hash":            func(b *persistence.Batch) { b.Changes[0].Hash[0]++ },
		"a delta":           func(b *persistence.Batch) { b.Changes[1].Delta = []byte("[]") },
		"another document":  func(b *persistence.Batch) { b.Document = NewLog(t, s).ID },
		"the order":         func(b *persistence.Batch) { b.Changes[0], b.Changes[1] = b.Changes[1], b.Changes[0] },
		"starting too late": func(b *persistence.Batch) { b.Changes = b.Changes[1:] },
	} {
		b := l.Batch(2, persistence.NewID())
		spoil(&b)
		wantError(t, name, Append(s, b), persistence.ErrBatch)
	}
	l.Check(s)
}

func testOrder(t *testing.T, s persistence.Store) {
	const batches = 200
	l, client := NewLog(t, s), persistence.NewID()
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	for i := range batches {
		b := l.Batch(1+i%3, client)
		all.Add(1)
		s.Append(b, func(err error) {
			if err != nil {
				t.Errorf("batch %d: %v", i, err)
			}
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			all.Done()
		})
		l.Took(b)
	}
	all.Wait()
	for i, got := range order {
		if got != i {
			t.Fatalf("answer %d is that of batch %d", i, got)
		}
	}
	l.Check(s)
}

// Seed is the seed of a random test: COSCRIBE_SEED, or a new one, which is
// printed.
func Seed(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("COSCRIBE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("COSCRIBE_SEED: %v", err)
		}
	}
	t.Logf("seed %d; replay with COSCRIBE_SEED=%d go test -run '%s'", seed, seed, t.Name())
	return rand.New(rand.NewPCG(seed, 0))
}

func testConcurrency(t *testing.T, s persistence.Store) {
	random := Seed(t)
	const documents, batches = 16, 12
	var all sync.WaitGroup
	logs := make([]*Log, documents)
	for i := range logs {
		logs[i] = NewLog(t, s)
	}
	for _, l := range logs {
		own := rand.New(rand.NewPCG(random.Uint64(), 1))
		all.Go(func() {
			for range batches {
				b := l.Batch(1+own.IntN(5), persistence.NewID())
				stale := own.IntN(4) == 0
				if stale {
					b.Base.Revision += 7
					b.Seal()
				}
				err := Append(s, b)
				switch {
				case stale && !errors.Is(err, persistence.ErrConflict):
					t.Errorf("stale batch: %v", err)
				case !stale && err != nil:
					t.Errorf("append: %v", err)
				case !stale:
					l.Took(b)
				}
			}
		})
	}
	all.Wait()
	for _, l := range logs {
		l.Check(s)
	}
}

func testRange(t *testing.T, s persistence.Store) {
	l, client := NewLog(t, s), persistence.NewID()
	if got := Changes(t, s, l.ID, 0, -1); len(got) != 0 {
		t.Errorf("an empty log has %d changes", len(got))
	}
	const n = 2500 // more than a store may read at once
	for range n / 500 {
		l.Grow(500, client)
	}
	for _, r := range [][2]int64{{0, -1}, {0, 0}, {0, 1}, {0, n}, {1, 2}, {1023, 1025}, {1024, 1024}, {1024, 2048}, {n - 1, n}, {n - 1, -1}, {n, -1}, {n, n + 5}, {n + 5, -1}, {5, 3}, {0, n + 100}, {-3, 2}} {
		low, high := max(r[0], 0), r[1]
		if high < 0 || high > n {
			high = n
		}
		var want []persistence.Change
		if low < high {
			want = l.Changes[low:high]
		}
		l.same(Changes(t, s, l.ID, r[0], r[1]), want)
	}
	calls := 0
	err := s.Changes(t.Context(), l.ID, 0, -1, func(*persistence.Change) bool { calls++; return calls < 7 })
	if err != nil || calls != 7 {
		t.Errorf("yield was called %d times after saying stop at 7: %v", calls, err)
	}
	// A consumer that writes and reads while it is given changes.
	calls = 0
	other := NewLog(t, s)
	err = s.Changes(t.Context(), l.ID, 0, -1, func(c *persistence.Change) bool {
		if calls++; calls%1000 == 1 {
			other.Grow(1, client)
			other.Check(s)
		}
		return true
	})
	if err != nil || calls != n {
		t.Errorf("%d changes were given, %v", calls, err)
	}
}

func testChain(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	l.Grow(5, persistence.NewID())
	l.Grow(5, persistence.ID{}) // a change of no client
	prev := persistence.ChainStart(l.ID, l.Head.Epoch)
	for _, c := range Changes(t, s, l.ID, 0, -1) {
		if c.Hash != persistence.ChainHash(prev, l.ID, l.Head.Epoch, &c) {
			t.Fatalf("revision %d is not chained to the one before", c.Revision)
		}
		prev = c.Hash
	}
	if prev != head(t, s, l.ID).Hash {
		t.Error("the head does not have the last hash")
	}
}

func testOpaque(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	for _, delta := range []string{"", "no JSON", "[{\"retain\":-1}]", "\x00\xff\xfe'--", "[ {\"insert\" : \"\\u0061\"} ]"} {
		b := l.Batch(1, persistence.NewID())
		b.Changes[0].Delta = []byte(delta)
		b.Seal()
		b.Clients[0].Digest = b.Changes[0].Hash
		if err := Append(s, b); err != nil {
			t.Fatalf("append %q: %v", delta, err)
		}
		l.Took(b)
	}
	l.Check(s)
	content := []byte("\x00 opaque too")
	if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: l.Head.Revision, Hash: l.Head.Hash, Content: content}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Snapshot(t.Context(), l.ID, -1); err != nil || !bytes.Equal(got.Content, content) {
		t.Errorf("the snapshot came back as %q, %v", got.Content, err)
	}
}

func testClients(t *testing.T, s persistence.Store) {
	l, other := NewLog(t, s), NewLog(t, s)
	ada, ben := persistence.NewID(), persistence.NewID()
	l.Grow(2, ada)
	l.Grow(3, ben)
	l.Grow(1, ada)
	for client, revision := range map[persistence.ID]int64{ada: 6, ben: 5} {
		want := persistence.ClientRow{
			Client: client, User: []persistence.Author{Ada, Ben}[revision%2].ID, Seq: 2 * revision, Revision: revision,
			Digest: l.Changes[revision-1].Hash, SeenAt: l.Changes[revision-1].At,
		}
		if got, err := s.Client(t.Context(), l.ID, client); err != nil || got != want {
			t.Errorf("row is %+v, not %+v; %v", got, want, err)
		}
	}
	_, err := s.Client(t.Context(), other.ID, ada)
	wantError(t, "a client in another document", err, persistence.ErrNotFound)
	// A change of a client without a row makes none.
	b, unknown := l.Batch(1, persistence.NewID()), persistence.ID{}
	unknown = b.Changes[0].Client
	b.Clients = nil
	if err := Append(s, b); err != nil {
		t.Fatal(err)
	}
	l.Took(b)
	_, err = s.Client(t.Context(), l.ID, unknown)
	wantError(t, "a client without a row", err, persistence.ErrNotFound)
	l.Check(s)
}

func testSnapshots(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	_, err := s.Snapshot(t.Context(), l.ID, -1)
	wantError(t, "no snapshot yet", err, persistence.ErrNotFound)
	l.Grow(30, persistence.NewID())
	at := func(revision int64, content string) persistence.Snapshot {
		return persistence.Snapshot{Revision: revision, Hash: l.Changes[revision-1].Hash, Content: []byte(content)}
	}
	for _, revision := range []int64{10, 20} {
		if err := s.PutSnapshot(t.Context(), l.ID, at(revision, "content")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutSnapshot(t.Context(), l.ID, at(20, "again")); err != nil {
		t.Fatal(err)
	}
	for below, want := range map[int64]persistence.Snapshot{-1: at(20, "again"), 20: at(20, "again"), 19: at(10, "content"), 10: at(10, "content"), 99: at(20, "again")} {
		got, err := s.Snapshot(t.Context(), l.ID, below)
		if err != nil || got.Revision != want.Revision || got.Hash != want.Hash || string(got.Content) != string(want.Content) {
			t.Errorf("snapshot at or below %d: %+v, %v", below, got, err)
		}
	}
	for _, below := range []int64{9, 0} {
		_, err = s.Snapshot(t.Context(), l.ID, below)
		wantError(t, "below the first", err, persistence.ErrNotFound)
	}
	wantError(t, "revision of the future", s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: 31, Content: []byte("x")}), persistence.ErrNotFound)
	wantError(t, "revision 0", s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Hash: persistence.ChainStart(l.ID, l.Head.Epoch), Content: []byte("x")}), persistence.ErrNotFound)
	foreign := at(30, "x")
	foreign.Hash[3]++
	wantError(t, "of another log", s.PutSnapshot(t.Context(), l.ID, foreign), persistence.ErrConflict)
	wantError(t, "unknown document", s.PutSnapshot(t.Context(), persistence.NewID(), at(30, "x")), persistence.ErrNotFound)
}

func testRetention(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	l.Grow(400, persistence.NewID())
	for revision := int64(4); revision <= 400; revision += 4 {
		if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: revision, Hash: l.Changes[revision-1].Hash, Content: []byte("content")}); err != nil {
			t.Fatal(err)
		}
	}
	var kept []int64
	for below := int64(400); below > 0; {
		snapshot, err := s.Snapshot(t.Context(), l.ID, below)
		if errors.Is(err, persistence.ErrNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, snapshot.Revision)
		below = snapshot.Revision - 1
	}
	if len(kept) < 4 || len(kept) > 16 || kept[0] != 400 || kept[1] != 396 {
		t.Errorf("of 100 snapshots these are kept: %v", kept)
	}
}

func testClose(t *testing.T, s persistence.Store) {
	l := NewLog(t, s)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("an open store is not ready: %v", err)
	}
	const batches = 40
	answers := make(chan error, batches)
	for range batches {
		b := l.Batch(1, persistence.NewID())
		s.Append(b, func(err error) { answers <- err })
		l.Took(b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range batches {
		if err := <-answers; err != nil {
			t.Errorf("a batch appended before Close: %v", err)
		}
	}
	wantError(t, "append", Append(s, l.Batch(1, persistence.NewID())), persistence.ErrStopped)
	wantError(t, "ready", s.Ready(t.Context()), persistence.ErrStopped)
	wantError(t, "rename", s.Rename(t.Context(), l.ID, "x", Ada, time.Now()), persistence.ErrStopped)
	wantError(t, "snapshot", s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: 1, Hash: l.Changes[0].Hash}), persistence.ErrStopped)
	wantError(t, "trash", s.Trash(t.Context(), l.ID, Ada, time.Now()), persistence.ErrStopped)
	wantError(t, "creation", s.Create(t.Context(), persistence.Document{ID: persistence.NewID(), Head: persistence.Head{Epoch: persistence.NewID()}}, nil), persistence.ErrStopped)
	wantError(t, "edit", s.EditPeople(t.Context(), func(persistence.PeopleEdit) error { return nil }), persistence.ErrStopped)
}

func testNotFound(t *testing.T, s persistence.Store) {
	ctx, id := t.Context(), persistence.NewID()
	_, err := s.Head(ctx, id)
	wantError(t, "head", err, persistence.ErrNotFound)
	wantError(t, "changes", s.Changes(ctx, id, 0, -1, func(*persistence.Change) bool { return true }), persistence.ErrNotFound)
	_, err = s.Client(ctx, id, id)
	wantError(t, "client", err, persistence.ErrNotFound)
	_, err = s.Snapshot(ctx, id, -1)
	wantError(t, "snapshot", err, persistence.ErrNotFound)
	_, err = s.Document(ctx, id)
	wantError(t, "document", err, persistence.ErrNotFound)
	wantError(t, "rename", s.Rename(ctx, id, "x", Ada, Start), persistence.ErrNotFound)
	wantError(t, "trash", s.Trash(ctx, id, Ada, Start), persistence.ErrNotFound)
}

func testReopen(t *testing.T, open func(t *testing.T) persistence.Store) {
	s := open(t)
	l, client := NewLog(t, s), persistence.NewID()
	l.Grow(10, client)
	if err := s.PutSnapshot(t.Context(), l.ID, persistence.Snapshot{Revision: 7, Hash: l.Changes[6].Hash, Content: []byte("seven")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Rename(t.Context(), l.ID, "Renamed", Ben, Start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	secret, err := s.Secret(t.Context(), "key", func() ([]byte, error) { return []byte("value"), nil })
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Document(t.Context(), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t)
		l.Reopened(s)
		l.Check(s)
		if after, err := s.Document(t.Context(), l.ID); err != nil || after != before {
			t.Errorf("document is %+v, not %+v; %v", after, before, err)
		}
		if row, err := s.Client(t.Context(), l.ID, client); err != nil || row.Revision != 10 {
			t.Errorf("client row is %+v, %v", row, err)
		}
		if snapshot, err := s.Snapshot(t.Context(), l.ID, -1); err != nil || snapshot.Revision != 7 || string(snapshot.Content) != "seven" {
			t.Errorf("snapshot is %+v, %v", snapshot, err)
		}
		again, err := s.Secret(t.Context(), "key", func() ([]byte, error) { return nil, errors.New("made twice") })
		if err != nil || string(again) != string(secret) {
			t.Errorf("secret is %q, %v", again, err)
		}
	}
	l.Grow(1, client)
	l.Check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
