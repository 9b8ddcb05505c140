package collab

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// sequencer puts the changes of one document into one order. It is pure: no
// goroutine, no clock, no I/O; what it does depends on the events it was given
// alone (law R4). What it cannot answer without reading the log it asks for by
// its effect, and is given later by another event.
//
// It owns the sequenced document, which runs ahead of the durable one; nobody
// else may look at it (law S5).
type sequencer struct {
	schema   *ot.Schema
	limits   Limits
	document *ot.Document
	bulk     bulk
	window   window
	durable  int64 // revision
	clients  map[persistence.ID]*clientState
	undo     []undone // one for each entry after durable
	scratch  []byte
}

// clientState is what is remembered of a client in a live document.
type clientState struct {
	user     persistence.ID // to whom its id was issued (law S3)
	seq      int64          // last sequenced
	revision int64          // its revision
	digest   persistence.Hash
	at       time.Time
	sent     ot.Delta // the last change as it was sent, to place carets by (law V2)
	base     int64    // and its base
	// acknowledged is the last that is durable.
	acknowledged protocol.Acknowledged
	attached     bool // a peer holds it
}

// undone is what a client was before an entry that is not yet durable.
type undone struct {
	client *clientState
	before clientState
}

// submission is the event of a change that arrives.
type submission struct {
	client  persistence.ID
	seq     int64
	base    int64
	delta   ot.Delta // as sent
	at      time.Time
	author  *author
	peer    string
	anyBase bool // the sender named no base: the digest leaves it out

	// What was found out about it outside, after an effect asked for it.
	moved  ot.Delta // the delta as of revision caught
	caught int64    // 0: not moved
	grown  int      // the document's growth from base to caught, UTF-16 units
	moving int      // what that took, outside the session's loop, see session.charge
	work   int      // what sequencing took
	digest persistence.Hash
	sized  bool   // checked at the door, digest is set
	found  *found // its original was met on the way
}

// found answers a search of the log for an older seq.
type found struct {
	revision int64 // 0: not there
	same     bool  // what was sent then is what was sent now
	at       time.Time
}

// effect is what a submission leads to.
type effect struct {
	kind     effectKind
	revision int64        // sequenced, repeated: the change's revision; catchUp, search: read the log after base through this one
	at       time.Time    // of a repeated change
	reject   *RejectError // rejected
}

type effectKind uint8

const (
	// sequenced: it has its revision; answer when that is durable.
	sequenced effectKind = iota + 1
	// repeated: a resend; answer as the first was answered, when that is durable.
	repeated
	// rejected: it is not in the log.
	rejected
	// catchUp: its base is below the window, or far. Move it over the log
	// through revision and step again.
	catchUp
	// search: its original is to be looked for in the log through revision, and
	// what was not found moved over it; then step again.
	search
)

func newSequencer(document *ot.Document, revision int64, limits Limits) *sequencer {
	return &sequencer{
		schema:   ot.RichText,
		limits:   limits,
		document: document,
		window:   window{base: revision, length: document.Len()},
		durable:  revision,
		clients:  map[persistence.ID]*clientState{},
	}
}

// know makes a client known; row is what the log has of it, if it has.
func (q *sequencer) know(client, user persistence.ID, row *persistence.ClientRow) *clientState {
	if c := q.clients[client]; c != nil {
		return c
	}
	c := &clientState{user: user}
	if row != nil {
		c.user, c.seq, c.revision, c.digest, c.at = row.User, row.Seq, row.Revision, row.Digest, row.SeenAt
		c.acknowledged = protocol.Acknowledged{Seq: row.Seq, Revision: row.Revision}
	}
	q.clients[client] = c
	return c
}

// step takes one submission.
func (q *sequencer) step(s *submission) effect {
	c := q.clients[s.client]
	if c == nil {
		return refuse(reject(protocol.CodeUnavailable, "client is not attached"))
	}
	if !s.sized {
		if err := q.door(s); err != nil {
			return refuse(err)
		}
	}
	if s.seq <= c.seq {
		return q.resend(c, s)
	}
	return q.accept(c, s)
}

