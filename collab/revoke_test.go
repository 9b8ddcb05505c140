package collab

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// table is who may do what, as a store would know it.
type table struct {
	mu     sync.Mutex
	users  map[string]protocol.Role
	logins map[persistence.ID]error // why they are over
	failed error
}

func newTable() *table {
	return &table{users: map[string]protocol.Role{}, logins: map[persistence.ID]error{}}
}

func (r *table) role(_ context.Context, who Identity, _ persistence.ID) (protocol.Role, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.logins[who.Login]; err != nil {
		return protocol.RoleNone, err
	}
	if role, ok := r.users[who.User.ID]; ok {
		return role, r.failed
	}
	return protocol.RoleEditor, r.failed
}

// set is a commit that changes a user's role.
func (r *table) set(n int, role protocol.Role) func(context.Context) error {
	return func(context.Context) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.users[user(n).ID] = role
		return nil
	}
}

func (r *table) endLogin(login persistence.ID) func(context.Context) error {
	return func(context.Context) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.logins[login] = ErrUnauthorized
		return nil
	}
}

func (h *harness) revocation(r *table, n int) Revocation {
	return Revocation{Documents: []persistence.ID{h.doc}, Users: []persistence.ID{userID(n)}, Role: r.role}
}

// enter comes in as a transport does: by a role that is looked up.
func (h *harness) enter(who Identity, r *table) (*pipe, error) {
	c := &pipe{h: h, user: who.User}
	err := h.hub.Afresh(func(since Generation) error {
		role, err := r.role(h.t.Context(), who, h.doc)
		if err != nil {
			return err
		}
		c.peer, err = h.hub.Attach(h.t.Context(), Attach{Document: h.doc, Who: who, Role: role, Since: since, Conn: c})
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func login(n int) persistence.ID { return persistence.ID{0: 0xbb, 15: byte(n)} }

// later runs what waits, and gives its end.
func later(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	synctest.Wait()
	return done
}

func TestRevokeWaits(t *testing.T) {
	in(t, "[S8] a role is not taken before what was made under it has committed, and nothing more is heard meanwhile", nil, func(t *testing.T, h *harness) {
		r, alice, bob := newTable(), h.join(1), h.join(2)
		h.store.Hold()
		alice.submit(1, 0, text("x"))
		synctest.Wait()
		var head persistence.Head
		done := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 1), func(ctx context.Context) (err error) {
				head, err = h.store.Head(ctx, h.doc)
				return errors.Join(err, r.set(1, protocol.RoleNone)(ctx))
			})
		})
		if len(done) != 0 {
			t.Fatal("it was taken at once")
		}
		alice.submit(2, 0, text("y"))
		bob.submit(1, 0, text("b"))
		if got := of[protocol.Reject](alice.hear()); len(got) != 1 || got[0].Seq != 2 || got[0].Code != protocol.CodeUnavailable || !got[0].Retry {
			t.Errorf("while her right is being taken alice hears %v", got)
		}
		h.store.Release()
		if err := <-done; err != nil || head.Revision < 1 {
			t.Errorf("%v; committed at head %d, before what she had made", err, head.Revision)
		}
		if got := alice.hear(); len(of[protocol.Ack](got)) != 1 || len(of[protocol.Removed](got)) != 1 || alice.closed() != protocol.CloseForbidden {
			t.Errorf("alice heard %v, closed %d", got, alice.closed())
		}
		if got := h.text(); got != "xb\n" {
			t.Errorf("text %q", got)
		}
		if got := bob.hear(); len(of[protocol.Ack](got)) != 1 || bob.closed() != 0 {
			t.Errorf("bob, whom it does not concern, heard %v, closed %d", got, bob.closed())
		}
	})
	in(t, "[S8] a commit that fails leaves everything as it was", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		full := errors.New("no room")
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), func(context.Context) error { return full }); !errors.Is(err, full) {
			t.Errorf("answered %v", err)
		}
		alice.submit(1, 0, text("x"))
		if got := alice.hear(); len(got) != 1 || len(of[protocol.Ack](got)) != 1 {
			t.Errorf("alice heard %v", got)
		}
	})
	in(t, "[S8] one that is given up while it waits, too", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		h.store.Hold()
		alice.submit(1, 0, text("x"))
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		done := later(func() error { return h.hub.Revoke(ctx, h.revocation(r, 1), r.set(1, protocol.RoleNone)) })
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("answered %v", err)
		}
		h.store.Release()
		alice.submit(2, 0, text("y"))
		if got := alice.hear(); len(of[protocol.Ack](got)) != 2 {
			t.Errorf("alice heard %v", got)
		}
	})
	in(t, "[S8] a commit that panics holds nobody off for ever", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		func() {
			defer func() { _ = recover() }()
			_ = h.hub.Revoke(t.Context(), h.revocation(r, 1), func(context.Context) error { panic("ouch") })
		}()
		alice.submit(1, 0, text("x"))
		if got := of[protocol.Ack](alice.hear()); len(got) != 1 {
			t.Error("alice is still held off")
		}
		if _, err := h.enter(as(user(1)), r); err != nil {
			t.Errorf("nobody comes in: %v", err)
		}
	})
	in(t, "[S8][R6] what a session that panicked had handed over is awaited too", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		h.store.Hold()
		alice.submit(1, 0, text("x"))
		synctest.Wait()
		h.hub.live(h.doc).tell(letGo{verdicts: make([]verdict, 1)}) // about nobody: it panics
		synctest.Wait()
		var head persistence.Head
		done := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 1), func(ctx context.Context) (err error) {
				head, err = h.store.Head(ctx, h.doc)
				return err
			})
		})
		h.store.Release()
		if err := <-done; err != nil || head.Revision != 1 {
			t.Errorf("%v; it committed at head %d", err, head.Revision)
		}
	})
}

