package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/persistence"
)

// endAhead is how long before its end a link is given a timer; longer than the
// minute between two looks.
const endAhead = 2 * time.Minute

func (s *Server) ended(link *persistence.ShareLink) bool {
	return !link.ExpiresAt.IsZero() && !s.config.Now().Before(link.ExpiresAt)
}

// endings are the timers of links that end soon. Any goroutine.
type endings struct {
	mu   sync.Mutex
	ends map[persistence.ID]time.Time // by link
}

// enter reports whether a timer for this end is still to be set.
func (e *endings) enter(link persistence.ID, at time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ends == nil {
		e.ends = map[persistence.ID]time.Time{}
	}
	fresh := !e.ends[link].Equal(at)
	e.ends[link] = at
	return fresh
}

func (e *endings) leave(link persistence.ID, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ends[link].Equal(at) {
		delete(e.ends, link)
	}
}

// EndLinks sets timers for the links that end before it is called again:
// whoever is somewhere by one leaves when it ends, also who came in a moment
// before. The program calls it at its start and every minute. Any goroutine.
func (s *Server) EndLinks(ctx context.Context) error {
	now := s.config.Now()
	links, err := s.config.People.LinksEnding(ctx, now, now.Add(endAhead))
	for i := range links {
		s.endInTime(&links[i])
	}
	return err
}

// endInTime has a link's end take effect on open connections, if it is near.
func (s *Server) endInTime(link *persistence.ShareLink) {
	at, document, id := link.ExpiresAt, link.Document, link.ID
	left := at.Sub(s.config.Now())
	if at.IsZero() || left <= 0 || left > endAhead || !s.endings.enter(id, at) {
		return
	}
	time.AfterFunc(left, func() {
		s.endings.leave(id, at)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		// Nothing is to be written: a rank is read as of now.
		what := revision{documents: []persistence.ID{document}}
		if err := s.reviseBy(ctx, what, func(context.Context) error { return nil }); err != nil && !errors.Is(err, collab.ErrStopped) {
			s.config.Logger.Warn("a link has ended, and open connections were not looked at", "document", document, "error", err)
		}
		s.config.Events.Access(document)
	})
}
