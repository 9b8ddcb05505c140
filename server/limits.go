package server

import (
	"net/http"
	"sync"
)

// Limits bounds requests and event streams (law R5). Zero fields mean the
// default.
type Limits struct {
	EventStreams     int // open in this process, of the list and of logs
	UserEventStreams int // of those, one user's
	UserReads        int // a second, by one user
	AddressReads     int // a second, by all from one address who are nobody yet
	ContentBytes     int // body of a document being created
	ChangeBytes      int // body of a change
	BodyBytes        int // any body, whoever reads it
}

// Defaults of Limits, each with its unit and reason.
const (
	// DefaultEventStreams is some 100 MB if all of them are read slowly; streams.
	DefaultEventStreams = 2_000
	// DefaultUserEventStreams is for many windows, and a script that follows some
	// documents; streams.
	DefaultUserEventStreams = 100
	// DefaultUserReads is far above what a page asks for, and what a script reads
	// one after the other; requests a second.
	DefaultUserReads = 100
	// DefaultAddressReads is for a school or an office behind one address, of which
	// each is somebody after their first request; requests a second.
	DefaultAddressReads = 500
	// DefaultContentBytes is convert.MaxBytes and its JSON escapes; bytes.
	DefaultContentBytes = 5 << 20
	// DefaultChangeBytes is above the engine's limit, which names the change; bytes.
	DefaultChangeBytes = 2 << 20
	// DefaultBodyBytes is above all of them; bytes.
	DefaultBodyBytes = 8 << 20
)

// DefaultLimits are those of a zero Limits.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

func (l Limits) withDefaults() Limits {
	for _, f := range []struct {
		field *int
		value int
	}{
		{&l.EventStreams, DefaultEventStreams},
		{&l.UserEventStreams, DefaultUserEventStreams},
		{&l.UserReads, DefaultUserReads},
		{&l.AddressReads, DefaultAddressReads},
		{&l.ContentBytes, DefaultContentBytes},
		{&l.ChangeBytes, DefaultChangeBytes},
		{&l.BodyBytes, DefaultBodyBytes},
	} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// atMost is a body's limit for huma, which refuses one that just reaches it.
func atMost(bytes int) int64 { return int64(bytes) + 1 }

// streams counts event streams. Any goroutine.
type streams struct {
	limits  Limits
	refused func(limit string)

	mu    sync.Mutex // held for access to the following only (law R3)
	open  int
	users map[string]int
}

// enter counts a stream of the user with that id until leave is called, or says why there is
// none.
func (s *streams) enter(user string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open >= s.limits.EventStreams:
		s.refused("event_streams")
		return nil, unavailable("unavailable", "The server has as many event streams as it takes; try again later.")
	case s.users[user] >= s.limits.UserEventStreams:
		s.refused("user_event_streams")
		p := newProblem(http.StatusTooManyRequests, "rate_limited", "You have as many event streams as one person may; close some, then try again.")
		p.retryAfter = 5
		return nil, p
	}
	if s.users == nil {
		s.users = map[string]int{}
	}
	s.open++
	s.users[user]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.users[user]--; s.users[user] == 0 {
			delete(s.users, user)
		}
	}, nil
}
