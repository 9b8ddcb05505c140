package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/coscribe/coscribe/persistence"
)

// Finding is one thing that Verify found wrong.
type Finding struct {
	Document persistence.ID // zero: not of one document
	Revision int64          // 0: not of one revision
	Problem  string
}

// String is the finding as a line for people.
func (f Finding) String() string {
	switch {
	case f.Document.IsZero():
		return f.Problem
	case f.Revision == 0:
		return fmt.Sprintf("document %s: %s", f.Document, f.Problem)
	}
	return fmt.Sprintf("document %s revision %d: %s", f.Document, f.Revision, f.Problem)
}

// Content replays one document for Verify, since a store does not know what its
// deltas mean (law L6). Change is given every change in order; after that of a
// revision with a snapshot, Snapshot is given it. The arguments are valid during
// the call only. An error becomes a finding and ends the replay of the document.
type Content interface {
	Change(*persistence.Change) error
	Snapshot(*persistence.Snapshot) error
}

// Verify checks everything in a data directory and reports what is damaged:
// SQLite's own structures; the definitions of tables; the names of authors; each document's head, chain of
// hashes (law L4), epochs, size, client rows and snapshots; and, unless content is nil, that each log
// replays and equals its snapshots (law L2). A server may have the directory
// open; then each document is checked as of one moment. The error says that
// checking itself was impossible.
func Verify(ctx context.Context, dir string, content func(document persistence.ID) Content, report func(Finding)) (err error) {
	r, err := openExisting(ctx, dir)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	v := verification{reader: r, content: content, report: report}
	if err := v.everything(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	return nil
}

// verifyCopy is Verify for a database that is no data directory yet.
func verifyCopy(ctx context.Context, path string, content func(persistence.ID) Content, report func(Finding)) (err error) {
	pool, err := openPool(path, readerPragmas())
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	r := &Reader{logger: slog.New(slog.DiscardHandler), pool: pool}
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	v := verification{reader: r, content: content, report: report}
	return v.everything(ctx)
}

type verification struct {
	reader  *Reader
	content func(persistence.ID) Content
	report  func(Finding)
}

func (v *verification) everything(ctx context.Context) error {
	if err := v.structure(ctx); err != nil {
		return err
	}
	if err := v.schema(ctx); err != nil {
		return err
	}
	if err := v.authors(ctx); err != nil {
		return err
	}
	documents, err := v.documents(ctx)
	if err != nil {
		return err
	}
	for _, column := range documents {
		id, err := idFrom(column)
		if err != nil {
			v.report(Finding{Problem: fmt.Sprintf("a document has the id %x, which is none", column)})
			continue
		}
		if err := v.document(ctx, id); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			v.report(Finding{Document: id, Problem: err.Error()})
		}
	}
	return nil
}

func (v *verification) documents(ctx context.Context) ([][]byte, error) {
	rows, err := v.reader.pool.QueryContext(ctx, "SELECT uuid FROM documents ORDER BY id")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found [][]byte
	for rows.Next() {
		var column []byte
		if err := rows.Scan(&column); err != nil {
			return nil, err
		}
		found = append(found, column)
	}
	return found, errors.Join(rows.Err(), rows.Close())
}

// structure is what SQLite can tell, and rows that belong to no document.
func (v *verification) structure(ctx context.Context) error {
	rows, err := v.reader.pool.QueryContext(ctx, `
		SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'
		UNION ALL SELECT 'the log of document row ' || document || ' has no document' FROM
			(SELECT DISTINCT document FROM changes) WHERE document NOT IN (SELECT id FROM documents)
		UNION ALL SELECT 'a snapshot of document row ' || document || ' has no document' FROM
			(SELECT DISTINCT document FROM snapshots) WHERE document NOT IN (SELECT id FROM documents)`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var problem string
		if err := rows.Scan(&problem); err != nil {
			return err
		}
		v.report(Finding{Problem: problem})
	}
	return errors.Join(rows.Err(), rows.Close())
}

