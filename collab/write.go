package collab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// Write is a change that comes from elsewhere than a connection.
type Write struct {
	Document       persistence.ID
	Who            Identity
	Role           protocol.Role
	Since          Generation      // read before the role was
	Epoch          *persistence.ID // nil: whichever it is
	Base           *int64          // nil: the durable head
	Delta          ot.Delta        // canonicalised here
	OnConflict     string          // "rebase" (default) or "fail"
	IdempotencyKey string          // "": none
	Bytes          int             // of the request, for the rates
}

// WriteResult says where the change went.
type WriteResult struct {
	Epoch    persistence.ID
	Revision int64
	At       time.Time
}

type writeRequest struct {
	write     Write
	client    persistence.ID
	row       *persistence.ClientRow
	forgotten int64
	author    *author
	delta     ot.Delta
	reply     chan writeReply
	taken     atomic.Bool // the loop has read it: from then on it may be committed
}

type writeReply struct {
	err      error
	again    bool // clients were forgotten since the row was read: read it anew
	revision int64
	at       time.Time
}

// Submit writes through the live document and returns after the commit. A key
// that was used before, by the same user in the same document, gets its first
// answer. It waits while too much is written at once. Errors: *RejectError, ErrStale, ErrEpoch, ErrMoved, ErrStopped,
// ErrUnavailable, persistence.ErrNotFound, the context's; after the context's
// the change may still be committed. Any goroutine.
func (h *Hub) Submit(ctx context.Context, w Write) (WriteResult, error) {
	if w.Role < minimumRole(protocol.Submit{}) {
		return WriteResult{}, errReadOnly
	}
	who, err := newAuthor(w.Who.User)
	if err != nil {
		return WriteResult{}, err
	}
	client := h.config.NewID()
	if w.IdempotencyKey != "" {
		client = keyClient(who.row.ID, w.Document, w.IdempotencyKey)
	}
	delta := ot.Canonical(w.Delta)
	for i := range askAgain {
		s, err := h.open(ctx, w.Document)
		if err != nil {
			return WriteResult{}, err
		}
		if i == 0 {
			if err := h.admit(ctx, who.row.ID, &s.meter, w.Bytes); err != nil {
				return WriteResult{}, err
			}
		}
		epoch := s.state.Load().epoch
		if w.Epoch != nil && *w.Epoch != epoch {
			return WriteResult{}, ErrEpoch
		}
		r := &writeRequest{
			write: w, client: client, author: who, delta: delta,
			forgotten: s.forgotten.Load(), reply: make(chan writeReply, 1),
		}
		if w.IdempotencyKey != "" {
			row, err := h.config.Log.Client(ctx, w.Document, client)
			if err == nil {
				r.row = &row
			} else if !errors.Is(err, persistence.ErrNotFound) {
				return WriteResult{}, err
			}
		}
		reply, err := ask(ctx, s, r, r.reply)
		if reply.again || errors.Is(err, errGone) && (w.IdempotencyKey != "" || !r.taken.Load()) {
			continue // a key makes it safe to ask again, as does nobody having read it
		}
		if errors.Is(err, errGone) {
			return WriteResult{}, fmt.Errorf("%w: it is being reloaded, the outcome is unknown", ErrUnavailable)
		}
		if err == nil {
			err = reply.err
		}
		if errors.Is(err, ErrStale) {
			h.rights.await(ctx, w.Document, who.row.ID, w.Who.Login)
		}
		if err != nil {
			return WriteResult{}, err
		}
		return WriteResult{Epoch: epoch, Revision: reply.revision, At: reply.at}, nil
	}
	return WriteResult{}, ErrUnavailable
}

// Admit charges a user for what they write beside live documents, such as a new
// document's content. It waits while that is too much at once; a *RejectError
// says that it would be for too long. Any goroutine.
func (h *Hub) Admit(ctx context.Context, user protocol.User, bytes int) error {
	who, err := newAuthor(user)
	if err != nil {
		return err
	}
	return h.admit(ctx, who.row.ID, nil, bytes)
}

func (h *Hub) admit(ctx context.Context, user persistence.ID, document *meter, bytes int) error {
	on := meters{overUser: &h.tallies.of(user, h.config.elapsed()).meter, overDocument: document}
	wait, over, refused := on.take(&h.config, bytes)
	if wait == 0 {
		return nil
	}
	held := min(wait, h.config.Limits.RateWait)
	h.config.Metrics.Delayed(over.String(), held)
	if err := rest(ctx, nil, held); err != nil {
		return err
	}
	if refused {
		return h.config.tooFast(over, wait)
	}
	return nil
}

// keyClient is the client that a user's idempotency key stands for in a
// document. Its only change has seq 1.
func keyClient(user, document persistence.ID, key string) persistence.ID {
	sum := sha256.New()
	sum.Write([]byte("coscribe idempotency key 1"))
	sum.Write(user[:])
	sum.Write(document[:])
	sum.Write([]byte(key))
	id := persistence.ID(sum.Sum(nil)[:16])
	id[6] = id[6]&0x0f | 0x80 // a version 8 UUID: never one that NewID gives
	id[8] = id[8]&0x3f | 0x80
	return id
}

// write is the loop's part of Submit.
func (s *session) write(r *writeRequest) {
	r.taken.Store(true)
	defer s.forget()
	if s.seq.clients[r.client] == nil && r.forgotten != s.forgotten.Load() && r.write.IdempotencyKey != "" {
		r.reply <- writeReply{again: true}
		return
	}
	if s.stale(r.write.Since, r.author.row.ID, &r.write.Who) {
		r.reply <- writeReply{err: ErrStale}
		return
	}
	client := s.seq.know(r.client, r.author.row.ID, r.row)
	a := &attempt{
		submission: submission{
			client: r.client, seq: 1, base: s.seq.durable, delta: r.delta,
			at: at(s.config.Now()), author: r.author, anyBase: r.write.Base == nil,
		},
		write: &r.write, reply: r.reply,
	}
	if r.write.Base != nil {
		a.base = *r.write.Base
	}
	if r.write.OnConflict == "fail" && client.seq == 0 && a.base != s.seq.window.head() {
		r.reply <- writeReply{err: ErrMoved}
		return
	}
	s.step(a)
}