func TestRevokeMeetsWhatIsOnItsWay(t *testing.T) {
	slow := func(c *Config) { c.Log = &slowLog{Log: c.Log} }
	// behind has bob send a change whose base is below the window.
	behind := func(h *harness) (bob *pipe) {
		alice := h.join(1)
		bob = h.join(2)
		for i := range int64(40) {
			alice.submit(i+1, i, text("x"))
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		bob.submit(1, 0, text("b"))
		synctest.Wait()
		return bob
	}
	in(t, "[S8] a change that was being caught up when the role was taken is refused", slow, func(t *testing.T, h *harness) {
		r, bob := newTable(), behind(h)
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleViewer)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if got := of[protocol.Reject](bob.hear()); len(got) != 1 || got[0].Code != protocol.CodeReadOnly {
			t.Errorf("bob heard %v", got)
		}
	})
	in(t, "[S8] one that arrives while the role is being taken comes again", slow, func(t *testing.T, h *harness) {
		r, bob := newTable(), behind(h)
		open := make(chan struct{})
		done := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 2), func(context.Context) error { <-open; return nil })
		})
		time.Sleep(time.Minute)
		if got := of[protocol.Reject](bob.hear()); len(got) != 1 || got[0].Code != protocol.CodeUnavailable {
			t.Errorf("bob heard %v", got)
		}
		close(open)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		bob.submit(1, 0, text("b"))
		time.Sleep(time.Minute)
		if got := of[protocol.Ack](bob.hear()); len(got) != 1 {
			t.Errorf("bob heard %v", got)
		}
	})
	in(t, "[S8] a write that was let in under a role which is gone is not made", nil, func(t *testing.T, h *harness) {
		r := newTable()
		h.join(1)
		write := Write{Document: h.doc, Who: as(user(2)), Role: protocol.RoleEditor, Since: h.hub.Generation(), Delta: ot.Delta{text("w")}}
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleViewer)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.hub.Submit(t.Context(), write); !errors.Is(err, ErrStale) {
			t.Errorf("the write: %v", err)
		}
		write.Since = h.hub.Generation()
		if _, err := h.hub.Submit(t.Context(), write); err != nil {
			t.Errorf("one whose role was looked up after: %v", err)
		}
	})
	in(t, "[S8] a write that waits to be caught up is not made", slow, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		for i := range int64(40) {
			alice.submit(i+1, i, text("x"))
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		base := int64(0)
		write := Write{Document: h.doc, Who: as(user(2)), Role: protocol.RoleEditor, Since: h.hub.Generation(), Base: &base, Delta: ot.Delta{text("w")}}
		written := later(func() error { _, err := h.hub.Submit(t.Context(), write); return err })
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		if err := <-written; !errors.Is(err, ErrStale) {
			t.Errorf("the write: %v", err)
		}
	})
	in(t, "[S8] a write that was handed over commits before the role is taken", nil, func(t *testing.T, h *harness) {
		r := newTable()
		h.join(1)
		h.store.Hold()
		written := later(func() error {
			_, err := h.hub.Submit(t.Context(), Write{Document: h.doc, Who: as(user(2)), Role: protocol.RoleEditor, Since: h.hub.Generation(), Delta: ot.Delta{text("w")}})
			return err
		})
		done := later(func() error { return h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleNone)) })
		if len(done) != 0 {
			t.Fatal("it was taken at once")
		}
		h.store.Release()
		if err := errors.Join(<-written, <-done); err != nil {
			t.Error(err)
		}
	})
	in(t, "[S8] whoever looked their role up before it was taken does not come in by it", nil, func(t *testing.T, h *harness) {
		r := newTable()
		h.join(1)
		before := h.hub.Generation()
		open := make(chan struct{})
		done := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 2), func(ctx context.Context) error { <-open; return r.set(2, protocol.RoleViewer)(ctx) })
		})
		c := &pipe{h: h}
		attach := func(who Identity) error {
			_, err := h.hub.Attach(t.Context(), Attach{Document: h.doc, Who: who, Role: protocol.RoleEditor, Since: before, Conn: c})
			return err
		}
		during := later(func() error { return attach(as(user(2))) })
		if len(during) != 0 {
			t.Errorf("during it: %v, without waiting for its end", <-during)
		}
		if err := attach(as(user(3))); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		close(open)
		if err := errors.Join(<-done); err != nil {
			t.Fatal(err)
		}
		if err := <-during; !errors.Is(err, ErrStale) {
			t.Errorf("during it: %v", err)
		}
		if err := attach(as(user(2))); !errors.Is(err, ErrStale) {
			t.Errorf("after it: %v", err)
		}
		if c, err := h.enter(as(user(2)), r); err != nil || c.peer.role != protocol.RoleViewer {
			t.Errorf("afresh: %v", err)
		}
	})
	in(t, "[S8] nor does a follower", nil, func(t *testing.T, h *harness) {
		r := newTable()
		h.join(1)
		before := h.hub.Generation()
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: as(user(2)), Since: before}); !errors.Is(err, ErrStale) {
			t.Errorf("answered %v", err)
		}
	})
	in(t, "[S8] who was let go before their welcome was written is not given it", nil, func(t *testing.T, h *harness) {
		r := newTable()
		h.join(1)
		look := &meanwhile{Documents: h.store, n: 2, then: func() {
			if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleNone)); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
		}}
		h.hub.config.Documents = look
		c, err := h.enter(as(user(2)), r)
		if err != nil {
			t.Fatal(err)
		}
		if frame, ok := c.peer.Next(); ok {
			t.Errorf("it was given %s", frame)
		}
		synctest.Wait() // for the timer that closed it
		if c.closed() != protocol.CloseForbidden {
			t.Errorf("closed %d", c.closed())
		}
	})
}

