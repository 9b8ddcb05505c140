package ot

import (
	"crypto/sha256"
	"iter"
)

// Document is a rich text: what a delta of inserts says, held in a balanced
// tree so that an edit costs O(log n). Its owner alone may call Apply and
// Clone. A clone is independent of its origin; one that is never changed may
// be read, and cloned, from any goroutine. Positions are UTF-16 units (law
// A1); a range is cut to what lies inside.
type Document struct {
	root  kid
	token token // whose nodes are changed in place; zero until the first change
}

// NewDocument returns revision 0 of every document, one newline (law D0).
func NewDocument() *Document {
	return &Document{root: grow(0, []Op{InsertText("\n", Attributes{})})}
}

// FromDelta returns the document of a delta of inserts, canonical or not. It
// returns an *Error if d has other ops or null attributes.
func FromDelta(d Delta) (*Document, error) {
	for i := range d {
		if d[i].kind != KindInsert {
			return nil, errorAt(i, "a document holds inserts only")
		}
		if d[i].attrs.hasNull() {
			return nil, errorAt(i, "an insert's attributes hold null")
		}
	}
	return &Document{root: grow(0, Canonical(d))}, nil
}

// Apply changes the document by d, or leaves it as it is and returns an
// *Error when d does not fit it (laws D1, D2). d need not be canonical.
func (doc *Document) Apply(d Delta) error {
	if err := doc.check(d); err != nil {
		return err
	}
	at := 0
	for i := range d {
		switch o := &d[i]; o.kind {
		case KindInsert:
			doc.insert(at, o)
			at += o.n
		case KindDelete:
			doc.remove(at, at+o.n)
		case KindRetain:
			if o.attrs.set != nil && o.n > 0 {
				doc.format(at, at+o.n, o.attrs)
			}
			at += o.n
		}
	}
	return nil
}

// check tells whether d fits the document.
func (doc *Document) check(d Delta) error {
	at, ascii := 0, doc.root.size.units == doc.root.size.bytes
	for i := range d {
		o := &d[i]
		if o.kind == KindInsert {
			if o.attrs.set != nil && o.attrs.hasNull() {
				return errorAt(i, "an insert's attributes hold null")
			}
			continue
		}
		if o.n < 0 || o.n > doc.root.size.units-at {
			return errorAt(i, "reaches past the end of the document")
		}
		if at += o.n; !ascii && doc.root.splits(at) {
			return errorAt(i, "splits a surrogate pair")
		}
	}
	return nil
}

// edit returns the root, ready to be changed in place.
func (doc *Document) edit() *node {
	if doc.token == 0 {
		doc.token = newToken()
	}
	doc.root.node = doc.root.own(doc.token)
	return doc.root.node
}

func (doc *Document) insert(at int, o *Op) {
	if o.embed != nil {
		doc.insertRun(at, run{1, int32(len(replacement)), o.attrs, o.embed}, replacement)
		return
	}
	for text := o.text; text != ""; {
		end := cutText(text, maxText/4)
		r := run{int32(units(text[:end])), int32(end), o.attrs, nil}
		doc.insertRun(at, r, text[:end])
		at += int(r.units)
		text = text[end:]
	}
}

func (doc *Document) insertRun(at int, r run, text string) {
	right := doc.edit().insert(doc.token, at, r, text)
	doc.root.size = doc.root.size.plus(size{int(r.units), int(r.bytes)})
	doc.raise(right)
}

// raise puts a new root over the old one and its right half, if there is one.
func (doc *Document) raise(right *node) {
	if right == nil {
		return
	}
	s := right.measure()
	kids := make([]kid, 2, maxKids+2)
	kids[0] = kid{doc.root.node, doc.root.size.minus(s)}
	kids[1] = kid{right, s}
	doc.root.node = &node{token: doc.token, kids: kids}
}

func (doc *Document) remove(from, to int) {
	if from == to {
		return
	}
	bytes := doc.edit().remove(doc.token, from, to)
	doc.root.size = doc.root.size.minus(size{to - from, bytes})
	doc.lower()
	if !doc.root.leaf() && len(doc.root.kids) == 0 {
		doc.root = grow(doc.token, nil)
	}
}

func (doc *Document) format(from, to int, a Attributes) {
	doc.raise(doc.edit().format(doc.token, from, to, a))
	doc.lower()
}

// lower takes roots away that have one child.
func (doc *Document) lower() {
	for !doc.root.leaf() && len(doc.root.kids) == 1 {
		doc.root = doc.root.kids[0]
	}
}

