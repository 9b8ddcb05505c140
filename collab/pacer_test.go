package collab

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// countingLog counts appends; the session's goroutine alone makes them.
type countingLog struct {
	persistence.Log
	appends int
}

func (l *countingLog) Append(b persistence.Batch, done func(error)) {
	l.appends++
	l.Log.Append(b, done)
}

func TestPacer(t *testing.T) {
	log := &countingLog{}
	count := func(c *Config) { log.Log, log.appends = c.Log, 0; c.Log = log }
	// typing has a writer type once a millisecond for a second.
	typing := func(h *harness, peers int) (writer *pipe) {
		all := make([]*pipe, peers)
		for i := range all {
			all[i] = h.join(i % 200)
		}
		writer = all[0]
		for seq := range int64(1000) {
			writer.submit(seq+1, 0, text("x"))
			time.Sleep(time.Millisecond)
			for _, c := range all {
				c.hear()
			}
		}
		return writer
	}
	in(t, "a few are never held back", count, func(t *testing.T, h *harness) {
		typing(h, 8)
		if log.appends != 1000 {
			t.Errorf("%d commits, want one for each of 1000 changes", log.appends)
		}
	})
	in(t, "what a crowd writes gathers, and no change waits long", count, func(t *testing.T, h *harness) {
		writer := typing(h, 100)
		const charge = 100 * leastFrame * tellingShare // a frame takes no time here
		const most = int((time.Second+paceCredit)/charge) + 2
		if log.appends > most || log.appends < most/2 {
			t.Errorf("%d commits in a second, at most %d", log.appends, most)
		}
		writer.submit(1001, 0, text("y"))
		time.Sleep(slowestCommits)
		if acks := of[protocol.Ack](writer.hear()); len(acks) == 0 || acks[len(acks)-1].Seq != 1001 {
			t.Errorf("after the longest wait: %v", acks)
		}
	})
	in(t, "the longer telling takes, the more gathers", count, func(t *testing.T, h *harness) {
		all := make([]*pipe, 100)
		for i := range all {
			all[i] = h.join(i)
			all[i].hear()
			all[i].woken = func() { time.Sleep(4 * leastFrame) }
		}
		log.appends = 0
		for began, seq := time.Now(), int64(1); time.Since(began) < time.Second; seq++ {
			all[0].submit(seq, 0, text("x"))
			for _, c := range all {
				c.hear()
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		const charge = 100 * 4 * leastFrame * tellingShare
		// Some more at the beginning, from the credit and until it is learned; without, there are four times as many.
		if want := int(time.Second / charge); log.appends > 2*want || log.appends < want/2 {
			t.Errorf("%d commits in a second, want about %d", log.appends, time.Second/charge)
		}
	})
	t.Run("one round decides little, and a clock that stands still nothing", func(t *testing.T) {
		var p pacer
		now := time.Now()
		charged := func() time.Duration {
			q := pacer{next: now, frame: p.frame}
			q.charge(now, 10)
			return q.wait(now)
		}
		const least = 10 * leastFrame * tellingShare
		if got := charged(); got != least {
			t.Errorf("before anything was learned 10 frames are charged %v, want %v", got, least)
		}
		p.learn(time.Minute, 1) // the machine was asleep
		if got := charged(); got > 2*least {
			t.Errorf("after one pause 10 frames are charged %v, before it %v", got, least)
		}
		for range 100 {
			p.learn(time.Minute, 1)
		}
		if got, most := charged(), 10*mostFrame*tellingShare; got < most*9/10 || got > most {
			t.Errorf("where telling always takes long 10 frames are charged %v, want %v", got, most)
		}
		for range 100 {
			p.learn(0, 10)
		}
		if got := charged(); got > 2*least {
			t.Errorf("when telling takes no time any more 10 frames are charged %v, want %v", got, least)
		}
	})
	in(t, "an orderly stop does not wait for the pace", count, func(t *testing.T, h *harness) {
		writer := typing(h, 100)
		for seq := int64(1001); seq <= 1010; seq++ {
			writer.submit(seq, 0, text("y"))
		}
		h.close()
		if head, err := h.store.Head(t.Context(), h.doc); err != nil || head.Revision != 1010 {
			t.Errorf("the log ends at %d (%v), want 1010", head.Revision, err)
		}
	})
}
