package ot

import (
	"crypto/sha256"
	"iter"
	"strings"
)

// Document is a rich text.
type Document struct {
	runs Delta
	n    int
}

// NewDocument returns revision 0 of every document, one newline (law D0).
func NewDocument() *Document {
	return &Document{runs: Delta{InsertText("\n", Attributes{})}, n: 1}
}

// FromDelta returns the document of a delta of inserts.
func FromDelta(d Delta) (*Document, error) {
	for i, o := range d {
		if o.kind != KindInsert {
			return nil, errorAt(i, "a document holds inserts only")
		}
		if o.attrs.hasNull() {
			return nil, errorAt(i, "an insert's attributes hold null")
		}
	}
	d = Canonical(d)
	return &Document{runs: d, n: d.Len()}, nil
}

// Apply changes the document by d, or leaves it as it is and returns an
// *Error when d does not fit it (laws D1, D2).
func (doc *Document) Apply(d Delta) error {
	if err := doc.check(d); err != nil {
		return err
	}
	doc.runs = Compose(doc.runs, d)
	doc.n += d.Growth()
	return nil
}

func (doc *Document) check(d Delta) error {
	at := 0
	for i, o := range d {
		if o.kind == KindInsert {
			if o.attrs.hasNull() {
				return errorAt(i, "an insert's attributes hold null")
			}
		} else {
			at += o.n
			if o.n > doc.n || at > doc.n {
				return errorAt(i, "reaches past the end of the document")
			}
		}
		if doc.splits(at) {
			return errorAt(i, "splits a surrogate pair")
		}
	}
	return nil
}

func (doc *Document) splits(at int) bool {
	for _, o := range doc.runs {
		if at < o.n {
			if o.embed != nil {
				return false
			}
			_, split := byteOffset(o.text, at)
			return split
		}
		at -= o.n
	}
	return false
}

// Clone returns the same document, independent from now on.
func (doc *Document) Clone() *Document { c := *doc; return &c }

// Len returns the length in UTF-16 units.
func (doc *Document) Len() int { return doc.n }

// Slice returns the content between two positions in UTF-16 units.
func (doc *Document) Slice(from, to int) Delta {
	var b Builder
	for o := range doc.Runs(from, to) {
		b.push(o)
	}
	return b.Delta()
}

// Text returns the text; an embed reads as U+FFFC.
func (doc *Document) Text() string { return doc.TextRange(0, doc.n) }

// TextRange returns the text between two positions in UTF-16 units; an embed
// reads as U+FFFC.
func (doc *Document) TextRange(from, to int) string {
	var b strings.Builder
	for o := range doc.Runs(from, to) {
		if o.embed != nil {
			b.WriteRune('\uFFFC')
		} else {
			b.WriteString(o.text)
		}
	}
	return b.String()
}

// Delta returns the whole content, canonical.
func (doc *Document) Delta() Delta { return doc.runs }

// AppendJSON appends the content as JSON.
func (doc *Document) AppendJSON(dst []byte) []byte { return doc.runs.AppendJSON(dst) }

// Hash returns the content hash: SHA-256 of the RFC 8785 form of the canonical
// content.
func (doc *Document) Hash() [32]byte {
	b := []byte{'['}
	for i := range doc.runs {
		if i > 0 {
			b = append(b, ',')
		}
		b = doc.runs[i].appendCanonical(b)
	}
	return sha256.Sum256(append(b, ']'))
}

// Runs yields the content between two positions in UTF-16 units.
func (doc *Document) Runs(from, to int) iter.Seq[Op] {
	return func(yield func(Op) bool) {
		it := iterator{ops: doc.runs}
		for at := 0; at < to && it.more(); {
			if at < from {
				n := min(it.left(), from-at)
				it.skip(n)
				at += n
				continue
			}
			n := min(it.left(), to-at)
			at += n
			if !yield(it.take(n)) {
				return
			}
		}
	}
}

// Invert returns the change that undoes d on this document.
func (doc *Document) Invert(d Delta) Delta { return Invert(d, doc.runs) }

// Diff returns a change that turns document a into document b.
func Diff(a, b Delta) (Delta, error) {
	var out Builder
	for _, o := range b {
		out.push(o)
	}
	out.push(Delete(a.Len()))
	return out.Delta(), nil
}