// authors checks each author's row by its digest (law L4), since the chain of
// hashes covers only their ids.
func (v *verification) authors(ctx context.Context) error {
	rows, err := v.reader.pool.QueryContext(ctx, "SELECT id, user, name, color, digest FROM authors")
	if err != nil {
		return err
	}
	defer rows.Close()
	var damaged []int64
	for rows.Next() {
		var row int64
		var author persistence.Author
		var id, digest sql.RawBytes
		if err := rows.Scan(&row, &id, &author.Name, &author.Color, &digest); err != nil {
			return err
		}
		copy(author.ID[:], id)
		if want := persistence.AuthorDigest(&author); !bytes.Equal(digest, want[:]) {
			damaged = append(damaged, row)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, row := range damaged {
		found := Finding{Problem: fmt.Sprintf("row %d of the authors is not what was written", row)}
		var id []byte
		err := v.reader.pool.QueryRowContext(ctx, `SELECT d.uuid, c.revision FROM changes c JOIN documents d ON d.id = c.document
			WHERE c.author = ? ORDER BY c.id LIMIT 1`, row).Scan(&id, &found.Revision)
		switch {
		case err == nil:
			found.Problem = "the name or color of its author (and of all their changes by that name) is not what was written"
			copy(found.Document[:], id)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		v.report(found)
	}
	return nil
}

// document checks one document. An error is damage that ends its check.
func (v *verification) document(ctx context.Context, id persistence.ID) error {
	row, head, err := v.reader.queries.log(ctx, id)
	if err != nil {
		return err
	}
	found := func(revision int64, format string, args ...any) {
		v.report(Finding{Document: id, Revision: revision, Problem: fmt.Sprintf(format, args...)})
	}
	snapshots, err := v.snapshots(ctx, row, found)
	if err != nil {
		return err
	}
	chain, err := v.reader.queries.chain(ctx, id, row, 0)
	if err != nil {
		return err
	}
	if last := chain.epochs[len(chain.epochs)-1]; last.id != head.Epoch {
		found(0, "the epoch %s of the head is not the last, %s", head.Epoch, last.id)
	}
	walk := logWalk{v: v, id: id, row: row, chain: chain, snapshots: snapshots, found: found}
	if v.content != nil {
		walk.content = v.content(id)
	}
	if err := walk.run(ctx, head); err != nil {
		return err
	}
	return v.clients(ctx, row, found)
}

// snapshots returns the revisions that should have a snapshot, and reports
// those that have none, or have one unexpectedly.
func (v *verification) snapshots(ctx context.Context, row int64, found func(int64, string, ...any)) ([]int64, error) {
	var listed []byte
	var held sql.NullString
	err := v.reader.pool.QueryRowContext(ctx, `SELECT snapshots,
		(SELECT group_concat(revision) FROM snapshots WHERE document = documents.id) FROM documents WHERE id = ?`, row).Scan(&listed, &held)
	if err != nil {
		return nil, err
	}
	want, err := decodeRevisions(listed)
	if err != nil {
		return nil, err
	}
	have, err := parseRevisions(held.String)
	if err != nil {
		return nil, err
	}
	for _, revision := range want {
		if !slices.Contains(have, revision) {
			found(revision, "its snapshot is missing")
		}
	}
	for _, revision := range have {
		if !slices.Contains(want, revision) {
			found(revision, "it has a snapshot that was not put there")
		}
	}
	return have, nil
}

// clients checks that each row of deduplication points to its change (law S2).
func (v *verification) clients(ctx context.Context, row int64, found func(int64, string, ...any)) error {
	rows, err := v.reader.pool.QueryContext(ctx, `SELECT c.revision, c.seq FROM clients c
		LEFT JOIN changes ch ON ch.document = c.document AND ch.revision = c.revision
		WHERE c.document = ? AND c.user IS NOT NULL AND (ch.client IS NOT c.id OR ch.seq IS NOT c.seq)`, row)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var revision, seq int64
		if err := rows.Scan(&revision, &seq); err != nil {
			return err
		}
		found(revision, "a client's row says that this is its change with seq %d, and it is not", seq)
	}
	return errors.Join(rows.Err(), rows.Close())
}
