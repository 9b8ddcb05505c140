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
}

// using is a use under way.
type using struct {
	document, user, login persistence.ID
	entered               Generation    // revocations that began before are waited for, those after it wait
	done                  chan struct{} // closed at its end
}

// Use calls act, which looks the role up and does by it what it allows, so that
// law S8 holds of it: act is called when the revocations that concern them and
// were under way have ended, and one that begins later commits only after act
// has returned. So however often rights change meanwhile, each use has its turn.
// act may call Revoke for a document that goes for everybody, which waits for no
// use. Any goroutine.
func (h *Hub) Use(ctx context.Context, u Use, act func(context.Context) error) error {
	user, _ := persistence.ParseID(u.Who.User.ID) // whoever has none has no role that could be taken away
	leave, before := h.rights.use(&using{document: u.Document, user: user, login: u.Who.Login, done: make(chan struct{})})
	defer leave()
	if err := ended(ctx, before); err != nil {
		return err
	}
	return act(ctx)
}

// use enters a use. Of what concerns it, before are the ends of all that began
// earlier.
func (r *rights) use(u *using) (leave func(), before []chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u.entered = r.now()
	if r.uses == nil {
		r.uses = map[*using]struct{}{}
	}
	r.uses[u] = struct{}{}
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.uses, u)
		close(u.done)
	}, r.concerning(u.document, u.user, u.login)
}

// used returns when no use is under way any more that a revocation concerns and
// that was entered before it began.
func (r *rights) used(ctx context.Context, e *revoking) error {
	var ends []chan struct{}
	r.mu.Lock()
	for u := range r.uses {
		if u.entered < e.began && e.concerns(u.document, u.user, u.login) {
			ends = append(ends, u.done)
		}
	}
	r.mu.Unlock()
	return ended(ctx, ends)
}

// ended returns when all are closed, or with the context's error.
func ended(ctx context.Context, ends []chan struct{}) error {
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
