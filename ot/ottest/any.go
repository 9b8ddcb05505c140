package ottest

import (
	"math/rand/v2"

	"github.com/coscribe/coscribe/ot"
)

// AnyDocument returns a canonical document of any text, attributes and embeds,
// whatever a schema says: the ground for the raw algebra. It may be empty.
func AnyDocument(r *rand.Rand) ot.Delta {
	b := ot.NewBuilder(6)
	for range r.IntN(9) {
		anyInsert(r, b)
	}
	return b.Delta()
}

// AnyDelta returns a canonical change of doc, a document, of any attributes
// and embeds. It splits no surrogate pair of doc and stays within it. It may be
// empty.
func AnyDelta(r *rand.Rand, doc ot.Delta) ot.Delta {
	b := ot.NewBuilder(8)
	for _, o := range doc {
		for at := 0; at < o.Len(); {
			n := min(1+r.IntN(5), o.Len()-at)
			if Splits(o.Text(), at+n) {
				n++
			}
			switch r.IntN(8) {
			case 0, 1:
				b.Retain(n, ot.Attributes{})
			case 2, 3:
				b.Retain(n, anyAttributes(r, true))
			case 4:
				b.Delete(n)
			default:
				n = 0
				anyInsert(r, b)
			}
			at += n
		}
	}
	if r.IntN(4) == 0 {
		anyInsert(r, b)
	}
	return b.Delta()
}

// AnyPart returns a change like AnyDelta that touches only a short stretch of
// a long document.
func AnyPart(r *rand.Rand, doc *ot.Document) ot.Delta {
	all := doc.Delta()
	edge := func(at int) int {
		for n, o := 0, 0; o < len(all); o++ {
			if at-n < all[o].Len() {
				if Splits(all[o].Text(), at-n) {
					at--
				}
				break
			}
			n += all[o].Len()
		}
		return at
	}
	from := edge(r.IntN(doc.Len() + 1))
	to := edge(min(from+r.IntN(40), doc.Len()))
	b := ot.NewBuilder(8).Retain(from, ot.Attributes{})
	for _, o := range AnyDelta(r, doc.Slice(from, max(from, to))) {
		b.Push(o)
	}
	return b.Delta()
}

// Splits tells whether an offset in UTF-16 units falls inside a surrogate pair
// of s.
func Splits(s string, at int) bool {
	for _, c := range s {
		switch {
		case at <= 0:
			return false
		case c > 0xFFFF && at == 1:
			return true
		case c > 0xFFFF:
			at--
		}
		at--
	}
	return false
}

var anyTexts = []string{
	"a", "b", "ab", "abc", "x", "\n", "\n\n", "😀", "a😀b", "😀😀", "é", "中", "\u0000", "\u001f\"\\", "\u2028", "\uFFFC", "\uE000𐀀",
}

func anyInsert(r *rand.Rand, b *ot.Builder) {
	if r.IntN(5) > 0 {
		b.Insert(anyTexts[r.IntN(len(anyTexts))], anyAttributes(r, false))
		return
	}
	keys := []string{"image", "e", "ü"}
	b.InsertEmbed(ot.Embed{Key: keys[r.IntN(len(keys))], Value: anyValue(r)}, anyAttributes(r, false))
}

var anyKeys = []string{"a", "b", "c", "\uE000", "𐀀", "1", "10", "2"}

func anyAttributes(r *rand.Rand, remove bool) ot.Attributes {
	if r.IntN(3) == 0 {
		return ot.Attributes{}
	}
	m := map[string]ot.Value{}
	for range r.IntN(4) {
		v := anyValue(r)
		switch {
		case remove && r.IntN(3) == 0:
			v = ot.Null
		case v == ot.Null && !remove:
			v = "true"
		}
		m[anyKeys[r.IntN(len(anyKeys))]] = v
	}
	return ot.MakeAttributes(m)
}

var anyValues = []ot.Value{
	"true", "false", "0", `""`, "1", `"1"`, "1.5", "-2", "1e+21", "1e-7", `"x"`, `"😀"`, `{}`, `[]`, `{"k":[1,null,{"z":false}]}`, `{"a":1,"b":2}`, `[1,2]`, "null",
}

func anyValue(r *rand.Rand) ot.Value { return anyValues[r.IntN(len(anyValues))] }
