package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coscribe/coscribe/persistence"
)

// logWalk checks one log from its first change to its head. After damage it
// finds its feet again, so that each damaged revision is named once and those
// behind it are still checked.
type logWalk struct {
	v         *verification
	id        persistence.ID
	row       int64
	chain     chain
	computed  persistence.Hash // what the last change's hash should be, if it is not what is stored
	snapshots []int64
	bytes     int64   // of the deltas met
	gaps      bool    // some are missing
	content   Content // nil: not replayed, or no longer
	found     func(revision int64, format string, args ...any)
}

func (w *logWalk) run(ctx context.Context, head persistence.Head) error {
	r := rangeReader{reader: w.v.reader, document: w.id, row: w.row}
	for w.chain.revision < head.Revision {
		if err := r.read(ctx, w.chain.revision, head.Revision); err != nil {
			return err
		}
		for i := range r.changes {
			c := &r.changes[i]
			w.gap(c.Revision - 1)
			w.change(c)
			if err := w.snapshot(ctx, c.Revision); err != nil {
				return err
			}
		}
		if len(r.changes) == 0 {
			last, err := w.missing(ctx, head.Revision)
			if err != nil {
				return err
			}
			w.gap(last)
		}
	}
	unknown := w.chain.prev == persistence.Hash{}
	if !unknown && w.chain.prev != head.Hash && w.computed != head.Hash {
		w.found(head.Revision, "the head does not have the hash of this revision")
	}
	return w.tail(ctx)
}

// missing is how far nothing is behind where the walk is: at most to the head,
// which may be damaged itself, and far away.
func (w *logWalk) missing(ctx context.Context, head int64) (last int64, err error) {
	err = w.v.reader.pool.QueryRowContext(ctx, "SELECT coalesce(min(revision) - 1, ?) FROM changes WHERE document = ? AND revision > ? AND revision <= ?",
		head, w.row, w.chain.revision, head).Scan(&last)
	return last, err
}

// gap reports the revisions through last as missing, if there are any.
func (w *logWalk) gap(last int64) {
	switch first := w.chain.revision + 1; {
	case first > last:
		return
	case first == last:
		w.found(first, "it is missing")
	default:
		w.found(first, "it and all up to %d are missing", last)
	}
	w.gaps = true
	w.chain.revision = last
	w.chain.prev, w.computed = persistence.Hash{}, persistence.Hash{} // unknown
	w.content = nil
}

func (w *logWalk) change(c *persistence.Change) {
	w.bytes += int64(len(c.Delta))
	stored := w.chain.prev
	if stored == (persistence.Hash{}) {
		// What came before is missing, so this one is taken as it is.
		w.chain.revision, w.chain.prev = c.Revision, c.Hash
		return
	}
	err := w.chain.next(c)
	if err != nil && w.computed != (persistence.Hash{}) {
		// Perhaps only the stored hash before was damaged, which is reported.
		w.chain.prev = w.computed
		err = w.chain.next(c)
		w.chain.prev = stored
	}
	w.computed = persistence.Hash{}
	if err != nil {
		w.found(c.Revision, "it is not what was written")
		w.computed = persistence.ChainHash(stored, w.id, w.chain.epochs[0].id, c)
		w.content = nil
	}
	w.chain.revision, w.chain.prev = c.Revision, c.Hash
	if w.content != nil {
		if err := w.content.Change(c); err != nil {
			w.found(c.Revision, "it cannot be applied: %v", err)
			w.content = nil
		}
	}
}

func (w *logWalk) snapshot(ctx context.Context, revision int64) error {
	if _, has := slices.BinarySearch(w.snapshots, revision); !has {
		return nil
	}
	snapshot, err := w.v.reader.readSnapshot(ctx, w.id, w.row, revision)
	switch {
	case errors.Is(err, persistence.ErrDamaged):
		w.found(revision, "its snapshot: %v", err)
		return nil
	case errors.Is(err, persistence.ErrNotFound), err == nil && snapshot.Revision != revision:
		return nil // dropped by the retention of a running server
	case err != nil:
		return err
	}
	if w.content == nil {
		return nil
	}
	if err := w.content.Snapshot(&snapshot); err != nil {
		w.found(revision, "its snapshot: %v", err)
		w.content = nil
	}
	return nil
}

// tail reports changes behind the head, seen in one statement with it, and a
// size that is not that of the log, unless it has grown since.
func (w *logWalk) tail(ctx context.Context) error {
	var head, last, bytes int64
	err := w.v.reader.pool.QueryRowContext(ctx, `SELECT revision,
		coalesce((SELECT max(revision) FROM changes WHERE document = documents.id), 0), bytes FROM documents WHERE id = ?`, w.row).Scan(&head, &last, &bytes)
	if err != nil {
		return err
	}
	if head == w.chain.revision && last == head && !w.gaps && bytes != w.bytes {
		w.found(0, "its log has %d bytes, and the list says %d", w.bytes, bytes)
	}
	if last > head {
		w.found(head+1, "there are changes up to %d behind the head", last)
	}
	return nil
}

func parseRevisions(list string) ([]int64, error) {
	if list == "" {
		return nil, nil
	}
	var revisions []int64
	for text := range strings.SplitSeq(list, ",") {
		revision, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("list of snapshots: %w: %w", persistence.ErrDamaged, err)
		}
		revisions = append(revisions, revision)
	}
	slices.Sort(revisions)
	return revisions, nil
}
