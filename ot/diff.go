package ot

// Diff returns a canonical change that turns document a into document b:
// Compose(a, Diff(a, b)) = b. It keeps what both have in the same order,
// comparing lines first and then the characters of what is between, and never
// cuts a surrogate pair. Where two stretches have too little in common it
// replaces one by the other, so that time stays near linear. The final newlines
// of two documents are one and the same, so what is moved over the change never
// ends up behind it (law D3). It returns an *Error if a or b is no document.
func Diff(a, b Delta) (Delta, error) {
	x, err := flatten(a)
	if err != nil {
		return nil, err
	}
	y, err := flatten(b)
	if err != nil {
		return nil, err
	}
	w := diffWriter{a: iterator{ops: Canonical(a)}, b: iterator{ops: Canonical(b)}}
	var end []symbol
	if n, m := len(x)-1, len(y)-1; n >= 0 && m >= 0 && x[n] == '\n' && y[m] == '\n' {
		x, end, y = x[:n], x[n:], y[:m]
	}
	ids := map[string]symbol{}
	p, q := lines(x, ids), lines(y, ids)
	i, j := 0, 0 // how far x and y are written
	for _, m := range matches(p.ids, q.ids) {
		w.refine(x[i:p.starts[m.a]], y[j:q.starts[m.b]])
		i, j = p.starts[m.a+m.n], q.starts[m.b+m.n]
		w.keep(x[p.starts[m.a]:i])
	}
	w.refine(x[i:], y[j:])
	w.keep(end)
	return w.out.Delta(), nil
}

// symbol is what documents are compared by: a character, or a line's number.
type symbol = int32

// anyEmbed is the symbol of every embed; they are told apart when they are kept.
const anyEmbed symbol = -1

func flatten(d Delta) ([]symbol, error) {
	out := make([]symbol, 0, d.Len())
	for i := range d {
		o := &d[i]
		switch {
		case o.kind != KindInsert:
			return nil, errorAt(i, "a document holds inserts only")
		case o.embed != nil:
			out = append(out, anyEmbed)
		default:
			for _, c := range o.text {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// lined is a text as numbered lines, equal lines with equal numbers. starts has
// one more entry, the end.
type lined struct {
	ids    []symbol
	starts []int
}

func lines(text []symbol, ids map[string]symbol) (l lined) {
	var key []byte
	for start := 0; start < len(text); {
		end := start
		key = key[:0]
		for more := true; more && end < len(text); end++ {
			c := text[end]
			key = append(key, byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
			more = c != '\n'
		}
		id, ok := ids[string(key)]
		if !ok {
			id = symbol(len(ids))
			ids[string(key)] = id
		}
		l.ids = append(l.ids, id)
		l.starts = append(l.starts, start)
		start = end
	}
	l.starts = append(l.starts, len(text))
	return l
}

// diffWriter writes the change while both documents pass by.
type diffWriter struct {
	a, b iterator
	out  Builder
}

// refine writes what turns x into y, compared by character.
func (w *diffWriter) refine(x, y []symbol) {
	i, j := 0, 0
	for _, m := range coarse(matches(x, y), len(x), len(y)) {
		w.replace(x[i:m.a], y[j:m.b])
		i, j = m.a+m.n, m.b+m.n
		w.keep(x[m.a:i])
	}
	w.replace(x[i:], y[j:])
}

// coarse leaves out matches that are no longer than the edits on either side
// of them: a rewritten word reads better as one edit than as a sieve.
func coarse(all []match, lenX, lenY int) []match {
	out := all[:0]
	i, j := 0, 0 // the end of the last match kept
	for k, m := range all {
		nextA, nextB := lenX, lenY
		if k+1 < len(all) {
			nextA, nextB = all[k+1].a, all[k+1].b
		}
		before, after := max(m.a-i, m.b-j), max(nextA-m.a-m.n, nextB-m.b-m.n)
		if m.n > before || m.n > after {
			out = append(out, m)
			i, j = m.a+m.n, m.b+m.n
		}
	}
	return out
}

func (w *diffWriter) replace(x, y []symbol) {
	for left := span(y); left > 0; {
		o := w.b.take(left)
		left -= o.n
		w.out.push(o)
	}
	gone := span(x)
	w.out.push(Delete(gone))
	for gone > 0 {
		n := min(gone, w.a.left())
		w.a.skip(n)
		gone -= n
	}
}

func (w *diffWriter) keep(x []symbol) {
	for left := span(x); left > 0; {
		n := min(left, w.a.left(), w.b.left())
		left -= n
		from, to := w.a.take(n), w.b.take(n)
		if from.sameEmbed(to) {
			w.out.push(Retain(n, diffAttributes(from.attrs, to.attrs)))
		} else {
			w.out.push(to)
			w.out.push(Delete(n))
		}
	}
}

// span counts the UTF-16 units of symbols.
func span(text []symbol) int {
	n := len(text)
	for _, c := range text {
		if c > 0xFFFF {
			n++
		}
	}
	return n
}
