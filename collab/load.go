package collab

import (
	"context"
	"errors"
	"fmt"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// load reads the document from the store.
func (s *session) load(ctx context.Context) error {
	s.hub.loads <- struct{}{}
	defer func() { <-s.hub.loads }()
	if s.hub.bytes.Load() >= int64(s.config.Limits.DocumentsBytes) { // by those that were loaded first
		return errNoRoom
	}
	began := s.config.Now()
	row, err := s.config.Documents.Document(ctx, s.id)
	if err != nil {
		return fmt.Errorf("open document %s: %w", s.id, err)
	}
	r, err := s.hub.rebuild(ctx, s.id, row.Head.Revision)
	if err != nil {
		return err
	}
	if r.chain != row.Head.Hash && row.Head.Revision > 0 {
		return fmt.Errorf("%w: document %s: the log ends with another change than its head says", persistence.ErrDamaged, s.id)
	}
	s.handed = row.Head
	s.saver = saver{bytes: r.tail, size: r.size, last: r.snapshot}
	s.seq = newSequencer(r.document, row.Head.Revision, s.config.Limits)
	s.state.Store(&state{epoch: row.Head.Epoch, revision: row.Head.Revision, chain: row.Head.Hash, document: r.document.Clone()})
	s.measured = r.document.Memory()
	s.weigh()
	s.config.Metrics.Opened(s.config.Now().Sub(began))
	return nil
}

// replayed is a document built from a snapshot and the changes after it.
type replayed struct {
	document *ot.Document
	chain    persistence.Hash // of its revision; zero at revision 0
	snapshot int64            // revision of the snapshot it started from, 0: none
	size     int              // of that snapshot, bytes
	tail     int              // log read after it, bytes, roughly
	reached  int64            // revision that extend came to
}

// rebuild gives the document at a revision: from the newest snapshot at or
// below it that proves sound, or from nothing (law L2).
func (h *Hub) rebuild(ctx context.Context, document persistence.ID, revision int64) (*replayed, error) {
	for below := revision; below > 0; {
		snapshot, err := h.config.Log.Snapshot(ctx, document, below)
		if errors.Is(err, persistence.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("snapshot of document %s: %w", document, err)
		}
		r, err := h.rebuildFrom(ctx, document, snapshot, revision)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, errSnapshot) {
			return nil, err
		}
		h.config.Logger.Error("snapshot is damaged, an older one is used", "document", document, "revision", snapshot.Revision, "error", err)
		below = snapshot.Revision - 1
	}
	r := &replayed{document: ot.NewDocument()}
	return r, r.extend(ctx, h.config.Log, document, 0, revision)
}

// rebuildFrom starts from a snapshot, whose chain hash must be the log's own.
func (h *Hub) rebuildFrom(ctx context.Context, document persistence.ID, snapshot persistence.Snapshot, revision int64) (*replayed, error) {
	d, err := h.codec.decode(snapshot.Content)
	if err != nil {
		return nil, err
	}
	var chain persistence.Hash
	err = h.config.Log.Changes(ctx, document, snapshot.Revision-1, snapshot.Revision, func(at *persistence.Change) bool {
		chain = at.Hash
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("log of document %s: %w", document, err)
	}
	if chain != snapshot.Hash {
		return nil, fmt.Errorf("%w: it is not of this log", errSnapshot)
	}
	r := &replayed{document: d, chain: chain, snapshot: snapshot.Revision, size: len(snapshot.Content)}
	if err := r.extend(ctx, h.config.Log, document, snapshot.Revision, revision); err != nil {
		if errors.Is(err, persistence.ErrDamaged) {
			return nil, fmt.Errorf("%w: %w", errSnapshot, err) // replay without it has the last word
		}
		return nil, err
	}
	return r, nil
}

// extend applies the changes after one revision through another.
func (r *replayed) extend(ctx context.Context, log persistence.Log, document persistence.ID, after, through int64) error {
	if after >= through {
		return nil
	}
	var bad error
	last := after
	err := deltas(ctx, log, document, after, through, func(at *persistence.Change, d ot.Delta) bool {
		if at.Revision != last+1 {
			bad = fmt.Errorf("%w: document %s: revision %d follows %d", persistence.ErrDamaged, document, at.Revision, last)
			return false
		}
		if err := r.document.Apply(d); err != nil {
			bad = fmt.Errorf("%w: document %s revision %d: %w", persistence.ErrDamaged, document, at.Revision, err)
			return false
		}
		last, r.chain, r.reached = at.Revision, at.Hash, at.Revision
		r.tail += changeBytes + len(at.Delta)
		return true
	})
	switch {
	case err != nil:
		return fmt.Errorf("log of document %s: %w", document, err)
	case bad != nil:
		return bad
	case last != through:
		return fmt.Errorf("%w: document %s: the log ends at %d, its head says %d", persistence.ErrDamaged, document, last, through)
	}
	return nil
}

// deltas reads the changes after one revision through another, each with its
// delta, until yield returns false. One that cannot be read is ErrDamaged.
func deltas(ctx context.Context, log persistence.Log, document persistence.ID, after, through int64, yield func(*persistence.Change, ot.Delta) bool) error {
	var bad error
	err := log.Changes(ctx, document, after, through, func(c *persistence.Change) bool {
		d, err := ot.ParseDelta(c.Delta)
		if err != nil {
			bad = fmt.Errorf("%w: document %s revision %d: %w", persistence.ErrDamaged, document, c.Revision, err)
			return false
		}
		return yield(c, d)
	})
	if err == nil {
		err = bad
	}
	return err
}
