package collab

import (
	"context"
	"errors"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// RoleOf says what somebody may do in a document now, within what their
// credential can use. persistence.ErrNotFound is RoleNone; ErrUnauthorized and
// ErrTokenExpired say that the credential itself has ended. Any goroutine.
type RoleOf func(ctx context.Context, who Identity, document persistence.ID) (protocol.Role, error)

// Revocation is a change of rights: whom it may concern, and where.
type Revocation struct {
	Documents []persistence.ID // nil: wherever they are
	// Users and Logins may lose something: whoever is one of the users, or came
	// by one of the logins. Both nil: everybody in Documents.
	Users  []persistence.ID
	Logins []persistence.ID
	// Role is asked after the commit, for each of them who is in a live
	// document. Nil: the documents are gone for everybody.
	Role RoleOf
	// Reason is told to those who may no longer be here; "" is that access was
	// taken away.
	Reason string
}

// Bounds of a revocation; both together leave room in the second within which
// nothing more reaches those who lost their right (law S8).
const (
	// askWait is how long the roles may take to be read after the commit.
	// Whoever's was not read by then is let go, to come back and be looked at.
	askWait = 400 * time.Millisecond
	// lastWords is how long a connection has to take what was queued for it
	// before. What is still there then is dropped.
	lastWords = 300 * time.Millisecond
)

// Revoke changes rights by commit so that law S8 holds: first those concerned
// are held off in every live document that they may be in - their changes are
// refused for the moment, to be sent again, and nobody of them comes in - and
// what they had handed over is awaited; then commit runs, which makes the
// change durable; then their roles are asked anew and applied to connections
// and followers in place. When it returns, no change commits that was made
// under a right which is gone. If commit fails everything is as before, and
// its error is returned. Use it for every change of rights, also upwards. Any
// goroutine, several at once.
func (h *Hub) Revoke(ctx context.Context, r Revocation, commit func(context.Context) error) (err error) {
	e := h.rights.begin(&r)
	defer h.rights.end(e)
	holds := h.holdOff(e)
	committed := false
	// What follows the commit is not the caller's to give up; and a commit that
	// panics holds nobody off for ever.
	defer func() { h.letGo(context.WithoutCancel(ctx), &r, e, holds, committed) }()
	for _, held := range holds {
		if err := held.settle(ctx); err != nil {
			return err
		}
	}
	if err := h.adopted(ctx, e.documents); err != nil {
		return err
	}
	// A document that goes for everybody takes nothing from who renames it, and
	// who does away with it may be in a use themselves.
	if r.Role != nil {
		if err := h.rights.used(ctx, e); err != nil {
			return err
		}
	}
	err = commit(ctx)
	committed = err == nil
	return err
}

// holding is a live document in which somebody is held off.
type holding struct {
	session *session
	reply   chan held
	seats   []seat
}

// held is a session's answer: who was found, and what to wait for.
type held struct {
	seats  []seat
	sealed <-chan writeReply // nil: all is durable
}

// holdOff enters every live document that may be concerned. The inbox takes a
// message each: of documents that nobody concerned is in too, since a change
// may be on its way there whose author has gone.
func (h *Hub) holdOff(e *revoking) []*holding {
	var holds []*holding
	for _, s := range h.loaded(e.documents) {
		held := &holding{session: s, reply: make(chan held, 1)}
		s.tell(holdOff{e, held.reply})
		holds = append(holds, held)
	}
	return holds
}

// settle waits until what was sequenced before is durable, or will never be.
func (w *holding) settle(ctx context.Context) error {
	select {
	case found := <-w.reply:
		w.seats = found.seats
		if found.sealed == nil {
			return nil
		}
		select {
		case <-found.sealed: // also when it failed: then it was not written before
		case <-w.session.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	case <-w.session.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// letGo ends the holding off: by what the roles are now.
func (h *Hub) letGo(ctx context.Context, r *Revocation, e *revoking, holds []*holding, committed bool) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	for _, held := range holds {
		var verdicts []verdict
		switch {
		case r.Role != nil:
			verdicts = h.ask(ctx, held.session.id, held.seats, r.Role, r.Reason, committed)
		case committed:
			gone := &CloseError{protocol.CloseNotFound, "document was removed"}
			asked := h.rights.look()
			for _, seat := range held.seats {
				verdicts = append(verdicts, verdict{seat: seat, asked: asked, closing: gone, reason: r.Reason})
			}
		}
		held.session.tell(letGo{e, verdicts})
	}
}

// takenAway is what those are told who lost their right.
const takenAway = "access was taken away"

// ask looks roles up, each identity's once. strict: whoever's cannot be read is
// let go.
func (h *Hub) ask(ctx context.Context, document persistence.ID, seats []seat, role RoleOf, reason string, strict bool) []verdict {
	if reason == "" {
		reason = takenAway
	}
	known := map[Identity]verdict{}
	verdicts := make([]verdict, 0, len(seats))
	for _, seat := range seats {
		v, ok := known[seat.who]
		if !ok {
			v = verdict{asked: h.rights.look(), reason: reason}
			var err error
			v.role, err = role(ctx, seat.who, document)
			v.role = seat.who.Bound(v.role, document)
			switch {
			case err == nil && v.role > protocol.RoleNone:
			case err == nil, errors.Is(err, persistence.ErrNotFound):
				v.closing = &CloseError{protocol.CloseForbidden, reason}
			case errors.Is(err, ErrUnauthorized):
				v.closing, v.reason = &CloseError{protocol.CloseUnauthorized, "signed out"}, "signed out"
			case errors.Is(err, ErrTokenExpired):
				v.closing, v.reason = errExpired, ""
			case strict:
				h.config.Logger.Error("role cannot be read, the connection is closed", "document", document, "error", err)
				v.closing, v.reason = &CloseError{protocol.CloseGeneric, "try again"}, ""
			default:
				h.config.Logger.Warn("role cannot be read", "document", document, "error", err)
				v.unknown = true
			}
			known[seat.who] = v
		}
		if v.seat = seat; !v.unknown {
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// errExpired closes whose credential has ended by itself.
var errExpired = &CloseError{protocol.CloseTokenExpired, "token expired"}

// Recheck asks everybody's role anew and applies it, so that a right lost in
// any other way than by Revoke ends too: call it on a timer. Those whose role
// cannot be read stay until the next time. Any goroutine, one at a time.
func (h *Hub) Recheck(ctx context.Context, role RoleOf) error {
	for _, s := range h.loaded(nil) {
		seats, err := s.roster(ctx)
		if err != nil {
			return err
		}
		if len(seats) == 0 {
			continue
		}
		if verdicts := h.ask(ctx, s.id, seats, role, "", false); ctx.Err() == nil {
			s.tell(letGo{verdicts: verdicts})
		}
	}
	return ctx.Err()
}

// Connection is somebody in a live document.
type Connection struct {
	Document persistence.ID
	Who      Identity
	Role     protocol.Role // of a connection; those who follow the log only read
	By       string        // "websocket", "longpoll", or "stream" for who follows the log
	Since    time.Time
}

// Connections are those of this moment. It asks each document that somebody is
// in. Any goroutine.
func (h *Hub) Connections(ctx context.Context) ([]Connection, error) {
	var all []Connection
	for _, s := range h.loaded(nil) {
		seats, err := s.roster(ctx)
		if err != nil {
			return nil, err
		}
		for _, seat := range seats {
			all = append(all, Connection{Document: s.id, Who: seat.who, Role: seat.role, By: seat.by, Since: seat.since})
		}
	}
	return all, nil
}

// loaded are the live documents among those given; nil: all.
func (h *Hub) loaded(documents set) []*session {
	h.mu.Lock()
	var found []*session
	if documents == nil {
		found = make([]*session, 0, len(h.sessions))
		for _, s := range h.sessions {
			found = append(found, s)
		}
	}
	for id := range documents {
		if s := h.sessions[id]; s != nil {
			found = append(found, s)
		}
	}
	h.mu.Unlock()
	ready := found[:0]
	for _, s := range found {
		select {
		case <-s.loaded: // who waits for the others to be loaded is looked at when they come in
			if s.loadErr == nil {
				ready = append(ready, s)
			}
		default:
		}
	}
	return ready
}
