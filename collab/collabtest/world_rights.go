package collabtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// worldRevocation is a change of somebody's role under way. It runs in its own
// goroutine and stops in its commit until the seed says how that ends.
type worldRevocation struct {
	site    *worldSite
	role    protocol.Role
	reached chan struct{} // it is in its commit
	decide  chan error    // how the commit ends
	done    chan error
	cancel  context.CancelFunc
}

// look is what a site read of its role, and when.
type look struct {
	role  protocol.Role
	since collab.Generation
}

var errNoCommit = errors.New("the world wants this commit to fail")

// roleOf is the world's table of rights, as a store keeps it: a killed process
// does not forget it.
func (w *World) roleOf(_ context.Context, who collab.Identity, _ persistence.ID) (protocol.Role, error) {
	for _, s := range w.sites {
		if s.user.ID == who.User.ID {
			return s.role, nil
		}
	}
	return protocol.RoleNone, nil
}

// rights begins a revocation, or brings the one that runs on.
func (w *World) rights(ctx context.Context, s *worldSite) error {
	if w.revoking != nil {
		return w.decide(ctx, w.random.IntN(4) == 0)
	}
	if !s.revocable {
		return nil
	}
	roles := [...]protocol.Role{protocol.RoleNone, protocol.RoleViewer, protocol.RoleEditor, protocol.RoleEditor}
	w.revoke(ctx, s, roles[w.random.IntN(len(roles))])
	return nil
}

func (w *World) revoke(ctx context.Context, s *worldSite, role protocol.Role) {
	w.log("revoke %s to %s", s.user.Name, role)
	id, _ := persistence.ParseID(s.user.ID)
	r := &worldRevocation{site: s, role: role, reached: make(chan struct{}, 1), decide: make(chan error, 1), done: make(chan error, 1)}
	ctx, r.cancel = context.WithCancel(ctx)
	w.revoking = r
	hub := w.hub
	go func() {
		what := collab.Revocation{Documents: []persistence.ID{w.doc}, Users: []persistence.ID{id}, Role: w.roleOf}
		r.done <- hub.Revoke(ctx, what, func(ctx context.Context) error {
			r.reached <- struct{}{}
			select {
			case err := <-r.decide:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
}

// decide ends the commit that a revocation has come to, if it has. From the
// commit on nothing that the person makes may come into the log (law S8).
func (w *World) decide(ctx context.Context, fail bool) error {
	r := w.revoking
	select {
	case <-r.reached:
	default:
		return nil // it still waits for what was handed over
	}
	var outcome error
	if err := w.laws.advance(ctx); err != nil {
		return err
	}
	if fail {
		outcome = errNoCommit
	} else {
		w.Report.Revoked++
		id, _ := persistence.ParseID(r.site.user.ID)
		r.site.role = r.role
		w.laws.barred[id] = r.role < protocol.RoleEditor
		w.laws.lowered[r.site.pair.Client] = true
	}
	w.log("decide %v %v", r.site.user.Name, outcome)
	r.decide <- outcome
	w.settle()
	return w.ended(outcome)
}

// ended takes the answer of a revocation.
func (w *World) ended(outcome error) error {
	r := w.revoking
	w.revoking = nil
	defer r.cancel()
	select {
	case err := <-r.done:
		if !errors.Is(err, outcome) {
			return fmt.Errorf("a revocation answered %v, its commit %v", err, outcome)
		}
	default:
		return errors.New("a revocation whose commit has ended does not return")
	}
	p := r.site.pair
	if outcome != nil || r.role != protocol.RoleNone || p.peer == nil {
		return nil
	}
	if p.Connected() {
		w.settle()
	}
	time.Sleep(time.Second)
	w.settle()
	if frame, ok := p.peer.Next(); ok {
		return fmt.Errorf("[S8] a second after their right was taken somebody is given %s", frame)
	}
	return nil
}

// drop ends the revocation of a process that is killed.
func (w *World) drop() error {
	r := w.revoking
	if r == nil {
		return nil
	}
	w.revoking = nil
	r.cancel()
	w.settle()
	select {
	case <-r.done:
		return nil
	default:
		return errors.New("a revocation that was given up does not return")
	}
}

// enter connects a site by a role that it read just now, or some time ago.
func (w *World) enter(ctx context.Context, s *worldSite) error {
	fresh := look{s.role, w.hub.Generation()}
	seen := fresh
	if w.random.IntN(3) == 0 && s.look.role > protocol.RoleNone {
		seen = s.look
	}
	s.look = fresh
	s.pair.attach.Role, s.pair.attach.Since = seen.role, seen.since
	// Whom a revocation concerns waits for its end, which is this goroutine's to
	// bring about.
	ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	err := s.pair.Connect(ctx)
	if errors.Is(err, collab.ErrStale) {
		w.Report.Stale++
	}
	return err
}

// give gives everybody their role back.
func (w *World) give(ctx context.Context) error {
	for tries := 0; w.revoking != nil; tries++ {
		if tries > 100 {
			return errors.New("a revocation does not come to its commit")
		}
		time.Sleep(100 * time.Millisecond)
		w.settle()
		if err := w.decide(ctx, false); err != nil {
			return err
		}
	}
	for _, s := range w.sites {
		if s.role == protocol.RoleEditor {
			continue
		}
		w.revoke(ctx, s, protocol.RoleEditor)
		w.settle()
		if err := w.decide(ctx, false); err != nil {
			return err
		}
		if w.revoking != nil {
			return errors.New("a revocation in a quiet document waits for something")
		}
	}
	return nil
}
