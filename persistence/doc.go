// Package persistence says what Coscribe keeps and what every store promises.
//
// It is a leaf: standard library only, and it never parses a delta (law L6).
// It owns the role interfaces, the records they exchange, the sentinel errors,
// the encoding of the hash chain (law L4), and Memory, the reference store. It
// must not know sessions, the wire or any database.
//
// Roles are small interfaces; the engine asks for the ones it needs. storetest
// is the suite that every store must pass, and sqlite the store that ships.
//
// # Laws
//
// L1 Append is atomic and conditional on document, epoch, revision and hash.
// L2 a snapshot belongs to the hash of its revision. L3 an error other than a
// refusal (ErrConflict, ErrNotFound, ErrBatch) or ErrFull leaves the outcome
// unknown: forget what is in memory and read again. L4 see ChainHash. S2 client
// rows move in the append's transaction. S7 a restored log has a new epoch.
//
// # Failure modes
//
// A store that cannot write any more answers ErrStopped from then on and says
// why by Ready; reading may go on. What was read and is not what was written is
// ErrDamaged, for that document alone.
package persistence
