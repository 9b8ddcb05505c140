package server

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of guessing. A person who mistypes is not held up before the sixth
// time; a guesser has a few tries an hour.
const (
	freeAttempts    = 5                // failures of a key that cost nothing
	freeFromAddress = 20               // an address may have many people behind it
	freeForAccount  = 30               // of an account, from wherever: a guesser with many addresses
	firstDelay      = time.Second      // after the first that costs; doubles
	longestDelay    = 15 * time.Minute // of one key
	longestAccount  = time.Minute      // of an account from wherever: its owner must not be locked out
	freeGuests      = 200              // made for an address, which may be a school's; then one a minute
	longestGuests   = time.Minute      // of an address that makes guests
	attemptsForget  = time.Hour        // without failures
	maxAttemptKeys  = 50_000           // remembered; the oldest go first
)

// attempts counts failures by who tries and for whom, and says how long the
// next try has to wait. It never locks an account for good: the delay of an
// account as a whole is short, and a browser that has signed in before (see
// knownBrowser) is counted apart. In memory: a restart forgets it. Any
// goroutine.
type attempts struct {
	now  func() time.Time
	mu   sync.Mutex
	keys map[string]*attempt
}

type attempt struct {
	failures int
	until    time.Time // no try before it
	last     time.Time
	told     bool // the delay that runs was written into the audit log
}

// newAttempts makes an empty count.
func newAttempts() *attempts { return &attempts{now: time.Now, keys: map[string]*attempt{}} }

// attemptKey is one thing that is counted.
type attemptKey struct {
	name    string
	free    int
	longest time.Duration
}

// attemptKeys are those of a try for an account from an address. known is what
// a browser shows that has signed in to this account before.
func attemptKeys(kind, account string, address netip.Addr, known string) []attemptKey {
	address = customer(address)
	if known != "" {
		return []attemptKey{{kind + "/known/" + account + "/" + known, freeAttempts, longestDelay}}
	}
	keys := []attemptKey{{kind + "/address/" + address.String(), freeFromAddress, longestDelay}}
	if account != "" {
		keys = append(keys,
			attemptKey{kind + "/both/" + account + "/" + address.String(), freeAttempts, longestDelay},
			attemptKey{kind + "/account/" + account, freeForAccount, longestAccount})
	}
	return keys
}

// guestKeys are those of a guest that is made for an address; they are never
// forgiven.
func guestKeys(address netip.Addr) []attemptKey {
	return []attemptKey{{"guest/address/" + customer(address).String(), freeGuests, longestGuests}}
}

// customer is what one customer of a network has: at least a /64 of IPv6.
func customer(address netip.Addr) netip.Addr {
	if address.Is6() {
		prefix, _ := address.Prefix(64)
		address = prefix.Addr()
	}
	return address
}

// begin counts a try as failed, so that many at once are seen too; forgive
// takes it back. wait is how long it has to wait instead; first says that this
// delay was not told of before.
func (a *attempts) begin(keys []attemptKey) (wait time.Duration, first bool) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range keys {
		if t := a.keys[key.name]; t != nil && t.until.After(now) {
			if left := t.until.Sub(now); left > wait {
				wait = left
			}
			first = first || !t.told
			t.told = true
		}
	}
	if wait > 0 {
		return wait, first
	}
	for _, key := range keys {
		t := a.keys[key.name]
		if t == nil || now.Sub(t.last) > attemptsForget {
			t = &attempt{}
			a.keys[key.name] = t
		}
		t.failures++
		t.last, t.told = now, false
		if over := t.failures - key.free; over > 0 {
			t.until = now.Add(min(firstDelay<<min(over-1, 20), key.longest))
		}
	}
	if len(a.keys) > maxAttemptKeys {
		a.forget(now)
	}
	return 0, false
}

// forgive takes a try back that succeeded: for the account it was all right,
// and of the address one is taken off, so that one success does not free it.
func (a *attempts) forgive(keys []attemptKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range keys {
		t := a.keys[key.name]
		if t == nil {
			continue
		}
		if t.failures--; t.failures <= key.free {
			t.until = time.Time{}
		}
		if key.free == freeAttempts || t.failures <= 0 {
			delete(a.keys, key.name)
		}
	}
}

// forget drops what is old, and if that is not enough the half of the rest:
// first what costs nothing yet.
func (a *attempts) forget(now time.Time) {
	for name, t := range a.keys {
		if now.Sub(t.last) > attemptsForget {
			delete(a.keys, name)
		}
	}
	for _, delayed := range []bool{false, true} {
		for name, t := range a.keys {
			if len(a.keys) <= maxAttemptKeys/2 {
				return
			}
			if delayed || !t.until.After(now) {
				delete(a.keys, name)
			}
		}
	}
}
