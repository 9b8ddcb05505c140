package collab

import "time"

// pacer spreads a document's commits when telling everybody of each one alone
// would be most of the work: every commit is a frame to every peer, so what
// gathers until the next leaves as one frame. It counts in time, like a clock
// that runs ahead of the real one by what commits have cost: while it is not
// ahead, which is so in any document that is not written into by a crowd,
// nothing ever waits.
type pacer struct {
	next time.Time // when the next commit may start
}

const (
	// frameCost is what a frame to one peer is charged. A core sends some
	// 40,000 to 80,000 frames a second, so one document takes up to a fifth of it.
	frameCost = 120 * time.Microsecond
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
	p.next = p.next.Add(min(slowestCommits, time.Duration(peers)*frameCost))
}
