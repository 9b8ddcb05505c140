package ot

// Transform returns d moved over a concurrent change: what d must become to be
// applied after over (law A2, TP1). overFirst says that over was sequenced
// earlier: on a tie its insert keeps the left place, and its attributes win.
// The answer is canonical. Changes are walked one by one, never composed
// first (law A5).
func Transform(over, d Delta, overFirst bool) Delta {
	x, y := iterator{ops: over}, iterator{ops: d}
	out := Builder{ops: make([]Op, 0, len(over)+len(d))}
	for y.more() {
		switch {
		case x.kind() == KindInsert && (overFirst || y.kind() != KindInsert):
			out.push(Op{kind: KindRetain, n: x.left()})
			x.skip(endless)
		case y.kind() == KindInsert:
			out.push(y.take(endless))
		default:
			n := min(x.left(), y.left())
			if x.kind() != KindDelete { // what over deleted needs nothing more
				o := y.take(n)
				if o.kind == KindRetain {
					o.attrs = transformAttributes(x.attributes(), o.attrs, overFirst)
				}
				out.push(o)
			} else {
				y.skip(n)
			}
			x.skip(n)
		}
	}
	return out.Delta()
}

// TransformIndex returns where a position moves when d is applied (law A8).
// An insert exactly at the position moves it only when own is true: the
// inserter's own caret moves on, another's stays.
func TransformIndex(d Delta, index int, own bool) int {
	offset := 0
	for i := range d {
		if offset > index {
			break
		}
		n := d[i].n
		switch d[i].kind {
		case KindDelete:
			index -= min(n, index-offset)
			continue
		case KindInsert:
			if offset < index || own {
				index += n
			}
		}
		offset += n
	}
	return index
}
