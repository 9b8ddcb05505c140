package collab

import (
	"fmt"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// Replay rebuilds one document from its whole log, from revision 0 and without
// trusting a snapshot, and compares those it is shown (law L2). It is for
// checking a store, for one goroutine.
type Replay struct {
	document *ot.Document
	revision int64
	codec    snapshotCodec
}

// NewReplay starts at revision 0.
func NewReplay() *Replay { return &Replay{document: ot.NewDocument()} }

// Change applies the next change of the log.
func (r *Replay) Change(c *persistence.Change) error {
	if c.Revision != r.revision+1 {
		return fmt.Errorf("revision %d follows %d", c.Revision, r.revision)
	}
	delta, err := ot.ParseDelta(c.Delta)
	if err != nil {
		return fmt.Errorf("the change cannot be read: %w", err)
	}
	if err := r.document.Apply(delta); err != nil {
		return fmt.Errorf("the change does not fit the document before it: %w", err)
	}
	r.revision = c.Revision
	return nil
}

// Snapshot compares a snapshot of the revision reached with what the log says.
func (r *Replay) Snapshot(s *persistence.Snapshot) error {
	document, err := r.codec.decode(s.Content)
	if err != nil {
		return err
	}
	if document.Hash() != r.document.Hash() {
		return fmt.Errorf("the snapshot differs from the log")
	}
	return nil
}

// Revision is the one reached.
func (r *Replay) Revision() int64 { return r.revision }

// Hash is the content hash (SHA-256 of the RFC 8785 form) at that revision.
func (r *Replay) Hash() [32]byte { return r.document.Hash() }
