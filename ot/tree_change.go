package ot

import "slices"

// remove takes out the content between two positions of a node owned by t and
// returns how many bytes that was.
func (n *node) remove(t token, from, to int) (bytes int) {
	if n.leaf() {
		before := len(n.text)
		n.cut(from, to)
		return before - len(n.text)
	}
	i, start := 0, 0
	for ; start+n.kids[i].size.units <= from; i++ {
		start += n.kids[i].size.units
	}
	first, gone := i, 0 // what vanishes whole are neighbours
	for ; i < len(n.kids) && start < to; i++ {
		k := &n.kids[i]
		end := start + k.size.units
		took := k.size
		if from <= start && end <= to {
			k.node = nil
			gone++
		} else {
			k.node = k.own(t)
			took.units = min(to, end) - max(from, start)
			took.bytes = k.remove(t, max(from, start)-start, min(to, end)-start)
			k.size = k.size.minus(took)
		}
		bytes += took.bytes
		start = end
	}
	if gone > 0 {
		n.kids = slices.DeleteFunc(n.kids, func(k kid) bool { return k.node == nil })
	}
	for i -= gone + 1; i >= first; i-- {
		n.mend(t, i)
	}
	return bytes
}

// mend joins child i with a neighbour if it has become small and both fit.
func (n *node) mend(t token, i int) {
	if i >= len(n.kids) || len(n.kids) < 2 || !n.kids[i].small() {
		return
	}
	if i+1 == len(n.kids) || i > 0 && n.kids[i-1].fits(n.kids[i].node) {
		i--
	}
	left, right := n.kids[i].node, n.kids[i+1].node
	if !left.fits(right) {
		return
	}
	left = left.own(t)
	if left.leaf() {
		left.text = append(left.text, right.text...)
		for j := range right.runs {
			left.add(right.runs[j])
		}
	} else {
		left.kids = append(left.kids, right.kids...)
	}
	n.kids[i] = kid{left, n.kids[i].size.plus(n.kids[i+1].size)}
	n.kids = slices.Delete(n.kids, i+1, i+2)
}

// small tells whether a node should look for a neighbour to join.
func (n *node) small() bool {
	if n.leaf() {
		return len(n.text) < maxText/4
	}
	return len(n.kids) < maxKids/3
}

// fits tells whether n and its right neighbour can be one node, with some
// room left for what is written next.
func (n *node) fits(right *node) bool {
	if n.leaf() {
		return len(n.text)+len(right.text) <= maxText*3/4 && len(n.runs)+len(right.runs) <= maxRuns*3/4
	}
	return len(n.kids)+len(right.kids) <= maxKids
}

// add appends a run whose text is already there.
func (n *node) add(r run) {
	if last := len(n.runs) - 1; last >= 0 && n.runs[last].alike(&r) {
		n.runs[last].units += r.units
		n.runs[last].bytes += r.bytes
		return
	}
	n.runs = append(n.runs, r)
}

// cut takes out the content between two positions of a leaf.
func (n *node) cut(from, to int) {
	i, within, offset := n.seek(from)
	if r := &n.runs[i]; within+to-from <= int(r.units) && to-from < int(r.units) {
		start := r.offset(n.text[offset:], within)
		end := r.offset(n.text[offset:], within+to-from)
		r.units -= int32(to - from)
		r.bytes -= int32(end - start)
		n.text = slices.Delete(n.text, offset+start, offset+end)
		return
	}
	first, start := n.isolate(from)
	last, end := n.isolate(to)
	n.text = slices.Delete(n.text, start, end)
	n.runs = slices.Delete(n.runs, first, last)
	n.join(first)
}

// isolate makes a run start at a position of a leaf. It returns its index and
// its offset in the text; at the end of the leaf both are the lengths.
func (n *node) isolate(at int) (i, offset int) {
	i, within, offset := n.seek(at)
	r := &n.runs[i]
	switch within {
	case 0:
		return i, offset
	case int(r.units):
		return i + 1, offset + int(r.bytes)
	}
	rest := *r
	r.bytes = int32(r.offset(n.text[offset:], within))
	r.units = int32(within)
	rest.bytes -= r.bytes
	rest.units -= r.units
	offset += int(r.bytes)
	n.runs = slices.Insert(n.runs, i+1, rest)
	return i + 1, offset
}

// join merges run i of a leaf with the one before it if they are alike.
func (n *node) join(i int) {
	if i == 0 || i >= len(n.runs) || !n.runs[i-1].alike(&n.runs[i]) {
		return
	}
	n.runs[i-1].units += n.runs[i].units
	n.runs[i-1].bytes += n.runs[i].bytes
	n.runs = slices.Delete(n.runs, i, i+1)
}

// format sets attributes between two positions of a node owned by t. If the
// node had to be split it returns the new right half.
func (n *node) format(t token, from, to int, a Attributes) *node {
	if n.leaf() {
		first, _ := n.isolate(from)
		last, _ := n.isolate(to)
		for i := first; i < last; i++ {
			n.runs[i].attrs = composeAttributes(n.runs[i].attrs, a, false)
		}
		for i := last; i >= first; i-- {
			n.join(i)
		}
		if len(n.runs) <= maxRuns {
			return nil
		}
		right, _ := n.splitLeaf(t, 0)
		return right
	}
	start, first, i := 0, -1, 0
	for ; i < len(n.kids) && start < to; i++ {
		k := &n.kids[i]
		end := start + k.size.units
		if end > from {
			if first < 0 {
				first = i
			}
			k.node = k.own(t)
			if right := k.format(t, max(from-start, 0), min(to, end)-start, a); right != nil {
				n.adopt(i, right)
				i++
			}
		}
		start = end
	}
	for i--; i >= first && first >= 0; i-- { // runs that are alike now take less room
		n.mend(t, i)
	}
	return n.splitKids(t)
}