func TestRevokeReaches(t *testing.T) {
	in(t, "[S8] one login ends, another of the same user goes on", nil, func(t *testing.T, h *harness) {
		r := newTable()
		here, there := as(user(1)), as(user(1))
		here.Login, there.Login = login(1), login(2)
		ended, err1 := h.enter(here, r)
		stays, err2 := h.enter(there, r)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		err := h.hub.Revoke(t.Context(), Revocation{Logins: []persistence.ID{login(1)}, Role: r.role}, r.endLogin(login(1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := of[protocol.Removed](ended.hear()); len(got) != 1 || ended.closed() != protocol.CloseUnauthorized {
			t.Errorf("the login that ended heard %v, closed %d", got, ended.closed())
		}
		stays.submit(1, 0, text("x"))
		if got := of[protocol.Ack](stays.hear()); len(got) != 1 || stays.closed() != 0 {
			t.Errorf("the other one heard %v, closed %d", got, stays.closed())
		}
	})
	in(t, "[S8] a role that is raised later stays below the ceiling of the credential", nil, func(t *testing.T, h *harness) {
		r := newTable()
		bounded := as(user(1))
		bounded.Ceiling = protocol.RoleCommenter
		r.users[user(1).ID] = protocol.RoleViewer
		c, err := h.enter(bounded, r)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleOwner)); err != nil {
			t.Fatal(err)
		}
		if got := of[protocol.RoleChange](c.hear()); len(got) != 1 || got[0].Role != protocol.RoleCommenter {
			t.Errorf("heard %v", got)
		}
	})
	in(t, "[S8] of two at once the one that looked later has the last word", nil, func(t *testing.T, h *harness) {
		for _, first := range []protocol.Role{protocol.RoleViewer, protocol.RoleNone} {
			r := newTable()
			c, err := h.enter(as(user(3)), r)
			if err != nil {
				t.Fatal(err)
			}
			// The first has read the role and is slow to say so; meanwhile the
			// second takes it, looks, and is done.
			slow := h.revocation(r, 3)
			looked, goOn := make(chan struct{}), make(chan struct{})
			slow.Role = func(ctx context.Context, who Identity, document persistence.ID) (protocol.Role, error) {
				role, err := r.role(ctx, who, document)
				close(looked)
				<-goOn
				return role, err
			}
			done := later(func() error { return h.hub.Revoke(t.Context(), slow, func(context.Context) error { return nil }) })
			<-looked
			if err := h.hub.Revoke(t.Context(), h.revocation(r, 3), r.set(3, first)); err != nil {
				t.Fatal(err)
			}
			close(goOn)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			c.hear()
			if first == protocol.RoleNone && c.closed() != protocol.CloseForbidden || first != protocol.RoleNone && c.peer.role != first {
				t.Errorf("role %v, closed %d after %v", c.peer.role, c.closed(), first)
			}
		}
	})
	in(t, "[S8] whose role cannot be read after it was taken is let go, to come back", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		fail := func(context.Context) error { r.failed = errors.New("trouble"); return nil }
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), fail); err != nil {
			t.Fatal(err)
		}
		if alice.hear(); alice.closed() != protocol.CloseGeneric {
			t.Errorf("closed %d", alice.closed())
		}
	})
	in(t, "[S8] a lost role cuts off who follows the log, and a lower one does not", nil, func(t *testing.T, h *harness) {
		r := newTable()
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: as(user(1)), Since: h.hub.Generation()})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleViewer)); err != nil {
			t.Fatal(err)
		}
		bob := h.join(2)
		bob.submit(1, 0, text("x"))
		if got, err := f.Next(t.Context()); err != nil || len(got) != 1 {
			t.Errorf("a viewer reads %v, %v", got, err)
		}
		next := later(func() error { _, err := f.Next(t.Context()); return err })
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		bob.submit(2, 1, text("secret"))
		var closing *CloseError
		if err := <-next; !errors.As(err, &closing) || closing.Code != protocol.CloseForbidden {
			t.Errorf("after: %v", err)
		}
		bob.hear()
		if got, err := f.Next(t.Context()); err == nil {
			t.Errorf("it still reads %v", got)
		}
	})
	in(t, "[S8] what was queued for somebody who lost their role leaves soon or not at all", nil, func(t *testing.T, h *harness) {
		r, alice, bob := newTable(), h.join(1), h.join(2)
		bob.submit(1, 0, text("x"))
		synctest.Wait() // alice has not taken it
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if got := alice.hear(); len(got) != 0 || alice.closed() != protocol.CloseForbidden {
			t.Errorf("a second later alice is given %v, closed %d", got, alice.closed())
		}
	})
	in(t, "[S8] a document that is gone is gone for everybody, followers too", nil, func(t *testing.T, h *harness) {
		alice := h.join(1)
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: as(user(2)), Since: h.hub.Generation()})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		h.trashed()
		if alice.hear(); alice.closed() != protocol.CloseNotFound {
			t.Errorf("closed %d", alice.closed())
		}
		var closing *CloseError
		if _, err := f.Next(t.Context()); !errors.As(err, &closing) || closing.Code != protocol.CloseNotFound {
			t.Errorf("the follower: %v", err)
		}
	})
	in(t, "[S8][R5] what is remembered of revocations is bounded, and who looked too long ago looks again", nil, func(t *testing.T, h *harness) {
		r := newTable()
		before := h.hub.Generation()
		for n := range 2 * recentRevocations {
			if err := h.hub.Revoke(t.Context(), h.revocation(r, n%100), r.set(n%100, protocol.RoleViewer)); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(h.hub.rights.recent); n > recentRevocations {
			t.Errorf("%d are remembered", n)
		}
		attach := Attach{Document: h.doc, Who: as(user(200)), Role: protocol.RoleEditor, Since: before, Conn: &pipe{h: h}}
		if _, err := h.hub.Attach(t.Context(), attach); !errors.Is(err, ErrStale) {
			t.Errorf("answered %v", err)
		}
	})
}

