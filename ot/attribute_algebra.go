package ot

// The algebra of attribute maps, law A7: four merges of two sorted lists.

// composeAttributes returns what b over a sets. keepNull is for a retain over
// a retain, whose removals must survive; on an insert there is nothing left to
// remove.
func composeAttributes(a, b Attributes, keepNull bool) Attributes {
	if b.set == nil || a.set == b.set && (keepNull || !b.hasNull()) {
		return a
	}
	if a.set == nil && (keepNull || !b.hasNull()) {
		return b
	}
	x, y := a.pairs(), b.pairs()
	out := make([]attribute, 0, len(x)+len(y))
	for len(x) > 0 || len(y) > 0 {
		c := order(x, y)
		if c < 0 {
			out, x = append(out, x[0]), x[1:]
			continue
		}
		if keepNull || y[0].value != Null {
			out = append(out, y[0])
		}
		y = y[1:]
		if c == 0 {
			x = x[1:]
		}
	}
	return sorted(out)
}

// transformAttributes returns what is left of b when over has happened: all of
// it if b goes later and wins, else what over did not touch.
func transformAttributes(over, b Attributes, overFirst bool) Attributes {
	if over.set == nil || b.set == nil || !overFirst {
		return b
	}
	x, y := over.pairs(), b.pairs()
	out := make([]attribute, 0, len(y))
	for len(y) > 0 {
		c := order(x, y)
		if c > 0 {
			out = append(out, y[0])
		}
		if c <= 0 {
			x = x[1:]
		}
		if c >= 0 {
			y = y[1:]
		}
	}
	if len(out) == len(b.pairs()) {
		return b
	}
	return sorted(out)
}

// invertAttributes returns what undoes a on content that had base.
func invertAttributes(a, base Attributes) Attributes {
	x, y := a.pairs(), base.pairs()
	var out []attribute
	for len(x) > 0 {
		c := order(x, y)
		switch {
		case c < 0:
			out = append(out, attribute{x[0].key, Null})
		case c == 0 && (x[0].value != y[0].value || x[0].value.composite()):
			// quill-delta compares with !==, under which objects are never the
			// same; law A10 wants its answer.
			out = append(out, y[0])
		}
		if c <= 0 {
			x = x[1:]
		}
		if c >= 0 {
			y = y[1:]
		}
	}
	return sorted(out)
}

// diffAttributes returns what turns a into b.
func diffAttributes(a, b Attributes) Attributes {
	if a.Equal(b) {
		return Attributes{}
	}
	x, y := a.pairs(), b.pairs()
	var out []attribute
	for len(x) > 0 || len(y) > 0 {
		c := order(x, y)
		switch {
		case c < 0:
			out = append(out, attribute{x[0].key, Null})
		case c > 0 || x[0].value != y[0].value:
			out = append(out, y[0])
		}
		if c <= 0 {
			x = x[1:]
		}
		if c >= 0 {
			y = y[1:]
		}
	}
	return sorted(out)
}

// order compares the first names of two lists of which at least one is not
// empty; an empty list counts as last.
func order(x, y []attribute) int {
	switch {
	case len(x) == 0:
		return 1
	case len(y) == 0:
		return -1
	}
	return compareUTF16(x[0].key, y[0].key)
}

func (v Value) composite() bool { return len(v) > 0 && (v[0] == '{' || v[0] == '[') }
