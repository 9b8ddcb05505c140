package ot

// Compose returns the change that does what a and then b do (law A3):
// D·Compose(a,b) = (D·a)·b. The answer is canonical. When a is a document the
// answer is the document after b.
func Compose(a, b Delta) Delta {
	var long longText
	if len(a)+len(b) <= len(fewOps{}) {
		var room fewOps
		return finish(compose(room[:0], &long, a, b), &long)
	}
	if len(a)+len(b) <= len(someOps{}) {
		var room someOps
		return finish(compose(room[:0], &long, a, b), &long)
	}
	return finish(compose(make([]Op, 0, len(a)+len(b)), &long, a, b), &long)
}

// Room on the stack for the answer to two changes of everyday length, so that
// the heap sees its final size alone.
type (
	fewOps  [6]Op
	someOps [24]Op
)

func compose(out []Op, long *longText, a, b Delta) []Op {
	x := iterator{ops: a}
	j, done := 0, 0 // the current op of b and how much of it is behind
	for j < len(b) {
		y := &b[j]
		switch {
		case y.kind == KindInsert:
			out = appendInsert(out, long, y)
			j++
			continue
		case !x.more():
			out = appendOp(out, long, y, y.n-done)
			j, done = j+1, 0
			continue
		case x.kind() == KindDelete:
			out = appendDelete(out, x.left())
			x.next()
			continue
		}
		n := min(x.left(), y.n-done)
		switch {
		case x.kind() == KindRetain:
			if y.kind == KindDelete {
				out = appendDelete(out, n)
			} else {
				out = appendRetain(out, n, composeAttributes(x.ops[0].attrs, y.attrs, true))
			}
			x.skip(n)
		case y.kind == KindDelete:
			x.skip(n) // over an insert the two cancel
		default:
			o := x.take(n)
			o.attrs = composeAttributes(o.attrs, y.attrs, false)
			out = appendInsert(out, long, &o)
		}
		if done += n; done == y.n {
			j, done = j+1, 0
		}
	}
	for x.more() {
		o := x.take(x.left())
		out = appendOp(out, long, &o, o.n)
	}
	return out
}
