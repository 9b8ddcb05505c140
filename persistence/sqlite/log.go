package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/coscribe/coscribe/persistence"
)

// A range of the log is read in pieces, so that neither a slow consumer nor a
// long range keeps a read transaction open: that would keep the write-ahead log
// from being cut back.
const (
	pieceRows  = 1024
	pieceBytes = 1 << 20 // of deltas; a piece ends with the change that passes it
)

// Append implements persistence.Log.
func (s *Store) Append(batch persistence.Batch, done func(error)) {
	s.writer.enqueue(write{batch: batch, invalid: batch.Check(), done: done})
}

// Head implements persistence.Log.
func (r *Reader) Head(ctx context.Context, document persistence.ID) (persistence.Head, error) {
	_, head, err := r.queries.log(ctx, document)
	return head, err
}

// Client implements persistence.Log.
func (r *Reader) Client(ctx context.Context, document, client persistence.ID) (persistence.ClientRow, error) {
	row := persistence.ClientRow{Client: client}
	var user, digest sql.RawBytes
	var seen sql.NullInt64
	rows, err := r.queries.client.QueryContext(ctx, document[:], client[:])
	if err != nil {
		return row, err
	}
	defer rows.Close()
	if !rows.Next() {
		return row, errors.Join(rows.Err(), fmt.Errorf("client in document %s: %w", document, persistence.ErrNotFound))
	}
	if err := rows.Scan(&user, &row.Seq, &row.Revision, &digest, &seen); err != nil {
		return row, err
	}
	copy(row.User[:], user)
	copy(row.Digest[:], digest)
	if seen.Valid {
		row.SeenAt = moment(seen.Int64)
	}
	return row, rows.Close()
}

// Changes implements persistence.Log. The hash chain is checked as it is read
// (law L4): ErrDamaged names the first revision that is not what was written.
func (r *Reader) Changes(ctx context.Context, document persistence.ID, after, through int64, yield func(*persistence.Change) bool) error {
	row, head, err := r.queries.log(ctx, document)
	if err != nil {
		return err
	}
	after = max(after, 0)
	if through < 0 || through > head.Revision {
		through = head.Revision
	}
	if after >= through {
		return nil
	}
	piece := rangeReader{reader: r, document: document, row: row}
	chain, err := r.queries.chain(ctx, document, row, after)
	if err != nil {
		return err
	}
	for after < through {
		if err := piece.read(ctx, after, through); err != nil {
			return err
		}
		for i := range piece.changes {
			c := &piece.changes[i]
			if err := chain.next(c); err != nil {
				return err
			}
			if !yield(c) {
				return nil
			}
		}
		if len(piece.changes) == 0 {
			return fmt.Errorf("document %s: revision %d is missing: %w", document, after+1, persistence.ErrDamaged)
		}
		after += int64(len(piece.changes))
	}
	if after == head.Revision && chain.prev != head.Hash {
		return fmt.Errorf("document %s: revision %d does not have the head's hash: %w", document, after, persistence.ErrDamaged)
	}
	return nil
}

// chain follows a document's hashes (law L4) through its epochs (law S7).
type chain struct {
	document persistence.ID
	epochs   []epoch // ascending
	revision int64
	prev     persistence.Hash
}

// epoch is what the changes after a revision belong to.
type epoch struct {
	after int64
	id    persistence.ID
}

// next checks that c follows what came before and moves on to it.
func (h *chain) next(c *persistence.Change) error {
	if c.Revision != h.revision+1 {
		return fmt.Errorf("document %s: revision %d is missing: %w", h.document, h.revision+1, persistence.ErrDamaged)
	}
	for len(h.epochs) > 1 && h.epochs[1].after <= h.revision {
		h.epochs = h.epochs[1:]
	}
	if persistence.ChainHash(h.prev, h.document, h.epochs[0].id, c) != c.Hash {
		return fmt.Errorf("document %s: revision %d is not what was written: %w", h.document, c.Revision, persistence.ErrDamaged)
	}
	h.revision, h.prev = c.Revision, c.Hash
	return nil
}

// rangeReader reads pieces of a log. Its buffers are used again for the next.
type rangeReader struct {
	reader   *Reader
	document persistence.ID
	row      int64
	changes  []persistence.Change
	deltas   []byte
	origins  []origin
	clients  map[int64]persistence.ID
}

// origin is what a log row points to.
type origin struct {
	client, author int64
	end            int // of the delta in deltas
}

// read fills changes with the first piece of revisions after … through.
func (r *rangeReader) read(ctx context.Context, after, through int64) error {
	r.changes, r.deltas, r.origins = r.changes[:0], r.deltas[:0], r.origins[:0]
	if err := r.readRows(ctx, after, through); err != nil {
		return fmt.Errorf("read document %s after revision %d: %w", r.document, after, err)
	}
	start := 0
	for i := range r.changes {
		c, from := &r.changes[i], r.origins[i]
		c.Delta = r.deltas[start:from.end:from.end]
		start = from.end
		var err error
		if c.Author, err = r.reader.authors.get(ctx, r.reader.queries.author, from.author); err != nil {
			return fmt.Errorf("author of document %s revision %d: %w", r.document, c.Revision, err)
		}
		if c.Client, err = r.client(ctx, from.client); err != nil {
			return fmt.Errorf("client of document %s revision %d: %w", r.document, c.Revision, err)
		}
	}
	return nil
}

func (r *rangeReader) readRows(ctx context.Context, after, through int64) error {
	rows, err := r.reader.queries.changes.QueryContext(ctx, r.row, after, min(through, after+pieceRows))
	if err != nil {
		return err
	}
	defer rows.Close()
	var hash, delta sql.RawBytes
	for len(r.deltas) < pieceBytes && rows.Next() {
		var c persistence.Change
		var from origin
		var at int64
		if err := rows.Scan(&c.Revision, &from.client, &c.Seq, &from.author, &at, &hash, &delta); err != nil {
			return err
		}
		copy(c.Hash[:], hash)
		c.At = moment(at)
		r.deltas = append(r.deltas, delta...)
		from.end = len(r.deltas)
		r.changes = append(r.changes, c)
		r.origins = append(r.origins, from)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

func (r *rangeReader) client(ctx context.Context, row int64) (persistence.ID, error) {
	if row == 0 {
		return persistence.ID{}, nil
	}
	if id, ok := r.clients[row]; ok {
		return id, nil
	}
	var id []byte
	if err := r.reader.queries.clientID.QueryRowContext(ctx, row).Scan(&id); err != nil {
		return persistence.ID{}, missingIsDamage(err)
	}
	if r.clients == nil {
		r.clients = make(map[int64]persistence.ID)
	}
	found, err := idFrom(id)
	r.clients[row] = found
	return found, err
}

// missingIsDamage turns the absence of a row that another points to into
// ErrDamaged.
func missingIsDamage(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%w: %w", persistence.ErrDamaged, err)
	}
	return err
}

func idFrom(column []byte) (persistence.ID, error) {
	var id persistence.ID
	if len(column) != len(id) {
		return id, fmt.Errorf("id of %d bytes: %w", len(column), persistence.ErrDamaged)
	}
	copy(id[:], column)
	return id, nil
}

func hashFrom(column []byte) (persistence.Hash, error) {
	var hash persistence.Hash
	if len(column) != len(hash) {
		return hash, fmt.Errorf("hash of %d bytes: %w", len(column), persistence.ErrDamaged)
	}
	copy(hash[:], column)
	return hash, nil
}
