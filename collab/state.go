package collab

import (
	"sync"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// state is a document at a durable revision: what everything that leaves the
// session reads (law S5). Immutable; any goroutine.
type state struct {
	epoch    persistence.ID
	revision int64
	chain    persistence.Hash
	document *ot.Document // frozen

	hashed sync.Once
	hash   [32]byte
}

// contentHash is computed at most once per revision. It reads the whole
// document: not in a session's loop.
func (s *state) contentHash() [32]byte {
	s.hashed.Do(func() { s.hash = s.document.Hash() })
	return s.hash
}
