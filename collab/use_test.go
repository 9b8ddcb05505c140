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
		return h.hub.Afresh(func(since Generation) error {
			who := Identity{User: user(n), Kind: KindUser, Ceiling: protocol.RoleOwner}
			role, err := r.role(h.t.Context(), who, h.doc)
			if err != nil || role < protocol.RoleEditor {
				return errors.Join(err, errReadOnly)
			}
			return h.hub.Use(h.t.Context(), Use{Document: h.doc, Who: who, Since: since}, act)
		})
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
	in(t, "[S8] nothing is done by a role that was looked up before it was taken", nil, func(t *testing.T, h *harness) {
		r := newTable()
		since := h.hub.Generation()
		if err := h.hub.Revoke(t.Context(), h.revocation(r, 1), r.set(1, protocol.RoleNone)); err != nil {
			t.Fatal(err)
		}
		err := h.hub.Use(t.Context(), Use{Document: h.doc, Who: Identity{User: user(1)}, Since: since}, func(context.Context) error {
			t.Error("it was done")
			return nil
		})
		if !errors.Is(err, ErrStale) {
			t.Errorf("answered %v", err)
		}
		if err := may(h, r, 1, func(context.Context) error { t.Error("it was done"); return nil }); !errors.Is(err, errReadOnly) {
			t.Errorf("looked up again: %v", err)
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
					return h.hub.Revoke(ctx, Revocation{Documents: []persistence.ID{h.doc}, Reason: "trashed"}, func(context.Context) error { return nil })
				})
			})
		}
		first, second := gone(1), gone(2)
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
	})
}