func TestCredentialsEnd(t *testing.T) {
	in(t, "[S8] a connection closes when its credential ends, and a follower", nil, func(t *testing.T, h *harness) {
		r := newTable()
		short, long := as(user(1)), as(user(2))
		short.Expires, long.Expires = time.Now().Add(time.Minute), time.Now().Add(time.Hour)
		a, err1 := h.enter(short, r)
		b, err2 := h.enter(long, r)
		f, err3 := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: short, Since: h.hub.Generation()})
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		time.Sleep(time.Minute - time.Millisecond)
		if a.hear(); a.closed() != 0 {
			t.Errorf("closed early: %d", a.closed())
		}
		time.Sleep(2 * time.Millisecond)
		if a.hear(); a.closed() != protocol.CloseTokenExpired {
			t.Errorf("closed %d", a.closed())
		}
		var closing *CloseError
		if _, err := f.Next(t.Context()); !errors.As(err, &closing) || closing.Code != protocol.CloseTokenExpired {
			t.Errorf("the follower: %v", err)
		}
		if b.hear(); b.closed() != 0 {
			t.Errorf("the other one closed: %d", b.closed())
		}
		if _, err := h.enter(short, r); !errors.As(err, &closing) || closing.Code != protocol.CloseTokenExpired {
			t.Errorf("coming back with it: %v", err)
		}
		time.Sleep(time.Hour)
		if b.hear(); b.closed() != protocol.CloseTokenExpired {
			t.Errorf("the other one, an hour later: %d", b.closed())
		}
	})
	in(t, "[S8] a right that was lost unheard ends at the recheck", nil, func(t *testing.T, h *harness) {
		r, alice, bob, carol := newTable(), h.join(1), h.join(2), h.join(3)
		r.users[user(1).ID], r.users[user(2).ID] = protocol.RoleNone, protocol.RoleViewer
		if err := h.hub.Recheck(t.Context(), r.role); err != nil {
			t.Fatal(err)
		}
		alice.hear()
		if got := of[protocol.RoleChange](bob.hear()); len(got) != 1 || got[0].Role != protocol.RoleViewer {
			t.Errorf("bob heard %v", got)
		}
		if got := carol.hear(); alice.closed() != protocol.CloseForbidden || carol.closed() != 0 || len(of[protocol.RoleChange](got)) != 0 {
			t.Errorf("alice closed %d, carol closed %d, heard %v", alice.closed(), carol.closed(), got)
		}
	})
	in(t, "a recheck that cannot read the roles sends nobody away", nil, func(t *testing.T, h *harness) {
		r, alice := newTable(), h.join(1)
		r.failed = errors.New("trouble")
		if err := h.hub.Recheck(t.Context(), r.role); err != nil {
			t.Fatal(err)
		}
		if got := of[protocol.RoleChange](alice.hear()); alice.closed() != 0 || len(got) != 0 {
			t.Errorf("closed %d, heard %v", alice.closed(), got)
		}
	})
}

