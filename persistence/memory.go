package persistence

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Memory is the reference store: it keeps everything in maps, and says by its
// few lines what the interfaces mean. It is for tests, which may also hold and
// fail its commits. All methods may be called from any goroutine.
//
// Appends are answered in their order from another goroutine, which exists
// only while there is something to commit; so a Memory needs no Close.
type Memory struct {
	memoryReader // of people

	mu        sync.Mutex
	documents map[ID]*memoryDocument
	people    atomic.Pointer[memoryPeople]
	secrets   map[string][]byte
	queue     []memoryAppend
	writing   bool  // the writer goroutine exists
	held      bool  // commits wait
	steps     int   // commits let through while held
	stopped   error // why writing ended, nil while it goes on
	faults    []memoryFault
	idle      *sync.Cond // broadcast when the writer goroutine ends
}

type memoryDocument struct {
	Document
	changes   []Change // changes[i] has revision i+1
	clients   map[ID]ClientRow
	snapshots []Snapshot // ascending
}

type memoryAppend struct {
	batch Batch
	done  func(error)
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	m := &Memory{documents: map[ID]*memoryDocument{}, secrets: map[string][]byte{}}
	m.idle = sync.NewCond(&m.mu)
	m.memoryReader = m.people.Load
	m.people.Store(newMemoryPeople())
	return m
}

// Append implements Log.
func (m *Memory) Append(batch Batch, done func(error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, memoryAppend{batch, done})
	m.start()
}

// start makes the writer goroutine if there is work for it. m.mu is held.
func (m *Memory) start() {
	if !m.writing && m.open() {
		m.writing = true
		go m.write()
	}
}

// open says whether a queued batch may commit now. m.mu is held.
func (m *Memory) open() bool { return len(m.queue) > 0 && (!m.held || m.steps > 0) }

func (m *Memory) write() {
	m.mu.Lock()
	for m.open() {
		if m.held {
			m.steps--
		}
		next := m.queue[0]
		m.queue = m.queue[1:]
		err := m.commit(&next.batch)
		m.mu.Unlock()
		next.done(err)
		m.mu.Lock()
	}
	m.writing = false
	m.idle.Broadcast()
	m.mu.Unlock()
}

func (m *Memory) commit(b *Batch) error {
	if m.stopped != nil {
		return m.stopped
	}
	var fault memoryFault
	if len(m.faults) > 0 {
		fault, m.faults = m.faults[0], m.faults[1:]
		if !fault.written {
			return fault.err
		}
	}
	if err := b.Check(); err != nil {
		return err
	}
	document := m.documents[b.Document]
	if document == nil {
		return fmt.Errorf("append to document %s: %w", b.Document, ErrNotFound)
	}
	if document.Head != b.Base {
		return fmt.Errorf("append to document %s at revision %d, head is %d: %w", b.Document, b.Base.Revision, document.Head.Revision, ErrConflict)
	}
	for i := range b.Changes {
		document.append(b.Changes[i])
	}
	document.Head = b.Head()
	for _, row := range b.Clients {
		row.SeenAt = Micro(row.SeenAt)
		document.clients[row.Client] = row
	}
	return fault.err
}

func (d *memoryDocument) append(c Change) {
	c.Delta = bytes.Clone(c.Delta)
	c.At = Micro(c.At)
	d.changes = append(d.changes, c)
	d.Bytes += int64(len(c.Delta))
	d.UpdatedAt, d.UpdatedBy = c.At, c.Author
}

// Micro brings a time to what a store keeps: microseconds, UTC. The zero time
// stays zero.
func Micro(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return time.UnixMicro(at.UnixMicro()).UTC()
}

// Head implements Log.
func (m *Memory) Head(_ context.Context, document ID) (Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(document)
	if err != nil {
		return Head{}, err
	}
	return d.Head, nil
}

func (m *Memory) find(document ID) (*memoryDocument, error) {
	if d := m.documents[document]; d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("document %s: %w", document, ErrNotFound)
}

// Changes implements Log.
func (m *Memory) Changes(ctx context.Context, document ID, after, through int64, yield func(*Change) bool) error {
	m.mu.Lock()
	d, err := m.find(document)
	var found []Change
	if err == nil {
		if through < 0 || through > d.Head.Revision {
			through = d.Head.Revision
		}
		if after = max(after, 0); after < through {
			found = d.changes[after:through:through]
		}
	}
	m.mu.Unlock()
	if err != nil {
		return err
	}
	for i := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := found[i]
		if !yield(&c) {
			return nil
		}
	}
	return nil
}

// Client implements Log.
func (m *Memory) Client(_ context.Context, document, client ID) (ClientRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(document)
	if err != nil {
		return ClientRow{}, err
	}
	row, ok := d.clients[client]
	if !ok {
		return ClientRow{}, fmt.Errorf("client in document %s: %w", document, ErrNotFound)
	}
	return row, nil
}

// Snapshot implements Log.
func (m *Memory) Snapshot(_ context.Context, document ID, revision int64) (Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.find(document)
	if err != nil {
		return Snapshot{}, err
	}
	for _, s := range slices.Backward(d.snapshots) {
		if revision < 0 || s.Revision <= revision {
			s.Content = bytes.Clone(s.Content)
			return s, nil
		}
	}
	return Snapshot{}, fmt.Errorf("snapshot of document %s at revision %d: %w", document, revision, ErrNotFound)
}

// PutSnapshot implements Log.
func (m *Memory) PutSnapshot(_ context.Context, document ID, snapshot Snapshot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped != nil {
		return m.stopped
	}
	d, err := m.find(document)
	if err != nil {
		return err
	}
	if snapshot.Revision < 1 || snapshot.Revision > d.Head.Revision {
		return fmt.Errorf("snapshot of document %s: revision %d: %w", document, snapshot.Revision, ErrNotFound)
	}
	if snapshot.Hash != d.changes[snapshot.Revision-1].Hash {
		return fmt.Errorf("snapshot of document %s: hash of revision %d: %w", document, snapshot.Revision, ErrConflict)
	}
	snapshot.Content = bytes.Clone(snapshot.Content)
	at, found := slices.BinarySearchFunc(d.snapshots, snapshot.Revision, func(s Snapshot, r int64) int { return int(s.Revision - r) })
	if found {
		d.snapshots[at] = snapshot
		return nil
	}
	d.snapshots = slices.Insert(d.snapshots, at, snapshot)
	revisions := make([]int64, len(d.snapshots))
	for i, s := range d.snapshots {
		revisions[i] = s.Revision
	}
	kept := RetainSnapshots(revisions)
	d.snapshots = slices.DeleteFunc(d.snapshots, func(s Snapshot) bool { return !slices.Contains(kept, s.Revision) })
	return nil
}

// Ready implements Store.
func (m *Memory) Ready(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stopped
}

// Close implements Store. A held store is released first.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = false
	m.start()
	for m.writing {
		m.idle.Wait()
	}
	if m.stopped == nil {
		m.stopped = fmt.Errorf("%w: closed", ErrStopped)
	}
	return nil
}
