// Package ottest makes seeded random documents and changes for tests of ot and
// of everything built on it, and holds the naive twin that ot.Document is
// compared with. The same seed gives the same values for ever on one version.
package ottest

import (
	"math/rand/v2"

	"github.com/coscribe/coscribe/ot"
)

// Rand returns the source of a seed; print the seed where a test fails.
func Rand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x636f73)) }

// Document returns a document that ot.RichText accepts: lines, marks, embeds,
// emoji, and the final newline. It is 1 to about 200 UTF-16 units long.
func Document(r *rand.Rand) *ot.Document {
	b := ot.NewBuilder(8)
	for range r.IntN(5) {
		for range r.IntN(4) {
			insertInline(r, b)
		}
		b.Insert("\n", blockMarks(r, false))
	}
	for range r.IntN(3) {
		insertInline(r, b)
	}
	doc, err := ot.FromDelta(b.Insert("\n", blockMarks(r, false)).Delta())
	if err != nil {
		panic(err)
	}
	return doc
}

// Change returns a canonical change of doc, not empty, that ot.RichText
// accepts: it splits no surrogate pair and keeps the final newline last.
func Change(r *rand.Rand, doc *ot.Document) ot.Delta {
	all := atoms(doc)
	for {
		b := ot.NewBuilder(8)
		for i, edits := 0, 1+r.IntN(4); edits > 0; edits-- {
			skip := r.IntN(len(all) - i)
			b.Retain(length(all[i:i+skip]), ot.Attributes{})
			i += skip
			i += edit(r, b, all[i:])
		}
		if d := b.Delta(); len(d) > 0 {
			return d
		}
	}
}

// edit adds one edit to b and returns how many atoms it went over; the last
// atom of rest is the final newline and stays.
func edit(r *rand.Rand, b *ot.Builder, rest []atom) int {
	end := min(1+r.IntN(8), len(rest)-1)
	switch r.IntN(7) {
	case 0, 1:
		insertInline(r, b)
		return 0
	case 2:
		b.Insert("\n", blockMarks(r, false))
		return 0
	case 3, 4:
		b.Delete(length(rest[:end]))
		return end
	case 5:
		n := 0
		for n < end && !rest[n].newline {
			n++
		}
		b.Retain(length(rest[:n]), inlineMarks(r, true))
		return n
	}
	if rest[0].newline && len(rest) > 1 {
		b.Retain(1, blockMarks(r, true))
		return 1
	}
	return 0
}

// atom is what cannot be cut: a character or an embed.
type atom struct {
	units   int
	newline bool
}

func atoms(doc *ot.Document) (all []atom) {
	for o := range doc.Runs(0, doc.Len()) {
		if o.IsEmbed() {
			all = append(all, atom{units: 1})
		}
		for _, c := range o.Text() {
			n := 1
			if c > 0xFFFF {
				n = 2
			}
			all = append(all, atom{units: n, newline: c == '\n'})
		}
	}
	return all
}

func length(all []atom) (n int) {
	for _, a := range all {
		n += a.units
	}
	return n
}

var words = []string{
	"a", "b", "in", "the", "word ", "café", "e\u0301", "😀", "👩‍👩‍👧‍👦", "中文", "שלום", "\t", "\uFFFC", "\uE000", "🇩🇪",
	"\"quoted\" \\ <b>&amp;", "\u2028",
}

func text(r *rand.Rand) (s string) {
	for range 1 + r.IntN(3) {
		s += words[r.IntN(len(words))]
	}
	return s
}

func insertInline(r *rand.Rand, b *ot.Builder) {
	if r.IntN(6) > 0 {
		b.Insert(text(r), inlineMarks(r, false))
		return
	}
	switch r.IntN(3) {
	case 0:
		a := inlineMarks(r, false)
		if r.IntN(2) == 0 {
			a = ot.Attrs("width", 16+r.IntN(500), "alt", "a picture 😀")
		}
		b.InsertEmbed(ot.Embed{Key: "image", Value: `"https://example.org/a.png"`}, a)
	case 1:
		b.InsertEmbed(ot.Embed{Key: "divider", Value: "true"}, ot.Attributes{})
	default:
		b.InsertEmbed(ot.Embed{Key: "mention", Value: `{"id":"0190f7c2-7d1e-7abc-8def-0123456789ab","name":"Zoë 😀"}`}, ot.Attributes{})
	}
}

func inlineMarks(r *rand.Rand, remove bool) ot.Attributes {
	return marks(r, remove, []any{
		"bold", true, "italic", true, "underline", true, "strike", true, "code", true,
		"link", "https://example.org/", "link", "mailto:a@example.org", "color", "#ff0000", "color", "#00aa00", "background", "#ffff00",
	})
}

func blockMarks(r *rand.Rand, remove bool) ot.Attributes {
	return marks(r, remove, []any{
		"header", 1, "header", 2, "list", "bullet", "list", "checked", "indent", 3, "align", "center",
		"blockquote", true, "code-block", true, "code-block", "go", "direction", "rtl",
	})
}

// marks picks none to three of the pairs; with remove, some are null.
func marks(r *rand.Rand, remove bool, pairs []any) ot.Attributes {
	m := map[string]ot.Value{}
	for range r.IntN(4) {
		i := r.IntN(len(pairs)/2) * 2
		v, err := ot.MakeValue(pairs[i+1])
		if err != nil {
			panic(err)
		}
		if remove && r.IntN(3) == 0 {
			v = ot.Null
		}
		m[pairs[i].(string)] = v
	}
	return ot.MakeAttributes(m)
}
