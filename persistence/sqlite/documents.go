package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

const documentColumns = "uuid, title, epoch, revision, hash, bytes, created_at, created_by, updated_at, updated_by, trashed_at"

// Create implements persistence.Documents.
func (s *Store) Create(ctx context.Context, document persistence.Document, first *persistence.Change) error {
	if document.Head.Epoch.IsZero() {
		return fmt.Errorf("%w: document %s is created without an epoch", persistence.ErrBatch, document.ID)
	}
	batch := persistence.Batch{Document: document.ID, Base: persistence.Head{
		Epoch: document.Head.Epoch,
		Hash:  persistence.ChainStart(document.ID, document.Head.Epoch),
	}}
	if first != nil {
		batch.Changes = []persistence.Change{*first}
		batch.Seal()
	}
	return s.writer.edit(ctx, func(t *tables) error { return t.create(&document, &batch) })
}

func (t *tables) create(d *persistence.Document, batch *persistence.Batch) error {
	if _, err := t.find(d.ID); err == nil {
		return fmt.Errorf("document %s: %w", d.ID, persistence.ErrExists)
	} else if !errors.Is(err, persistence.ErrNotFound) {
		return err
	}
	author, err := t.author(&d.CreatedBy)
	if err != nil {
		return err
	}
	created := d.CreatedAt.UnixMicro()
	log := &logState{head: batch.Base, listed: created / listedUnit}
	log.row, err = t.insertDocument.insert(d.ID[:], batch.Base.Epoch[:], batch.Base.Hash[:], created, author, log.listed, created, author, d.Title, persistence.FoldTitle(d.Title))
	if err != nil {
		return err
	}
	if err := t.insertEpoch.exec(log.row, batch.Base.Epoch[:]); err != nil {
		return err
	}
	t.remember(d.ID, log)
	return t.append(batch)
}

// Rename implements persistence.Documents.
func (s *Store) Rename(ctx context.Context, id persistence.ID, title string, by persistence.Author, at time.Time) error {
	return s.writer.edit(ctx, func(t *tables) error {
		log, err := t.find(id)
		if err != nil {
			return err
		}
		author, err := t.author(&by)
		if err != nil {
			return err
		}
		if err := t.rename.exec(title, persistence.FoldTitle(title), at.UnixMicro(), author, log.row); err != nil {
			return err
		}
		return t.relist(log, at)
	})
}

// Trash implements persistence.Documents.
func (s *Store) Trash(ctx context.Context, id persistence.ID, _ persistence.Author, at time.Time) error {
	return s.writer.edit(ctx, func(t *tables) error {
		log, err := t.find(id)
		if err != nil {
			return err
		}
		var column int64
		if !at.IsZero() {
			column = at.UnixMicro()
		}
		return t.trash.exec(column, log.row, column)
	})
}

// Document implements persistence.Documents.
func (r *Reader) Document(ctx context.Context, id persistence.ID) (persistence.Document, error) {
	rows, err := r.queries.document.QueryContext(ctx, id[:])
	if err != nil {
		return persistence.Document{}, err
	}
	found, damage, err := r.readDocuments(ctx, rows)
	if err == nil && len(found) > 0 {
		err = damage[0]
	}
	if err != nil {
		return persistence.Document{}, fmt.Errorf("read document %s: %w", id, err)
	}
	if len(found) == 0 {
		return persistence.Document{}, fmt.Errorf("document %s: %w", id, persistence.ErrNotFound)
	}
	return found[0], nil
}

// readDocuments reads rows of documentColumns and closes them, then looks up
// the authors, so that no two connections are held at once. What of a document
// is damaged is left zero, and is that document's error alone (law R6).
func (r *Reader) readDocuments(ctx context.Context, rows *sql.Rows) (found []persistence.Document, damage []error, err error) {
	defer rows.Close()
	var authors [][2]int64
	for rows.Next() {
		var d persistence.Document
		var id, epoch, hash sql.RawBytes
		var created, updated, trashed, createdBy, updatedBy int64
		if err := rows.Scan(&id, &d.Title, &epoch, &d.Head.Revision, &hash, &d.Bytes, &created, &createdBy, &updated, &updatedBy, &trashed); err != nil {
			return nil, nil, err
		}
		var bad [3]error
		d.ID, bad[0] = idFrom(id)
		d.Head.Epoch, bad[1] = idFrom(epoch)
		d.Head.Hash, bad[2] = hashFrom(hash)
		damage = append(damage, errors.Join(bad[:]...))
		d.CreatedAt, d.UpdatedAt = moment(created), moment(updated)
		if trashed != 0 {
			d.TrashedAt = moment(trashed)
		}
		found = append(found, d)
		authors = append(authors, [2]int64{createdBy, updatedBy})
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, nil, err
	}
	for i := range found {
		for by, into := range [...]*persistence.Author{&found[i].CreatedBy, &found[i].UpdatedBy} {
			author, err := r.authors.get(ctx, r.queries.author, authors[i][by])
			switch {
			case err == nil:
				*into = author
			case errors.Is(err, persistence.ErrDamaged):
				damage[i] = errors.Join(damage[i], err)
			default:
				return nil, nil, err
			}
		}
	}
	return found, damage, nil
}

// moment is the time that a column holds as µs since 1970.
func moment(column int64) time.Time { return time.UnixMicro(column).UTC() }
