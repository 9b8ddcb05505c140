package collab

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// bound is a test of one limit: what keeps to it goes well, and what is one
// above it does not.
type bound struct {
	tune func(*Limits)
	test func(t *testing.T, h *harness)
	// elsewhere: TestMemoryOfLiveDocuments; the rates have a table of their own, TestRates.
	elsewhere bool
}

// bounds has a test for every field of Limits.
var bounds = map[string]bound{
	"ChangeBytes": {func(l *Limits) { l.ChangeBytes = len(`[{"insert":"12345"}]`) }, func(t *testing.T, h *harness) {
		c := h.join(1)
		c.takes(t, 1, text("12345"))
		c.refuses(t, protocol.CodeChangeTooLarge, 2, text("123456"))
	}, false},
	"ChangeOps": {func(l *Limits) { l.ChangeOps = 3 }, func(t *testing.T, h *harness) {
		c := h.join(1)
		c.takes(t, 1, text("abcdef"))
		c.takes(t, 2, keep(1), text("x"), ot.Delete(1))
		c.refuses(t, protocol.CodeChangeTooLarge, 3, keep(1), text("x"), keep(1), text("y"))
	}, false},
	"DocumentLength": {func(l *Limits) { l.DocumentLength = 10 }, func(t *testing.T, h *harness) {
		c := h.join(1)
		c.takes(t, 1, text("123456789")) // and the last line's end
		c.refuses(t, protocol.CodeDocumentTooLarge, 2, text("x"))
		c.takes(t, 3, ot.Delete(1))
		c.takes(t, 4, text("x"))
	}, false},
	"PresenceBytes": {func(l *Limits) { l.PresenceBytes = len(`{"a":"1"}`) }, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		state := func(s string) string {
			alice.say(protocol.Presence{State: []byte(s)})
			time.Sleep(time.Second)
			last := ""
			for _, p := range of[protocol.PeerPresence](bob.hear()) {
				if p.Peer == alice.peer.ID() {
					last = string(p.State)
				}
			}
			return last
		}
		if got := state(`{"a":"1"}`); got != `{"a":"1"}` {
			t.Errorf("at the limit bob saw %q", got)
		}
		if got := state(`{"a":"12"}`); strings.Contains(got, "12") {
			t.Errorf("above it bob saw %q", got)
		}
	}, false},
	"Inbox": {func(l *Limits) { l.Inbox = 3 }, func(t *testing.T, h *harness) {
		c, release := h.join(1), make(chan struct{})
		s := h.hub.live(h.doc)
		h.stall(s, release)
		for range 3 {
			c.say(protocol.Ping{})
		}
		waited := make(chan error, 1)
		go func() { waited <- c.peer.Receive(t.Context(), protocol.Ping{}, 10) }()
		synctest.Wait()
		select {
		case err := <-waited:
			t.Errorf("one above did not wait: %v", err)
		default:
		}
		close(release)
		if err := <-waited; err != nil {
			t.Error(err)
		}
		if pongs := of[protocol.Pong](c.hear()); len(pongs) != 4 {
			t.Errorf("%d pongs", len(pongs))
		}
	}, false},
	"OutboxBytes": {func(l *Limits) { l.OutboxBytes = 10 }, func(t *testing.T, h *harness) {
		h.fills(t, func(n int) fragment { return fragment{bytes: make([]byte, n)} }, 4, 6, 1)
	}, false},
	"OutboxFrames": {func(l *Limits) { l.OutboxFrames = 3 }, func(t *testing.T, h *harness) {
		h.fills(t, func(int) fragment { return fragment{bytes: []byte("x")} }, 1, 1, 1, 1)
	}, false},
	"FrameBytes": {func(l *Limits) { l.FrameBytes = 10 }, func(t *testing.T, h *harness) {
		for _, second := range []int{5, 6} {
			var o outbox
			o.push(&h.hub.config.Limits, fragment{bytes: []byte("1234")}, fragment{bytes: make([]byte, second)})
			frame, _ := o.next(h.hub.config.Limits.FrameBytes)
			if joined := frame[0] == '['; joined != (4+second < 10) {
				t.Errorf("4 and %d bytes: joined is %v", second, joined)
			}
		}
	}, false},
	"Peers": {func(l *Limits) { l.Peers = 3 }, func(t *testing.T, h *harness) {
		h.crowds(t, func(i int) (*pipe, error) {
			c, _, err := h.attach(user(i), protocol.RoleViewer, nil)
			return c, err
		})
	}, false},
	"UserConnections": {func(l *Limits) { l.UserConnections = 3 }, func(t *testing.T, h *harness) {
		h.crowds(t, func(int) (*pipe, error) {
			h.doc = h.another(t)
			c, _, err := h.attach(user(1), protocol.RoleViewer, nil)
			return c, err
		})
		if _, _, err := h.attach(user(2), protocol.RoleViewer, nil); err != nil {
			t.Errorf("somebody else: %v", err)
		}
	}, false},
	"Pending": {func(l *Limits) { l.Pending = 3 }, func(t *testing.T, h *harness) {
		c := h.join(1)
		h.store.Hold()
		for seq := range int64(3) {
			c.submit(seq+1, 0, text("x"))
		}
		if got := c.hear(); len(of[protocol.Reject](got)) != 0 {
			t.Errorf("at the limit: %v", got)
		}
		c.submit(4, 0, text("x"))
		got := of[protocol.Reject](c.hear())
		if len(got) != 1 || got[0].Code != protocol.CodeRateLimited || !got[0].Retry || got[0].RetryAfter == 0 {
			t.Errorf("above: %v", got)
		}
		h.store.Release()
		synctest.Wait()
		c.submit(4, 0, text("x"))
		c.hear()
		h.onceEach(4)
	}, false},
	"WindowChanges": {func(l *Limits) { l.WindowChanges = 3 }, func(t *testing.T, h *harness) {
		h.windows(t, h.join(1), 3)
	}, false},
	"WindowBytes": {func(l *Limits) { l.WindowBytes = 3 * cost(ot.Delta{text("x")}) }, func(t *testing.T, h *harness) {
		h.windows(t, h.join(1), 3)
	}, false},
	"Documents": {func(l *Limits) { l.Documents = 3 }, func(t *testing.T, h *harness) {
		var all []*pipe
		for i := range 3 {
			h.doc = h.another(t)
			all = append(all, h.join(i))
		}
		read := func() error {
			_, err := h.hub.Read(t.Context(), h.another(t))
			return err
		}
		if err := read(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("above: %v", err)
		}
		all[0].peer.Detach()
		synctest.Wait()
		for range 9 {
			if err := read(); err != nil {
				t.Errorf("when somebody has left: %v", err)
			}
		}
		if n := h.hub.Stats().Documents; n != 3 || all[1].closed() != 0 || all[2].closed() != 0 {
			t.Errorf("%d documents are live", n)
		}
	}, false},
	"Invalid": {func(l *Limits) { l.Invalid = 3 }, func(t *testing.T, h *harness) {
		c := h.join(1)
		for seq := range int64(2) {
			c.refuses(t, protocol.CodeInvalidChange, seq+1, keep(9), text("x"))
		}
		if c.takes(t, 3, text("x")); c.closed() != 0 {
			t.Errorf("closed with %d", c.closed())
		}
		for seq := range int64(3) {
			c.refuses(t, protocol.CodeInvalidChange, seq+4, keep(9), text("x"))
		}
		if c.closed() != protocol.CloseInvalidChange {
			t.Errorf("closed with %d", c.closed())
		}
	}, false},
	"IssuedClients": {func(l *Limits) { l.IssuedClients = 3 }, func(t *testing.T, h *harness) {
		var ids []persistence.ID
		for i := range 4 {
			c := h.join(i)
			id, err := persistence.ParseID(c.client)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
			if _, ok := h.hub.issuedTo(ids[0]); ok != (i < 3) {
				t.Errorf("after %d the first is remembered: %v", i+1, ok)
			}
		}
	}, false},
	"SnapshotBytes": {func(l *Limits) { l.SnapshotBytes = 3 * (changeBytes + len(`[{"insert":"x"}]`)) }, func(t *testing.T, h *harness) {
		c := h.join(1)
		for seq := range int64(3) {
			c.takes(t, seq+1, text("x"))
			synctest.Wait()
			if stored := h.snapshots(t); stored != (seq == 2) {
				t.Errorf("after %d changes a snapshot is stored: %v", seq+1, stored)
			}
		}
	}, false},
	"Idle": {func(l *Limits) { l.Idle = 5 * time.Second }, func(t *testing.T, h *harness) {
		h.text()
		time.Sleep(5*time.Second - 1)
		if synctest.Wait(); h.hub.Stats().Documents != 1 {
			t.Error("it left too early")
		}
		time.Sleep(time.Nanosecond)
		if synctest.Wait(); h.hub.Stats().Documents != 0 {
			t.Error("it stayed")
		}
	}, false},
	"Drain": {func(l *Limits) { l.Drain = 5 * time.Second }, func(t *testing.T, h *harness) {
		c := h.join(1)
		if waited := took(h.close); waited != 5*time.Second {
			t.Errorf("closing waited %v for who stays", waited)
		}
		if away := of[protocol.GoAway](c.hear()); len(away) != 0 && away[0].RetryAfter >= 5000 {
			t.Errorf("told to come back after %d ms", away[0].RetryAfter)
		}
	}, false},
	"PresencePace": {func(l *Limits) { l.PresencePace = 300 * time.Millisecond }, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		time.Sleep(time.Second)
		bob.hear()
		before := bob.frames
		for range 30 { // for three seconds
			alice.say(protocol.Presence{Selection: &protocol.Selection{}})
			time.Sleep(aTenth)
			bob.hear()
		}
		if n := bob.frames - before; n < 9 || n > 11 {
			t.Errorf("%d rounds in three seconds, want ten", n)
		}
	}, false},
	"DocumentsBytes":     {elsewhere: true},
	"ConnectionChanges":  {elsewhere: true},
	"ConnectionBytes":    {elsewhere: true},
	"ConnectionMessages": {elsewhere: true},
	"UserChanges":        {elsewhere: true},
	"UserBytes":          {elsewhere: true},
	"DocumentChanges":    {elsewhere: true},
	"DocumentBytes":      {elsewhere: true},
	"RateBurst": {func(l *Limits) { *l = roomy; l.ConnectionChanges = 10; l.RateBurst = 500 * time.Millisecond }, func(t *testing.T, h *harness) {
		c := h.join(1)
		if waited := took(func() {
			for seq := range int64(5) {
				c.submit(seq+1, 0, text("x"))
			}
		}); waited != 0 {
			t.Errorf("at the limit they waited %v", waited)
		}
		if waited := took(func() { c.submit(6, 0, text("x")) }); waited != aTenth {
			t.Errorf("above it waited %v", waited)
		}
	}, false},
	"RateWait": {func(l *Limits) { *l = roomy; l.UserChanges = 10; l.RateBurst = aTenth; l.RateWait = 2 * aTenth }, func(t *testing.T, h *harness) {
		c := h.join(1)
		admit := func() error { return h.hub.Admit(t.Context(), c.user, 0) }
		if err := admit(); err != nil {
			t.Fatal(err)
		}
		answers := make(chan error, 3)
		for range 3 { // they would wait for 100, 200 and 300 ms
			go func() { answers <- admit() }()
			synctest.Wait()
		}
		refused := 0
		for range 3 {
			if err := <-answers; err != nil {
				refused++
			}
		}
		if refused != 1 {
			t.Errorf("%d were refused", refused)
		}
	}, false},
}

