package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/coscribe/coscribe/persistence"
)

// queries are the reading pool's prepared statements.
type queries struct {
	head, epochs, hash, changes *sql.Stmt
	client, clientID, author    *sql.Stmt
	snapshots, secret           *sql.Stmt
	document                    *sql.Stmt
}

func prepareQueries(ctx context.Context, pool *sql.DB) (queries, error) {
	var q queries
	for _, s := range []struct {
		into **sql.Stmt
		text string
	}{
		{&q.head, "SELECT id, epoch, revision, hash FROM documents WHERE uuid = ?"},
		{&q.epochs, "SELECT revision, epoch FROM epochs WHERE document = ? ORDER BY revision"},
		{&q.hash, "SELECT hash FROM changes WHERE document = ? AND revision = ?"},
		{&q.changes, "SELECT revision, client, seq, author, at, hash, delta FROM changes WHERE document = ? AND revision > ? AND revision <= ? ORDER BY revision"},
		{&q.client, `SELECT c.user, c.seq, c.revision, c.digest, c.seen_at FROM documents d JOIN clients c ON c.document = d.id
			WHERE d.uuid = ? AND c.client = ? AND c.user IS NOT NULL`},
		{&q.clientID, "SELECT client FROM clients WHERE id = ?"},
		{&q.author, "SELECT user, name, color FROM authors WHERE id = ?"},
		{&q.snapshots, "SELECT revision, hash, digest, content FROM snapshots WHERE document = ? AND revision <= ? ORDER BY revision DESC LIMIT 1"},
		{&q.secret, "SELECT value FROM secrets WHERE name = ?"},
		{&q.document, "SELECT " + documentColumns + " FROM documents WHERE uuid = ?"},
	} {
		var err error
		if *s.into, err = pool.PrepareContext(ctx, s.text); err != nil {
			return q, fmt.Errorf("prepare %q: %w", s.text, err)
		}
	}
	return q, nil
}

// log reads a document's row and head. ErrNotFound.
func (q *queries) log(ctx context.Context, document persistence.ID) (row int64, head persistence.Head, err error) {
	var epoch, hash []byte
	err = q.head.QueryRowContext(ctx, document[:]).Scan(&row, &epoch, &head.Revision, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, head, fmt.Errorf("document %s: %w", document, persistence.ErrNotFound)
	}
	if err != nil {
		return 0, head, fmt.Errorf("read head of document %s: %w", document, err)
	}
	var badEpoch, badHash error
	head.Epoch, badEpoch = idFrom(epoch)
	head.Hash, badHash = hashFrom(hash)
	if err := errors.Join(badEpoch, badHash); err != nil {
		return 0, head, fmt.Errorf("head of document %s: %w", document, err)
	}
	return row, head, nil
}

// chain returns the chain of a document standing at a revision.
func (q *queries) chain(ctx context.Context, document persistence.ID, row, revision int64) (chain, error) {
	c := chain{document: document, revision: revision}
	rows, err := q.epochs.QueryContext(ctx, row)
	if err != nil {
		return c, fmt.Errorf("read epochs of document %s: %w", document, err)
	}
	defer rows.Close()
	for rows.Next() {
		var e epoch
		var id []byte
		if err := rows.Scan(&e.after, &id); err != nil {
			return c, err
		}
		if e.id, err = idFrom(id); err != nil {
			return c, fmt.Errorf("epochs of document %s: %w", document, err)
		}
		c.epochs = append(c.epochs, e)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return c, err
	}
	if len(c.epochs) == 0 || c.epochs[0].after != 0 {
		return c, fmt.Errorf("epochs of document %s: the first is missing: %w", document, persistence.ErrDamaged)
	}
	if revision == 0 {
		c.prev = persistence.ChainStart(document, c.epochs[0].id)
		return c, nil
	}
	c.prev, err = q.hashAt(ctx, document, row, revision)
	return c, err
}

func (q *queries) hashAt(ctx context.Context, document persistence.ID, row, revision int64) (persistence.Hash, error) {
	var hash []byte
	err := q.hash.QueryRowContext(ctx, row, revision).Scan(&hash)
	if err == nil {
		var found persistence.Hash
		if found, err = hashFrom(hash); err == nil {
			return found, nil
		}
	}
	return persistence.Hash{}, fmt.Errorf("hash of document %s revision %d: %w", document, revision, missingIsDamage(err))
}

// authorCache remembers authors by their row, which only an erasure changes.
// Safe from any goroutine.
type authorCache struct {
	mu       sync.Mutex
	rows     map[int64]persistence.Author
	erasures int
}

// forget drops everything, after an erasure or at rest.
func (a *authorCache) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rows = nil
	a.erasures++
}

func (a *authorCache) get(ctx context.Context, query *sql.Stmt, row int64) (persistence.Author, error) {
	a.mu.Lock()
	author, ok := a.rows[row]
	erasures := a.erasures
	a.mu.Unlock()
	if ok {
		return author, nil
	}
	var id []byte
	if err := query.QueryRowContext(ctx, row).Scan(&id, &author.Name, &author.Color); err != nil {
		return author, missingIsDamage(err)
	}
	var err error
	if author.ID, err = idFrom(id); err != nil {
		return author, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.erasures != erasures {
		return author, nil // it may have been read before
	}
	if a.rows == nil {
		a.rows = make(map[int64]persistence.Author)
	}
	trim(a.rows, maxAuthors)
	a.rows[row] = author
	return author, nil
}
