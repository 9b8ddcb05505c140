package collab

import "time"

// pacer spreads a document's commits when telling everybody of each one alone
// would be most of the work: every commit is a frame to every peer, so what
// gathers until the next leaves as one frame. It counts in time, like a clock
// that runs ahead of the real one by what commits have cost: while it is not
// ahead, which is so in any document that is not written into by a crowd,
// nothing ever waits.
//
// What a frame costs it learns: the time from the first of a round to the last,
// waiting for a processor included. So a crowd gathers more where the machine is
// slow or has other work, whose changes then wait less for a processor.
type pacer struct {
	next  time.Time     // when the next commit may start
	frame time.Duration // what a frame to one peer has taken of late
}

const (
	// tellingShare: of its time a document spends at most one part in so many on
	// telling everybody.
	tellingShare = 5
	// leastFrame and mostFrame bound what is learned from one round, so that
	// neither a clock that stands still nor a pause of the machine decides alone.
	leastFrame, mostFrame = 10 * time.Microsecond, 80 * time.Microsecond
	// slowestCommits bounds the charge for one commit, and so how long an
	// author in a large crowd waits for the others.
	slowestCommits = 40 * time.Millisecond
	// paceCredit is how far the clock may fall behind: so much of a burst is
	// served at once.
	paceCredit = 100 * time.Millisecond
)

// wait is how long the next commit is to be held back; 0: not at all.
func (p *pacer) wait(now time.Time) time.Duration { return max(0, p.next.Sub(now)) }

// charge counts a commit that is told to so many peers.
func (p *pacer) charge(now time.Time, peers int) {
	if earliest := now.Add(-paceCredit); p.next.Before(earliest) {
		p.next = earliest
	}
	p.next = p.next.Add(min(slowestCommits, time.Duration(peers)*max(p.frame, leastFrame)*tellingShare))
}

// learn takes how long a round of so many frames took, one or more.
func (p *pacer) learn(took time.Duration, frames int) {
	frame := min(max(took/time.Duration(frames), leastFrame), mostFrame)
	p.frame += (frame - max(p.frame, leastFrame)) / 8
}
