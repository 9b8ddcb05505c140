package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// Bounds of what the writer remembers between transactions. A document takes
// about 200 bytes, a client of it 24.
const (
	maxDocuments       = 8192
	maxDocumentClients = 256
	maxAuthors         = 8192
)

// manyDocuments is how many documents, written to of late or now, make the
// writer busy: each keeps a page or two of the log in use.
const manyDocuments = 100

// listedUnit is the unit of documents.listed in µs: a minute.
const listedUnit = 60_000_000

// tables is what the writer's goroutine writes with: prepared statements, and
// where the documents it wrote to stand. Everything remembered is either
// committed or of the transaction under way; forget drops it after a rollback.
type tables struct {
	connection *connection
	documents  map[persistence.ID]*logState
	authors    map[persistence.Author]int64
	erased     bool                  // an author's name was replaced, or all is forgotten
	cache      int                   // its page cache, in KiB
	others     map[string]*statement // of people and rights, by text

	begin, commit, rollback                *statement
	findDocument, insertDocument           *statement
	insertEpoch                            *statement
	moveHead, listHead                     *statement
	findAuthor, insertAuthor               *statement
	findClient, insertClient, updateClient *statement
	expireClients, lastClient              *statement
	insertChange, findHash                 *statement
	rename, trash                          *statement
	putSnapshot, dropSnapshot              *statement
	readSnapshots, setSnapshots            *statement
	insertSecret                           *statement
}

// logState is a document's log as the writer knows it.
type logState struct {
	row     int64
	head    persistence.Head
	listed  int64
	clients map[persistence.ID]int64 // rows of clients
}

func openTables(ctx context.Context, path string, config Config) (*tables, error) {
	conn, err := connect(ctx, path, writerPragmas())
	if err != nil {
		return nil, err
	}
	t := &tables{connection: conn, others: make(map[string]*statement), cache: writerCache}
	t.forget()
	for _, s := range []struct {
		into **statement
		text string
	}{
		{&t.begin, "BEGIN IMMEDIATE"},
		{&t.commit, "COMMIT"},
		{&t.rollback, "ROLLBACK"},
		{&t.findDocument, "SELECT id, epoch, revision, hash, listed FROM documents WHERE uuid = ?"},
		{&t.insertDocument, `INSERT INTO documents (uuid, epoch, revision, hash, bytes, updated_at, updated_by, listed, trashed_at, created_at, created_by, title, folded, snapshots)
			VALUES (?, ?, 0, ?, 0, ?, ?, ?, 0, ?, ?, ?, ?, x'')`},
		{&t.insertEpoch, "INSERT INTO epochs (document, revision, epoch) VALUES (?, 0, ?)"},
		{&t.moveHead, "UPDATE documents SET revision = ?, hash = ?, bytes = bytes + ?, updated_at = ?, updated_by = ? WHERE id = ?"},
		{&t.listHead, "UPDATE documents SET listed = ? WHERE id = ?"},
		{&t.findAuthor, "SELECT id FROM authors WHERE user = ? AND name = ? AND color = ?"},
		{&t.insertAuthor, "INSERT INTO authors (user, name, color, digest) VALUES (?, ?, ?, ?)"},
		{&t.findClient, "SELECT id FROM clients WHERE document = ? AND client = ?"},
		{&t.insertClient, "INSERT INTO clients (document, client) VALUES (?, ?)"},
		{&t.updateClient, "UPDATE clients SET user = ?, seq = ?, revision = ?, digest = ?, seen_at = ? WHERE id = ?"},
		{&t.expireClients, "UPDATE clients SET digest = NULL, seen_at = NULL WHERE id > ? AND id <= ? AND seen_at < ?"},
		{&t.lastClient, "SELECT max(id) FROM clients"},
		{&t.insertChange, "INSERT INTO changes (document, revision, client, seq, author, at, hash, delta) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
		{&t.findHash, "SELECT hash FROM changes WHERE document = ? AND revision = ?"},
		{&t.rename, "UPDATE documents SET title = ?, folded = ?, updated_at = ?, updated_by = ? WHERE id = ?"},
		{&t.trash, "UPDATE documents SET trashed_at = ? WHERE id = ? AND (trashed_at = 0 OR ? = 0)"},
		{&t.putSnapshot, "INSERT OR REPLACE INTO snapshots (document, revision, hash, digest, content) VALUES (?, ?, ?, ?, ?)"},
		{&t.dropSnapshot, "DELETE FROM snapshots WHERE document = ? AND revision = ?"},
		{&t.readSnapshots, "SELECT snapshots FROM documents WHERE id = ?"},
		{&t.setSnapshots, "UPDATE documents SET snapshots = ? WHERE id = ?"},
		{&t.insertSecret, "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"},
	} {
		if *s.into, err = conn.prepare(s.text); err != nil {
			return nil, errors.Join(err, conn.close())
		}
	}
	return t, nil
}

func (t *tables) close() error { return t.connection.close() }

// forget drops what is remembered of a transaction that was rolled back.
func (t *tables) forget() {
	t.documents = make(map[persistence.ID]*logState)
	t.authors = make(map[persistence.Author]int64)
	t.erased = false
}

// fit gives the page cache the size that a group of requests needs beside what
// was written to of late. It must precede the transaction, which would spill.
func (t *tables) fit(requests int) error {
	size := writerCache
	if len(t.documents)+requests > manyDocuments {
		size = busyWriterCache
	}
	if size == t.cache {
		return nil
	}
	if err := t.connection.exec(fmt.Sprintf("PRAGMA cache_size = -%d", size)); err != nil {
		return err
	}
	t.cache = size
	return nil
}

// append adds a batch that has been checked. Everything that can refuse it is
// looked at before the first row is written.
func (t *tables) append(b *persistence.Batch) error {
	log, err := t.find(b.Document)
	if err != nil {
		return err
	}
	if log.head != b.Base {
		return fmt.Errorf("append to document %s at revision %d, head is %d: %w", b.Document, b.Base.Revision, log.head.Revision, persistence.ErrConflict)
	}
	for i := range b.Clients {
		if err := t.seeClient(log, &b.Clients[i]); err != nil {
			return err
		}
	}
	if len(b.Changes) == 0 {
		return nil
	}
	var author, bytes int64
	for i := range b.Changes {
		if author, err = t.insertLogRow(log, &b.Changes[i]); err != nil {
			return err
		}
		bytes += int64(len(b.Changes[i].Delta))
	}
	last := &b.Changes[len(b.Changes)-1]
	return t.advance(log, b.Head(), bytes, last.At, author)
}

func (t *tables) insertLogRow(log *logState, c *persistence.Change) (author int64, err error) {
	if author, err = t.author(&c.Author); err != nil {
		return 0, err
	}
	client, err := t.client(log, c.Client)
	if err != nil {
		return 0, err
	}
	return author, t.insertChange.exec(log.row, c.Revision, client, c.Seq, author, c.At.UnixMicro(), c.Hash[:], c.Delta)
}

// advance moves the head by changes with so many bytes of deltas, and the
// document's place in the list when the minute has changed.
func (t *tables) advance(log *logState, head persistence.Head, bytes int64, at time.Time, author int64) error {
	if err := t.moveHead.exec(head.Revision, head.Hash[:], bytes, at.UnixMicro(), author, log.row); err != nil {
		return err
	}
	log.head = head
	return t.relist(log, at)
}

func (t *tables) relist(log *logState, at time.Time) error {
	listed := at.UnixMicro() / listedUnit
	if listed == log.listed {
		return nil
	}
	log.listed = listed
	return t.listHead.exec(listed, log.row)
}

// find returns the state of a document's log. ErrNotFound.
func (t *tables) find(document persistence.ID) (*logState, error) {
	if log := t.documents[document]; log != nil {
		return log, nil
	}
	var columns [5]driver.Value
	found, err := t.findDocument.row(columns[:], document[:])
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("document %s: %w", document, persistence.ErrNotFound)
	}
	epoch, okEpoch := columns[1].([]byte)
	hash, okHash := columns[3].([]byte)
	if !okEpoch || !okHash || len(epoch) != len(persistence.ID{}) || len(hash) != len(persistence.Hash{}) {
		return nil, fmt.Errorf("head of document %s: %w", document, persistence.ErrDamaged)
	}
	log := &logState{
		row:    columns[0].(int64), // STRICT tables hold what they declare
		head:   persistence.Head{Epoch: persistence.ID(epoch), Revision: columns[2].(int64), Hash: persistence.Hash(hash)},
		listed: columns[4].(int64),
	}
	t.remember(document, log)
	return log, nil
}

