// Package sqlite is the store that ships: one SQLite database in a data
// directory, in WAL mode with synchronous=FULL.
//
// It owns the files of the directory, the schema, the writer goroutine and a
// small pool of connections that can only read. It must not know what a delta
// means (law L6), nor sessions, HTTP or configuration.
//
// # Writing
//
// Everything that writes is queued to one goroutine, which commits what has
// gathered, at most 512 requests, in one transaction and then answers by
// callback: under load a commit carries many batches, when idle one, and no
// waiting time has to be chosen. The writer knows the heads of the documents it
// wrote to, so a batch that conflicts is refused before anything of it is
// written (law L1) and others in the same transaction do not notice.
//
// A second goroutine copies the write-ahead log into the database
// (checkpoint.go), so that no commit waits for that.
//
// # People
//
// An edit of people and rights is a closure that runs in the writer's goroutine
// and transaction, inside a savepoint (people.go): its own error takes back what
// it did and nothing else. Their queries are written once, for the pool and for
// the writer within an edit (ask.go). A name is outside the hash chain, so that it
// can be erased; its row has a digest of its own.
//
// # Laws
//
// L1 compare-and-append on document, epoch, revision and hash. L3 a failed
// commit stops all writing; fsync is never tried again. L4 Changes checks the
// hash chain of what it reads, Verify that of everything. L5 a change costs a
// row and an index entry. S2 one row per document and client. S7 see run.go.
//
// # Failure modes
//
// The disk is full: ErrFull, nothing of the batch is written, the next batch
// may succeed. An I/O error: ErrStopped for this batch, whose outcome is
// unknown, and for all later ones; Ready says why; reading goes on. A damaged
// row: ErrDamaged for reads that meet it, other documents are not affected. A
// damaged snapshot: logged, and the one before it is used.
package sqlite
