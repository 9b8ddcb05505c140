package collabtest

import (
	"math/bits"
	"sync"
	"time"
)

// histogram counts durations in buckets at most 3 % wide, in microseconds. One
// goroutine; the zero value is empty.
type histogram struct {
	counts []uint32
	total  uint64
}

// histogramSteps is the number of buckets for each doubling.
const histogramSteps = 32

func bucket(us uint64) int {
	if us < histogramSteps {
		return int(us)
	}
	shift := bits.Len64(us) - 6 // leaves 32..63
	return shift*histogramSteps + int(us>>shift)
}

// bucketTop is the largest duration of a bucket, in microseconds.
func bucketTop(i int) uint64 {
	if i < 2*histogramSteps {
		return uint64(i)
	}
	shift := i/histogramSteps - 1
	return (uint64(i-shift*histogramSteps)+1)<<shift - 1
}

func (h *histogram) record(d time.Duration) {
	i := bucket(uint64(max(0, d.Microseconds())))
	for len(h.counts) <= i {
		h.counts = append(h.counts, make([]uint32, histogramSteps)...)
	}
	h.counts[i]++
	h.total++
}

func (h *histogram) add(other *histogram) {
	for len(h.counts) < len(other.counts) {
		h.counts = append(h.counts, 0)
	}
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

func (h *histogram) quantile(q float64) time.Duration {
	rank, seen := uint64(q*float64(h.total)), uint64(0)
	for i, n := range h.counts {
		seen += uint64(n)
		if n > 0 && seen > rank || seen == h.total && seen > 0 {
			return time.Duration(bucketTop(i)) * time.Microsecond
		}
	}
	return 0
}

// Latency is a distribution's shape.
type Latency struct {
	Samples       uint64
	P50, P95, P99 time.Duration
}

func (h *histogram) latency() Latency {
	return Latency{h.total, h.quantile(0.50), h.quantile(0.95), h.quantile(0.99)}
}

// moments keeps, for each revision of one document, when the edits in it were
// made. Authors and readers live in this process, so one clock does.
type moments struct {
	mu    sync.RWMutex
	first int64 // revision of made[0]
	made  [][]time.Time
}

// publish says when the edits of a revision were made.
func (m *moments) publish(revision int64, made []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.made) == 0 {
		m.first = revision
	}
	if revision < m.first { // acks of several authors come in any order
		m.made = append(make([][]time.Time, m.first-revision), m.made...)
		m.first = revision
	}
	for int64(len(m.made)) <= revision-m.first {
		m.made = append(m.made, nil)
	}
	m.made[revision-m.first] = made
}

// seen is a revision that became visible to a client.
type seen struct {
	revision int64
	at       time.Time
}

// settle records how long ago the edits of each seen revision were made, and
// returns those whose author has not yet had its ack.
func (m *moments) settle(waiting []seen, into *histogram) []seen {
	m.mu.RLock()
	defer m.mu.RUnlock()
	left := waiting[:0]
	for _, s := range waiting {
		i := s.revision - m.first
		if i < 0 || i >= int64(len(m.made)) || m.made[i] == nil {
			left = append(left, s)
			continue
		}
		for _, made := range m.made[i] {
			into.record(s.at.Sub(made))
		}
	}
	return left
}
