package collab

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// session is a live document and the goroutine that owns it (law R1). Fields
// without a remark are that goroutine's alone.
type session struct {
	hub    *Hub
	config *Config
	id     persistence.ID

	inbox  chan envelope // bounded, never closed
	stop   chan struct{} // closed once: commit what is sequenced, then end
	halt   sync.Once     // closes stop
	done   chan struct{} // closed by the loop when it has ended
	loaded chan struct{} // closed when the document is there or loadErr is set
	// loadErr is why there is no document; set before loaded is closed.
	loadErr error

	state     atomic.Pointer[state] // durable; any goroutine
	forgotten atomic.Int64          // times clients were forgotten; see Hub.known
	told      atomic.Int64          // when a mismatch may be logged again, by config.elapsed; see Peer.check
	weighed   atomic.Int64          // what the registry was told that this takes in memory; bytes
	leavesAt  atomic.Int64          // idleAt for other goroutines, ns since 1970; 0: not idle
	people    people
	meter     meter // of what is written here

	news Activity // of this turn, to be reported at its end

	seq       *sequencer
	handed    persistence.Head // what the store has been given, in flight included
	committed chan error       // answer of the batch in flight; the store never waits on it
	inFlight  *state           // what will be durable; nil: no batch is in flight
	awaits    bool             // the store has yet to answer
	sent      time.Time        // when the batch was handed over
	waiting   []waiter
	pacer     pacer
	commitAt  time.Time // when the next commit is to start; zero: none is held back

	peers    []*Peer
	byClient map[persistence.ID]*Peer
	follows  map[*Follower]struct{}
	held     map[*revoking][]*Peer // nobody hears them now
	fanout   fanout
	line     line
	crowd    crowd
	behind   behind
	saver    saver
	measured int // memory of the document when it was measured last; bytes
	grown    int // what was written since; bytes
	asked    []makeWay
	forgetAt int // clients at which those who have gone are forgotten

	timer    *time.Timer
	armed    time.Time // when timer fires; zero: it does not
	idleAt   time.Time // when to leave memory; zero: not idle
	shrinkAt time.Time // when to let go of what a quiet document does not need
	expireAt time.Time // when the next credential of those here ends; zero: none does
	draining bool
	ending   bool  // the last turn: commits are not held back
	failed   error // set: the loop ends and everybody starts anew
}

// envelope is what the inbox holds: a client's message, or a request.
type envelope struct {
	from *Peer // nil for requests
	body any
}

type detached struct{}

// waiter is a write by other ways than a connection that waits for a commit.
type waiter struct {
	revision int64
	at       time.Time
	reply    chan<- writeReply
}

// errGone: the session ended before it answered; ask the hub for another.
var errGone = errors.New("document session has ended")

func newSession(h *Hub, id persistence.ID) *session {
	return &session{
		hub: h, config: &h.config, id: id,
		inbox:     make(chan envelope, h.config.Limits.Inbox),
		stop:      make(chan struct{}),
		done:      make(chan struct{}),
		loaded:    make(chan struct{}),
		committed: make(chan error, 1),
		byClient:  map[persistence.ID]*Peer{},
		forgetAt:  maxClients,
	}
}

// run is the session's goroutine.
func (s *session) run() {
	defer close(s.done)
	defer s.unweigh()
	defer s.hub.remove(s)
	defer s.contain()
	if s.loadErr = s.load(context.Background()); s.loadErr != nil {
		s.hub.remove(s)
		close(s.loaded)
		return
	}
	s.timer = time.NewTimer(time.Hour)
	defer s.timer.Stop()
	s.arm(s.config.Now()) // before anybody hears that it is loaded: it is idle, and may have to make room at once
	close(s.loaded)
	for s.failed == nil {
		select {
		case e := <-s.inbox:
			s.handle(e)
			s.drain()
		case err := <-s.committed:
			s.settle(err)
		case <-s.line.waits():
			s.drain()
			s.serve()
		case <-s.timer.C:
			s.armed = time.Time{}
			if s.tick() {
				return
			}
		case <-s.stop:
			s.end()
			return
		}
		s.flush()
		s.report()
		s.weigh()
		s.arm(s.config.Now())
		if s.madeWay() {
			return
		}
	}
	s.abandon()
}

// drain takes what else is ready, so that one turn serves many: what piles up
// while a batch commits leaves as one batch and one frame.
func (s *session) drain() {
	for range cap(s.inbox) {
		select {
		case e := <-s.inbox:
			s.handle(e)
		default:
			return
		}
	}
}

