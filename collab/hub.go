package collab

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// Hub is the registry of live documents. All methods may be called from any
// goroutine.
type Hub struct {
	config  Config
	peers   atomic.Int64
	bytes   atomic.Int64 // what live documents take in memory, about
	tallies tallies
	rights  rights
	titles  latest
	faces   latest

	mu       sync.Mutex // held for access to the fields below only (law R3)
	sessions map[persistence.ID]*session
	running  sync.WaitGroup // sessions; Add is under mu and before closing
	trouble  map[persistence.ID]*trouble
	orphans  map[*session]<-chan struct{} // that panicked with a batch at the store; closed at its answer
	issued   issued
	closing  bool

	codec  snapshotCodec
	cache  revisionCache
	replay chan struct{} // slots for replays of old revisions
	loads  chan struct{} // slots for loading documents
}

// trouble is a document whose session panicked lately.
type trouble struct {
	panics []time.Time
	until  time.Time // quarantined
}

// Three panics within panicWindow put a document in quarantine for as long:
// whoever comes is refused instead of panicking it again (law R6).
const (
	panicLimit  = 3
	panicWindow = time.Minute
)

// replaySlots bounds how many old revisions are rebuilt at once.
const replaySlots = 2

// NewHub makes a hub; Close ends it.
func NewHub(c Config) *Hub {
	h := &Hub{
		config:   c.withDefaults(),
		sessions: map[persistence.ID]*session{},
		trouble:  map[persistence.ID]*trouble{},
		replay:   make(chan struct{}, replaySlots),
		loads:    make(chan struct{}, loadSlots),
	}
	h.issued.limit = h.config.Limits.IssuedClients
	return h
}

func randomBelow(n int) int { return rand.IntN(n) }

// open gives the document's live session, loading it if there is none; all who
// ask meanwhile wait for the same load.
func (h *Hub) open(ctx context.Context, document persistence.ID) (*session, error) {
	for range askAgain {
		s, err := h.find(document)
		if err == nil {
			select {
			case <-s.loaded:
				err = s.loadErr
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		if !errors.Is(err, errNoRoom) {
			return s, err
		}
		if err := h.makeRoom(ctx); err != nil {
			return nil, err
		}
	}
	return nil, errNoRoom
}

// find gives the document's live session, or a new one if there is room for it.
func (h *Hub) find(document persistence.ID) (*session, error) {
	now := h.config.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return nil, ErrStopped
	}
	if s := h.sessions[document]; s != nil {
		return s, nil
	}
	if t := h.trouble[document]; t != nil && now.Before(t.until) {
		return nil, errQuarantine
	}
	if h.full() != "" {
		return nil, errNoRoom
	}
	s := newSession(h, document)
	h.sessions[document] = s
	h.running.Go(s.run)
	return s, nil
}

// live gives the document's session if it is in memory and loaded.
func (h *Hub) live(document persistence.ID) *session {
	h.mu.Lock()
	s := h.sessions[document]
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	select {
	case <-s.loaded:
		if s.loadErr == nil {
			return s
		}
	case <-s.done:
	}
	return nil
}

// remove forgets a session if the registry still holds that very one.
func (h *Hub) remove(s *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[s.id] == s {
		delete(h.sessions, s.id)
	}
}

func (h *Hub) panicked(document persistence.ID) {
	now := h.config.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, t := range h.trouble { // forget the old: the map stays as small as the trouble
		if now.Sub(t.panics[len(t.panics)-1]) > panicWindow && now.After(t.until) {
			delete(h.trouble, id)
		}
	}
	t := h.trouble[document]
	if t == nil {
		t = &trouble{}
		h.trouble[document] = t
	}
	t.panics = append(t.panics, now)
	if n := len(t.panics); n > panicLimit {
		t.panics = t.panics[n-panicLimit:]
	}
	if len(t.panics) == panicLimit && now.Sub(t.panics[0]) <= panicWindow {
		t.until = now.Add(panicWindow)
	}
}

// orphan remembers a session that ends with a batch at the store, until that
// has answered: a revocation is not to pass it (law S8).
func (h *Hub) orphan(s *session) {
	answered := make(chan struct{})
	h.mu.Lock()
	if h.orphans == nil {
		h.orphans = map[*session]<-chan struct{}{}
	}
	h.orphans[s] = answered
	h.mu.Unlock()
	go func() {
		<-s.committed
		h.mu.Lock()
		delete(h.orphans, s)
		h.mu.Unlock()
		close(answered)
	}()
}

// adopted waits for the batches of orphans in the given documents; nil: all.
func (h *Hub) adopted(ctx context.Context, documents set) error {
	var answers []<-chan struct{}
	h.mu.Lock()
	for s, answered := range h.orphans {
		if documents == nil || documents.has(s.id) {
			answers = append(answers, answered)
		}
	}
	h.mu.Unlock()
	for _, answered := range answers {
		select {
		case <-answered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// drainPoll is how often Close looks whether everybody has left.
const drainPoll = 20 * time.Millisecond

// Close stops in the order of law R7: attaching is refused, peers are told to
// come back (spread over Limits.Drain) while sequencing goes on, the rest is
// closed, what was sequenced is committed, snapshots are written. It returns
// when all of it has ended, or the context's error.
func (h *Hub) Close(ctx context.Context) error {
	h.mu.Lock()
	h.closing = true
	sessions := make([]*session, 0, len(h.sessions))
	for _, s := range h.sessions {
		sessions = append(sessions, s)
	}
	h.mu.Unlock()
	for _, s := range sessions {
		s.tell(goAway{})
	}
	deadline := time.NewTimer(h.config.Limits.Drain)
	defer deadline.Stop()
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	for waiting := h.peers.Load() > 0; waiting; {
		select {
		case <-poll.C:
			waiting = h.peers.Load() > 0
		case <-deadline.C:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	for _, s := range sessions {
		s.halt.Do(func() { close(s.stop) })
	}
	ended := make(chan struct{})
	go func() {
		h.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Stats are gauges of this moment.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{Documents: len(h.sessions), Bytes: h.bytes.Load(), Peers: int(h.peers.Load())}
}

// Limits are those in force.
func (h *Hub) Limits() Limits { return h.config.Limits }
