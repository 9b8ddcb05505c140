package main

import (
	"context"
	"errors"
	"time"

	"github.com/coscribe/coscribe/collab"
)

// minute is done every minute: rights that were lost unheard - an expired link,
// another mode, a database that was edited - end on open connections too.
func (p *Program) minute(ctx context.Context) {
	p.tidy(ctx)
	p.endLinks(ctx)
	if err := p.Hub.Recheck(ctx, p.access.Role); err != nil && !errors.Is(err, collab.ErrStopped) {
		p.logger.Warn("not everybody's rights were looked at again", "error", err)
	}
}

func (p *Program) endLinks(ctx context.Context) {
	if err := p.Server.EndLinks(ctx); err != nil && ctx.Err() == nil {
		p.logger.Warn("links that end soon were not looked for", "error", err)
	}
}

// between is the time between two looks: a minute, and less where a login that
// is not used ends sooner than that.
func (p *Program) between() time.Duration {
	if p.Config.Minute > 0 {
		return p.Config.Minute
	}
	if idle := p.Config.LoginIdle; idle > 0 {
		return min(time.Minute, max(idle/2, time.Second))
	}
	return time.Minute
}

// tidy writes down which logins were used, and deletes what expired.
func (p *Program) tidy(ctx context.Context) {
	var before time.Time
	if p.Config.AuditKeep > 0 {
		before = time.Now().Add(-p.Config.AuditKeep)
	}
	if err := errors.Join(p.access.Tidy(ctx, before), p.tokens.Tidy(ctx)); err != nil && ctx.Err() == nil {
		p.logger.Warn("what expired was not deleted", "error", err)
	}
}

// minutes calls a task every minute, or more often, and another one at the end.
type minutes struct {
	stop   chan struct{}
	done   chan struct{}
	ctx    context.Context // of the tasks; ends with giveUp
	giveUp context.CancelFunc
}

func every(between time.Duration, task, last func(ctx context.Context)) *minutes {
	m := &minutes{stop: make(chan struct{}), done: make(chan struct{})}
	m.ctx, m.giveUp = context.WithCancel(context.Background())
	go func() {
		defer close(m.done)
		tick := time.NewTicker(between)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.forMinute(task)
			case <-m.stop:
				m.forMinute(last)
				return
			}
		}
	}()
	return m
}

// forMinute calls a task that has a minute from now.
func (m *minutes) forMinute(task func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(m.ctx, time.Minute)
	defer cancel()
	task(ctx)
}

// end waits for what is being done and for the last task. When ctx ends first,
// they are cancelled: a disk that hangs holds no stop up.
func (m *minutes) end(ctx context.Context) {
	close(m.stop)
	defer context.AfterFunc(ctx, m.giveUp)()
	<-m.done
	m.giveUp()
}
