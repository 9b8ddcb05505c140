package main

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestCollectorAdapts(t *testing.T) {
	const small, large = 4 << 20, 200 << 20 // bytes that live
	tests := []struct {
		name  string
		live  uint64
		later uint64        // lives after the first half
		every time.Duration // between two collections
		want  []int         // percentages set, in order, and calmPercent at the end
	}{
		{"ordinary use: little garbage", small, small, seldom, nil},
		{"a crowd: more garbage, up to a bound, for as long as it lasts", small, small, seldom / 10, []int{80, 160, 320, 400, calmPercent}},
		{"a large heap, which is collected seldom enough anyway", large, large, seldom / 10, nil},
		{"a crowd, and then much that lives", small, large, seldom / 10, []int{80, 160, 320, 400, calmPercent}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var set []int
				live := test.live
				c := newCollector(func(percent int) { set = append(set, percent) }, func() uint64 { return live })
				for i := range 100 {
					if i == 50 {
						live = test.later
					}
					time.Sleep(test.every)
					c.collected(time.Now())
				}
				if test.later == large && c.percent != calmPercent {
					t.Errorf("%d %% of what lives now", c.percent)
				}
				time.Sleep(2 * calmAfter)
				synctest.Wait() // for the timer's goroutine, which wrote to set
				if !slices.Equal(set, test.want) {
					t.Errorf("set %d, want %d", set, test.want)
				}
			})
		})
	}
}

func TestCollectorNoticesCollections(t *testing.T) {
	c := newCollector(func(int) {}, liveBytes)
	c.watch()
	last := func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.last
	}
	for range 2 { // it goes on watching
		for before := last(); last().Equal(before); {
			runtime.GC()
		}
	}
}
