package persistence

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrBatch: a batch contradicts itself (revisions not consecutive, hashes not
// chained, times out of range). It is the caller's mistake, nothing of the
// batch was written, and other batches are not affected.
var ErrBatch = errors.New("batch contradicts itself")

// Domain strings keep the kinds of digest apart and carry the version of the
// encoding: a changed encoding gets a new string.
const (
	startDomain  = "coscribe chain start 1"
	changeDomain = "coscribe chain change 2"
	authorDomain = "coscribe author 1"
)

// ChainStart is the chain hash of a document's empty log (revision 0) in an
// epoch (law L4).
//
// When a log with changes gets a new epoch (law S7), its head keeps revision
// and hash and the changes after it are chained with the new epoch; a log
// still empty then starts anew from ChainStart of the new epoch.
func ChainStart(document, epoch ID) Hash {
	var scratch [128]byte
	buf := appendField(scratch[:0], startDomain)
	buf = appendField(buf, document[:])
	buf = appendField(buf, epoch[:])
	return sha256.Sum256(buf)
}

// ChainHash is the hash of c after prev (law L4): SHA-256 over prev, document,
// epoch, revision, client, seq, author's id, time in µs and delta, each preceded
// by its length in bytes as a big-endian uint32, numbers as big-endian int64. The
// author's name and color are not covered, so that they can be erased: see
// AuthorDigest. c.Hash is not read. Safe from any goroutine.
func ChainHash(prev Hash, document, epoch ID, c *Change) Hash {
	var scratch [512]byte // holds a change of a few characters without an allocation
	buf := appendField(scratch[:0], changeDomain)
	buf = appendField(buf, prev[:])
	buf = appendField(buf, document[:])
	buf = appendField(buf, epoch[:])
	buf = appendNumber(buf, c.Revision)
	buf = appendField(buf, c.Client[:])
	buf = appendNumber(buf, c.Seq)
	buf = appendField(buf, c.Author.ID[:])
	buf = appendNumber(buf, c.At.UnixMicro())
	buf = appendField(buf, c.Delta)
	return sha256.Sum256(buf)
}

// AuthorDigest is the digest by which a store notices that an author's id, name
// or color is not what was written. It is in no chain: an erased person's can be
// replaced. Safe from any goroutine.
func AuthorDigest(a *Author) Hash {
	var scratch [256]byte
	buf := appendField(scratch[:0], authorDomain)
	buf = appendField(buf, a.ID[:])
	buf = appendField(buf, a.Name)
	buf = appendField(buf, a.Color)
	return sha256.Sum256(buf)
}

// Head is the head that the batch leaves behind: Base if it has no changes.
func (b *Batch) Head() Head {
	if len(b.Changes) == 0 {
		return b.Base
	}
	last := &b.Changes[len(b.Changes)-1]
	return Head{Epoch: b.Base.Epoch, Revision: last.Revision, Hash: last.Hash}
}

// Seal numbers the changes from Base.Revision+1 and fills in their hashes from
// Base.Hash on. It returns the head the batch leaves behind. The batch belongs
// to the caller's goroutine until Append.
func (b *Batch) Seal() Head {
	prev := b.Base.Hash
	for i := range b.Changes {
		c := &b.Changes[i]
		c.Revision = b.Base.Revision + 1 + int64(i)
		c.Hash = ChainHash(prev, b.Document, b.Base.Epoch, c)
		prev = c.Hash
	}
	return b.Head()
}

// Check says whether the batch is sealed: consecutive revisions after Base and
// hashes chained from Base.Hash. Every store refuses one that is not, so that
// a log never holds what verification would call damaged. The error is ErrBatch.
func (b *Batch) Check() error {
	prev := b.Base.Hash
	for i := range b.Changes {
		c := &b.Changes[i]
		if want := b.Base.Revision + 1 + int64(i); c.Revision != want {
			return fmt.Errorf("%w: document %s: revision %d where %d belongs", ErrBatch, b.Document, c.Revision, want)
		}
		if c.Hash != ChainHash(prev, b.Document, b.Base.Epoch, c) {
			return fmt.Errorf("%w: document %s: revision %d is not chained to the one before", ErrBatch, b.Document, c.Revision)
		}
		prev = c.Hash
	}
	return nil
}

func appendField[T string | []byte](dst []byte, field T) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(field)))
	return append(dst, field...)
}

func appendNumber(dst []byte, n int64) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 8)
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}
