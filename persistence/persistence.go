package persistence

import (
	"context"
	"errors"
	"time"
)

// Sentinel errors. Stores wrap them with context; callers use errors.Is.
var (
	// ErrNotFound: no such document, revision, client row or snapshot.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the compare of compare-and-append failed: the document's
	// epoch, head or chain hash is not what the batch was built on (law L1).
	ErrConflict = errors.New("log head moved")
	// ErrExists: the id is taken.
	ErrExists = errors.New("already exists")
	// ErrStopped: the store no longer writes, because it was closed or because
	// a commit failed with an I/O error (law L3). Reading may still work.
	ErrStopped = errors.New("store has stopped writing")
	// ErrDamaged: what was read is not what was written (law L4).
	ErrDamaged = errors.New("damaged")
	// ErrFull: the disk has no room; nothing of the batch was written.
	ErrFull = errors.New("storage is full")
)

// ID is a 128-bit identifier (a UUID) of a document, epoch, client or user.
// The zero ID means "none".
type ID [16]byte

// Hash is a SHA-256 digest.
type Hash [32]byte

// Change is one accepted change as the log keeps it.
type Change struct {
	Revision int64     // 1 for the first change of a document (law S1)
	Client   ID        // client that sent it
	Seq      int64     // the client's own number for it, from 1
	Author   Author    // who made it, as they were called then
	At       time.Time // acceptance, microsecond precision, UTC
	Delta    []byte    // canonical JSON, never parsed here
	Hash     Hash      // chained, see ChainHash
}

// Author is who a change is attributed to.
type Author struct {
	ID    ID
	Name  string
	Color string // "#rrggbb"
}

// Head is where a document's log stands.
type Head struct {
	Epoch    ID    // one timeline of the log (law S7)
	Revision int64 // number of accepted changes
	Hash     Hash  // chain hash of the last one; ChainStart for none
}

// ClientRow is what deduplication remembers of a client (law S2).
type ClientRow struct {
	Client   ID
	User     ID    // to whom the client id was issued (law S3)
	Seq      int64 // last accepted
	Revision int64 // its revision
	// Digest is the SHA-256 of that submit's base and canonical delta, made by
	// the engine. Zero means forgotten: the client was idle for 90 days, and a
	// resend is compared with the log's change at Revision instead.
	Digest Hash
	SeenAt time.Time // last accepted change, microsecond precision
}

// Snapshot is a document's full state at a revision. Content is opaque here
// (the engine's compressed encoding).
type Snapshot struct {
	Revision int64
	Hash     Hash // chain hash at Revision: ties the snapshot to this log
	Content  []byte
}

// Batch is what one session appends at once: consecutive changes of one
// document and the client rows they leave behind. Its slices belong to the
// store from Append until done is called and must not be changed in between.
type Batch struct {
	Document ID
	Base     Head     // the head it was built on
	Changes  []Change // revisions Base.Revision+1 … consecutively, hashes chained
	Clients  []ClientRow
}

// Log is the append-only record of changes.
type Log interface {
	// Append queues the batch and returns at once; done is called exactly
	// once, from the store's writer goroutine, after the commit (fsync) or its
	// failure, and must not block. A nil error means durable. Batches of one
	// document commit in the order of their Append calls. ErrConflict,
	// ErrNotFound and ErrBatch mean that nothing of this batch was written and
	// others were not affected, ErrFull that nothing was written; any other error
	// leaves the outcome unknown (law L3).
	Append(batch Batch, done func(error))
	// Head reads a document's head. ErrNotFound.
	Head(ctx context.Context, document ID) (Head, error)
	// Changes calls yield for revisions after … through, in order, and stops
	// early when yield returns false. The Change and its slices are valid only
	// during the call of yield unless copied. through < 0 means the head. No
	// transaction or lock is held during yield, which may call the store.
	// ErrDamaged when the chain is broken, after what precedes the damage.
	Changes(ctx context.Context, document ID, after, through int64, yield func(*Change) bool) error
	// Client reads a client's row in this document; Append makes it with the
	// client's first accepted change. ErrNotFound before that.
	Client(ctx context.Context, document, client ID) (ClientRow, error)
	// Snapshot reads the newest snapshot at or below revision
	// (revision < 0: newest of all). ErrNotFound when there is none.
	Snapshot(ctx context.Context, document ID, revision int64) (Snapshot, error)
	// PutSnapshot stores a snapshot of an existing revision and may drop older
	// ones as the store's retention says. Durable when it returns.
	PutSnapshot(ctx context.Context, document ID, snapshot Snapshot) error
}

// Document is a document's metadata.
type Document struct {
	ID        ID
	Title     string
	Head      Head
	CreatedAt time.Time
	CreatedBy Author
	UpdatedAt time.Time // last change, rename or creation
	UpdatedBy Author
	TrashedAt time.Time // zero: not in the trash
	Bytes     int64     // of the deltas in its log
}

// ListQuery selects and pages documents, newest change first.
type ListQuery struct {
	Search  string // case-insensitive, matches anywhere in the title; "" is all
	Trashed bool   // the trash instead of the living
	Cursor  string // from the page before, with the same order; "" is the start
	Limit   int    // rows; 0 means 50, at most 200
	// Visible is a user or guest: only documents in which they have a rank at
	// the time At (see PeopleReader.Rank). Zero: all documents.
	Visible ID
	At      time.Time
	// Unowned, not 0, is the owner's rank: only documents in which nobody was
	// granted it.
	Unowned Rank
	Largest bool // the most bytes first, instead of the newest change
}

// Documents is the catalogue.
type Documents interface {
	// Create adds a document with an empty log (revision 0, law D0), or, with
	// first set, with that change as revision 1 in the same transaction. Of
	// document, ID, Title, Head.Epoch, CreatedAt and CreatedBy are used, all but
	// Title required; the store seals first itself. ErrExists.
	Create(ctx context.Context, document Document, first *Change) error
	// Document reads one, trashed or not. ErrNotFound.
	Document(ctx context.Context, id ID) (Document, error)
	// List returns one page and the cursor of the next ("" at the end).
	List(ctx context.Context, query ListQuery) ([]Document, string, error)
	// Rename sets the title and counts as a change. ErrNotFound.
	Rename(ctx context.Context, id ID, title string, by Author, at time.Time) error
	// Trash moves to the trash (at set) or back (zero at); the document keeps
	// its place in the order, and one that is there already the time it came.
	// ErrNotFound.
	Trash(ctx context.Context, id ID, by Author, at time.Time) error
}

// Secrets keeps small named values the server makes for itself, such as the
// key that signs guests' cookies.
type Secrets interface {
	// Secret returns the value under name, storing what make returns if there
	// is none yet; concurrent callers get the same value.
	Secret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error)
}

// Store is everything one store offers. Code asks for the roles above; only
// the program and the conformance suite hold the whole.
type Store interface {
	Log
	Documents
	Secrets
	People
	// Ready says whether writes are accepted: nil, or why not.
	Ready(ctx context.Context) error
	// Close drains the writer and closes the store. Appends after it get
	// ErrStopped.
	Close() error
}
