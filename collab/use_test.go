package collab

import (
	"context"
	"errors"
	"testing"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

func TestUse(t *testing.T) {
	// may does something by a role, as a route does.
	may := func(h *harness, r *table, n int, act func(context.Context) error) error {
		who := Identity{User: user(n), Kind: KindUser, Ceiling: protocol.RoleOwner}
		return h.hub.Use(h.t.Context(), Use{Document: h.doc, Who: who}, func(ctx context.Context) error {
			role, err := r.role(ctx, who, h.doc)
			if err != nil || role < protocol.RoleEditor {
				return errors.Join(err, errReadOnly)
			}
			return act(ctx)
		})
	}
	gone := func(h *harness) Revocation {
		return Revocation{Documents: []persistence.ID{h.doc}, Reason: "trashed"}
	}
	in(t, "[S8] a role is not taken while something is done by it", nil, func(t *testing.T, h *harness) {
		r, step := newTable(), make(chan struct{})
		acted := false
		doing := later(func() error {
			return may(h, r, 1, func(context.Context) error { <-step; acted = true; return nil })
		})
		taking := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 1), func(ctx context.Context) error {
				if !acted {
					t.Error("the role was taken first")
				}
				return r.set(1, protocol.RoleNone)(ctx)
			})
		})
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 2), r.set(2, protocol.RoleNone)); err != nil || len(taking) != 0 {
			t.Errorf("another's role: %v; hers was taken at once: %v", err, len(taking) != 0)
		}
		close(step)
		if err := errors.Join(<-doing, <-taking); err != nil {
			t.Error(err)
		}
	})
	in(t, "[S8] nothing is done by a role that was taken", nil, func(t *testing.T, h *harness) {
		r := newTable()
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		if err := may(h, r, 1, func(context.Context) error { t.Error("it was done"); return nil }); !errors.Is(err, errReadOnly) {
			t.Errorf("answered %v", err)
		}
	})
	in(t, "[S8] it has its turn in a document that comes and goes: what begins later is not waited for", nil, func(t *testing.T, h *harness) {
		r := newTable()
		var steps [5]chan struct{}
		var going []<-chan error
		goes := func(n int) {
			steps[n] = make(chan struct{})
			going = append(going, later(func() error {
				return h.hub.Revoke(t.Context(), gone(h), func(context.Context) error { <-steps[n]; return nil })
			}))
		}
		goes(0)
		doing := later(func() error { return may(h, r, 1, func(context.Context) error { return nil }) })
		for n := 1; n < len(steps); n++ {
			goes(n)
		}
		if len(doing) != 0 {
			t.Error("it did not wait for the first")
		}
		close(steps[0])
		if err := <-doing; err != nil {
			t.Error(err)
		}
		for n := 1; n < len(steps); n++ {
			close(steps[n])
		}
		for _, done := range going {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	in(t, "[S8] it waits for one that runs, and looks again", nil, func(t *testing.T, h *harness) {
		r, step := newTable(), make(chan struct{})
		taking := later(func() error {
			return h.hub.Revoke(t.Context(), h.revocation(r, 1), func(ctx context.Context) error { <-step; return r.set(1, protocol.RoleNone)(ctx) })
		})
		doing := later(func() error { return may(h, r, 1, func(context.Context) error { t.Error("it was done"); return nil }) })
		if len(doing) != 0 {
			t.Error("it did not wait")
		}
		close(step)
		if err := <-taking; err != nil {
			t.Error(err)
		}
		if err := <-doing; !errors.Is(err, errReadOnly) {
			t.Errorf("answered %v", err)
		}
	})
	in(t, "[S8] two who do away with a document at once do not wait for each other", nil, func(t *testing.T, h *harness) {
		r, both := newTable(), make(chan struct{}, 2)
		gone := func(n int) <-chan error {
			return later(func() error {
				return may(h, r, n, func(ctx context.Context) error {
					both <- struct{}{}
					for len(both) < 2 { // both are in a use
						if err := rest(ctx, nil, 1); err != nil {
							return err
						}
					}
					return h.hub.Revoke(ctx, gone(h), func(context.Context) error { return nil })
				})
			})
		}
		first, second := gone(1), gone(2)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	})
}