// contain keeps a panic within this document (law R6).
func (s *session) contain() {
	r := recover()
	if r == nil {
		return
	}
	s.config.Metrics.Panicked()
	s.config.Logger.Error("document session panicked", "document", s.id, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
	s.hub.panicked(s.id)
	select {
	case <-s.loaded:
	default:
		s.loadErr = ErrUnavailable
		close(s.loaded)
	}
	s.failed = ErrUnavailable
	if s.awaits {
		s.hub.orphan(s)
	}
	s.abandon()
}

// handle is one event of the loop.
func (s *session) handle(e envelope) {
	if e.from != nil {
		s.message(e.from, e.body)
		return
	}
	switch r := e.body.(type) {
	case *joinRequest:
		s.join(r)
	case *writeRequest:
		s.write(r)
	case caughtUp:
		s.caughtUp(r)
	case followRequest:
		s.follow(r)
	case renamed:
		s.tellAll(protocol.Title{Title: r.title})
	case profiled:
		s.profile(r.author)
	case holdOff:
		s.holdOff(r)
	case letGo:
		s.letGo(r)
	case rosterRequest:
		r.reply <- s.seats(nil)
	case goAway:
		s.goAway()
	case snapshotStored:
		s.saver.stored(r)
		if r.memory > 0 {
			s.measured, s.grown = r.memory, 0
		}
	case makeWay:
		s.asked = append(s.asked, r)
	}
}

// message is a client's message, or the end of its connection.
func (s *session) message(p *Peer, body any) {
	if !p.attached {
		return // law S6: what a replaced connection still says is not heard
	}
	switch m := body.(type) {
	case detached:
		s.detach(p)
		return
	case pageTurned:
		s.goLive(p, m.through)
		return
	case protocol.ClientMessage:
		if refused := p.mayNot(m); refused != nil {
			if m, ok := m.(protocol.Submit); ok {
				s.rejectTo(p, m.Seq, refused)
			}
			return
		}
		switch m := m.(type) {
		case protocol.Submit:
			s.submit(p, &m)
		case protocol.Presence:
			s.hear(p, &m)
		case protocol.Ping:
			p.send(protocol.Pong{Revision: s.state.Load().revision})
		}
	}
}

// end is the last turn of an orderly stop: what was sequenced is committed,
// the rest of the inbox is left unanswered by closing done.
func (s *session) end() {
	s.ending = true
	s.drain()
	s.flush()
	for s.failed == nil && s.inFlight != nil {
		s.settle(<-s.committed)
		s.flush()
	}
	defer s.report()
	if s.failed != nil {
		s.abandon()
		return
	}
	s.dismiss(protocol.CloseGoAway, "server is stopping")
	s.saveNow()
}

// abandon forgets everything; the next one to come loads from the store (law
// L3). The registry forgets the session before anybody is told, so that who
// comes back does not meet it again.
func (s *session) abandon() {
	s.hub.remove(s)
	for _, w := range s.waiting {
		w.reply <- writeReply{err: fmt.Errorf("%w: %w", ErrUnavailable, s.failed)}
	}
	s.waiting = nil
	for _, p := range s.peers {
		p.attached = false
		p.cut(protocol.CloseGeneric, "document is being reloaded")
	}
	hadPeople := len(s.peers) > 0
	for _, p := range s.peers {
		s.hub.tallies.leave(p.tally)
	}
	s.hub.peers.Add(-int64(len(s.peers)))
	s.peers = nil
	s.people.clear()
	if hadPeople {
		defer func() { _ = recover() }() // nothing is left that a callback could harm
		s.config.Activity(Activity{Document: s.id, Revision: s.state.Load().revision, PeopleChanged: true})
	}
}

// ask sends a request and waits for its answer. Any goroutine but the loop's.
func ask[R any](ctx context.Context, s *session, request any, reply <-chan R) (r R, err error) {
	select {
	case s.inbox <- envelope{body: request}:
	case <-s.done:
		return r, errGone
	case <-ctx.Done():
		return r, ctx.Err()
	}
	select {
	case r = <-reply:
		return r, nil
	case <-ctx.Done():
		return r, ctx.Err()
	case <-s.done:
		select {
		case r = <-reply: // it was answered in the last turn
			return r, nil
		default:
			return r, errGone
		}
	}
}

// tell sends a notice to the session, unless it has ended.
func (s *session) tell(notice any) {
	select {
	case s.inbox <- envelope{body: notice}:
	case <-s.done:
	}
}
