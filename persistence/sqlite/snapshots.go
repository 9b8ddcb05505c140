package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/coscribe/coscribe/persistence"
)

// Snapshot implements persistence.Log. A damaged snapshot is logged and passed
// over: the one before it and the log give the same document.
func (r *Reader) Snapshot(ctx context.Context, document persistence.ID, revision int64) (persistence.Snapshot, error) {
	row, _, err := r.queries.log(ctx, document)
	if err != nil {
		return persistence.Snapshot{}, err
	}
	if revision < 0 {
		revision = math.MaxInt64
	}
	for {
		snapshot, err := r.readSnapshot(ctx, document, row, revision)
		if !errors.Is(err, persistence.ErrDamaged) {
			return snapshot, err
		}
		r.logger.ErrorContext(ctx, "snapshot passed over", "document", document, "revision", snapshot.Revision, "error", err)
		revision = snapshot.Revision - 1
	}
}

// readSnapshot reads the newest snapshot at or below revision. With ErrDamaged
// the snapshot's Revision is set.
func (r *Reader) readSnapshot(ctx context.Context, document persistence.ID, row, revision int64) (persistence.Snapshot, error) {
	var snapshot persistence.Snapshot
	var hash, digest []byte
	err := r.queries.snapshots.QueryRowContext(ctx, row, revision).Scan(&snapshot.Revision, &hash, &digest, &snapshot.Content)
	if errors.Is(err, sql.ErrNoRows) {
		return snapshot, fmt.Errorf("snapshot of document %s: %w", document, persistence.ErrNotFound)
	}
	if err != nil {
		return snapshot, fmt.Errorf("read snapshot of document %s: %w", document, err)
	}
	if snapshot.Hash, err = hashFrom(hash); err != nil {
		return snapshot, err
	}
	if sum := snapshotDigest(document, &snapshot); !bytes.Equal(sum[:], digest) {
		return snapshot, fmt.Errorf("snapshot of document %s at revision %d is not what was written: %w", document, snapshot.Revision, persistence.ErrDamaged)
	}
	logged, err := r.queries.hashAt(ctx, document, row, snapshot.Revision)
	if err != nil {
		return snapshot, err
	}
	if logged != snapshot.Hash {
		return snapshot, fmt.Errorf("snapshot of document %s at revision %d is not of this log: %w", document, snapshot.Revision, persistence.ErrDamaged)
	}
	return snapshot, nil
}

// PutSnapshot implements persistence.Log. Older ones are dropped as
// persistence.RetainSnapshots says.
func (s *Store) PutSnapshot(ctx context.Context, document persistence.ID, snapshot persistence.Snapshot) error {
	snapshot.Content = bytes.Clone(snapshot.Content) // ours, even if ctx ends and the caller goes on
	return s.writer.edit(ctx, func(t *tables) error { return t.snapshot(document, &snapshot) })
}

func (t *tables) snapshot(document persistence.ID, snapshot *persistence.Snapshot) error {
	log, err := t.find(document)
	if err != nil {
		return err
	}
	var column [1]driver.Value
	found, err := t.findHash.row(column[:], log.row, snapshot.Revision)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("snapshot of document %s: revision %d: %w", document, snapshot.Revision, persistence.ErrNotFound)
	}
	if hash, _ := column[0].([]byte); !bytes.Equal(hash, snapshot.Hash[:]) {
		return fmt.Errorf("snapshot of document %s: hash of revision %d: %w", document, snapshot.Revision, persistence.ErrConflict)
	}
	if _, err := t.readSnapshots.row(column[:], log.row); err != nil {
		return err
	}
	listed, _ := column[0].([]byte)
	revisions, err := decodeRevisions(listed)
	if err != nil {
		return fmt.Errorf("snapshots of document %s: %w", document, err)
	}
	if at, present := slices.BinarySearch(revisions, snapshot.Revision); !present {
		revisions = slices.Insert(revisions, at, snapshot.Revision)
	}
	kept := persistence.RetainSnapshots(slices.Clone(revisions))

	digest := snapshotDigest(document, snapshot)
	if err := t.putSnapshot.exec(log.row, snapshot.Revision, snapshot.Hash[:], digest[:], snapshot.Content); err != nil {
		return err
	}
	for _, revision := range revisions {
		if _, keep := slices.BinarySearch(kept, revision); keep {
			continue
		}
		if err := t.dropSnapshot.exec(log.row, revision); err != nil {
			return err
		}
	}
	return t.setSnapshots.exec(encodeRevisions(kept), log.row)
}

// snapshotDigest covers a snapshot's whole row.
func snapshotDigest(document persistence.ID, snapshot *persistence.Snapshot) persistence.Hash {
	digest := sha256.New()
	digest.Write(document[:])
	digest.Write(binary.BigEndian.AppendUint64(nil, uint64(snapshot.Revision)))
	digest.Write(snapshot.Hash[:])
	digest.Write(snapshot.Content) // the last, so that no length is needed
	return persistence.Hash(digest.Sum(nil))
}

// encodeRevisions is the column documents.snapshots: which revisions have a
// snapshot, so that Verify can name one that is gone.
func encodeRevisions(revisions []int64) []byte {
	column := []byte{}
	var before int64
	for _, r := range revisions {
		column = binary.AppendUvarint(column, uint64(r-before))
		before = r
	}
	return column
}

func decodeRevisions(column []byte) ([]int64, error) {
	var revisions []int64
	var before int64
	for len(column) > 0 {
		distance, n := binary.Uvarint(column)
		if n <= 0 {
			return nil, fmt.Errorf("list of snapshots: %w", persistence.ErrDamaged)
		}
		before += int64(distance)
		revisions = append(revisions, before)
		column = column[n:]
	}
	return revisions, nil
}
