// Package storetest is the conformance suite of stores: what every
// implementation of persistence.Store must pass, law by law. It is a test's
// dependency only; it knows no implementation.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

type storeTest struct {
	name string
	test func(*testing.T, persistence.Store)
}

// Run runs the suite. open returns an empty store; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) persistence.Store) {
	tests := []storeTest{
		{"[L1] append is compare-and-append", testCompareAndAppend},
		{"[L1] a conflicting batch leaves the others alone", testConflictIsolation},
		{"[L1] a batch that is not sealed is refused", testUnsealed},
		{"[L1] batches of one document commit in the order of their appends", testOrder},
		{"[L1] many documents at once", testConcurrency},
		{"[S1] a range of changes is exact at both ends", testRange},
		{"[L4] the chain is what was sealed", testChain},
		{"[L6] a delta is bytes: what is no JSON comes back as it went in", testOpaque},
		{"[S2] client rows", testClients},
		{"[L2] snapshots", testSnapshots},
		{"[L5] old snapshots are thinned out", testRetention},
		{"[D0] creation with and without a first change", testCreate},
		{"metadata", testMetadata},
		{"list: order, pages, search, trash", testList},
		{"list: pages under writes", testListUnderWrites},
		{"secrets: one value for all", testSecrets},
		{"[L1] random requests are answered as by the reference store", testModel},
		{"[L3] a closed store answers ErrStopped", testClose},
		{"what is not there is ErrNotFound", testNotFound},
	}
	for _, c := range slices.Concat(tests, sharingTests, peopleTests, rightsTests) {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer func() {
				if err := s.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			}()
			c.test(t, s)
		})
	}
}

// RunReopen runs the part of the suite that asks whether what was answered is
// there after the store was closed and opened again. Each call of open returns
// the same store, opened anew.
func RunReopen(t *testing.T, open func(t *testing.T) persistence.Store) {
	t.Run("[S5] what was answered is there after reopening", func(t *testing.T) { testReopen(t, open) })
	t.Run("people are there after reopening", func(t *testing.T) { testPeopleReopen(t, open) })
}

// Log is a document under test and what its log must hold.
type Log struct {
	t       *testing.T
	store   persistence.Store
	ID      persistence.ID
	Head    persistence.Head
	Changes []persistence.Change
}

// Start is the time of the first change; each later one is a millisecond on.
var Start = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// Ada and Ben are authors.
var (
	Ada = persistence.Author{ID: persistence.ID{0xad, 0xa}, Name: "Ada", Color: "#aa0000"}
	Ben = persistence.Author{ID: persistence.ID{0xbe}, Name: "Ben", Color: "#00bb00"}
)

// NewLog creates an empty document.
func NewLog(t *testing.T, s persistence.Store) *Log {
	t.Helper()
	l := &Log{t: t, store: s, ID: persistence.NewID()}
	document := persistence.Document{ID: l.ID, Title: "Document " + l.ID.String()[:8], Head: persistence.Head{Epoch: persistence.NewID()}, CreatedAt: Start, CreatedBy: Ada}
	if err := s.Create(t.Context(), document, nil); err != nil {
		t.Fatalf("create: %v", err)
	}
	l.Head = head(t, s, l.ID)
	return l
}

// Batch makes the next n changes by client, sealed, with its row.
func (l *Log) Batch(n int, client persistence.ID) persistence.Batch {
	return Batch(l.ID, l.Head, n, client)
}

// Batch makes n changes after head by client, sealed, with its row. What they
// hold follows from the arguments, so that another process can check it.
func Batch(document persistence.ID, head persistence.Head, n int, client persistence.ID) persistence.Batch {
	b := persistence.Batch{Document: document, Base: head}
	for i := range n {
		revision := head.Revision + 1 + int64(i)
		b.Changes = append(b.Changes, persistence.Change{
			Client: client, Seq: revision * 2, Author: []persistence.Author{Ada, Ben}[revision%2],
			At:    Start.Add(time.Duration(revision) * time.Millisecond),
			Delta: fmt.Appendf(nil, `[{"retain":%d},{"insert":"x"}]`, revision),
		})
	}
	b.Seal()
	if n > 0 {
		last := b.Changes[n-1]
		b.Clients = []persistence.ClientRow{{Client: client, User: last.Author.ID, Seq: last.Seq, Revision: last.Revision, Digest: last.Hash, SeenAt: last.At}}
	}
	return b
}

// Grow appends n changes and waits for the answer.
func (l *Log) Grow(n int, client persistence.ID) {
	l.t.Helper()
	b := l.Batch(n, client)
	if err := Append(l.store, b); err != nil {
		l.t.Fatalf("append %d changes at revision %d: %v", n, l.Head.Revision, err)
	}
	l.Took(b)
}

// Took notes that the store has taken the batch.
func (l *Log) Took(b persistence.Batch) {
	l.Head = b.Head()
	l.Changes = append(l.Changes, b.Changes...)
}

// Reopened goes on with the same log in a store that was opened anew.
func (l *Log) Reopened(s persistence.Store) { l.store = s }

// Check compares the store's log with what it must hold.
func (l *Log) Check(s persistence.Store) {
	l.t.Helper()
	if got := head(l.t, s, l.ID); got != l.Head {
		l.t.Errorf("head is %v, not %v", got, l.Head)
	}
	l.same(Changes(l.t, s, l.ID, 0, -1), l.Changes)
}

func (l *Log) same(got, want []persistence.Change) {
	l.t.Helper()
	if len(got) != len(want) {
		l.t.Fatalf("%d changes, not %d", len(got), len(want))
	}
	for i := range got {
		g, w := got[i], want[i]
		if string(g.Delta) != string(w.Delta) {
			l.t.Fatalf("delta of revision %d is %s, not %s", w.Revision, g.Delta, w.Delta)
		}
		if g.Revision != w.Revision || g.Client != w.Client || g.Seq != w.Seq || g.Author != w.Author || !g.At.Equal(w.At) || g.Hash != w.Hash {
			l.t.Fatalf("change is %+v, not %+v", g, w)
		}
	}
}

// Append appends and waits for the answer.
func Append(s persistence.Log, b persistence.Batch) error {
	answer := make(chan error, 1)
	s.Append(b, func(err error) { answer <- err })
	return <-answer
}

// Changes reads a range, copied.
func Changes(t *testing.T, s persistence.Log, document persistence.ID, after, through int64) []persistence.Change {
	t.Helper()
	var found []persistence.Change
	err := s.Changes(context.Background(), document, after, through, func(c *persistence.Change) bool {
		copied := *c
		copied.Delta = append([]byte(nil), c.Delta...)
		found = append(found, copied)
		return true
	})
	if err != nil {
		t.Fatalf("changes after %d through %d: %v", after, through, err)
	}
	return found
}

func head(t *testing.T, s persistence.Store, document persistence.ID) persistence.Head {
	t.Helper()
	h, err := s.Head(context.Background(), document)
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return h
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error is %v, not %v", what, err, want)
	}
}
