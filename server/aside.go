package server

import (
	"context"
	"sync"
	"time"
)

// asideWait bounds what goes on after its answer.
const asideWait = time.Minute

// asides is what goes on after its answer. Any goroutine.
type asides struct {
	running sync.WaitGroup
	life    context.Context
	end     context.CancelFunc
}

func newAsides() *asides {
	a := &asides{}
	a.life, a.end = context.WithCancel(context.Background())
	return a
}

func (a *asides) start(task func(ctx context.Context)) {
	a.running.Go(func() {
		ctx, cancel := context.WithTimeout(a.life, asideWait)
		defer cancel()
		task(ctx)
	})
}

// close waits for all of it, and ends what is left when the context ends: a mail
// server that says nothing must not hold up a stop (law R7).
func (a *asides) close(ctx context.Context) {
	defer a.end()
	defer context.AfterFunc(ctx, a.end)()
	a.running.Wait()
}
