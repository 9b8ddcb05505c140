package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// calmPercent is the garbage that a server at rest or in ordinary use makes
	// between two collections, in percent of what lives.
	calmPercent = 40
	// busyGarbage is the garbage it may make when the collector would otherwise
	// run all the time; bytes.
	busyGarbage = 16 << 20
	// seldom is how far apart collections are to be.
	seldom = 200 * time.Millisecond
	// hurriedRuns is after how many that were not, one after the other, more
	// garbage is allowed: a crowd that comes at once is no lasting load.
	hurriedRuns = 10
	// calmAfter is without how long a pause between collections the server is
	// not busy any more.
	calmAfter = 2 * time.Second
)

// collector sets how much garbage is made between two collections. Most of the
// heap is documents at rest, so it is little: memory matters more than the
// collector's work. A document into which a hundred people write makes garbage
// so fast that with little of it the collector runs 40 times a second and takes
// a quarter of the server's work; then it is some more, for as long as it lasts.
type collector struct {
	mu      sync.Mutex
	set     func(percent int)
	live    func() (bytes uint64)
	percent int
	last    time.Time   // of the last collection
	hurried int         // collections in a row that came too soon
	calm    *time.Timer // ends busy times in which nothing is collected any more
}

// adaptCollector lets the collector adapt from now on, unless the operator has
// decided.
func adaptCollector() {
	if !collectorIsSet() {
		newCollector(func(percent int) { debug.SetGCPercent(percent) }, liveBytes).watch()
	}
}

func newCollector(set func(percent int), live func() uint64) *collector {
	return &collector{set: set, live: live, percent: calmPercent, last: time.Now()}
}

// watch notices the next collection by what becomes unreachable before it.
func (c *collector) watch() {
	runtime.AddCleanup(new([64]byte), func(c *collector) {
		c.collected(time.Now())
		c.watch()
	}, c)
}

// collected is told of each collection, from the runtime's goroutine.
func (c *collector) collected(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := now.Sub(c.last)
	c.last = now
	limit := most(c.live())
	if c.percent > limit { // more lives than when it was raised
		c.adapt(limit)
	}
	if since >= seldom {
		c.hurried = 0
		return
	}
	if c.hurried++; c.hurried < hurriedRuns {
		return
	}
	c.hurried = 0
	if percent := min(2*c.percent, limit); percent > c.percent {
		c.adapt(percent)
	}
}

// most is the percentage that busyGarbage is of what lives.
func most(live uint64) int {
	return max(calmPercent, int(100*busyGarbage/max(live, 1<<20)))
}

// adapt is called with mu held.
func (c *collector) adapt(percent int) {
	c.percent = percent
	c.set(percent)
	switch {
	case percent == calmPercent:
	case c.calm == nil:
		c.calm = time.AfterFunc(calmAfter, c.rest)
	default:
		c.calm.Reset(calmAfter)
	}
}

// rest goes back to little garbage once collections have become seldom, also
// when none is left to tell of it.
func (c *collector) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.percent == calmPercent {
		return
	}
	if quiet := time.Since(c.last); quiet < calmAfter {
		c.calm.Reset(calmAfter - quiet)
		return
	}
	c.adapt(calmPercent)
}

// liveBytes is what the last collection left on the heap.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
