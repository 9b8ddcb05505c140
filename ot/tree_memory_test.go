package ot

import (
	"fmt"
	"runtime"
	"testing"
)

// What a document says that it takes is what the heap has grown by, about.
func TestMemory(t *testing.T) {
	held := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	for name, op := range map[string]func(i int) Op{
		"plain text": func(i int) Op { return InsertText(fmt.Sprintf("line %d, and some words more\n", i), Attributes{}) },
		"marks": func(i int) Op {
			return InsertText("word ", Attrs("bold", i%2 == 0))
		},
		"links": func(i int) Op { return InsertText("word ", Attrs("link", fmt.Sprint("https://example.org/", i))) },
		"embeds": func(i int) Op {
			return InsertEmbed(Embed{"image", Value(fmt.Sprintf(`"https://example.org/%d"`, i))}, Attributes{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := held()
			doc := NewDocument()
			for i := range 50_000 {
				if err := doc.Apply(Delta{op(i)}); err != nil {
					t.Fatal(err)
				}
			}
			takes, says := held()-before, doc.Memory()
			if says < takes*6/10 || says > takes*16/10 {
				t.Errorf("it takes %d bytes, and says %d", takes, says)
			}
			runtime.KeepAlive(doc)
		})
	}
}

// What formatting made of a document goes with the formatting, and not only when
// it is loaded again.
func TestMemoryOfFormattingGoesWithIt(t *testing.T) {
	var b Builder
	for i := range 20_000 {
		b.Insert("w", Attrs("color", fmt.Sprint(i%3)))
	}
	doc, err := FromDelta(b.Delta())
	if err != nil {
		t.Fatal(err)
	}
	colored := doc.Memory()
	for at := 0; at < doc.Len(); at += 7 { // word by word, as people do
		d := Delta{Retain(min(7, doc.Len()-at), Attrs("color", nil))}
		if at > 0 {
			d = append(Delta{Retain(at, Attributes{})}, d...)
		}
		if err := doc.Apply(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := doc.CheckTree(); err != nil {
		t.Fatal(err)
	}
	fresh, err := FromDelta(doc.Delta())
	if err != nil {
		t.Fatal(err)
	}
	if takes, least := doc.Memory(), fresh.Memory(); takes > 4*least {
		t.Errorf("it took %d bytes with its colors, %d without, and %d when loaded again", colored, takes, least)
	}
}