func TestRights(t *testing.T) {
	id := func(n byte) persistence.ID { return persistence.ID{15: n} }
	document, user, login, other := id(1), id(2), id(3), id(4)
	for _, test := range []struct {
		name         string
		what         Revocation
		mine, theirs bool // whether it concerns this user in this login, and another
	}{
		{"everybody in a document", Revocation{Documents: []persistence.ID{document}}, true, true},
		{"everybody in another", Revocation{Documents: []persistence.ID{other}}, false, false},
		{"a user everywhere", Revocation{Users: []persistence.ID{user}}, true, false},
		{"another in this document", Revocation{Documents: []persistence.ID{document}, Users: []persistence.ID{other}}, false, true},
		{"a login", Revocation{Logins: []persistence.ID{login}}, true, false},
	} {
		t.Run("[S8] whom it concerns is turned away until they looked after its end: "+test.name, func(t *testing.T) {
			var r rights
			check := func(when string, since Generation, mine, theirs bool) {
				t.Helper()
				if got := r.stale(since, document, user, login); got != mine {
					t.Errorf("%s: stale %v", when, got)
				}
				if got := r.stale(since, document, other, persistence.ID{}); got != theirs {
					t.Errorf("%s, another: stale %v", when, got)
				}
			}
			before := r.look()
			check("before", before, false, false)
			e := r.begin(&test.what)
			within := r.look()
			check("under way", within, test.mine, test.theirs)
			r.end(e)
			check("looked before it", before, test.mine, test.theirs)
			check("looked while it ran", within, test.mine, test.theirs)
			check("looked after it", r.now(), false, false)
			r.look()
			check("looked after it, and so did others", r.now()-1, false, false)
		})
	}
}

