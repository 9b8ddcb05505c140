package collabtest

import (
	"fmt"
	"unicode/utf16"

	"github.com/coscribe/coscribe/ot"
)

// worldLength is where documents of a world stop growing; UTF-16 units.
const worldLength = 120

var worldTexts = []string{"a", "b", "xyz", "\n", "é", "😀", "👩‍🚀", "one two", "مرحبا", "\n\n"}

// change picks an edit that an honest editor could make on the view.
func (w *World) change(view *ot.Document) ot.Delta {
	units := utf16.Encode([]rune(view.Text()))
	last := len(units) - 1 // the final newline stays (law D3)
	at := w.boundary(units, w.random.IntN(last+1))
	b := ot.NewBuilder(3)
	b.Retain(at, ot.Attributes{})
	kind := w.random.IntN(10)
	if len(units) > worldLength {
		kind = 9
	}
	switch {
	case kind < 5:
		b.Insert(worldTexts[w.random.IntN(len(worldTexts))], ot.Attributes{})
	case kind < 6:
		w.laws.marks++
		mark := fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012x","name":"m"}`, w.laws.marks)
		b.InsertEmbed(ot.Embed{Key: "mention", Value: ot.Value(mark)}, ot.Attributes{})
	case kind < 7:
		end := at
		for end < last && end-at < 6 && units[end] != '\n' {
			end++
		}
		if end = w.boundary(units, end); end > at {
			b.Retain(end-at, [...]ot.Attributes{ot.Attrs("bold", true), ot.Attrs("bold", nil), ot.Attrs("color", "#ff0000")}[w.random.IntN(3)])
		}
	case kind < 8:
		end := at
		for units[end] != '\n' {
			end++
		}
		b.Retain(end-at, ot.Attributes{})
		b.Retain(1, [...]ot.Attributes{ot.Attrs("header", 1), ot.Attrs("list", "bullet"), ot.Attrs("header", nil)}[w.random.IntN(3)])
	default:
		if end := w.boundary(units, min(last, at+1+w.random.IntN(12))); end > at {
			b.Delete(end - at)
		}
	}
	return b.Delta()
}

// boundary moves a position off the middle of a surrogate pair (law D2).
func (w *World) boundary(units []uint16, at int) int {
	if at < len(units) && units[at] >= 0xdc00 && units[at] <= 0xdfff {
		return at - 1
	}
	return at
}
