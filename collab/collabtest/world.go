package collabtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// World is a whole run of the engine under faults, decided by a seed: clients
// edit, their connections lose, delay, duplicate and overtake, sessions panic,
// the process is killed, the store fails, and after every step the laws are
// checked. The same seed gives the same trace. It must run where settle waits
// for all goroutines to be quiet and time is virtual (testing/synctest).
type World struct {
	seed   uint64
	random *rand.Rand
	settle func()
	store  *persistence.Memory
	power  *power // of the process that runs now
	hub    *collab.Hub
	doc    persistence.ID
	sites  []*worldSite
	ghosts []*Pair // connections whose client has gone on with another
	laws   *laws
	// revoking is the change of rights under way, nil for none.
	revoking *worldRevocation
	trace    hash.Hash
	ids      uint64
	panics   bool // the next activity panics in the session
	calm     time.Time
	Report   WorldReport
}

// WorldReport counts what a run has seen, so that a test can tell that it was
// not empty.
type WorldReport struct {
	Steps     int
	Changes   int64 // in the log at the end
	Resumed   int   // connections that resumed
	Reset     int   // and that had to start anew
	Repeated  int   // frames delivered twice
	Replaced  int   // connections replaced by a newer one of their client
	Failed    int   // appends that failed
	Lost      int   // commits whose answer was lost
	Panics    int
	Kills     int
	Reloads   int // connections closed because their document was reloaded
	Carets    int
	Revoked   int // roles changed
	Stale     int // joins turned away for having looked before that
	TraceHash string
	FinalHash string
}

// worldSite is a person: a client and its present connection.
type worldSite struct {
	pair *Pair
	user protocol.User
	role protocol.Role
	look look // an earlier one
	// revocable: their role is changed now and then.
	revocable bool
	greeted   bool // the welcome of the present connection was delivered
}

// power is what a killed process loses: nothing it still does reaches the store.
type power struct {
	*persistence.Memory
	off bool
}

// Append implements persistence.Log.
func (p *power) Append(b persistence.Batch, done func(error)) {
	if p.off {
		go done(persistence.ErrStopped)
		return
	}
	p.Memory.Append(b, done)
}

// PutSnapshot implements persistence.Log.
func (p *power) PutSnapshot(ctx context.Context, document persistence.ID, s persistence.Snapshot) error {
	if p.off {
		return persistence.ErrStopped
	}
	return p.Memory.PutSnapshot(ctx, document, s)
}

// NewWorld prepares a run of a seed.
func NewWorld(seed uint64, settle func()) *World {
	w := &World{
		seed: seed, random: rand.New(rand.NewPCG(seed, 0xc05c21be)), settle: settle,
		store: persistence.NewMemory(), trace: sha256.New(), calm: time.Now(),
	}
	w.doc = w.id()
	w.laws = newLaws(w.store, w.doc)
	return w
}

// Run takes so many steps, heals everything, and checks that all agree.
func (w *World) Run(ctx context.Context, steps int) error {
	err := w.run(ctx, steps)
	w.store.Release()
	err = errors.Join(err, w.drop())
	if w.hub != nil {
		err = errors.Join(err, w.hub.Close(ctx))
	}
	return err
}

func (w *World) run(ctx context.Context, steps int) error {
	err := w.store.Create(ctx, persistence.Document{ID: w.doc, Head: persistence.Head{Epoch: w.id()}}, nil)
	if err != nil {
		return err
	}
	w.store.Hold()
	w.boot()
	for i := range 2 + w.random.IntN(7) {
		user := protocol.User{ID: persistence.ID{0: 0xaa, 15: byte(i)}.String(), Name: fmt.Sprintf("P%d", i), Color: "#336699"}
		w.sites = append(w.sites, &worldSite{user: user, role: protocol.RoleEditor, revocable: i%2 == 1, pair: w.pipe(NewClient(), user)})
	}
	for range steps {
		w.Report.Steps++
		if err := w.step(ctx); err != nil {
			return fmt.Errorf("step %d: %w", w.Report.Steps, err)
		}
		if err := w.check(ctx); err != nil {
			return fmt.Errorf("after step %d: %w", w.Report.Steps, err)
		}
	}
	if err := w.heal(ctx); err != nil {
		return fmt.Errorf("healing: %w", err)
	}
	w.Report.TraceHash = hex.EncodeToString(w.trace.Sum(nil))
	for _, s := range w.sites {
		s.pair.Disconnect()
	}
	return nil
}