func (t *tables) remember(document persistence.ID, log *logState) {
	trim(t.documents, maxDocuments)
	t.documents[document] = log
}

// author returns the row of an author, making it if these three words are new.
func (t *tables) author(a *persistence.Author) (int64, error) {
	if row, ok := t.authors[*a]; ok {
		return row, nil
	}
	var column [1]driver.Value
	found, err := t.findAuthor.row(column[:], a.ID[:], a.Name, a.Color)
	if err != nil {
		return 0, err
	}
	row, _ := column[0].(int64)
	if !found {
		digest := persistence.AuthorDigest(a)
		if row, err = t.insertAuthor.insert(a.ID[:], a.Name, a.Color, digest[:]); err != nil {
			return 0, err
		}
	}
	trim(t.authors, maxAuthors)
	t.authors[*a] = row
	return row, nil
}

// client returns the row of a client in the document, making it if it is new.
// The zero client has none.
func (t *tables) client(log *logState, client persistence.ID) (int64, error) {
	if client.IsZero() {
		return 0, nil
	}
	if row, ok := log.clients[client]; ok {
		return row, nil
	}
	var column [1]driver.Value
	found, err := t.findClient.row(column[:], log.row, client[:])
	if err != nil {
		return 0, err
	}
	row, _ := column[0].(int64)
	if !found {
		if row, err = t.insertClient.insert(log.row, client[:]); err != nil {
			return 0, err
		}
	}
	if log.clients == nil {
		log.clients = make(map[persistence.ID]int64)
	}
	trim(log.clients, maxDocumentClients)
	log.clients[client] = row
	return row, nil
}

// seeClient writes a client's row of deduplication (law S2).
func (t *tables) seeClient(log *logState, row *persistence.ClientRow) error {
	id, err := t.client(log, row.Client)
	if err != nil {
		return err
	}
	return t.updateClient.exec(row.User[:], row.Seq, row.Revision, row.Digest[:], row.SeenAt.UnixMicro(), id)
}

// trim drops some entries, whichever, of a cache that has reached its bound.
func trim[K comparable, V any](cache map[K]V, bound int) {
	if len(cache) < bound {
		return
	}
	drop := bound / 8
	for key := range cache {
		if drop--; drop < 0 {
			return
		}
		delete(cache, key)
	}
}
