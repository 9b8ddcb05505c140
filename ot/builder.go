package ot

// Builder collects ops into a Delta in canonical form (law A4): neighbours
// merge, an insert goes before a delete at the same place, empty ops vanish.
// The zero Builder is ready; it is for one goroutine, and for one Delta.
type Builder struct {
	ops  []Op
	long longText
}

// NewBuilder returns a Builder with room for capacity ops.
func NewBuilder(capacity int) *Builder {
	return &Builder{ops: make([]Op, 0, capacity)}
}

// Insert adds text, which must be valid UTF-8.
func (b *Builder) Insert(text string, a Attributes) *Builder {
	return b.Push(InsertText(text, a))
}

// InsertEmbed adds an embed.
func (b *Builder) InsertEmbed(e Embed, a Attributes) *Builder {
	return b.Push(InsertEmbed(e, a))
}

// Retain keeps n UTF-16 units.
func (b *Builder) Retain(n int, a Attributes) *Builder { return b.Push(Retain(n, a)) }

// Delete removes n UTF-16 units.
func (b *Builder) Delete(n int) *Builder { return b.Push(Delete(n)) }

// Push adds any op.
func (b *Builder) Push(o Op) *Builder {
	b.push(o)
	return b
}

func (b *Builder) push(o Op) { b.ops = appendOp(b.ops, &b.long, &o, o.n) }

// Delta returns what was built, without a trailing bare retain. The Builder
// must not be used afterwards.
func (b *Builder) Delta() Delta {
	b.ops = b.long.settle(b.ops)
	ops := chop(b.ops)
	return Delta(ops[:len(ops):len(ops)])
}

// The functions below are the Builder's work on a bare slice, which Compose
// and Transform keep on the stack: a slice behind a pointer would escape.

// appendOp adds n units of a retain or delete, or a whole insert.
func appendOp(ops []Op, long *longText, o *Op, n int) []Op {
	switch o.kind {
	case KindDelete:
		return appendDelete(ops, n)
	case KindRetain:
		return appendRetain(ops, n, o.attrs)
	case KindInsert:
		return appendInsert(ops, long, o)
	}
	return ops
}

func appendDelete(ops []Op, n int) []Op {
	if n <= 0 {
		return ops
	}
	if last := len(ops) - 1; last >= 0 && ops[last].kind == KindDelete {
		ops[last].n += n
		return ops
	}
	return append(ops, Op{kind: KindDelete, n: n})
}

func appendRetain(ops []Op, n int, a Attributes) []Op {
	if n <= 0 {
		return ops
	}
	if a.set == emptySet {
		a.set = nil
	}
	if last := len(ops) - 1; last >= 0 && ops[last].kind == KindRetain && ops[last].attrs.Equal(a) {
		ops[last].n += n
		return ops
	}
	return append(ops, Op{kind: KindRetain, n: n, attrs: a})
}

func appendInsert(ops []Op, long *longText, o *Op) []Op {
	if o.n <= 0 {
		return ops
	}
	at := len(ops) // where the insert goes: before a delete
	if at > 0 && ops[at-1].kind == KindDelete {
		at--
	}
	if at > 0 && ops[at-1].joins(o) {
		long.merge(ops, at-1, o)
		return ops
	}
	ops = append(ops, *o)
	if at < len(ops)-1 {
		ops[at], ops[at+1] = ops[at+1], ops[at]
	}
	if o.attrs.set == emptySet {
		ops[at].attrs.set = nil
	}
	return ops
}

// joins tells whether two inserts would be one.
func (o *Op) joins(p *Op) bool {
	return o.kind == KindInsert && o.embed == nil && p.embed == nil && o.attrs.Equal(p.attrs)
}

// chop leaves off a trailing bare retain.
func chop(ops []Op) []Op {
	if last := len(ops) - 1; last >= 0 && ops[last].kind == KindRetain && ops[last].attrs.set == nil {
		return ops[:last]
	}
	return ops
}

// finish returns ops, which may lie on the stack, as a Delta.
func finish(ops []Op, long *longText) Delta {
	ops = chop(long.settle(ops))
	d := make(Delta, len(ops))
	copy(d, ops)
	return d
}

// longText is the text of the insert that is growing, when pieces are merged
// into it again and again: so that many small merges stay linear.
type longText struct {
	text []byte // empty if none is growing
	op   int    // index of the op that gets it
}

// merge appends o's text to the text of op i.
func (l *longText) merge(ops []Op, i int, o *Op) {
	at := &ops[i]
	switch {
	case len(l.text) > 0 && l.op == i:
		l.text = append(l.text, o.text...)
	case len(at.text)+len(o.text) < 64:
		at.text += o.text
	default:
		l.settle(ops)
		l.op = i
		l.text = append(append(l.text, at.text...), o.text...)
	}
	at.n += o.n
}

// settle gives the text to its op.
func (l *longText) settle(ops []Op) []Op {
	if len(l.text) > 0 {
		ops[l.op].text = string(l.text)
		l.text = l.text[:0]
	}
	return ops
}