// boot starts a process on the store.
func (w *World) boot() {
	w.power = &power{Memory: w.store}
	w.hub = collab.NewHub(collab.Config{
		Log: w.power, Documents: w.power, NewID: w.id,
		Spread: func(n int) int { return n / 2 },
		Limits: collab.Limits{
			WindowChanges: 6, SnapshotBytes: 700, Idle: 20 * time.Second, FrameBytes: 2 << 10,
		},
		Activity: func(collab.Activity) {
			if w.panics {
				w.panics = false
				panic("the world wants this session to fail")
			}
		},
	})
}

func (w *World) id() persistence.ID {
	w.ids++
	id := persistence.ID{6: 0x40, 8: 0x80}
	for i := range 6 {
		id[15-i] = byte(w.ids >> (8 * i))
	}
	return id
}

func (w *World) pipe(c *Client, u protocol.User) *Pair {
	return NewPair(w.hub, c, collab.Attach{Document: w.doc, Who: collab.Identity{User: u, Ceiling: protocol.RoleOwner}})
}

func (w *World) log(format string, args ...any) {
	fmt.Fprintf(w.trace, format+"\n", args...)
}

// step does one thing, chosen by the seed.
func (w *World) step(ctx context.Context) error {
	defer w.settle()
	n := w.random.IntN(len(w.sites))
	site := w.sites[n]
	w.log("step %d site %d", w.Report.Steps, n)
	switch choice := w.random.IntN(104); {
	case choice < 28:
		return w.edit(site)
	case choice < 48:
		return w.up(ctx, site)
	case choice < 68:
		return w.down(ctx, site)
	case choice < 82:
		w.commit()
	case choice < 87:
		w.caret(site)
	case choice < 90:
		w.duplicate(site)
	case choice < 93:
		if site.pair.Connected() {
			site.pair.Disconnect()
		}
	case choice < 95:
		return w.overtake(ctx, site)
	case choice < 96:
		w.haunt(ctx)
	case choice < 98:
		time.Sleep(time.Duration(w.random.IntN(8000)) * time.Millisecond)
	case choice < 100:
		return w.fault(ctx)
	default:
		return w.rights(ctx, site)
	}
	return nil
}

// up delivers one frame to the engine, connecting first if need be.
func (w *World) up(ctx context.Context, s *worldSite) error {
	if err := w.connected(ctx, s); err != nil || !s.pair.Connected() {
		return err
	}
	_, err := s.pair.FlushUp(ctx, 1)
	return err
}

// down delivers some frames to the client.
func (w *World) down(ctx context.Context, s *worldSite) error {
	if err := w.connected(ctx, s); err != nil || !s.pair.Connected() {
		return err
	}
	// Frames are taken when all is quiet only, so that what shares a frame is
	// decided by the seed.
	s.pair.take()
	w.settle()
	s.pair.take()
	for n := min(1+w.random.IntN(3), len(s.pair.down)); n > 0; n-- {
		frame := s.pair.down[0]
		s.pair.down = s.pair.down[1:]
		w.trace.Write(frame)
		if err := w.laws.hears(s.pair.Client, frame); err != nil {
			return err
		}
		if err := w.deliver(ctx, s, frame); errors.Is(err, ErrReload) {
			s.pair.Disconnect()
			return nil
		} else if err != nil {
			return err // a gap is a breach of law S4
		}
	}
	return nil
}

// deliver gives a frame to the client and queues what it has to say then.
func (w *World) deliver(ctx context.Context, s *worldSite, frame []byte) error {
	messages, err := protocol.DecodeServer(frame)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if err := s.pair.handle(ctx, m); err != nil {
			return err
		}
	}
	s.greeted = true
	s.pair.send()
	return nil
}

