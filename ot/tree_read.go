package ot

import "slices"

// leafRun is a run together with its text, which belongs to the tree: whoever
// keeps it must copy it.
type leafRun struct {
	run
	text []byte
}

// walk yields the runs between two positions, the first and last ones cut to
// fit; it returns false if yield did.
func (n *node) walk(from, to int, yield func(leafRun) bool) bool {
	if from >= to {
		return true
	}
	at := 0
	for i := 0; i < len(n.kids) && at < to; i++ {
		k := &n.kids[i]
		end := at + k.size.units
		if end > from && !k.walk(max(from-at, 0), min(to, end)-at, yield) {
			return false
		}
		at = end
	}
	offset := 0
	for i := 0; i < len(n.runs) && at < to; i++ {
		r := leafRun{n.runs[i], n.text[offset:]}
		end := at + int(r.units)
		offset += int(r.bytes)
		r.text = r.text[:r.bytes]
		if end > from && !yield(r.crop(from-at, to-at)) {
			return false
		}
		at = end
	}
	return true
}

// crop returns the part of a run between two positions, which may lie outside.
func (r leafRun) crop(from, to int) leafRun {
	if from <= 0 && to >= int(r.units) {
		return r
	}
	from, to = max(from, 0), min(to, int(r.units))
	start, end := r.offset(r.text, from), r.offset(r.text, to)
	r.text = r.text[start:end]
	r.units, r.bytes = int32(to-from), int32(end-start)
	return r
}

// op returns the run as an insert of its own.
func (r leafRun) op() Op {
	if r.embed != nil {
		return Op{kind: KindInsert, n: 1, embed: r.embed, attrs: r.attrs}
	}
	return Op{kind: KindInsert, n: int(r.units), text: string(r.text), attrs: r.attrs}
}

// splits tells whether a position falls inside a surrogate pair.
func (n *node) splits(at int) bool {
	for !n.leaf() {
		i, within := n.find(at)
		if s := n.kids[i].size; s.units == s.bytes {
			return false // ASCII
		}
		n, at = n.kids[i].node, within
	}
	if len(n.runs) == 0 {
		return false
	}
	i, within, offset := n.seek(at)
	r := &n.runs[i]
	if r.units == r.bytes || within == int(r.units) {
		return false
	}
	_, split := byteOffset(n.text[offset:], within)
	return split
}

// grow builds a tree from ops, leaves first, each about as full as writing
// makes them.
func grow(t token, ops []Op) kid {
	var level []kid
	leaf := &node{token: t}
	flush := func() {
		level = append(level, kid{leaf, leaf.measure()})
		leaf = &node{token: t}
	}
	for i := range ops {
		o := &ops[i]
		if o.embed != nil {
			if len(leaf.text)+len(replacement) > maxText || len(leaf.runs) == maxRuns {
				flush()
			}
			leaf.text = append(leaf.text, replacement...)
			leaf.runs = append(leaf.runs, run{1, int32(len(replacement)), o.attrs, o.embed})
			continue
		}
		for text := o.text; text != ""; {
			if len(leaf.text) > maxText*7/8 || len(leaf.runs) == maxRuns {
				flush()
			}
			end := cutText(text, maxText*15/16-len(leaf.text))
			leaf.text = append(leaf.text, text[:end]...)
			leaf.add(run{int32(units(text[:end])), int32(end), o.attrs, nil})
			text = text[end:]
		}
	}
	flush()
	for len(level) > 1 {
		var up []kid
		for part := range slices.Chunk(level, max(maxKids*3/4, 2)) {
			n := &node{token: t, kids: append(make([]kid, 0, maxKids+2), part...)}
			up = append(up, kid{n, n.measure()})
		}
		level = up
	}
	return level[0]
}

// cutText returns the length of the longest start of text that is at most n
// bytes long and ends between characters, but at least one character.
func cutText(text string, n int) int {
	if n >= len(text) {
		return len(text)
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	if n <= 0 {
		n = sizeOf[text[0]>>4]
	}
	return n
}
