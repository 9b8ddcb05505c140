package convert

import (
	"math/rand/v2"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

var words = []string{"a", "word", " ", "  ", "*", "_", "__", "**", "`", "``", "[x]", "](", "<b>", "&amp;", "&", "\\", "~~", "~", "!", "#", "- ", "1.", "|",
	">", "é", "😀", "\u00a0", "snake_case", ".", "(", ")", "\"", "end", "</p>", "<!--", "+", "=", "@", "'"}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomDocument makes a document that the schema accepts, full of characters
// that mean something in the formats.
func randomDocument(r *rand.Rand) ot.Delta {
	b := ot.NewBuilder(16)
	for range 1 + r.IntN(6) {
		for range r.IntN(5) {
			randomRun(r, b)
		}
		b.Insert("\n", randomBlock(r))
	}
	return b.Delta()
}

func randomRun(r *rand.Rand, b *ot.Builder) {
	set := map[string]ot.Value{}
	for _, key := range []string{"bold", "italic", "underline", "strike", "code"} {
		if r.IntN(6) == 0 {
			set[key] = "true"
		}
	}
	if r.IntN(8) == 0 {
		set["color"] = pick[ot.Value](r, `"#000000"`, `"#ff00aa"`)
	}
	if r.IntN(8) == 0 {
		set["background"] = pick[ot.Value](r, `"#ffffff"`, `"#123456"`)
	}
	if r.IntN(8) == 0 {
		set["link"] = pick[ot.Value](r, `"https://example.org/?a=1&b=2"`, `"mailto:x@example.org"`, `"http://example.org/(a)_[b]*"`)
	}
	switch r.IntN(12) {
	case 0:
		if r.IntN(2) == 0 {
			set["alt"] = `"alt * ] <"`
		}
		if r.IntN(2) == 0 {
			set["width"] = "64"
		}
		b.InsertEmbed(picture, ot.MakeAttributes(set))
	case 1:
		b.InsertEmbed(mention, ot.MakeAttributes(set))
	case 2:
		b.InsertEmbed(divider, ot.MakeAttributes(set))
	default:
		var text strings.Builder
		for range 1 + r.IntN(4) {
			text.WriteString(pick(r, words...))
		}
		b.Insert(text.String(), ot.MakeAttributes(set))
	}
}

func randomBlock(r *rand.Rand) ot.Attributes {
	set := map[string]ot.Value{}
	switch r.IntN(8) {
	case 0:
		set["header"] = ot.Value(rune('1' + r.IntN(3)))
	case 1, 2, 3:
		set["list"] = pick[ot.Value](r, `"bullet"`, `"ordered"`, `"checked"`, `"unchecked"`)
	case 4:
		set["blockquote"] = "true"
	case 5:
		set["code-block"] = pick[ot.Value](r, "true", `"go"`)
	}
	if indent := r.IntN(4); indent > 0 && (set["list"] != "" || r.IntN(2) == 0) {
		set["indent"] = ot.Value(rune('0' + indent))
	}
	return ot.MakeAttributes(set)
}

// plainCode is the document as formats can hold it: code blocks are bare text.
func plainCode(document ot.Delta) ot.Delta {
	b := ot.NewBuilder(len(document))
	for l := range lines(document) {
		if l.block == blockCode {
			b.Insert(l.text(), ot.Attributes{})
		} else {
			for _, run := range l.runs {
				b.Push(run)
			}
		}
		b.Insert("\n", blockAttributes(l))
	}
	return b.Delta()
}

func blockAttributes(l line) ot.Attributes {
	set := map[string]ot.Value{}
	switch l.block {
	case blockCode:
		set["code-block"] = "true"
		if l.language != "" {
			set["code-block"] = jsonString(l.language)
		}
	case blockList:
		set["list"] = jsonString(l.list)
	case blockHeader:
		set["header"] = ot.Value(rune('0' + l.header))
	case blockQuote:
		set["blockquote"] = "true"
	}
	if l.indent > 0 && !l.divider() {
		set["indent"] = ot.Value(rune('0' + l.indent))
	}
	return ot.MakeAttributes(set)
}

// markdownView is what Markdown can hold of a document: code blocks are bare
// text, empty paragraphs are gone, only what stands under an item is indented, and edges of bold and italic stretches are
// not white space.
func markdownView(document ot.Delta) ot.Delta {
	b := ot.NewBuilder(len(document))
	empty := true
	var items []bool // open, each in the one before; whether it has a line of its own
	for l := range lines(plainCode(document)) {
		switch {
		case l.block == blockList:
			for len(items) <= l.indent {
				items = append(items, false)
			}
			items = items[:l.indent+1]
			items[l.indent] = true
		case l.indent == 0 || l.indent > len(items) || !items[l.indent-1] || l.divider():
			items, l.indent = nil, 0
		default:
			items = items[:l.indent]
		}
		if len(l.runs) == 0 && (l.block == blockParagraph || l.block == blockQuote) {
			continue
		}
		empty = false
		for _, run := range unmarkEdges(l.runs) {
			if run.IsEmbed() { // never in a code span
				b.InsertEmbed(run.Embed(), without(run.Attributes(), "code"))
				continue
			}
			b.Push(run)
		}
		b.Insert("\n", blockAttributes(l))
	}
	if empty {
		b.Insert("\n", ot.Attributes{})
	}
	return b.Delta()
}
