package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// testModel gives the same random requests to the store and to the reference
// store, and compares every answer.
func testModel(t *testing.T, s persistence.Store) {
	random := Seed(t)
	m := model{t: t, random: random, stores: [2]persistence.Store{s, persistence.NewMemory()}}
	for step := range 300 {
		m.step = step
		[]func(){m.create, m.append, m.append, m.append, m.rename, m.trash, m.snapshot, m.list}[random.IntN(8)]()
	}
	for _, id := range m.documents {
		m.compare(id)
	}
	if m.taken < 30 || m.refused < 3 {
		t.Errorf("%d batches taken and %d refused: too few to mean anything", m.taken, m.refused)
	}
}

type model struct {
	t              *testing.T
	random         *rand.Rand
	stores         [2]persistence.Store // under test, reference
	documents      []persistence.ID
	clients        []persistence.ID
	step           int
	taken, refused int
}

var sentinels = []error{persistence.ErrNotFound, persistence.ErrConflict, persistence.ErrExists, persistence.ErrBatch,
	persistence.ErrLastOwner, persistence.ErrUsed, persistence.ErrExpired}

// both runs a request on both stores and compares answers and errors.
func (m *model) both(what string, request func(persistence.Store) (any, error)) error {
	m.t.Helper()
	got, gotErr := request(m.stores[0])
	want, wantErr := request(m.stores[1])
	for _, sentinel := range sentinels {
		if errors.Is(gotErr, sentinel) != errors.Is(wantErr, sentinel) {
			m.t.Fatalf("step %d, %s: error is %v, the reference store's is %v", m.step, what, gotErr, wantErr)
		}
	}
	if (gotErr == nil) != (wantErr == nil) {
		m.t.Fatalf("step %d, %s: error is %v, the reference store's is %v", m.step, what, gotErr, wantErr)
	}
	if gotErr == nil && !reflect.DeepEqual(got, want) {
		m.t.Fatalf("step %d, %s: the answer is\n%+v, the reference store's is\n%+v", m.step, what, got, want)
	}
	return wantErr
}

// some picks one of the ids, sometimes an unknown one.
func (m *model) some(ids []persistence.ID) persistence.ID {
	if len(ids) == 0 || m.random.IntN(30) == 0 {
		return m.id()
	}
	return ids[m.random.IntN(len(ids))]
}

func (m *model) id() (id persistence.ID) {
	for i := range id {
		id[i] = byte(m.random.Uint32())
	}
	return id
}

func (m *model) time() time.Time {
	return Start.Add(time.Duration(m.random.IntN(600)) * time.Second)
}

func (m *model) author() persistence.Author {
	return []persistence.Author{Ada, Ben}[m.random.IntN(2)]
}

func (m *model) create() {
	document := persistence.Document{ID: m.some(m.documents), Title: fmt.Sprintf("Título %d", m.step), Head: persistence.Head{Epoch: m.id()}, CreatedAt: m.time(), CreatedBy: m.author()}
	if m.random.IntN(3) > 0 {
		document.ID = m.id()
	}
	var first *persistence.Change
	if m.random.IntN(2) == 0 {
		first = &persistence.Change{Client: m.id(), Seq: 1, Author: document.CreatedBy, At: document.CreatedAt, Delta: []byte("[]")}
	}
	err := m.both("create", func(s persistence.Store) (any, error) { return nil, s.Create(m.t.Context(), document, first) })
	if err == nil {
		m.documents = append(m.documents, document.ID)
	}
}

func (m *model) append() {
	document := m.some(m.documents)
	head, _ := m.stores[1].Head(m.t.Context(), document) // zero of an unknown one
	if m.random.IntN(6) == 0 {
		head.Revision += int64(m.random.IntN(3)) - 1
	}
	if m.random.IntN(6) == 0 {
		head.Epoch[3]++
	}
	client := m.some(m.clients)
	m.clients = append(m.clients, client)
	b := Batch(document, head, m.random.IntN(4), client)
	if len(b.Changes) > 0 && m.random.IntN(10) == 0 {
		b.Changes[0].Seq++ // not sealed any more
	}
	err := m.both("append", func(s persistence.Store) (any, error) { return nil, Append(s, b) })
	if err == nil {
		m.taken++
	} else {
		m.refused++
	}
	m.both("client", func(s persistence.Store) (any, error) { return s.Client(m.t.Context(), document, client) })
}

func (m *model) rename() {
	document, title, by, at := m.some(m.documents), fmt.Sprintf("TÍTULO %d", m.step), m.author(), m.time()
	m.both("rename", func(s persistence.Store) (any, error) { return nil, s.Rename(m.t.Context(), document, title, by, at) })
}

func (m *model) trash() {
	document, by, at := m.some(m.documents), m.author(), m.time()
	if m.random.IntN(2) == 0 {
		at = time.Time{}
	}
	m.both("trash", func(s persistence.Store) (any, error) { return nil, s.Trash(m.t.Context(), document, by, at) })
}

func (m *model) snapshot() {
	document := m.some(m.documents)
	head, _ := m.stores[1].Head(m.t.Context(), document)
	snapshot := persistence.Snapshot{Revision: head.Revision - int64(m.random.IntN(3)), Hash: head.Hash, Content: fmt.Append(nil, "content ", m.step)}
	m.both("put snapshot", func(s persistence.Store) (any, error) { return nil, s.PutSnapshot(m.t.Context(), document, snapshot) })
	below := m.random.Int64N(head.Revision+2) - 1
	m.both("snapshot", func(s persistence.Store) (any, error) { return s.Snapshot(m.t.Context(), document, below) })
}

func (m *model) list() {
	query := persistence.ListQuery{Limit: 1 + m.random.IntN(5), Trashed: m.random.IntN(3) == 0, Search: []string{"", "", "título", "ULO 1"}[m.random.IntN(4)]}
	for {
		var next string
		m.both("list", func(s persistence.Store) (any, error) {
			found, cursor, err := s.List(m.t.Context(), query)
			next = cursor
			return []any{found, cursor}, err
		})
		if query.Cursor = next; next == "" {
			return
		}
	}
}

func (m *model) compare(document persistence.ID) {
	m.both("document", func(s persistence.Store) (any, error) { return s.Document(m.t.Context(), document) })
	m.both("log", func(s persistence.Store) (any, error) { return Changes(m.t, s, document, 0, -1), nil })
}
