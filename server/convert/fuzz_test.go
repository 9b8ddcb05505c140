package convert

import "testing"

// fuzzRead holds a reader to its promise: whatever comes in, an error or a
// document that the schema accepts, which is safe to write in every format.
func fuzzRead(f *testing.F, format Format, examples ...string) {
	for _, document := range roundTrips {
		written, err := Write(format, document, "t")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(written)
	}
	for _, example := range examples {
		f.Add([]byte(example))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		document, err := Read(format, input)
		if err != nil {
			return
		}
		if err := check(document); err != nil {
			t.Fatalf("not a document: %v", err)
		}
		if err := document.CheckCanonical(); err != nil {
			t.Fatalf("not canonical: %v", err)
		}
		page := Page(document, string(input))
		mustBeSafe(t, page, "fuzzing")
		if _, err := FromHTML(page); err != nil {
			t.Fatalf("its page cannot be read: %v", err)
		}
		if _, err := FromMarkdown(Markdown(document)); err != nil {
			t.Logf("its Markdown cannot be read: %v", err) // too deep by its own text
		}
	})
}

func FuzzHTML(f *testing.F) {
	fuzzRead(f, FormatHTML, "<ul><li><ul><li>a<p>b", "<pre><code class=language-%>a", "<table><tr><td><ul><li>x", "<li>a<input type=checkbox>")
}

func FuzzMarkdown(f *testing.F) {
	fuzzRead(f, FormatMarkdown, "- [ ]\n- [x] a\n\n  b", "[a]: b\n\n[a]", "<div>\n\n*a*</div>", "| a |\n|--|\n| b<br>c |")
}

func FuzzText(f *testing.F) { fuzzRead(f, FormatText, "\r\n\x00\xff") }
