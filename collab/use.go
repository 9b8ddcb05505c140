package collab

import (
	"context"

	"github.com/coscribe/coscribe/persistence"
)

// Use is something that somebody does in a document by their role there, other
// than to change or read its content: rename it, put it into the trash.
type Use struct {
	Document persistence.ID
	Who      Identity
	Since    Generation // read before their role was
}

// using is a use under way.
type using struct {
	document, user, login persistence.ID
	done                  chan struct{} // closed at its end
}

// Use calls act, which does it for good, so that law S8 holds of it: a
// revocation that concerns them and begins meanwhile commits only after act has
// returned, and after one that ran since the role was looked up act is not
// called (ErrStale). act may call Revoke for a document that goes for
// everybody. Any goroutine.
func (h *Hub) Use(ctx context.Context, u Use, act func(context.Context) error) error {
	user, err := persistence.ParseID(u.Who.User.ID)
	if err != nil {
		return errReadOnly
	}
	leave, ok := h.rights.use(&using{u.Document, user, u.Who.Login, make(chan struct{})}, u.Since)
	if !ok {
		h.rights.await(ctx, u.Document, user, u.Who.Login)
		return ErrStale
	}
	defer leave()
	return act(ctx)
}

// use enters a use, unless what was looked up at the generation may have been
// taken away meanwhile.
func (r *rights) use(u *using, since Generation) (leave func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.missed(since, u.document, u.user, u.login) {
		return nil, false
	}
	if r.uses == nil {
		r.uses = map[*using]struct{}{}
	}
	r.uses[u] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.uses, u)
		close(u.done)
	}, true
}

// used returns when no use is under way any more that a revocation concerns and
// that began before it.
func (r *rights) used(ctx context.Context, e *revoking) error {
	var ends []chan struct{}
	r.mu.Lock()
	for u := range r.uses {
		if e.concerns(u.document, u.user, u.login) {
			ends = append(ends, u.done)
		}
	}
	r.mu.Unlock()
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
