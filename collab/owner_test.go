package collab

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// nosy asks the hub back from within every call it gets.
type nosy struct {
	h     *harness
	asked atomic.Int64
}

func (n *nosy) ask() {
	n.asked.Add(1)
	n.h.hub.Stats()
	n.h.hub.People(n.h.doc, 9)
}

func (n *nosy) Kind() string                     { return "websocket" }
func (n *nosy) Wake()                            { n.ask() }
func (n *nosy) Close(protocol.CloseCode, string) { n.ask() }

func TestNoLockIsHeldOutside(t *testing.T) {
	n := &nosy{}
	tune := func(c *Config) {
		c.Activity = func(Activity) { n.ask() }
		c.Metrics = Metrics{
			Committed: func(int, time.Duration) { n.ask() }, Opened: func(time.Duration) { n.ask() },
			Closed: func(protocol.CloseCode) { n.ask() }, Rejected: func(protocol.Code) { n.ask() },
		}
		c.NewID = func() persistence.ID { n.ask(); return n.h.id() }
	}
	t.Run("[R3] whoever the engine calls may ask it back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t, nil)
			n.h = h
			h.start(tune)
			attach := func(resume *protocol.Resume) *Peer {
				peer, err := h.hub.Attach(t.Context(), Attach{Document: h.doc, Who: Identity{User: user(1)}, Role: protocol.RoleEditor, Conn: n, Resume: resume})
				if err != nil {
					t.Fatal(err)
				}
				return peer
			}
			peer := attach(nil)
			for i := range int64(3) {
				if err := peer.Receive(t.Context(), protocol.Submit{Seq: i + 1, Base: 0, Delta: ot.Delta{keep(int(i) * 9), text("x")}}, 100); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			head, err := h.store.Head(t.Context(), h.doc)
			if err != nil {
				t.Fatal(err)
			}
			attach(&protocol.Resume{Client: peer.client.String(), Epoch: head.Epoch.String()})
			h.trashed()
			synctest.Wait()
			if n.asked.Load() < 10 {
				t.Errorf("asked %d times only: the test shows nothing", n.asked.Load())
			}
			h.close()
		})
	})
}

// TestOneOwner is for the race detector: everything that the outside may do to
// one document, at once.
func TestOneOwner(t *testing.T) {
	t.Run("[R1][S1] one goroutine owns the document, however many use it", func(t *testing.T) {
		h := &harness{t: t, store: persistence.NewMemory(), doc: persistence.NewID()}
		epoch := persistence.NewID()
		if err := h.store.Create(t.Context(), persistence.Document{ID: h.doc, Title: "T", Head: persistence.Head{Epoch: epoch}}, nil); err != nil {
			t.Fatal(err)
		}
		h.hub = NewHub(Config{Log: h.store, Documents: h.store, Limits: Limits{Drain: time.Millisecond, PresencePace: time.Millisecond, WindowChanges: 8}})
		const writers, rounds = 4, 25
		var all sync.WaitGroup
		var accepted atomic.Int64
		for w := range writers {
			all.Go(func() {
				for i := range rounds {
					visit(t, h, w, i, &accepted)
				}
			})
			all.Go(func() {
				for range rounds {
					r, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: Identity{User: user(9)}, Role: protocol.RoleEditor, Delta: ot.Delta{text("w")}})
					if err != nil {
						t.Error(err)
						return
					}
					accepted.Add(1)
					if _, err := h.hub.ReadAt(t.Context(), h.doc, r.Revision); err != nil {
						t.Error(err)
					}
				}
			})
		}
		ctx, stop := context.WithCancel(t.Context())
		var followed atomic.Int64
		var follower sync.WaitGroup
		follower.Go(func() { followAll(ctx, t, h, epoch, &followed) })
		all.Wait()
		if got := h.text(); int64(len(got)) != accepted.Load()+1 {
			t.Errorf("%d changes were accepted, the text has %d characters", accepted.Load(), len(got)-1)
		}
		head, err := h.store.Head(t.Context(), h.doc)
		if err != nil || head.Revision != accepted.Load() {
			t.Errorf("head %d, %v; accepted %d", head.Revision, err, accepted.Load())
		}
		for followed.Load() < head.Revision && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		stop()
		follower.Wait()
		h.close()
	})
}

// visit joins, makes one change, waits for its ack and leaves in some way.
func visit(t *testing.T, h *harness, writer, round int, accepted *atomic.Int64) {
	woken := make(chan struct{}, 1)
	peer, err := h.hub.Attach(t.Context(), Attach{Document: h.doc, Who: Identity{User: user(writer)}, Role: protocol.RoleEditor, Conn: waking(woken)})
	if err != nil {
		t.Error(err)
		return
	}
	defer peer.Detach()
	base := peer.session.state.Load().revision
	for _, m := range []protocol.ClientMessage{
		protocol.Presence{Base: base, Selection: &protocol.Selection{}},
		protocol.Check{Revision: base, Hash: "00"},
		protocol.Submit{Seq: 1, Base: base, Delta: ot.Delta{text("v")}},
		protocol.Ping{},
	} {
		if err := peer.Receive(t.Context(), m, 100); err != nil {
			t.Error(err)
			return
		}
	}
	h.hub.People(h.doc, 9)
	h.hub.Renamed(t.Context(), h.doc)
	for {
		frame, ok := peer.Next()
		if !ok {
			<-woken
			continue
		}
		messages, err := protocol.DecodeServer(frame)
		if err != nil {
			t.Error(err)
			return
		}
		if len(of[protocol.Ack](messages)) > 0 {
			accepted.Add(1)
			return
		}
	}
}

// waking is a connection that only says when to look.
type waking chan struct{}

func (w waking) Kind() string { return "websocket" }
func (w waking) Wake() {
	select {
	case w <- struct{}{}:
	default:
	}
}
func (w waking) Close(protocol.CloseCode, string) { w.Wake() }

// followAll reads the log until the context ends; last is the last revision.
// It fails on a gap.
func followAll(ctx context.Context, t *testing.T, h *harness, epoch persistence.ID, last *atomic.Int64) {
	f, err := h.hub.Follow(ctx, Follow{Document: h.doc, Epoch: epoch, Who: Identity{User: user(7)}})
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	for {
		changes, err := f.Next(ctx)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			return
		}
		for i := range changes {
			if changes[i].Revision != last.Load()+1 {
				t.Errorf("revision %d after %d", changes[i].Revision, last.Load())
			}
			last.Store(changes[i].Revision)
		}
	}
}