// connected brings a client back that has lost its connection.
func (w *World) connected(ctx context.Context, s *worldSite) error {
	if s.pair.Connected() {
		return nil
	}
	if closed := s.pair.Closed(); closed != nil {
		w.log("closed %d %s", closed.Code, closed.Reason)
		if !closed.Code.Reconnect() && closed.Code != protocol.CloseForbidden {
			return fmt.Errorf("connection was closed for good: %w", closed)
		}
		w.Report.Reloads++
	}
	if s.pair.peer != nil {
		s.pair.Disconnect()
		w.settle()
	}
	if s.role == protocol.RoleNone {
		return nil
	}
	resuming := s.pair.Client.ID() != ""
	s.pair, s.greeted = w.pipe(s.pair.Client, s.user), false
	if err := w.enter(ctx, s); errors.Is(err, collab.ErrStale) {
		return nil
	} else if err != nil {
		if closed, ok := errors.AsType[*collab.CloseError](err); ok && closed.Code.Reconnect() {
			return nil
		}
		return err
	}
	if resuming {
		w.Report.Resumed++
	}
	w.settle()
	return nil
}

// overtake opens a newer connection of a client before the old one is gone.
func (w *World) overtake(ctx context.Context, s *worldSite) error {
	old := s.pair
	if !old.Connected() || !s.greeted {
		return nil
	}
	if w.revoking != nil && w.revoking.site == s {
		return nil // nobody of theirs comes in now
	}
	old.Client.Lost()
	s.pair, s.greeted = w.pipe(old.Client, s.user), false
	s.pair.attach.Role, s.pair.attach.Since = s.role, w.hub.Generation()
	if err := s.pair.Connect(ctx); err != nil {
		return err
	}
	w.settle()
	if closed := old.Closed(); closed == nil || closed.Code != protocol.CloseReplaced {
		return fmt.Errorf("[S6] the older connection of a client was not replaced: %v", closed)
	}
	w.Report.Replaced++
	w.ghosts = append(w.ghosts, old)
	return nil
}

// haunt lets replaced connections say what they still had to say, and go.
func (w *World) haunt(ctx context.Context) {
	for _, g := range w.ghosts {
		for _, frame := range g.up {
			if m, err := protocol.DecodeClient(frame); err == nil {
				_ = g.peer.Receive(ctx, m, len(frame)) // nobody hears it
			}
		}
		g.peer.Detach()
	}
	w.ghosts = nil
}

// duplicate sends a frame twice; not of those who may be refused, since a
// second copy could then be let in.
func (w *World) duplicate(s *worldSite) {
	if p := s.pair; !s.revocable && p.Connected() && len(p.up) > 0 {
		p.up = append(p.up, p.up[len(p.up)-1])
		w.Report.Repeated++
	}
}

// commit lets a batch through.
func (w *World) commit() {
	if w.store.Queued() > 0 {
		w.log("commit")
		w.store.Step(1)
	}
}

// caret tells where a person is; only with nothing unsent, as the protocol says.
func (w *World) caret(s *worldSite) {
	c := s.pair.Client
	if !s.pair.Connected() || c.ID() == "" || len(c.buffer) > 0 {
		return
	}
	at := w.random.IntN(c.Len())
	w.Report.Carets++
	s.pair.Send(protocol.Presence{Base: c.Revision(), Seq: c.seq, Selection: &protocol.Selection{Anchor: at, Head: at}})
}

// fault breaks something.
func (w *World) fault(ctx context.Context) error {
	switch w.random.IntN(5) {
	case 0:
		w.Report.Failed++
		w.store.FailNext(errors.New("disk trouble"))
	case 1:
		w.Report.Lost++
		w.store.LoseNext(errors.New("reply lost"))
	case 2:
		w.Report.Failed++
		w.store.FailNext(persistence.ErrFull)
	case 3:
		if time.Since(w.calm) > 10*time.Second {
			w.calm = time.Now()
			w.log("panics")
			w.panics = true
			w.Report.Panics++
		}
	default:
		return w.kill(ctx)
	}
	return nil
}

