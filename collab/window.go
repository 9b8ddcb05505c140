package collab

import (
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// author is a person as the wire and as the log name them. Immutable and
// shared by everything that person does in a session.
type author struct {
	user protocol.User
	row  persistence.Author
}

// entry is a sequenced change. Immutable.
type entry struct {
	revision int64
	client   persistence.ID
	seq      int64
	delta    ot.Delta // at head, canonical
	length   int      // of the document after it, UTF-16 units
	author   *author
	peer     string // ID of the peer that sent it, "" if none did
	at       time.Time
}

// window is the recent end of a document's log: it catches changes, resumes
// and carets up without reading the store. It also holds what is sequenced and
// not yet durable, which trimming never touches.
type window struct {
	base    int64 // revision before the first entry
	length  int   // of the document at base, UTF-16 units
	entries []entry
	bytes   int // rough size of entries
}

// head is the revision after the last entry.
func (w *window) head() int64 { return w.base + int64(len(w.entries)) }

// after gives the entries after a revision that is not below base.
func (w *window) after(revision int64) []entry { return w.entries[revision-w.base:] }

// span gives the entries after one revision through another.
func (w *window) span(after, through int64) []entry {
	return w.entries[after-w.base : through-w.base]
}

// at gives the entry of a revision within the window.
func (w *window) at(revision int64) *entry { return &w.entries[revision-w.base-1] }

// lengthAt is the document's length at a revision within the window.
func (w *window) lengthAt(revision int64) int {
	if revision == w.base {
		return w.length
	}
	return w.at(revision).length
}

func (w *window) push(e entry) {
	w.entries = append(w.entries, e)
	w.bytes += cost(e.delta)
}

// truncate forgets the entries after a revision.
func (w *window) truncate(revision int64) {
	for _, e := range w.after(revision) {
		w.bytes -= cost(e.delta)
	}
	clear(w.after(revision))
	w.entries = w.entries[:revision-w.base]
}

// trim lets go of the oldest entries beyond the given bounds, never of those
// after durable. It works in strides, so its cost per entry is constant, and
// copies, so what is let go is free.
func (w *window) trim(durable int64, changes, bytes int) {
	if len(w.entries) <= changes+changes/4 && w.bytes <= bytes+bytes/4 {
		return
	}
	w.shrink(durable, changes, bytes)
}

// A window that would last longer than windowAge is not worth its memory: hardly
// anybody is that far behind, and the log has the changes. So in a document that
// is written in slowly the older half goes when all of it is of that age; fewer
// than twice windowLeast are never looked at.
const (
	windowAge   = 3 * time.Second
	windowLeast = 32
)

// stale reports whether the older half is past its use.
func (w *window) stale(now time.Time) bool {
	n := len(w.entries)
	return n > 2*windowLeast && now.Sub(w.entries[n/2].at) > windowAge
}

func (w *window) shrink(durable int64, changes, bytes int) {
	n := 0
	for most := int(durable - w.base); n < most && (len(w.entries)-n > changes || w.bytes > bytes); n++ {
		w.bytes -= cost(w.entries[n].delta)
		w.length = w.entries[n].length
	}
	w.base += int64(n)
	w.entries = append(make([]entry, 0, len(w.entries)-n), w.entries[n:]...)
}

// entryBytes and opBytes are roughly what an entry and an op of it cost beside
// their text; bytes.
const (
	entryBytes = 160
	opBytes    = 72
)

func cost(d ot.Delta) int {
	n := entryBytes + opBytes*len(d)
	for i := range d {
		n += len(d[i].Text())
	}
	return n
}
