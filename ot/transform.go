package ot

// Transform returns d moved over a concurrent change: what d must become to be
// applied after over (law A2, TP1). overFirst says that over was sequenced
// earlier: on a tie its insert keeps the left place, and its attributes win.
// The answer is canonical. Changes are walked one by one, never composed
// first (law A5). Where nothing has to move the answer may be d itself: neither
// is to be written to.
func Transform(over, d Delta, overFirst bool) Delta {
	if moved, ok := shift(over, d); ok {
		return moved
	}
	var long longText
	if len(over)+len(d) <= len(fewOps{}) {
		var room fewOps
		return finish(transform(room[:0], &long, over, d, overFirst), &long)
	}
	if len(over)+len(d) <= len(someOps{}) {
		var room someOps
		return finish(transform(room[:0], &long, over, d, overFirst), &long)
	}
	return finish(transform(make([]Op, 0, len(over)+len(d)), &long, over, d, overFirst), &long)
}

// shift is Transform of changes in different places, as those of people who
// write in one document mostly are: then d stays as it is, or its first retain
// alone grows or shrinks. Touching is not apart: there the order matters.
func shift(over, d Delta) (moved Delta, ok bool) {
	if len(over) == 0 || len(d) == 0 {
		return nil, false
	}
	x, y := &over[0], &d[0]
	before := x.bare() && d.BaseLen() < x.n
	behind := !before && y.bare() && over.BaseLen() < y.n
	if !before && !behind || d.CheckCanonical() != nil {
		return nil, false
	}
	if before {
		return d, true
	}
	moved = make(Delta, len(d))
	copy(moved, d)
	moved[0].n += over.Growth()
	return moved, true
}

// bare tells whether an op only passes over what is there.
func (o *Op) bare() bool { return o.kind == KindRetain && o.attrs.set == nil }

func transform(out []Op, long *longText, over, d Delta, overFirst bool) []Op {
	i, j := 0, 0        // the current ops
	taken, done := 0, 0 // how much of them is behind
	for j < len(d) {
		y := &d[j]
		if i == len(over) {
			out = appendOp(out, long, y, y.n-done)
			j, done = j+1, 0
			continue
		}
		x := &over[i]
		if x.kind == KindInsert && (overFirst || y.kind != KindInsert) {
			out = appendRetain(out, x.n, Attributes{})
			i++
			continue
		}
		if y.kind == KindInsert {
			out = appendInsert(out, long, y)
			j++
			continue
		}
		n := min(x.n-taken, y.n-done)
		if x.kind == KindRetain { // what over deleted needs nothing more
			if y.kind == KindDelete {
				out = appendDelete(out, n)
			} else {
				out = appendRetain(out, n, transformAttributes(x.attrs, y.attrs, overFirst))
			}
		}
		if taken += n; taken == x.n {
			i, taken = i+1, 0
		}
		if done += n; done == y.n {
			j, done = j+1, 0
		}
	}
	return out
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
