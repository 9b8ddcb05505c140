package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coscribe/coscribe/persistence"
)

// startRun marks this opening of the database (law S7). A fresh run id is
// written into the database and into a file beside it. When the two differ at
// the next opening, the database is not the one that was closed here last - it
// was restored or replaced - and every log gets a new epoch, so that no client
// mistakes its revisions for those it knew.
//
// The file is written first with both ids, then the database with the new one,
// then the file with the new one alone: a crash between the steps is no
// mismatch. A copy made by Backup has no run id and never matches.
func startRun(ctx context.Context, config Config) (err error) {
	db, err := openPool(filepath.Join(config.Dir, databaseFile), writerPragmas(), "_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)

	var last []byte
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'run'").Scan(&last); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("read run id: %w", err)
	}
	file := filepath.Join(config.Dir, runFile)
	known, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read run id: %w", err)
	}
	same := len(last) > 0 && bytes.Contains(known, last)
	run := []byte(config.NewID().String())
	pending := append([]byte(nil), run...)
	if same {
		pending = append(append(pending, '\n'), last...)
	}
	if err := writeFile(file, pending); err != nil {
		return fmt.Errorf("write run id: %w", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it is without effect
	if !same {
		renewed, err := renewEpochs(ctx, tx, config)
		if err != nil {
			return fmt.Errorf("give every document a new epoch: %w", err)
		}
		if renewed > 0 {
			config.Logger.WarnContext(ctx, "the database was replaced since the last run: all documents have new epochs", "documents", renewed)
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES ('run', ?) ON CONFLICT DO UPDATE SET value = excluded.value", run); err != nil {
		return fmt.Errorf("write run id: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write run id: %w", err)
	}
	if err := writeFile(file, run); err != nil {
		return fmt.Errorf("write run id: %w", err)
	}
	return nil
}

// renewEpochs gives every document a new epoch and says how many there are. A
// log with changes keeps its head's revision and hash; the row in epochs says
// from which revision on the chain is made with the new epoch. An empty log
// starts anew from the new epoch's ChainStart.
func renewEpochs(ctx context.Context, tx *sql.Tx, config Config) (int, error) {
	type log struct {
		row, revision int64
		document      []byte
	}
	var logs []log
	rows, err := tx.QueryContext(ctx, "SELECT id, revision, uuid FROM documents")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var l log
		if err := rows.Scan(&l.row, &l.revision, &l.document); err != nil {
			return 0, err
		}
		logs = append(logs, l)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if err := rows.Close(); err != nil {
		return 0, err
	}
	for _, l := range logs {
		epoch := config.NewID()
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO epochs (document, revision, epoch) VALUES (?, ?, ?)", l.row, l.revision, epoch[:]); err != nil {
			return 0, err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE documents SET epoch = ? WHERE id = ?", epoch[:], l.row); err != nil {
			return 0, err
		}
		document, err := idFrom(l.document)
		if l.revision == 0 && err == nil { // nobody finds one without an id; Verify names it
			start := persistence.ChainStart(document, epoch)
			if _, err := tx.ExecContext(ctx, "UPDATE documents SET hash = ? WHERE id = ?", start[:], l.row); err != nil {
				return 0, err
			}
		}
	}
	return len(logs), nil
}

// writeFile replaces a file so that after a crash it has the old content or
// the new, and the new one once it has returned.
func writeFile(path string, content []byte) error {
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a process that was killed
		return err
	}
	file, err := createOwned(partial)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(partial, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}
