package server

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/sync/semaphore"
)

// Bounds of large answers: of all, and of one person. An answer is in memory, in
// several forms, from when it is written until its reader has taken it, and a
// reader may take minutes: sixty requests of a hundred bytes, for a document of
// 8 MB, were a gigabyte.
const (
	allAnswers  = 256 << 20 // bytes
	userAnswers = 64 << 20  // bytes; the largest counts as so many
	// smallAnswer is what a welcome holds too; it is not counted; bytes.
	smallAnswer = 256 << 10
	// answerForms is how often an answer is in memory while it is written: as it
	// was read, as text, and packed.
	answerForms = 3
	// roomWait is how long a request waits for the room that its answer takes.
	roomWait = 10 * time.Second
)

// answers bounds the memory of large answers (law R5). Any goroutine.
type answers struct {
	room *semaphore.Weighted
	most int64 // of one person
	wait time.Duration
	// writing is full while as many large ones are being written as may: half of
	// the processors. Forty pages of 1 MB, all written at once, held up whoever joined
	// a document for two seconds.
	writing chan struct{}

	mu    sync.Mutex // held for access to the following only (law R3)
	users map[string]*ownRoom
}

// ownRoom is one person's; it is there while somebody holds or wants some of it.
type ownRoom struct {
	room *semaphore.Weighted
	uses int
}

func newAnswers(all, user int64, wait time.Duration) *answers {
	return &answers{room: semaphore.NewWeighted(all), most: user, wait: wait, users: map[string]*ownRoom{},
		writing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// take waits for room for an answer of so many bytes, and holds it until release
// is called. Whoever asks for much waits for themselves first.
func (a *answers) take(ctx context.Context, user string, bytes int) (release func(), err error) {
	weight := min(int64(bytes)*answerForms, a.most)
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	own := a.enter(user)
	if err := own.room.Acquire(ctx, weight); err != nil {
		a.leave(user)
		return nil, err
	}
	if err := a.room.Acquire(ctx, weight); err != nil {
		own.room.Release(weight)
		a.leave(user)
		return nil, err
	}
	return func() {
		a.room.Release(weight)
		own.room.Release(weight)
		a.leave(user)
	}, nil
}

func (a *answers) enter(user string) *ownRoom {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.users[user]
	if own == nil {
		own = &ownRoom{room: semaphore.NewWeighted(a.most)}
		a.users[user] = own
	}
	own.uses++
	return own
}

func (a *answers) leave(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := a.users[user]
	if own.uses--; own.uses == 0 {
		delete(a.users, user)
	}
}

// write has an answer of about so many bytes written, a large one in its turn.
func (a *answers) write(ctx context.Context, bytes int, write func() ([]byte, string, error)) ([]byte, string, error) {
	if bytes <= smallAnswer {
		return write()
	}
	select {
	case a.writing <- struct{}{}:
		defer func() { <-a.writing }()
		return write()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

type leaseKey struct{}

// lease is the room that one answer holds.
type lease struct{ release func() }

// leased is the middleware of routes with large answers: what a route holds is
// given back when the answer has left.
func leased(ctx huma.Context, next func(huma.Context)) {
	l := &lease{}
	defer func() {
		if l.release != nil {
			l.release()
		}
	}()
	next(huma.WithValue(ctx, leaseKey{}, l))
}

// hold waits for room for an answer of so many bytes.
func (s *Server) hold(ctx context.Context, bytes int) error {
	l, ok := ctx.Value(leaseKey{}).(*lease)
	if !ok || bytes <= smallAnswer {
		return nil
	}
	user := callerOf(ctx).User.ID
	if whole(ctx).token != "" {
		user = "" // guests made for one request each are one
	}
	release, err := s.answers.take(ctx, user, bytes)
	if err != nil && ctx.Err() == nil {
		return unavailable("unavailable", "The server has no room for another large answer right now; try again.")
	}
	l.release = release
	return err
}
