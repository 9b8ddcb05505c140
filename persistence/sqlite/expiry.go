package sqlite

import (
	"database/sql/driver"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const (
	// clientIdle is how long deduplication remembers a client that sends
	// nothing (law S2); after that a resend is compared with the log.
	clientIdle = 90 * 24 * time.Hour
	// expiryEvery is the time between two walks over the client rows, the
	// first of which comes right after opening.
	expiryEvery = 24 * time.Hour
	// expiryRows is how many rows one transaction looks at, so that a walk is
	// never in an edit's way for long; expiryPause lies between two of them.
	expiryRows  = 4096
	expiryPause = 50 * time.Millisecond
)

// expiry walks the client rows in pieces and forgets what was idle too long.
// It takes the writer's turn like everything that writes, and sleeps on a timer
// in between.
type expiry struct {
	writer *writer
	timer  *time.Timer
	after  int64 // row the walk has come to
}

func (w *writer) scheduleExpiry() *expiry {
	e := &expiry{writer: w}
	w.mu.Lock()
	defer w.mu.Unlock()
	e.timer = time.AfterFunc(expiryPause, e.step)
	return e
}

// Stop ends the walks; one that is queued finds the writer closed.
func (e *expiry) Stop() { e.timer.Stop() }

func (e *expiry) step() {
	next := expiryPause
	e.writer.enqueue(write{
		edit: func(t *tables) error {
			last, err := t.expire(e.after, e.writer.now().Add(-clientIdle))
			if err != nil {
				return err
			}
			if e.after += expiryRows; e.after >= last {
				e.after, next = 0, expiryEvery
			}
			return nil
		},
		done: func(err error) {
			if err != nil { // the next day is soon enough
				next = expiryEvery
			}
			e.writer.mu.Lock()
			defer e.writer.mu.Unlock()
			if !e.writer.closing {
				e.timer.Reset(next)
			}
		},
	})
}

// expire forgets idle clients among the expiryRows rows behind after and
// returns the last row of the table.
func (t *tables) expire(after int64, before time.Time) (last int64, err error) {
	var column [1]driver.Value
	if _, err := t.lastClient.row(column[:]); err != nil {
		return 0, err
	}
	last, _ = column[0].(int64)
	return last, t.expireClients.exec(after, after+expiryRows, persistence.Micro(before).UnixMicro())
}
