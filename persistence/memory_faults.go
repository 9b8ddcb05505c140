package persistence

import "fmt"

type memoryFault struct {
	err     error
	written bool // the batch is written all the same, only its answer is lost
}

// Hold makes commits wait until Release: appended batches stay queued and
// unanswered.
func (m *Memory) Hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held, m.steps = true, 0
}

// Release ends Hold; what is queued is committed.
func (m *Memory) Release() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = false
	m.start()
}

// Step lets n commits through while the store is held.
func (m *Memory) Step(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps += n
	m.start()
}

// Queued is the number of batches that wait for their commit.
func (m *Memory) Queued() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.queue)
}

// FailNext makes the next commit write nothing and answer err. Several calls
// queue up, one commit each.
func (m *Memory) FailNext(err error) { m.fault(memoryFault{err: err}) }

// LoseNext makes the next commit write its batch and answer err all the same:
// the store died between the commit and its reply (law L3).
func (m *Memory) LoseNext(err error) { m.fault(memoryFault{err: err, written: true}) }

// Stop ends writing as a commit's I/O error would: every append, also one
// already queued, answers ErrStopped and Ready gives the reason.
func (m *Memory) Stop(reason error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = fmt.Errorf("%w: %w", ErrStopped, reason)
}

func (m *Memory) fault(f memoryFault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, f)
}
