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
		every time.Duration // between two collections
		want  []int         // percentages set, in order, and calmPercent at the end
	}{
		{"ordinary use: little garbage", small, seldom, nil},
		{"a crowd: more garbage, up to a bound, for as long as it lasts", small, seldom / 10, []int{80, 160, 320, 400, calmPercent}},
		{"a large heap, which is collected seldom enough anyway", large, seldom / 10, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var set []int
				c := newCollector(func(percent int) { set = append(set, percent) }, func() uint64 { return test.live })
				for range 100 {
					time.Sleep(test.every)
					c.collected(time.Now())
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
