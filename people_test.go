package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What is done every minute once had a minute that began with the one before it:
// it was over when the work began, and rights were never looked at again.
func TestEveryMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left []time.Duration
		note := func(ctx context.Context) {
			until, _ := ctx.Deadline()
			left = append(left, time.Until(until))
		}
		ended := false
		minutes := every(time.Minute, note, func(ctx context.Context) { note(ctx); ended = true })
		time.Sleep(150 * time.Second)
		synctest.Wait()
		if len(left) != 2 {
			t.Errorf("[P2] after two and a half minutes it was done %d times", len(left))
		}
		minutes.end()
		if len(left) != 3 || !ended {
			t.Errorf("at the end it was done %d times in all, last task done: %v", len(left), ended)
		}
		for n, wait := range left {
			if wait != time.Minute {
				t.Errorf("[P2] time %d had %v", n+1, wait)
			}
		}
	})
}
