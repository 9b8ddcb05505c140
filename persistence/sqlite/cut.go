package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// cutAt takes out of a copied database what came after a moment, and says how
// many documents and changes that were. Of each document the log before its
// first later change stays, so that a clock which was set back cuts too much
// rather than too little. New epochs are given when the copy is opened.
func cutAt(ctx context.Context, db *sql.DB, until time.Time) (documents, changes int64, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it is without effect
	at := until.UnixMicro()
	c := cutting{ctx: ctx, tx: tx}
	c.change(`CREATE TEMP TABLE cut (document INTEGER PRIMARY KEY, revision INTEGER NOT NULL)`)
	c.change(`INSERT INTO cut SELECT id, coalesce((SELECT min(revision) - 1 FROM changes WHERE document = documents.id AND at > ?), revision)
		FROM documents WHERE created_at <= ?`, at, at)
	c.rights()
	documents = c.change(`DELETE FROM documents WHERE id NOT IN (SELECT document FROM cut)`)
	changes = c.change(`DELETE FROM changes WHERE revision > coalesce((SELECT revision FROM cut WHERE document = changes.document), -1)`)
	c.change(`DELETE FROM snapshots WHERE revision > coalesce((SELECT revision FROM cut WHERE document = snapshots.document), -1)`)
	c.change(`DELETE FROM epochs WHERE revision > coalesce((SELECT revision FROM cut WHERE document = epochs.document), -1)`)
	c.clients()
	c.change(`UPDATE documents SET trashed_at = 0 WHERE trashed_at > ?`, at)
	c.heads()
	c.change(`DROP TABLE cut`)
	if c.err != nil {
		return 0, 0, c.err
	}
	if err := tx.Commit(); err != nil {
		return 0, 0, err
	}
	// What was left out is not in the file's free pages either.
	_, err = db.ExecContext(ctx, "VACUUM")
	return documents, changes, err
}

// cutting is the transaction of a cut, up to its first error.
type cutting struct {
	ctx context.Context
	tx  *sql.Tx
	err error
}

func (c *cutting) change(text string, args ...any) (rows int64) {
	if c.err != nil {
		return 0
	}
	result, err := c.tx.ExecContext(c.ctx, text, args...)
	if err == nil {
		rows, err = result.RowsAffected()
	}
	if err != nil {
		c.err = fmt.Errorf("%s: %w", text, err)
	}
	return rows
}

// clients lets each row of deduplication point to its client's last change that
// stays (law S2). What was submitted under it is in the log, to be compared with
// at need, as of a client that was idle for long.
func (c *cutting) clients() {
	c.change(`DELETE FROM clients WHERE document NOT IN (SELECT document FROM cut)`)
	// A column beside max() is that of the row which has the maximum.
	c.change(`CREATE TEMP TABLE lasting AS SELECT client, max(revision) AS revision, seq FROM changes GROUP BY client`)
	c.change(`CREATE UNIQUE INDEX temp.lasting_client ON lasting (client)`)
	c.change(`DELETE FROM clients WHERE revision > (SELECT revision FROM cut WHERE document = clients.document) AND id NOT IN (SELECT client FROM lasting)`)
	c.change(`UPDATE clients SET (seq, revision) = (SELECT seq, revision FROM lasting WHERE client = clients.id), digest = NULL, seen_at = NULL
		WHERE revision > (SELECT revision FROM cut WHERE document = clients.document)`)
	c.change(`DROP TABLE lasting`)
}

// rights takes out what was given in documents that are left out. People and
// rights in the others stay as they were when the copy was made: a right that was
// taken away after the moment does not come back. So does the audit log.
func (c *cutting) rights() {
	const later = ` WHERE document IN (SELECT uuid FROM documents WHERE id NOT IN (SELECT document FROM cut))`
	c.change(`DELETE FROM grants` + later)
	c.change(`DELETE FROM requests` + later)
	c.change(`DELETE FROM tokens` + later)
	c.change(`DELETE FROM visits WHERE link IN (SELECT id FROM links` + later + `)`)
	c.change(`DELETE FROM links` + later)
}

// heads moves each shortened document's head to its last change. An empty log
// gets its hash with its new epoch.
func (c *cutting) heads() {
	c.snapshotLists()
	c.change(`UPDATE documents SET updated_at = created_at, updated_by = created_by WHERE id IN (SELECT document FROM cut WHERE revision < documents.revision)`)
	c.change(`UPDATE documents SET (hash, updated_at, updated_by) = (SELECT hash, at, author FROM changes JOIN cut USING (document, revision) WHERE document = documents.id)
		WHERE id IN (SELECT document FROM cut WHERE revision < documents.revision AND revision > 0)`)
	c.change(`UPDATE documents SET listed = updated_at / ?, revision = (SELECT revision FROM cut WHERE document = documents.id),
		bytes = (SELECT coalesce(sum(length(delta)), 0) FROM changes WHERE document = documents.id)
		WHERE id IN (SELECT document FROM cut WHERE revision < documents.revision)`, listedUnit)
}

// snapshotLists takes the dropped snapshots out of the documents' lists.
func (c *cutting) snapshotLists() {
	if c.err != nil {
		return
	}
	rows, err := c.tx.QueryContext(c.ctx, `SELECT id, snapshots, cut.revision FROM documents JOIN cut ON document = id
		WHERE cut.revision < documents.revision AND length(snapshots) > 0`)
	if err != nil {
		c.err = err
		return
	}
	defer rows.Close()
	lists := map[int64][]byte{}
	for rows.Next() {
		var row, cut int64
		var column []byte
		if c.err = rows.Scan(&row, &column, &cut); c.err != nil {
			return
		}
		revisions, err := decodeRevisions(column)
		if err != nil {
			continue // verify names it
		}
		kept := slices.DeleteFunc(slices.Clone(revisions), func(r int64) bool { return r > cut })
		if len(kept) < len(revisions) {
			lists[row] = encodeRevisions(kept)
		}
	}
	if c.err = rows.Err(); c.err != nil {
		return
	}
	for row, column := range lists {
		c.change(`UPDATE documents SET snapshots = ? WHERE id = ?`, column, row)
	}
}
