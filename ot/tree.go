package ot

import (
	"slices"
	"sync/atomic"
)

// The tree under a Document: a B-tree whose leaves hold chunks of UTF-8 text
// and the attributed runs in them, and whose inner nodes know the size of each
// child, so that a place is found in O(log n) whatever the unit (the idea is
// xi-editor's rope, with runs in the leaves).
//
// It is persistent. A node is changed in place only by the Document whose
// current token it bears; any other change copies it first, on the path from
// the root alone. Copies share nothing that is ever written to.

// Sizes of nodes; variables so that tests can shrink them and run through
// every split and merge with small documents.
var (
	maxText = 1024 // bytes of text in a leaf
	maxRuns = 32   // runs in a leaf
	maxKids = 24   // children of an inner node
)

// token identifies the one Document that may change a node; zero is nobody.
type token uint64

var tokens atomic.Uint64

func newToken() token { return token(tokens.Add(1)) }

// size measures content in both units that matter.
type size struct {
	units int // UTF-16
	bytes int // UTF-8; the same as units only if all of it is ASCII
}

func (s size) plus(t size) size  { return size{s.units + t.units, s.bytes + t.bytes} }
func (s size) minus(t size) size { return size{s.units - t.units, s.bytes - t.bytes} }

// node is an inner node if it has kids, otherwise a leaf.
type node struct {
	token token
	kids  []kid
	text  []byte // of all runs, one after the other; an embed reads as U+FFFC
	runs  []run
}

type kid struct {
	*node
	size size
}

// run is a stretch of one leaf with the same attributes, or one embed.
type run struct {
	units, bytes int32
	attrs        Attributes
	embed        *Embed
}

// replacement stands for an embed in the text, which keeps offsets simple.
const replacement = "\uFFFC"

// alike tells whether two neighbouring runs would be one.
func (r *run) alike(s *run) bool {
	return r.embed == nil && s.embed == nil && r.attrs.Equal(s.attrs)
}

// offset turns an offset in units within the run into one in bytes. text
// starts with the run's text.
func (r *run) offset(text []byte, units int) int {
	switch {
	case units == int(r.units):
		return int(r.bytes)
	case r.units == r.bytes || units == 0:
		return units
	}
	bytes, _ := byteOffset(text, units)
	return bytes
}

func (n *node) leaf() bool { return n.kids == nil }

func (n *node) measure() (s size) {
	for i := range n.kids {
		s = s.plus(n.kids[i].size)
	}
	for i := range n.runs {
		s.units += int(n.runs[i].units)
	}
	s.bytes += len(n.text)
	return s
}

// own returns n itself if it bears the token, otherwise a copy that does.
func (n *node) own(t token) *node {
	if n.token == t {
		return n
	}
	if n.leaf() {
		c := &leafCopy{node: node{token: t}}
		c.text = append(make([]byte, 0, roomy(len(n.text), maxText)), n.text...)
		c.runs = append(c.room[:0], n.runs...)
		return &c.node
	}
	c := &innerCopy{node: node{token: t}}
	c.kids = append(c.room[:0], n.kids...)
	return &c.node
}

// Copies are what a clone costs, so they come in one piece with room for the
// usual number of runs or children.
type (
	leafCopy struct {
		node
		room [2]run
	}
	innerCopy struct {
		node
		room [26]kid
	}
)

// roomy is how much to allocate for n where the limit is most.
func roomy(n, most int) int {
	if n > most/2 {
		return max(n, most)
	}
	return 2 * n
}

// find returns the child in which a position lies and the position within it.
// Between two children it is the end of the left one.
func (n *node) find(at int) (int, int) {
	i := 0
	for last := len(n.kids) - 1; i < last && at > n.kids[i].size.units; i++ {
		at -= n.kids[i].size.units
	}
	return i, at
}

// seek returns the run of a leaf in which a position lies, the position within
// it in units, and the offset of the run in the text. Between two runs it is
// the end of the left one.
func (n *node) seek(at int) (i, within, offset int) {
	for last := len(n.runs) - 1; i < last && at > int(n.runs[i].units); i++ {
		at -= int(n.runs[i].units)
		offset += int(n.runs[i].bytes)
	}
	return i, at, offset
}

// insert puts a run with its text, at most a quarter of a leaf, into a node
// owned by t. If the node had to be split it returns the new right half.
func (n *node) insert(t token, at int, r run, text string) *node {
	if n.leaf() {
		if len(n.text)+len(text) <= maxText && len(n.runs)+2 <= maxRuns || len(n.runs) == 0 {
			n.put(at, r, text)
			return nil
		}
		right, left := n.splitLeaf(t, at)
		if at <= left {
			n.put(at, r, text)
		} else {
			right.put(at-left, r, text)
		}
		return right
	}
	i, within := n.find(at)
	k := &n.kids[i]
	k.node = k.own(t)
	right := k.insert(t, within, r, text)
	k.size = k.size.plus(size{int(r.units), int(r.bytes)})
	if right == nil {
		return nil
	}
	n.adopt(i, right)
	return n.splitKids(t)
}