// door checks what does not depend on the document's content (laws A4, D4) and
// takes the digest.
func (q *sequencer) door(s *submission) *RejectError {
	switch {
	case s.seq < 1:
		return reject(protocol.CodeInvalidChange, "seq %d is not positive", s.seq)
	case s.base < 0 || s.base > q.durable:
		return reject(protocol.CodeInvalidChange, "base %d is not a revision of this document", s.base)
	case len(s.delta) == 0:
		return reject(protocol.CodeInvalidChange, "the change is empty")
	case len(s.delta) > q.limits.ChangeOps:
		return reject(protocol.CodeChangeTooLarge, "%d ops, at most %d", len(s.delta), q.limits.ChangeOps)
	}
	if err := s.delta.CheckCanonical(); err != nil {
		return invalid(err)
	}
	if err := q.schema.Check(s.delta); err != nil {
		return invalid(err)
	}
	json := binary.BigEndian.AppendUint64(q.scratch[:0], uint64(digestBase(s)))
	json = s.delta.AppendJSON(json)
	if q.scratch = json; cap(json) > maxScratch {
		q.scratch = nil
	}
	if n := len(json) - 8; n > q.limits.ChangeBytes {
		return reject(protocol.CodeChangeTooLarge, "%d bytes, at most %d", n, q.limits.ChangeBytes)
	}
	s.digest, s.sized = sha256.Sum256(json), true
	return nil
}

// stretchWork bounds what is moved in the loop, in ops times changes: beyond, a
// change is caught up outside even if the window reaches back to its base (law
// R2). A hundred thousand take some milliseconds.
const stretchWork = 100_000

// maxScratch is the largest buffer kept between changes; bytes.
const maxScratch = 4 << 10

func digestBase(s *submission) int64 {
	if s.anyBase {
		return -1
	}
	return s.base
}

// resend answers a seq that is not new (law S2). A row that expired keeps no
// digest; then the log has the answer.
func (q *sequencer) resend(c *clientState, s *submission) effect {
	if s.seq == c.seq && c.digest != (persistence.Hash{}) {
		if s.digest != c.digest {
			return refuse(reject(protocol.CodeIDConflict, "seq %d was another change", s.seq))
		}
		return effect{kind: repeated, revision: c.revision, at: c.at}
	}
	if s.found == nil {
		moved, from := s.latest()
		if q.far(moved, from) {
			return effect{kind: search, revision: q.durable}
		}
		s.found = q.find(s, moved, from)
	}
	switch f := s.found; {
	case f.revision == 0:
		return refuse(reject(protocol.CodeIDConflict, "seq %d was passed over", s.seq))
	case !f.same:
		return refuse(reject(protocol.CodeIDConflict, "seq %d was another change", s.seq))
	default:
		return effect{kind: repeated, revision: f.revision, at: f.at}
	}
}

// latest is the submission's delta as far as it has been moved, and the
// revision that it stands at.
func (s *submission) latest() (d ot.Delta, at int64) {
	if s.caught > 0 {
		return s.moved, s.caught
	}
	return s.delta, s.base
}

// far reports whether a delta is to be moved outside the loop (law R2).
func (q *sequencer) far(d ot.Delta, from int64) bool {
	return from < q.window.base || (q.durable-from)*int64(len(d)) > stretchWork
}

// find looks for an older seq in the window and compares by moving the resend
// to where the original was sequenced.
func (q *sequencer) find(s *submission, moved ot.Delta, from int64) *found {
	for i, rest := 0, q.window.after(from); i < len(rest); i++ {
		e := &rest[i]
		if e.client == s.client && e.seq == s.seq {
			return &found{revision: e.revision, same: moved.Equal(e.delta), at: e.at}
		}
		moved = ot.Transform(e.delta, moved, true)
	}
	return &found{}
}

