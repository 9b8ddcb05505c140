package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
	"golang.org/x/time/rate"
)

// Outcomes of what is written into the audit log.
const (
	outcomeDone   = "done"
	outcomeDenied = "denied"
)

// Bounds of denials: so many lines a second are written when somebody makes
// them by the thousand; the rest is counted in the next line.
const (
	denialsPerSecond = 5
	denialsAtOnce    = 200
	denialsWaiting   = 256
)

// line fills in what every line of the audit log has: when, who, from where.
func (s *Server) line(ctx context.Context, entry persistence.AuditEntry) persistence.AuditEntry {
	from := whole(ctx)
	entry.At = persistence.Micro(s.config.Now())
	if entry.Outcome == "" {
		entry.Outcome = outcomeDone
	}
	if entry.Actor.IsZero() && from.known {
		entry.Actor, _ = persistence.ParseID(from.who.User.ID)
		entry.Name = from.who.User.Name
	}
	if r := requestOf(ctx); r != nil && !from.operator {
		entry.Address = addressText(s.config.Access.Peers.Address(r))
	}
	return entry
}

func addressText(address netip.Addr) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}

// record writes a line about what is done in a transaction, with it.
func (s *Server) record(ctx context.Context, edit persistence.PeopleEdit, entry persistence.AuditEntry) error {
	return edit.Record(s.line(ctx, entry))
}

// recorded writes a line about what was done elsewhere.
func (s *Server) recorded(ctx context.Context, entry persistence.AuditEntry) error {
	entry = s.line(ctx, entry)
	return s.config.People.EditPeople(ctx, func(edit persistence.PeopleEdit) error { return edit.Record(entry) })
}

// denials writes refusals, and what else changes nothing, into the audit log
// aside: an answer must not take longer, and so tell more, because it was
// written down. Any goroutine.
type denials struct {
	queue chan persistence.AuditEntry
	pace  *rate.Limiter
	write func(entries []persistence.AuditEntry)

	mu      sync.Mutex
	skipped int
	closed  bool
	idle    *sync.Cond // signalled when waiting falls to 0
	waiting int
	done    chan struct{}
}

func newDenials(write func([]persistence.AuditEntry)) *denials {
	d := &denials{queue: make(chan persistence.AuditEntry, denialsWaiting), pace: rate.NewLimiter(denialsPerSecond, denialsAtOnce), write: write, done: make(chan struct{})}
	d.idle = sync.NewCond(&d.mu)
	go d.run()
	return d
}

func (d *denials) run() {
	defer close(d.done)
	for entry := range d.queue {
		entries := []persistence.AuditEntry{entry}
	more:
		for len(entries) < denialsWaiting {
			select {
			case next, open := <-d.queue:
				if !open {
					break more
				}
				entries = append(entries, next)
			default:
				break more
			}
		}
		d.write(entries)
		d.mu.Lock()
		d.waiting -= len(entries)
		d.idle.Broadcast()
		d.mu.Unlock()
	}
}

func (d *denials) add(entry persistence.AuditEntry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if d.waiting >= denialsWaiting || !d.pace.Allow() {
		d.skipped++
		return
	}
	if d.skipped > 0 {
		entry.Detail += fmt.Sprintf(" %d more lines came before, too many to be written down.", d.skipped)
		d.skipped = 0
	}
	d.waiting++
	d.queue <- entry // has room: waiting counts what is in it
}

// settle waits until what was added is written.
func (d *denials) settle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.waiting > 0 {
		d.idle.Wait()
	}
}

func (d *denials) close() {
	d.mu.Lock()
	if !d.closed {
		d.closed = true
		close(d.queue)
	}
	d.mu.Unlock()
	<-d.done
}

// noted writes a line into the audit log aside, about what changed nothing.
func (s *Server) noted(ctx context.Context, entry persistence.AuditEntry) {
	s.denials.add(s.line(ctx, entry))
}

// denied writes a refusal into the audit log.
func (s *Server) denied(ctx context.Context, entry persistence.AuditEntry) {
	entry.Outcome = outcomeDenied
	s.denials.add(s.line(ctx, entry))
}

// tokenDenied is the line about a token that lets nobody in. Which of them it
// is the server does not know, and what it looked like is nobody's business.
func tokenDenied(err error) persistence.AuditEntry {
	entry := persistence.AuditEntry{Action: "token.denied", Detail: "A token that is none, or was revoked."}
	if errors.Is(err, transport.ErrTokenExpired) {
		entry.Detail = "A token that has expired."
	}
	return entry
}

// Denied writes into the audit log whom a transport turned away. Any goroutine.
func (s *Server) Denied(d transport.Denial) {
	entry := tokenDenied(d.Err)
	switch {
	case errors.Is(d.Err, transport.ErrForbidden):
		entry.Action, entry.Detail = "client.denied", "Went on as a client that is somebody else's."
	case errors.Is(d.Err, persistence.ErrNotFound):
		entry.Action, entry.Detail = "document.denied", "Connected without a role."
	}
	entry.Actor, _ = persistence.ParseID(d.Who.User.ID)
	entry.Name, entry.Document, entry.Address = d.Who.User.Name, d.Document, addressText(d.Address)
	s.denied(context.Background(), entry)
}

func (s *Server) writeDenials(entries []persistence.AuditEntry) {
	err := s.config.People.EditPeople(context.Background(), func(edit persistence.PeopleEdit) error {
		for _, entry := range entries {
			if err := edit.Record(entry); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.config.Logger.Warn("refusals could not be written into the audit log", "lines", len(entries), "error", err)
	}
}
