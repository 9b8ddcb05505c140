package collab

import (
	"sync"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// tallies count what each user has and sends in this process, over all
// documents. Any goroutine.
type tallies struct {
	mu      sync.Mutex // held for access to the following only (law R3)
	users   map[persistence.ID]*tally
	sweepAt int // users at which those who are gone are forgotten
}

// tally is one user's.
type tally struct {
	meter       meter
	connections int // guarded by tallies.mu
}

// fewTallies is how many are kept without looking who is gone; 120 bytes each.
const fewTallies = 1024

// of gives a user's tally. One without connections is forgotten when its
// buckets are full, so reconnecting wins nothing.
func (t *tallies) of(user persistence.ID, now time.Duration) *tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(user, now)
}

func (t *tallies) find(user persistence.ID, now time.Duration) *tally {
	if one := t.users[user]; one != nil {
		return one
	}
	if len(t.users) >= max(fewTallies, t.sweepAt) {
		for id, one := range t.users {
			if one.connections == 0 && one.meter.idle(now) {
				delete(t.users, id)
			}
		}
		t.sweepAt = 2 * len(t.users) // so that looking costs each who comes little
	}
	if t.users == nil {
		t.users = map[persistence.ID]*tally{}
	}
	one := &tally{}
	t.users[user] = one
	return one
}

// enter counts a connection, unless the user has the most already.
func (t *tallies) enter(user persistence.ID, now time.Duration, most int) (*tally, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.find(user, now)
	if one.connections >= most {
		return nil, false
	}
	one.connections++
	return one, true
}

// leave counts a connection out.
func (t *tallies) leave(one *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one.connections--
}