// accept catches a new change up to head and gives it the next revision.
func (q *sequencer) accept(c *clientState, s *submission) effect {
	d, from := s.latest()
	if q.far(d, from) {
		return effect{kind: catchUp, revision: q.durable}
	}
	// Law D1: the length of the base follows from the growth since.
	if length := q.window.lengthAt(from) - s.grown; s.delta.BaseLen() > length {
		return refuse(reject(protocol.CodeInvalidChange, "the change spans %d, its base has %d", s.delta.BaseLen(), length))
	}
	for i, rest := 0, q.window.after(from); i < len(rest); i++ {
		d = ot.Transform(rest[i].delta, d, true) // one by one, law A5
	}
	if len(d) > len(s.delta) && !within(d, q.limits.ChangeBytes) {
		return refuse(reject(protocol.CodeChangeTooLarge, "others wrote within what it formats; it would take more than %d bytes", q.limits.ChangeBytes))
	}
	if err := q.schema.CheckAt(q.document, d); err != nil {
		return refuse(invalid(err))
	}
	growth := d.Growth()
	if growth > 0 && q.document.Len()+growth > q.limits.DocumentLength {
		return refuse(reject(protocol.CodeDocumentTooLarge, "the document may have %d UTF-16 units", q.limits.DocumentLength))
	}
	fits := q.bulk.take(q.document, d, q.limits.documentBytes())
	s.work += q.bulk.walked
	if !fits {
		return refuse(reject(protocol.CodeDocumentTooLarge, "the document may take %d bytes with its formatting", q.limits.documentBytes()))
	}
	if err := q.document.Apply(d); err != nil {
		return refuse(invalid(err))
	}
	revision := q.window.head() + 1
	q.undo = append(q.undo, undone{c, *c})
	c.seq, c.revision, c.digest, c.at, c.sent, c.base = s.seq, revision, s.digest, s.at, s.delta, s.base
	q.window.push(entry{
		revision: revision, client: s.client, seq: s.seq, delta: d, length: q.document.Len(),
		author: s.author, peer: s.peer, at: s.at,
	})
	return effect{kind: sequenced, revision: revision, at: s.at}
}

// commit says that everything through a revision is durable.
func (q *sequencer) commit(through int64) {
	n := int(through - q.durable)
	for i, e := range q.window.span(q.durable, through) {
		q.undo[i].client.acknowledged = protocol.Acknowledged{Seq: e.seq, Revision: e.revision}
	}
	rest := copy(q.undo, q.undo[n:])
	clear(q.undo[rest:])
	if q.undo = q.undo[:rest]; cap(q.undo) > 256 && rest == 0 {
		q.undo = nil
	}
	q.durable = through
}

// rollback forgets what is not durable; document is the durable one.
func (q *sequencer) rollback(document *ot.Document) {
	for i := len(q.undo) - 1; i >= 0; i-- {
		c, before := q.undo[i].client, q.undo[i].before
		before.acknowledged, before.attached = c.acknowledged, c.attached
		*c = before
	}
	q.undo = nil
	q.window.truncate(q.durable)
	q.document, q.bulk = document, bulk{}
}

// forget lets go of clients nobody holds, whose rows the log has.
func (q *sequencer) forget() (n int) {
	for id, c := range q.clients {
		if !c.attached && c.revision <= q.durable {
			delete(q.clients, id)
			n++
		}
	}
	return n
}

func refuse(err *RejectError) effect { return effect{kind: rejected, reject: err} }

// invalid turns an *ot.Error into the reject that names the op.
func invalid(err error) *RejectError {
	var at *ot.Error
	if errors.As(err, &at) && at.Op >= 0 {
		return reject(protocol.CodeInvalidChange, "op %d: %s", at.Op, at.Reason)
	}
	return reject(protocol.CodeInvalidChange, "%s", err.Error())
}
