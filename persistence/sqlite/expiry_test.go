package sqlite

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coscribe/coscribe/persistence"
	"github.com/coscribe/coscribe/persistence/storetest"
)

func TestClientsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openDir(t, t.TempDir())
		defer s.Close()
		l, idle, busy := storetest.NewLog(t, s), persistence.NewID(), persistence.NewID()
		grow := func(client persistence.ID) persistence.ClientRow {
			b := l.Batch(1, client)
			b.Clients[0].SeenAt = time.Now()
			if err := storetest.Append(s, b); err != nil {
				t.Fatal(err)
			}
			l.Took(b)
			return b.Clients[0]
		}
		row := func(client persistence.ID) persistence.ClientRow {
			row, err := s.Client(t.Context(), l.ID, client)
			if err != nil {
				t.Fatal(err)
			}
			return row
		}
		first := grow(idle)
		for range 9 { // ninety days
			grow(busy)
			time.Sleep(10*24*time.Hour - time.Hour)
		}
		if got := row(idle); got.Digest != first.Digest || got.Digest == (persistence.Hash{}) {
			t.Errorf("[S2] a row was forgotten too early: %+v", got)
		}
		time.Sleep(2 * 24 * time.Hour)
		if got, want := row(idle), (persistence.ClientRow{Client: idle, User: first.User, Seq: first.Seq, Revision: first.Revision}); got != want {
			t.Errorf("[S2] after 90 idle days the row is %+v, not %+v", got, want)
		}
		if got := row(busy); got.Digest == (persistence.Hash{}) {
			t.Error("[S2] the row of a client that writes was forgotten")
		}
		again := grow(idle)
		if got := row(idle); got.Digest != again.Digest {
			t.Errorf("[S2] the row of a client that came back is %+v", got)
		}
		l.Check(s)
	})
}

// A walk in pieces reaches every row, whatever their number.
func TestExpiryWalk(t *testing.T) {
	var late atomic.Bool
	s, err := Open(t.Context(), Config{Dir: t.TempDir(), Now: func() time.Time {
		if late.Load() {
			return storetest.Start.Add(clientIdle + time.Second)
		}
		return storetest.Start
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := storetest.NewLog(t, s)
	const clients = expiryRows + 100
	b := l.Batch(clients, persistence.ID{})
	for i := range b.Changes {
		client := persistence.NewID()
		b.Changes[i].Client = client
		b.Clients = append(b.Clients, persistence.ClientRow{Client: client, Seq: 1, Revision: int64(i + 1), Digest: persistence.Hash{1}, SeenAt: storetest.Start})
	}
	b.Clients = b.Clients[1:] // that of no client
	b.Seal()
	if err := storetest.Append(s, b); err != nil {
		t.Fatal(err)
	}
	remembered := func() (n int) {
		if err := s.pool.QueryRow("SELECT count(digest) FROM clients").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := remembered(); n != clients {
		t.Fatalf("%d rows", n)
	}
	late.Store(true)
	e := expiry{writer: s.writer, timer: time.NewTimer(time.Hour)}
	for range 2 {
		e.step()
	}
	if err := s.writer.edit(t.Context(), func(*tables) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if n := remembered(); n != 0 {
		t.Errorf("[S2] %d idle rows are still remembered", n)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := openDir(t, t.TempDir())
	l := storetest.NewLog(t, s)
	l.Grow(3, persistence.NewID())
	l.Check(s)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWriterForgetsAtRest(t *testing.T) {
	s := openDir(t, t.TempDir())
	defer s.Close()
	l, client := storetest.NewLog(t, s), persistence.NewID()
	l.Grow(3, client)
	remembered := func() (documents, authors int) {
		t.Helper()
		err := s.writer.edit(t.Context(), func(tables *tables) error {
			documents, authors = len(tables.documents), len(tables.authors)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return documents, authors
	}
	if documents, authors := remembered(); documents != 1 || authors == 0 {
		t.Errorf("%d documents and %d authors are remembered", documents, authors)
	}
	l.Check(s)
	if len(s.authors.rows) == 0 {
		t.Error("readers remember no author: the test shows nothing")
	}
	s.writer.rest()
	if documents, authors := remembered(); documents+authors+len(s.authors.rows) != 0 {
		t.Errorf("at rest %d documents and %d and %d authors are remembered", documents, authors, len(s.authors.rows))
	}
	l.Grow(3, client)
	l.Check(s)
}
