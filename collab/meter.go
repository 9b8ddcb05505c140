package collab

import (
	"context"
	"sync"
	"time"
)

// bucket is a token bucket that counts in time, like the pacer: it is when the
// bucket will be full again, on the clock of Config.elapsed, so an idle one
// costs nothing to refill. What is taken from an empty one has to be waited for.
type bucket time.Duration

// wait is how long taking so much is to be put off; burst is a full bucket.
func (b bucket) wait(now, worth, burst time.Duration) time.Duration {
	return max(0, max(0, time.Duration(b)-now)+worth-burst)
}

func (b *bucket) take(now, worth time.Duration) { *b = bucket(max(time.Duration(*b), now) + worth) }

// scope is what a rate counts over.
type scope uint8

const (
	overConnection scope = iota
	overUser
	overDocument
	scopes
)

// String is the scope's name in metrics.
func (s scope) String() string { return [...]string{"connection", "user", "document"}[s] }

// rate is how long a scope's buckets take to get one change, and one byte, back.
type rate struct {
	change time.Duration
	byte   float64 // ns
}

// rates are those of all scopes, and of messages that are no changes.
type rates struct {
	over    [scopes]rate
	message time.Duration
}

func (l *Limits) rates() (r rates) {
	for i, over := range [scopes][2]int{
		overConnection: {l.ConnectionChanges, l.ConnectionBytes},
		overUser:       {l.UserChanges, l.UserBytes},
		overDocument:   {l.DocumentChanges, l.DocumentBytes},
	} {
		r.over[i] = rate{time.Second / time.Duration(over[0]), float64(time.Second) / float64(over[1])}
	}
	r.message = time.Second / time.Duration(l.ConnectionMessages)
	return r
}

// worth is what so much takes to come back.
func (r *rate) worth(changes, bytes int) (ofChanges, ofBytes time.Duration) {
	return time.Duration(changes) * r.change, time.Duration(float64(bytes) * r.byte)
}

// meter holds the buckets of one connection, user or document: what comes in
// faster than they fill is read more slowly (law R5). Any goroutine; the lock
// is held for arithmetic only (law R3).
//
// golang.org/x/time/rate does not fit: a change is to be charged to three
// scopes only if none makes it wait too long, and a reservation that is
// cancelled there does not give all back once others have come after it, so
// refused changes would use up what the rest share.
type meter struct {
	mu      sync.Mutex
	changes bucket
	bytes   bucket
}

// take charges what came in and says how long it is to be held back. If that
// is longer than most, over is true and nothing is charged.
func (m *meter) take(now time.Duration, r *rate, changes, bytes int, burst, most time.Duration) (wait time.Duration, over bool) {
	ofChanges, ofBytes := r.worth(changes, bytes)
	m.mu.Lock()
	defer m.mu.Unlock()
	wait = max(m.changes.wait(now, ofChanges, burst), m.bytes.wait(now, ofBytes, burst))
	if wait > most {
		return wait, true
	}
	m.changes.take(now, ofChanges)
	m.bytes.take(now, ofBytes)
	return wait, false
}

// giveBack takes a charge back.
func (m *meter) giveBack(r *rate, changes, bytes int) {
	ofChanges, ofBytes := r.worth(changes, bytes)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes -= bucket(ofChanges)
	m.bytes -= bucket(ofBytes)
}

// idle: both buckets are full, so the meter may as well be forgotten.
func (m *meter) idle(now time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(m.changes, m.bytes) <= bucket(now)
}

// meters are those that a change is charged to, by scope; nil: none.
type meters [scopes]*meter

// take charges a change to all scopes or, if one would hold it back for longer
// than Limits.RateWait, to none. s is the scope that makes it wait the longest.
func (m *meters) take(c *Config, bytes int) (wait time.Duration, s scope, over bool) {
	now := c.elapsed()
	for i := range scopes {
		if m[i] == nil {
			continue
		}
		w, full := m[i].take(now, &c.rates.over[i], 1, bytes, c.Limits.RateBurst, c.Limits.RateWait)
		if w > wait {
			wait, s = w, i
		}
		if full {
			for j := range i {
				if m[j] != nil {
					m[j].giveBack(&c.rates.over[j], 1, bytes)
				}
			}
			return wait, i, true
		}
	}
	return wait, s, false
}

// rest holds its caller back; nothing else waits with it. done may be nil.
func rest(ctx context.Context, done <-chan struct{}, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-done:
		return errGone
	case <-ctx.Done():
		return ctx.Err()
	}
}