// kill ends the process without a word: what was handed to the store may or
// may not have been committed.
func (w *World) kill(ctx context.Context) error {
	w.log("kill")
	w.Report.Kills++
	for w.store.Queued() > 0 {
		if w.random.IntN(2) == 0 {
			w.store.FailNext(persistence.ErrStopped)
		}
		w.power.off = true
		w.log("commit")
		w.store.Step(1)
		w.settle()
	}
	w.power.off, w.panics = true, false
	if err := w.drop(); err != nil {
		return err
	}
	w.haunt(ctx)
	for _, s := range w.sites {
		if s.pair.peer != nil {
			s.pair.Disconnect()
		}
	}
	w.settle()
	if err := w.hub.Close(ctx); err != nil {
		return err
	}
	w.boot()
	for _, s := range w.sites {
		s.pair, s.look = w.pipe(s.pair.Client, s.user), look{} // what was looked up in one process is not used in another
	}
	return nil
}

// heal ends all faults, brings everybody back, and delivers all there is.
func (w *World) heal(ctx context.Context) error {
	w.panics = false
	w.haunt(ctx)
	w.store.Release()
	if err := w.give(ctx); err != nil {
		return err
	}
	for quiet := 0; quiet < 3; {
		w.settle()
		busy := false
		for _, s := range w.sites {
			if err := w.connected(ctx, s); err != nil {
				return err
			}
			if s.pair.Connected() {
				s.pair.send()
			}
			up := 0
			for n := -1; n != 0; up += max(0, n) { // one by one: when each is heard is the seed's to say
				var err error
				if n, err = s.pair.FlushUp(ctx, 1); err != nil {
					return err
				}
				w.settle()
			}
			before := s.pair.Client.Revision()
			if err := w.down(ctx, s); err != nil {
				return err
			}
			waitUp, waitDown := s.pair.Waiting()
			busy = busy || up > 0 || waitUp > 0 || waitDown > 0 || s.pair.Client.Pending() > 0 ||
				before != s.pair.Client.Revision() || !s.pair.Connected()
		}
		time.Sleep(100 * time.Millisecond)
		if quiet++; busy {
			quiet = 0
		}
		if w.Report.Steps++; w.Report.Steps > 100_000 {
			return errors.New("it does not come to rest")
		}
	}
	if err := w.check(ctx); err != nil {
		return err
	}
	return w.agree(ctx)
}

// agree checks that everybody ended with the same document and that every
// acknowledged change is in the log exactly once.
func (w *World) agree(ctx context.Context) error {
	content, err := w.hub.Read(ctx, w.doc)
	if err != nil {
		return err
	}
	want := content.Document.Delta()
	if !want.Equal(w.laws.head().Delta()) {
		return errors.New("[S5] the live document is not what the log says")
	}
	for i, s := range w.sites {
		if n := s.pair.Client.Pending(); n != 0 {
			return fmt.Errorf("[S9] client %d still has %d edits unsaved", i, n)
		}
		if !s.pair.Client.Document().Delta().Equal(want) {
			return fmt.Errorf("client %d ended with another document", i)
		}
	}
	w.Report.Changes, w.Report.Reset = w.laws.revision, w.laws.reset
	sum := content.Document.Hash()
	w.Report.FinalHash = hex.EncodeToString(sum[:])
	return w.laws.acknowledgedOnce(ctx)
}

// check takes what was committed since and holds it against the laws.
func (w *World) check(ctx context.Context) error {
	if err := w.laws.advance(ctx); err != nil {
		return err
	}
	for i, s := range w.sites {
		if err := w.laws.replica(s.pair.Client); err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
	}
	return nil
}

// edit makes a local change somewhere.
func (w *World) edit(s *worldSite) error {
	if s.pair.Client.ID() == "" {
		return nil // nothing to see yet
	}
	view, err := s.pair.Client.View()
	if err != nil {
		return err
	}
	d := w.change(view)
	w.log("edit %s", d.AppendJSON(nil))
	if len(d) == 0 {
		return nil
	}
	return s.pair.Edit(d)
}
