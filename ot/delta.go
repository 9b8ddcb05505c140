package ot

// Delta is a list of ops, read left to right over a base document; one of
// inserts alone is a document. It is immutable: nothing here or elsewhere
// changes a Delta's ops after it was made (law A6), so it may be shared
// between goroutines. Equality and the wire use the canonical form (law A4).
type Delta []Op

// BaseLen returns how much of a base the delta spans, in UTF-16 units:
// retains and deletes.
func (d Delta) BaseLen() int {
	n := 0
	for i := range d {
		if d[i].kind != KindInsert {
			n += d[i].n
		}
	}
	return n
}

// Len returns the length of what the delta makes of what it spans, in UTF-16
// units: inserts and retains.
func (d Delta) Len() int {
	n := 0
	for i := range d {
		if d[i].kind != KindDelete {
			n += d[i].n
		}
	}
	return n
}

// Growth returns by how many UTF-16 units applying the delta makes a document
// longer: inserts less deletes.
func (d Delta) Growth() int {
	n := 0
	for i := range d {
		switch d[i].kind {
		case KindInsert:
			n += d[i].n
		case KindDelete:
			n -= d[i].n
		}
	}
	return n
}

// Equal tells whether two deltas have the same ops; canonical deltas are equal
// when they mean the same.
func (d Delta) Equal(e Delta) bool {
	if len(d) != len(e) {
		return false
	}
	for i := range d {
		if !d[i].Equal(e[i]) {
			return false
		}
	}
	return true
}

// Canonical returns the canonical form of d (law A4), d itself when it has it.
func Canonical(d Delta) Delta {
	if d.CheckCanonical() == nil {
		return d
	}
	b := Builder{ops: make([]Op, 0, len(d))}
	for i := range d {
		b.push(d[i])
	}
	return b.Delta()
}

// CheckCanonical returns nil if d is in canonical form (law A4), otherwise an
// *Error that names the first op that is not.
func (d Delta) CheckCanonical() error {
	for i := range d {
		o := &d[i]
		if o.n <= 0 {
			return errorAt(i, "not canonical: length is zero")
		}
		if o.attrs.set == emptySet {
			return errorAt(i, "not canonical: attributes are empty")
		}
		if i == 0 {
			continue
		}
		last := &d[i-1]
		switch {
		case o.kind == KindInsert && last.kind == KindDelete:
			return errorAt(i, "not canonical: insert stands after a delete at the same place")
		case o.kind != last.kind || o.embed != nil || last.embed != nil:
		case o.kind == KindDelete || o.attrs.Equal(last.attrs):
			return errorAt(i, "not canonical: could be merged with the op before it")
		}
	}
	if n := len(d); n > 0 && d[n-1].kind == KindRetain && d[n-1].attrs.set == nil {
		return errorAt(n-1, "not canonical: trailing retain without attributes")
	}
	return nil
}
