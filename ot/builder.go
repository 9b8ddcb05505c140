package ot

// Builder collects ops into a Delta in canonical form (law A4): neighbours
// merge, an insert goes before a delete at the same place, empty ops vanish.
// The zero Builder is ready; it is for one goroutine, and for one Delta.
type Builder struct {
	ops []Op
	// Text merged more than once grows here, so that many small merges stay
	// linear; ops[grown] gets it when the op is left.
	text  []byte
	grown int
}

// NewBuilder returns a Builder with room for capacity ops.
func NewBuilder(capacity int) *Builder {
	return &Builder{ops: make([]Op, 0, capacity)}
}

// Insert adds text, which must be valid UTF-8.
func (b *Builder) Insert(text string, a Attributes) *Builder {
	b.push(InsertText(text, a))
	return b
}

// InsertEmbed adds an embed.
func (b *Builder) InsertEmbed(e Embed, a Attributes) *Builder {
	b.push(InsertEmbed(e, a))
	return b
}

// Retain keeps n UTF-16 units.
func (b *Builder) Retain(n int, a Attributes) *Builder {
	b.push(Retain(n, a))
	return b
}

// Delete removes n UTF-16 units.
func (b *Builder) Delete(n int) *Builder {
	b.push(Delete(n))
	return b
}

// Push adds any op.
func (b *Builder) Push(o Op) *Builder {
	b.push(o)
	return b
}

// Delta returns what was built, without a trailing bare retain. The Builder
// must not be used afterwards.
func (b *Builder) Delta() Delta {
	b.settle()
	n := len(b.ops)
	if n > 0 && b.ops[n-1].kind == KindRetain && b.ops[n-1].attrs.set == nil {
		n--
	}
	if n == 0 {
		return nil
	}
	return Delta(b.ops[:n:n])
}

func (b *Builder) push(o Op) {
	if o.n <= 0 {
		return
	}
	if o.attrs.set != nil && len(o.attrs.set.pairs) == 0 {
		o.attrs.set = nil
	}
	n := len(b.ops)
	if n == 0 {
		b.ops = append(b.ops, o)
		return
	}
	last := &b.ops[n-1]
	switch o.kind {
	case KindDelete:
		if last.kind == KindDelete {
			last.n += o.n
			return
		}
	case KindRetain:
		if last.kind == KindRetain && last.attrs.Equal(o.attrs) {
			last.n += o.n
			return
		}
	case KindInsert:
		if last.kind == KindDelete {
			b.insertBeforeDelete(o)
			return
		}
		if last.kind == KindInsert && last.embed == nil && o.embed == nil && last.attrs.Equal(o.attrs) {
			b.merge(n-1, o)
			return
		}
	}
	b.ops = append(b.ops, o)
}

func (b *Builder) insertBeforeDelete(o Op) {
	n := len(b.ops)
	if n > 1 {
		before := &b.ops[n-2]
		if before.kind == KindInsert && before.embed == nil && o.embed == nil && before.attrs.Equal(o.attrs) {
			b.merge(n-2, o)
			return
		}
	}
	d := b.ops[n-1]
	b.ops[n-1] = o
	b.ops = append(b.ops, d)
}

// merge appends o's text to the text of op i.
func (b *Builder) merge(i int, o Op) {
	at := &b.ops[i]
	switch {
	case len(b.text) > 0 && b.grown == i:
		b.text = append(b.text, o.text...)
	case len(at.text)+len(o.text) < 64:
		at.text += o.text
	default:
		b.settle()
		b.grown = i
		b.text = append(append(b.text, at.text...), o.text...)
	}
	at.n += o.n
}

// settle gives the text that grew to its op.
func (b *Builder) settle() {
	if len(b.text) > 0 {
		b.ops[b.grown].text = string(b.text)
		b.text = b.text[:0]
	}
}
