package ot

// Kind tells what an Op does.
type Kind uint8

// The kinds of Op.
const (
	KindInsert Kind = iota + 1 // put text or an embed here
	KindRetain                 // keep, perhaps change attributes
	KindDelete                 // remove
)

// Value is the canonical JSON text (RFC 8785) of an attribute's or embed's
// value: `true`, `"red"`, `3`, `null`. Equal values have equal text.
type Value string

// Null is the value that removes an attribute in a retain.
const Null Value = "null"

// Embed is an opaque object of one key, such as an image; its length is 1.
type Embed struct {
	Key   string
	Value Value
}

// Op is one step of a Delta: insert, retain or delete. It is an immutable
// value and may be used from any goroutine. The zero Op is none of them and
// stands in no valid Delta.
type Op struct {
	n     int    // UTF-16 units
	text  string // valid UTF-8; "" unless a text insert
	attrs Attributes
	embed *Embed // nil unless an embed insert
	kind  Kind
}

// InsertText returns an op that inserts text, which must be valid UTF-8.
func InsertText(text string, a Attributes) Op {
	return Op{kind: KindInsert, n: units(text), text: text, attrs: a}
}

// InsertEmbed returns an op that inserts one embed.
func InsertEmbed(e Embed, a Attributes) Op {
	return Op{kind: KindInsert, n: 1, embed: &e, attrs: a}
}

// Retain returns an op that keeps n UTF-16 units; attributes are set on them,
// null values removed from them.
func Retain(n int, a Attributes) Op { return Op{kind: KindRetain, n: n, attrs: a} }

// Delete returns an op that removes n UTF-16 units.
func Delete(n int) Op { return Op{kind: KindDelete, n: n} }

// Kind returns what the op does.
func (o Op) Kind() Kind { return o.kind }

// Len returns the op's length in UTF-16 units; an embed has length 1.
func (o Op) Len() int { return o.n }

// Text returns the inserted text, "" for anything but a text insert.
func (o Op) Text() string { return o.text }

// IsEmbed tells whether the op inserts an embed.
func (o Op) IsEmbed() bool { return o.embed != nil }

// Embed returns the inserted embed, the zero Embed for anything else.
func (o Op) Embed() Embed {
	if o.embed == nil {
		return Embed{}
	}
	return *o.embed
}

// Attributes returns the attributes of an insert or retain.
func (o Op) Attributes() Attributes { return o.attrs }

// Equal tells whether two ops are the same.
func (o Op) Equal(p Op) bool {
	return o.kind == p.kind && o.n == p.n && o.text == p.text &&
		o.sameEmbed(p) && o.attrs.Equal(p.attrs)
}

func (o Op) sameEmbed(p Op) bool {
	return o.embed == p.embed || o.embed != nil && p.embed != nil && *o.embed == *p.embed
}
