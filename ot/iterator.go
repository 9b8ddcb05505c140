package ot

import "math"

// iterator walks a Delta in pieces of any length. Past the end it is one
// endless bare retain, which keeps the loops of compose and transform short.
type iterator struct {
	ops    []Op
	offset int // UTF-16 units of ops[0] already taken
	bytes  int // the same in bytes, for text
}

const endless = math.MaxInt

func (it *iterator) more() bool { return len(it.ops) > 0 }

func (it *iterator) kind() Kind {
	if len(it.ops) == 0 {
		return KindRetain
	}
	return it.ops[0].kind
}

// left returns the length of what is left of the current op.
func (it *iterator) left() int {
	if len(it.ops) == 0 {
		return endless
	}
	return it.ops[0].n - it.offset
}

// attributes of the current op.
func (it *iterator) attributes() Attributes {
	if len(it.ops) == 0 {
		return Attributes{}
	}
	return it.ops[0].attrs
}

// skip passes n units of the current op, at most what is left of it, and
// returns nothing: for callers that need only the length.
func (it *iterator) skip(n int) {
	if len(it.ops) == 0 {
		return
	}
	if n >= it.ops[0].n-it.offset {
		it.ops, it.offset, it.bytes = it.ops[1:], 0, 0
		return
	}
	it.take(n)
}

// take returns the next n units of the current op, at most what is left of it.
func (it *iterator) take(n int) Op {
	if len(it.ops) == 0 {
		return Op{kind: KindRetain, n: n}
	}
	o := it.ops[0]
	whole := n >= o.n-it.offset
	if whole && it.offset == 0 {
		it.ops = it.ops[1:]
		return o
	}
	if whole {
		n = o.n - it.offset
	}
	piece := o
	piece.n = n
	if o.kind == KindInsert {
		rest := o.text[it.bytes:]
		if whole {
			piece.text = rest
		} else {
			end := n
			if len(o.text) != o.n { // ASCII has as many bytes as units
				end, _ = byteOffset(rest, n)
			}
			piece.text = rest[:end]
			it.bytes += end
		}
	}
	if whole {
		it.ops, it.offset, it.bytes = it.ops[1:], 0, 0
	} else {
		it.offset += n
	}
	return piece
}
