package ot

// iterator walks a Delta in pieces of any length.
type iterator struct {
	ops    []Op // the current one first
	offset int  // UTF-16 units of ops[0] already taken
	bytes  int  // the same in bytes, for text
}

func (it *iterator) more() bool { return len(it.ops) > 0 }

// kind returns the current op's kind.
func (it *iterator) kind() Kind { return it.ops[0].kind }

// left returns the length of what is left of the current op.
func (it *iterator) left() int { return it.ops[0].n - it.offset }

// next leaves the current op.
func (it *iterator) next() { it.ops, it.offset, it.bytes = it.ops[1:], 0, 0 }

// skip passes n units of the current op, at most what is left of it.
func (it *iterator) skip(n int) {
	o := &it.ops[0]
	if n >= o.n-it.offset {
		it.next()
		return
	}
	if len(o.text) > 0 {
		it.bytes += o.span(it.bytes, n)
	}
	it.offset += n
}

// take returns the next n units of the current op, at most what is left of it.
func (it *iterator) take(n int) Op {
	o := it.ops[0]
	if whole := o.n - it.offset; n >= whole {
		o.n = whole
		if len(o.text) > 0 {
			o.text = o.text[it.bytes:]
		}
		it.next()
		return o
	}
	if len(o.text) > 0 {
		end := it.bytes + o.span(it.bytes, n)
		o.text, it.bytes = o.text[it.bytes:end], end
	}
	o.n = n
	it.offset += n
	return o
}

// span returns how many bytes n units of a text insert take from a byte on.
func (o *Op) span(from, n int) int {
	if len(o.text) == o.n {
		return n // ASCII has as many bytes as units
	}
	bytes, _ := byteOffset(o.text[from:], n)
	return bytes
}