func TestEveryLimit(t *testing.T) {
	fields := reflect.TypeFor[Limits]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		b, ok := bounds[name]
		switch {
		case !ok:
			t.Errorf("%s has no test at the limit and above it: add one to bounds", name)
		case b.elsewhere:
		default:
			in(t, "[R5] "+name, func(c *Config) { b.tune(&c.Limits) }, b.test)
		}
	}
	if len(bounds) != fields.NumField() {
		t.Errorf("%d tests for %d limits", len(bounds), fields.NumField())
	}
}

func (c *pipe) takes(t *testing.T, seq int64, ops ...ot.Op) {
	t.Helper()
	c.submit(seq, c.peer.session.state.Load().revision, ops...)
	if got := c.hear(); len(of[protocol.Ack](got)) != 1 {
		t.Errorf("seq %d was not taken: %v", seq, got)
	}
}

func (c *pipe) refuses(t *testing.T, code protocol.Code, seq int64, ops ...ot.Op) {
	t.Helper()
	c.submit(seq, c.peer.session.state.Load().revision, ops...)
	if got := of[protocol.Reject](c.hear()); len(got) != 1 || got[0].Code != code {
		t.Errorf("seq %d was answered %v, want %s", seq, got, code)
	}
}

// another makes a document.
func (h *harness) another(t *testing.T) persistence.ID {
	t.Helper()
	id := h.id()
	if err := h.store.Create(t.Context(), persistence.Document{ID: id, Head: persistence.Head{Epoch: h.id()}}, nil); err != nil {
		t.Fatal(err)
	}
	return id
}

