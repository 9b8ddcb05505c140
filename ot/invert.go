package ot

// Invert returns the change that undoes d on the document base (law A3):
// base·d·Invert(d, base) = base. The answer is canonical. d must fit base.
func Invert(d, base Delta) Delta {
	it := iterator{ops: base}
	out := Builder{ops: make([]Op, 0, len(d))}
	for i := range d {
		if d[i].kind == KindInsert {
			out.push(Delete(d[i].n))
			continue
		}
		for left := d[i].n; left > 0 && it.more(); {
			n := min(left, it.left())
			left -= n
			out.push(inverse(&d[i], &it, n))
		}
	}
	return out.Delta()
}

// inverse takes n units of the base and returns what undoes o on them.
func inverse(o *Op, base *iterator, n int) Op {
	if o.kind == KindDelete {
		return base.take(n)
	}
	a := invertAttributes(o.attrs, base.ops[0].attrs)
	base.skip(n)
	return Op{kind: KindRetain, n: n, attrs: a}
}