func TestNews(t *testing.T) {
	in(t, "a new name and colour reach open connections, and changes carry them", nil, func(t *testing.T, h *harness) {
		alice, bob := h.join(1), h.join(2)
		bob.hear()
		now := protocol.User{ID: alice.user.ID, Name: "Ada", Color: "#ff0000"}
		h.hub.Profile(t.Context(), userID(1), func(context.Context) (protocol.User, error) { return now, nil })
		time.Sleep(time.Second)
		if got := of[protocol.PeerPresence](bob.hear()); len(got) != 1 || got[0].User != now {
			t.Errorf("bob sees %v", got)
		}
		if got, _ := h.hub.People(h.doc, 9); !slices.Contains(got, now) {
			t.Errorf("people %v", got)
		}
		alice.submit(1, 0, text("x"))
		if got := of[protocol.Change](bob.hear()); len(got) != 1 || got[0].Author != now {
			t.Errorf("bob hears %v", got)
		}
	})
	in(t, "of two renames at once the title that is told last is the one that is kept", nil, func(t *testing.T, h *harness) {
		c := h.join(1)
		rename := func(title string) {
			if err := h.store.Rename(t.Context(), h.doc, title, persistence.Author{}, time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
		}
		// The first has read its title and is slow to tell it.
		look := &meanwhile{Documents: h.store, n: 1, then: func() { time.Sleep(time.Second) }}
		h.hub.config.Documents = look
		rename("First")
		first := later(func() error { h.hub.Renamed(t.Context(), h.doc); return nil })
		rename("Second")
		h.hub.Renamed(t.Context(), h.doc)
		<-first
		if got := of[protocol.Title](c.hear()); len(got) != 2 || got[1].Title != "Second" {
			t.Errorf("told %v", got)
		}
	})
	in(t, "connections are listed with who they are and since when", nil, func(t *testing.T, h *harness) {
		r, began := newTable(), time.Now()
		who := as(user(1))
		who.Login = login(1)
		if _, err := h.enter(who, r); err != nil {
			t.Fatal(err)
		}
		f, err := h.hub.Follow(t.Context(), Follow{Document: h.doc, Who: as(user(2)), Since: h.hub.Generation()})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		want := []Connection{
			{Document: h.doc, Who: who, Role: protocol.RoleEditor, By: "websocket", Since: began},
			{Document: h.doc, Who: as(user(2)), Role: protocol.RoleViewer, By: "stream", Since: began},
		}
		if got, err := h.hub.Connections(t.Context()); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
