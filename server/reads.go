package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"
)

const (
	// readBurst is how many seconds' worth of reads may come at once: a page that
	// is opened asks for some ten things, a script goes through a list.
	readBurst = 10
	// fewReaders is how many are kept without looking who is gone; 200 bytes each.
	fewReaders = 1024
)

// reads bounds the requests a second that only read: of a person, and of an
// address for all who come from there without being anybody yet (law R5). Any
// goroutine.
type reads struct {
	mu      sync.Mutex // held for access to the following only (law R3)
	readers map[string]*rate.Limiter
	sweepAt int // readers at which those who have gone are forgotten
}

// take counts one read of so many a second, or says how long it would have to
// wait.
func (r *reads) take(who string, perSecond int, now time.Time) (wait time.Duration) {
	read := r.of(who, perSecond, now).ReserveN(now, 1)
	if wait = read.DelayFrom(now); wait > 0 {
		read.CancelAt(now)
	}
	return wait
}

func (r *reads) of(who string, perSecond int, now time.Time) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.readers[who]; one != nil {
		return one
	}
	if len(r.readers) >= max(fewReaders, r.sweepAt) {
		for who, one := range r.readers {
			if one.TokensAt(now) >= float64(one.Burst()) {
				delete(r.readers, who)
			}
		}
		r.sweepAt = 2 * len(r.readers) // so that looking costs each who comes little
	}
	if r.readers == nil {
		r.readers = map[string]*rate.Limiter{}
	}
	one := rate.NewLimiter(rate.Limit(perSecond), perSecond*readBurst)
	r.readers[who] = one
	return one
}

// paced is the middleware that holds reads to their rate. This machine's own
// address, from which a proxy asks for everybody, is not counted.
func (s *Server) paced(ctx huma.Context, next func(huma.Context)) {
	from := whole(ctx.Context())
	if !safeMethod(ctx.Method()) || from.operator {
		next(ctx)
		return
	}
	r, w := humago.Unwrap(ctx)
	who, perSecond, limit := from.who.User.ID, s.config.Limits.UserReads, "user_reads"
	if !from.known || from.token != "" {
		address := s.config.Access.Peers.Address(r)
		if !address.IsValid() || address.IsLoopback() {
			next(ctx)
			return
		}
		who, perSecond, limit = customer(address).String(), s.config.Limits.AddressReads, "address_reads"
	}
	if wait := s.reads.take(who, perSecond, s.config.Now()); wait > 0 {
		s.config.Metrics.Refused(limit)
		p := newProblem(http.StatusTooManyRequests, "rate_limited", "You ask for more than is answered at once; ask again in a moment.")
		p.retryAfter = int(wait/time.Second) + 1
		p.write(w)
		return
	}
	next(ctx)
}