// stall keeps a session in one turn until release is closed.
func (h *harness) stall(s *session, release chan struct{}) {
	reply := make(chan writeReply) // nobody takes it before
	s.inbox <- envelope{body: &writeRequest{write: Write{Role: protocol.RoleNone}, author: &author{}, reply: reply}}
	go func() {
		<-release
		<-reply
	}()
	synctest.Wait()
}

// crowds checks a limit of three connections.
func (h *harness) crowds(t *testing.T, join func(i int) (*pipe, error)) {
	t.Helper()
	var all []*pipe
	for i := range 3 {
		c, err := join(i)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	closed := &CloseError{}
	if _, err := join(3); !errors.As(err, &closed) || closed.Code != protocol.CloseRate || closed.Reason == "" {
		t.Errorf("one above: %v", err)
	}
	all[0].peer.Detach()
	synctest.Wait()
	if _, err := join(4); err != nil {
		t.Errorf("when one has left: %v", err)
	}
}

// fills pushes fragments of these sizes to an outbox: only the last is too much.
func (h *harness) fills(t *testing.T, make func(n int) fragment, sizes ...int) {
	t.Helper()
	var o outbox
	for i, n := range sizes {
		if _, over := o.push(&h.hub.config.Limits, make(n)); over != (i == len(sizes)-1) {
			t.Errorf("fragment %d: over is %v", i, over)
		}
	}
}

// windows checks that a window keeps n changes of one letter, and not one more.
func (h *harness) windows(t *testing.T, c *pipe, n int) {
	t.Helper()
	s := h.hub.live(h.doc)
	for i := range n {
		c.takes(t, int64(i+1), text("x"))
	}
	if s.seq.window.base != 0 {
		t.Errorf("at the limit some were let go: %d", s.seq.window.base)
	}
	c.takes(t, int64(n+1), text("x"))
	if w := &s.seq.window; w.base == 0 || len(w.entries) > n {
		t.Errorf("above it %d are kept, from %d", len(w.entries), w.base)
	}
}

// snapshots tells whether the document has a snapshot beside that of its start.
func (h *harness) snapshots(t *testing.T) bool {
	t.Helper()
	snapshot, err := h.store.Snapshot(t.Context(), h.doc, 1<<40)
	if errors.Is(err, persistence.ErrNotFound) {
		return false
	}
	if err != nil {
		t.Fatal(fmt.Errorf("reading a snapshot: %w", err))
	}
	return snapshot.Revision > 0
}