// adopt puts the right half of child i behind it and measures both anew.
func (n *node) adopt(i int, right *node) {
	s := right.measure()
	n.kids[i].size = n.kids[i].size.minus(s)
	n.kids = slices.Insert(n.kids, i+1, kid{right, s})
}

// put inserts a run into a leaf that has room.
func (n *node) put(at int, r run, text string) {
	pos := 0
	if len(n.runs) == 0 {
		n.runs = append(n.runs, r)
	} else {
		i, within, offset := n.seek(at)
		pos = offset + n.runs[i].offset(n.text[offset:], within)
		n.place(i, within, pos-offset, r)
	}
	n.text = append(n.text, text...)
	copy(n.text[pos+len(text):], n.text[pos:])
	copy(n.text[pos:], text)
}

// place enters a run within run i, at an offset given in units and bytes.
func (n *node) place(i, units, bytes int, r run) {
	q := &n.runs[i]
	end := units == int(q.units)
	switch {
	case q.alike(&r):
	case end && i+1 < len(n.runs) && n.runs[i+1].alike(&r):
		q = &n.runs[i+1]
	case end:
		n.runs = slices.Insert(n.runs, i+1, r)
		return
	case units == 0:
		n.runs = slices.Insert(n.runs, i, r)
		return
	default:
		rest := *q
		rest.units -= int32(units)
		rest.bytes -= int32(bytes)
		q.units, q.bytes = int32(units), int32(bytes)
		n.runs = slices.Insert(n.runs, i+1, r, rest)
		return
	}
	q.units += r.units
	q.bytes += r.bytes
}

// splitLeaf cuts a leaf in two and returns the right part and the length of
// the left one, which is n. Where someone writes at the end the left part
// stays nearly full, elsewhere the halves are equal.
func (n *node) splitLeaf(t token, at int) (right *node, left int) {
	i, units, bytes := n.middle(at)
	offset := 0
	for j := range i {
		left += int(n.runs[j].units)
		offset += int(n.runs[j].bytes)
	}
	left += units
	offset += bytes
	right = &node{token: t}
	right.text = append(make([]byte, 0, roomy(len(n.text)-offset, maxText)), n.text[offset:]...)
	right.runs = append(make([]run, 0, len(n.runs)-i+2), n.runs[i:]...)
	n.text = n.text[:offset]
	n.runs = n.runs[:i]
	if units > 0 {
		whole := right.runs[0]
		n.runs = append(n.runs, run{int32(units), int32(bytes), whole.attrs, whole.embed})
		right.runs[0].units -= int32(units)
		right.runs[0].bytes -= int32(bytes)
	}
	clear(n.runs[len(n.runs):min(cap(n.runs), i+len(right.runs))]) // let go of attributes
	return right, left
}

// middle chooses where to cut a leaf: the run, and the offset in it in units
// and bytes; neither part is empty.
func (n *node) middle(at int) (i, units, bytes int) {
	if len(n.runs)+2 > maxRuns {
		return len(n.runs) / 2, 0, 0
	}
	want := len(n.text) / 2
	if i, within, _ := n.seek(at); i == len(n.runs)-1 && within == int(n.runs[i].units) {
		want = len(n.text) * 7 / 8
	}
	offset := 0
	for want >= offset+int(n.runs[i].bytes) && i < len(n.runs)-1 {
		offset += int(n.runs[i].bytes)
		i++
	}
	bytes = want - offset
	for bytes > 0 && n.text[offset+bytes]&0xC0 == 0x80 {
		bytes-- // not inside a character
	}
	if i == 0 && bytes == 0 { // a wide character stands there
		bytes = sizeOf[n.text[0]>>4]
		if bytes == int(n.runs[0].bytes) {
			return 1, 0, 0
		}
	}
	return i, countUnits(n.text[offset : offset+bytes]), bytes
}

// splitKids cuts an inner node with too many children in two and returns the
// right half, nil if there was no need.
func (n *node) splitKids(t token) *node {
	if len(n.kids) <= maxKids {
		return nil
	}
	half := len(n.kids) / 2
	right := &node{token: t, kids: append(make([]kid, 0, maxKids+2), n.kids[half:]...)}
	clear(n.kids[half:])
	n.kids = n.kids[:half]
	return right
}
