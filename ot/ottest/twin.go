package ottest

import (
	"slices"
	"unicode/utf16"

	"github.com/coscribe/coscribe/ot"
)

// Twin is a document as plainly as it can be written: one cell for each
// UTF-16 unit. It is the oracle ot.Document is compared with, so it shares
// neither code nor ideas with it.
type Twin struct{ cells []cell }

type cell struct {
	unit  uint16
	embed *ot.Embed
	attrs map[string]ot.Value
}

// NewTwin returns the twin of a delta of inserts.
func NewTwin(d ot.Delta) *Twin {
	t := &Twin{}
	for _, o := range d {
		t.cells = append(t.cells, cells(o)...)
	}
	return t
}

func cells(o ot.Op) (all []cell) {
	attrs := map[string]ot.Value{}
	for k, v := range o.Attributes().All() {
		attrs[k] = v
	}
	if o.IsEmbed() {
		e := o.Embed()
		return []cell{{embed: &e, attrs: attrs}}
	}
	for _, u := range utf16.Encode([]rune(o.Text())) {
		all = append(all, cell{unit: u, attrs: attrs})
	}
	return all
}

// Apply changes the twin; d must fit.
func (t *Twin) Apply(d ot.Delta) {
	at := 0
	for _, o := range d {
		switch o.Kind() {
		case ot.KindInsert:
			t.cells = slices.Insert(t.cells, at, cells(o)...)
			at += o.Len()
		case ot.KindDelete:
			t.cells = slices.Delete(t.cells, at, at+o.Len())
		case ot.KindRetain:
			for i := at; i < at+o.Len(); i++ {
				t.cells[i].attrs = formatted(t.cells[i].attrs, o.Attributes())
			}
			at += o.Len()
		}
	}
}

func formatted(old map[string]ot.Value, a ot.Attributes) map[string]ot.Value {
	attrs := map[string]ot.Value{}
	for k, v := range old {
		attrs[k] = v
	}
	for k, v := range a.All() {
		if attrs[k] = v; v == ot.Null {
			delete(attrs, k)
		}
	}
	return attrs
}

// Len returns the length in UTF-16 units.
func (t *Twin) Len() int { return len(t.cells) }

// Slice returns the content between two positions, canonical.
func (t *Twin) Slice(from, to int) ot.Delta {
	b := ot.NewBuilder(0)
	for i := from; i < to; i++ {
		c := t.cells[i]
		a := ot.MakeAttributes(c.attrs)
		if c.embed != nil {
			b.InsertEmbed(*c.embed, a)
			continue
		}
		units := []uint16{c.unit}
		if utf16.IsSurrogate(rune(c.unit)) {
			i++
			units = append(units, t.cells[i].unit)
		}
		b.Insert(string(utf16.Decode(units)), a)
	}
	return b.Delta()
}

// Text returns the text between two positions; an embed reads as U+FFFC.
func (t *Twin) Text(from, to int) string {
	var units []uint16
	for _, c := range t.cells[from:to] {
		if c.embed != nil {
			c.unit = 0xFFFC
		}
		units = append(units, c.unit)
	}
	return string(utf16.Decode(units))
}

// Splits tells whether a position falls inside a surrogate pair.
func (t *Twin) Splits(at int) bool {
	return at > 0 && at < len(t.cells) && t.cells[at].embed == nil && t.cells[at].unit&0xFC00 == 0xDC00
}