// Clone returns the same document in O(1), independent from now on: whichever
// of the two is changed copies what it touches.
func (doc *Document) Clone() *Document {
	if doc.token != 0 { // so that clones of a clone may be made concurrently
		doc.token = 0
	}
	return &Document{root: doc.root}
}

// Len returns the length in UTF-16 units.
func (doc *Document) Len() int { return doc.root.size.units }

// Invert returns the change that undoes d on this document (law A3), in time
// proportional to d and what it touches. d must fit.
func (doc *Document) Invert(d Delta) Delta {
	out := Builder{ops: make([]Op, 0, len(d))}
	at := 0
	for i := range d {
		o := &d[i]
		switch {
		case o.kind == KindInsert:
			out.push(Delete(o.n))
			continue
		case o.kind == KindRetain && o.attrs.set == nil:
			out.push(*o)
		default:
			doc.root.walk(at, at+o.n, func(r leafRun) bool {
				if o.kind == KindDelete {
					out.push(r.op())
				} else {
					out.push(Retain(int(r.units), invertAttributes(o.attrs, r.attrs)))
				}
				return true
			})
		}
		at += o.n
	}
	return out.Delta()
}

// Slice returns the content between two positions, canonical.
func (doc *Document) Slice(from, to int) Delta {
	var b Builder
	doc.root.walk(from, to, func(r leafRun) bool {
		b.push(r.op())
		return true
	})
	return b.Delta()
}

// Delta returns the whole content, canonical.
func (doc *Document) Delta() Delta { return doc.Slice(0, doc.Len()) }

// Runs yields the content between two positions as inserts, in O(1) memory.
// Text with the same attributes may come in several pieces.
func (doc *Document) Runs(from, to int) iter.Seq[Op] {
	return func(yield func(Op) bool) {
		doc.root.walk(from, to, func(r leafRun) bool { return yield(r.op()) })
	}
}

// Text returns the text; an embed reads as U+FFFC.
func (doc *Document) Text() string { return doc.TextRange(0, doc.Len()) }

// TextRange returns the text between two positions; an embed reads as U+FFFC.
func (doc *Document) TextRange(from, to int) string {
	from, to = max(from, 0), min(to, doc.Len())
	b := make([]byte, 0, max(to-from, 0))
	if from == 0 && to == doc.Len() {
		b = make([]byte, 0, doc.root.size.bytes)
	}
	doc.root.walk(from, to, func(r leafRun) bool {
		b = append(b, r.text...)
		return true
	})
	return string(b)
}

// AppendJSON appends the content in Quill's JSON form, the same as that of
// Delta but without making it.
func (doc *Document) AppendJSON(dst []byte) []byte {
	w := contentWriter{dst: append(dst, '[')}
	doc.root.walk(0, doc.Len(), w.write)
	return append(w.end(), ']')
}

// AppendJSONWithin is AppendJSON of a text of at most so many bytes; ok is false,
// and dst as it was, if it is longer: formatting can make it so of any length.
func (doc *Document) AppendJSONWithin(dst []byte, most int) (text []byte, ok bool) {
	w := contentWriter{dst: append(dst, '[')}
	most += len(dst)
	doc.root.walk(0, doc.Len(), func(r leafRun) bool { return w.write(r) && len(w.dst) <= most })
	if text = append(w.end(), ']'); len(text) > most {
		return text[:len(dst)], false
	}
	return text, true
}

// JSONLen returns how long AppendJSON's text is, in bytes, and how much of it
// the attributes of any one insert take at most. It reads the whole document,
// but makes nothing of it.
func (doc *Document) JSONLen() (bytes, attributes int) {
	w := contentWriter{dst: []byte{'['}, full: func(b []byte) { bytes += len(b) }}
	var last Attributes
	doc.root.walk(0, doc.Len(), func(r leafRun) bool {
		if r.attrs.set != last.set {
			last = r.attrs
			attributes = max(attributes, last.jsonLen())
		}
		return w.write(r)
	})
	return bytes + len(w.end()) + len("]"), attributes
}

// Pieces returns how many inserts stand between two positions, about: text with
// the same attributes may count as several.
func (doc *Document) Pieces(from, to int) (n int) {
	doc.root.walk(from, to, func(leafRun) bool {
		n++
		return true
	})
	return n
}

// Hash returns the content hash of law C6: SHA-256 of the RFC 8785 form of the
// canonical content.
func (doc *Document) Hash() (sum [32]byte) {
	h := sha256.New()
	w := contentWriter{dst: []byte{'['}, canonical: true, full: func(b []byte) { h.Write(b) }}
	doc.root.walk(0, doc.Len(), w.write)
	h.Write(append(w.end(), ']'))
	h.Sum(sum[:0])
	return sum
}
