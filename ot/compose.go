package ot

// Compose returns the change that does what a and then b do (law A3):
// D·Compose(a,b) = (D·a)·b. The answer is canonical. When a is a document the
// answer is the document after b.
func Compose(a, b Delta) Delta {
	x, y := iterator{ops: a}, iterator{ops: b}
	out := Builder{ops: make([]Op, 0, len(a)+len(b))}
	for x.more() || y.more() {
		switch {
		case y.kind() == KindInsert:
			out.push(y.take(endless))
		case x.kind() == KindDelete:
			out.push(x.take(endless))
		default:
			n := min(x.left(), y.left())
			if y.kind() == KindDelete {
				if x.kind() == KindRetain {
					out.push(Delete(n)) // over an insert the two cancel
				}
				x.skip(n)
				y.skip(n)
				continue
			}
			o := x.take(n)
			o.attrs = composeAttributes(o.attrs, y.attributes(), o.kind == KindRetain)
			y.skip(n)
			out.push(o)
		}
	}
	return out.Delta()
}
