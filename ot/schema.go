package ot

import (
	"bytes"
	"strconv"
	"strings"
)

// Schema is the allowlist of law D4: which attributes and embeds may stand
// where, and one spelling for each value. It is immutable and may be used from
// any goroutine.
type Schema struct {
	attributes map[string]rule
	embeds     map[string]shape
}

// place is where an attribute may stand.
type place uint8

const (
	inline    place = iota // on text and embeds, never on a newline
	block                  // on newlines alone
	imageOnly              // on image embeds alone
)

// shape is what a value may be, and how that is said to whoever sent another.
type shape struct {
	valid func(Value) bool
	wants string
}

type rule struct {
	place place
	shape
}

var (
	flag  = shape{isTrue, "true"}
	color = shape{isColor, `a colour as "#rrggbb" in lower case`}
)

// RichText is the schema of every document. frontend/client/schema.ts holds
// the same table; testdata/schema.json ties the two together.
var RichText = &Schema{
	attributes: map[string]rule{
		"bold":       {inline, flag},
		"italic":     {inline, flag},
		"underline":  {inline, flag},
		"strike":     {inline, flag},
		"code":       {inline, flag},
		"link":       {inline, shape{isLink("http://", "https://", "mailto:"), "an address that begins with http://, https:// or mailto:, without spaces, of at most 2048 characters"}},
		"color":      {inline, color},
		"background": {inline, color},
		"header":     {block, shape{isInteger(1, 3), "1, 2 or 3"}},
		"list":       {block, shape{isOneOf(`"bullet"`, `"ordered"`, `"checked"`, `"unchecked"`), `"bullet", "ordered", "checked" or "unchecked"`}},
		"indent":     {block, shape{isInteger(1, 8), "a whole number from 1 to 8"}},
		"align":      {block, shape{isOneOf(`"center"`, `"right"`, `"justify"`), `"center", "right" or "justify"`}},
		"blockquote": {block, flag},
		"code-block": {block, shape{isCodeBlock, "true or a language's name in lower case"}},
		"direction":  {block, shape{isOneOf(`"rtl"`), `"rtl"`}},
		"width":      {imageOnly, shape{isInteger(16, 4096), "a whole number from 16 to 4096"}},
		"alt":        {imageOnly, shape{isText(0, 512), "a text of at most 512 characters, without line ends"}},
	},
	embeds: map[string]shape{
		"image":   {isLink("http://", "https://"), "an address that begins with http:// or https://, without spaces, of at most 2048 characters"},
		"divider": flag,
		"mention": {isMention, `{"id": a UUID in lower case, "name": 1 to 80 characters}`},
	},
}

// Check checks what can be told from the change alone: names, value shapes,
// spelling, link schemes, control characters, and for inserts also where
// attributes stand. It returns nil or an *Error.
func (s *Schema) Check(d Delta) error {
	for i := range d {
		if reason := s.checkOp(&d[i]); reason != "" {
			return errorAt(i, reason)
		}
	}
	return nil
}

func (s *Schema) checkOp(o *Op) string {
	if o.embed != nil {
		embed, ok := s.embeds[o.embed.Key]
		if !ok {
			return "the embed " + named(o.embed.Key) + " is unknown"
		}
		if !embed.valid(o.embed.Value) {
			return "the embed " + o.embed.Key + " has to be " + embed.wants
		}
	} else if strings.ContainsFunc(o.text, isControl) {
		return "the text holds a control character"
	}
	var on [3]bool
	for _, p := range o.attrs.pairs() {
		r, ok := s.attributes[p.key]
		if !ok {
			return "the attribute " + named(p.key) + " is unknown"
		}
		if p.value == Null && o.kind == KindRetain {
			continue
		}
		if !r.valid(p.value) {
			return "the attribute " + p.key + " has to be " + r.wants
		}
		on[r.place] = true
	}
	switch {
	case o.kind == KindInsert:
		return misplaced(o.embed, o.n, strings.Count(o.text, "\n"), on)
	case on[block] && (on[inline] || on[imageOnly]):
		return "block and inline attributes never stand on the same character"
	}
	return ""
}

// named is a key that came from outside, in quotes and bounded.
func named(key string) string {
	const most = 40 // bytes; those of ours have ten
	if len(key) > most {
		return strconv.Quote(strings.ToValidUTF8(key[:most], "") + "…")
	}
	return strconv.Quote(key)
}

// isControl tells the C0 characters that no text may hold.
func isControl(r rune) bool { return r < 0x20 && r != '\n' && r != '\t' }

// misplaced says what is wrong with attributes of these places on an embed, or
// on text of so many UTF-16 units and newlines; "" if nothing is.
func misplaced(embed *Embed, units, newlines int, on [3]bool) string {
	switch {
	case embed != nil && on[block]:
		return "a block attribute stands on an embed"
	case embed != nil && on[imageOnly] && embed.Key != "image":
		return "an image's attribute stands on another embed"
	case embed != nil:
		return ""
	case on[imageOnly]:
		return "an image's attribute stands on text"
	case on[block] && newlines < units:
		return "a block attribute stands on text: it belongs on the newline that ends the line"
	case on[inline] && newlines > 0:
		return "an inline attribute stands on a newline"
	}
	return ""
}

// CheckAt checks what depends on the document the change is about to be
// applied to: that it fits (laws D1, D2), that the final newline stays last
// (D3), and where the attributes it sets would stand (D4). It returns nil or an
// *Error. It presumes Check.
func (s *Schema) CheckAt(doc *Document, d Delta) error {
	if err := doc.check(d); err != nil {
		return err
	}
	at, end := 0, doc.Len()
	for i := range d {
		o := &d[i]
		switch o.kind {
		case KindInsert:
			if at == end {
				return errorAt(i, "inserts after the final newline")
			}
		case KindDelete:
			if at += o.n; at == end {
				return errorAt(i, "deletes the final newline")
			}
		case KindRetain:
			if reason := s.checkRetain(doc, at, o); reason != "" {
				return errorAt(i, reason)
			}
			at += o.n
		}
	}
	return nil
}

func (s *Schema) checkRetain(doc *Document, at int, o *Op) (reason string) {
	var on [3]bool
	sets := false
	for _, p := range o.attrs.pairs() {
		if p.value != Null { // removing is harmless anywhere
			on[s.attributes[p.key].place] = true
			sets = true
		}
	}
	if !sets {
		return ""
	}
	doc.root.walk(at, at+o.n, func(r leafRun) bool {
		reason = misplaced(r.embed, int(r.units), bytes.Count(r.text, []byte{'\n'}), on)
		return reason == ""
	})
	return reason
}
