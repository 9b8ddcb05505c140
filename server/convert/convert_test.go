package convert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
	"golang.org/x/net/html"
)

// doc builds a document from text and attributes in turn.
func doc(parts ...any) ot.Delta {
	b := ot.NewBuilder(len(parts))
	for i := 0; i < len(parts); i += 2 {
		attributes, _ := parts[i+1].(ot.Attributes)
		switch part := parts[i].(type) {
		case string:
			b.Insert(part, attributes)
		case ot.Embed:
			b.InsertEmbed(part, attributes)
		}
	}
	return b.Delta()
}

var (
	divider = dividerEmbed
	mention = ot.Embed{Key: "mention", Value: `{"id":"0190b5a4-0000-7000-8000-000000000001","name":"Ada & <Co>"}`}
	picture = ot.Embed{Key: "image", Value: `"https://example.org/a.png?x=1&y=2"`}
)

// roundTrips come back from both formats exactly as they were.
var roundTrips = map[string]ot.Delta{
	"plain":     doc("Hello world\nSecond line\n", nil),
	"empty":     doc("\n", nil),
	"marks":     doc("a ", nil, "bold", ot.Attrs("bold", true), " and ", nil, "both", ot.Attrs("bold", true, "italic", true), "\n", nil),
	"all marks": doc("x", ot.Attrs("bold", true, "italic", true, "underline", true, "strike", true, "code", true), "\n", nil),
	"colours":   doc("red", ot.Attrs("color", "#ff0000"), "on", ot.Attrs("background", "#00ff00", "bold", true), "\n", nil),
	"link":      doc("see ", nil, "this", ot.Attrs("link", "https://example.org/a_(b)?c=d&e=f"), " and ", nil, "mail", ot.Attrs("link", "mailto:a@example.org", "bold", true), "\n", nil),
	"headings":  doc("One", nil, "\n", ot.Attrs("header", 1), "Two # two #", nil, "\n", ot.Attrs("header", 2), "3", nil, "\n", ot.Attrs("header", 3)),
	"lists":     doc("a", nil, "\n", ot.Attrs("list", "bullet"), "b", nil, "\n", ot.Attrs("list", "bullet", "indent", 1), "c", nil, "\n", ot.Attrs("list", "ordered", "indent", 2), "d", nil, "\n", ot.Attrs("list", "bullet")),
	"numbers":   doc("a", nil, "\n", ot.Attrs("list", "ordered"), "b", nil, "\n", ot.Attrs("list", "ordered"), "c", nil, "\n", ot.Attrs("list", "ordered", "indent", 1), "d", nil, "\n", ot.Attrs("list", "ordered")),
	"under items": doc("one", nil, "\n", ot.Attrs("list", "ordered"), "more", nil, "\n", ot.Attrs("indent", 1),
		"if x {", nil, "\n", ot.Attrs("code-block", "go", "indent", 1), "\ty()", nil, "\n", ot.Attrs("code-block", "go", "indent", 1), "\n", ot.Attrs("code-block", "go", "indent", 1), "}", nil, "\n", ot.Attrs("code-block", "go", "indent", 1),
		"two", nil, "\n", ot.Attrs("list", "ordered"), "said", nil, "\n", ot.Attrs("blockquote", true, "indent", 1), "deep", nil, "\n", ot.Attrs("list", "unchecked", "indent", 1),
		"deeper", nil, "\n", ot.Attrs("indent", 2), "back", nil, "\n", ot.Attrs("indent", 1), "part", nil, "\n", ot.Attrs("header", 2, "indent", 1), "three", nil, "\n", ot.Attrs("list", "ordered"), "out", nil, "\n", ot.Attrs("code-block", true)),
	"skipped level":  doc("a", nil, "\n", ot.Attrs("list", "bullet", "indent", 3), "b", nil, "\n", ot.Attrs("list", "bullet", "indent", 1)),
	"list change":    doc("a", nil, "\n", ot.Attrs("list", "bullet"), "b", nil, "\n", ot.Attrs("list", "ordered"), "c", nil, "\n", ot.Attrs("list", "bullet")),
	"checks":         doc("done", nil, "\n", ot.Attrs("list", "checked"), "open", nil, "\n", ot.Attrs("list", "unchecked"), "sub", nil, "\n", ot.Attrs("list", "checked", "indent", 1)),
	"box as text":    doc("[x] no", nil, "\n", ot.Attrs("list", "bullet")),
	"empty item":     doc("a", nil, "\n", ot.Attrs("list", "bullet"), "\n", ot.Attrs("list", "bullet"), "b", nil, "\n", ot.Attrs("list", "bullet")),
	"quote":          doc("one", nil, "\n", ot.Attrs("blockquote", true), "two", nil, "\n", ot.Attrs("blockquote", true), "after\n", nil),
	"code":           doc("if a < b {", nil, "\n", ot.Attrs("code-block", "go"), "\n", ot.Attrs("code-block", "go"), "\t```", nil, "\n", ot.Attrs("code-block", "go"), "x", nil, "\n", ot.Attrs("code-block", true)),
	"code span":      doc("`a``b`", ot.Attrs("code", true), " ", nil, " c ", ot.Attrs("code", true), "\\", ot.Attrs("code", true), "\n", nil),
	"divider":        doc("a\n", nil, divider, nil, "\nb\n", nil),
	"divider in":     doc("a", nil, divider, nil, "b\n", nil),
	"image":          doc(picture, ot.Attrs("alt", "A [picture] \"q\""), " then ", nil, picture, ot.Attrs("width", 320, "alt", "b"), "\n", nil),
	"linked image":   doc(picture, ot.Attrs("link", "https://example.org/"), "\n", nil),
	"mention":        doc("hi ", nil, mention, nil, "!\n", nil),
	"mention markup": doc("by ", nil, ot.Embed{Key: "mention", Value: `{"id":"0190b5a4-0000-7000-8000-000000000001","name":"*a* [b](https://c.example) <d> &amp; \\ www.e.example f@g.example"}`}, nil, "\n", nil),
	"markup":         doc("*a* _b_ `c` [d](e) <b>f</b> &amp; &lt; \\ ~~g~~ ![h](i) # j | k snake_case_name _x\n", nil),
	"line starts":    doc("# a\n- b\n+ c\n1. d\n2) e\n> f\n```\n~~~\n=== \n---\n***\n    four\n\ttab\n<div>\n[a]: b\n", nil),
	"blank code":     doc("a", nil, "   ", ot.Attrs("code", true), "b", nil, " \u00a0 ", ot.Attrs("code", true), "c\n", nil),
	"spaces":         doc("  two  inner   spaces  \n", nil),
	"words":          doc("in", nil, "side", ot.Attrs("bold", true), "word", nil, "it", ot.Attrs("italic", true), "al\n", nil),
	"punctuation":    doc("a", nil, "\"b\"", ot.Attrs("bold", true), "c", nil, "(d)", ot.Attrs("italic", true), "e\n", nil),
	"touching":       doc("a", ot.Attrs("bold", true), "b", ot.Attrs("italic", true), "c", ot.Attrs("strike", true), "d", ot.Attrs("bold", true, "strike", true), "\n", nil),
	"emoji":          doc("👩‍👩‍👧 e\u0301 שלום ", nil, "😀", ot.Attrs("bold", true), "\n", nil),
	"number line":    doc("2026. A year\n", nil),
}

// htmlOnly come back from HTML exactly; Markdown has no place for them.
var htmlOnly = map[string]ot.Delta{
	"alignment":   doc("c", nil, "\n", ot.Attrs("align", "center"), "r", nil, "\n", ot.Attrs("header", 1, "align", "right")),
	"direction":   doc("שלום", nil, "\n", ot.Attrs("direction", "rtl")),
	"indent":      doc("in", nil, "\n", ot.Attrs("indent", 3), "x", nil, "\n", ot.Attrs("code-block", "go", "indent", 1), "y", nil, "\n", ot.Attrs("code-block", "go", "indent", 2)),
	"empty lines": doc("a\n\n\nb\n", nil),
	"tabs":        doc("a\tb\n", nil),
	"empty head":  doc("\n", ot.Attrs("header", 2)),
}

func TestRoundTrip(t *testing.T) {
	for name, document := range roundTrips {
		if err := check(document); err != nil {
			t.Fatalf("%s: the example itself is wrong: %v", name, err)
		}
		t.Run("html/"+name, func(t *testing.T) { roundTrip(t, FormatHTML, document) })
		t.Run("markdown/"+name, func(t *testing.T) { roundTrip(t, FormatMarkdown, document) })
	}
	for name, document := range htmlOnly {
		t.Run("html/"+name, func(t *testing.T) { roundTrip(t, FormatHTML, document) })
	}
}

func roundTrip(t *testing.T, format Format, document ot.Delta) {
	t.Helper()
	written, err := Write(format, document, "Title")
	if err != nil {
		t.Fatal(err)
	}
	back, err := Read(format, written)
	if err != nil {
		t.Fatalf("reading back: %v\n%s", err, written)
	}
	if !back.Equal(document) {
		t.Fatalf("came back different\nwas  %s\nis   %s\nfile %s", document.AppendJSON(nil), back.AppendJSON(nil), body(written))
	}
}

func body(written []byte) string {
	_, after, _ := strings.Cut(string(written), "<body>")
	if after == "" {
		return string(written)
	}
	return after
}

// seeds gives random tests their seeds: one from COSCRIBE_SEED to replay, or
// count new ones.
func seeds(t *testing.T, count int) []uint64 {
	if text := os.Getenv("COSCRIBE_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("COSCRIBE_SEED: %v", err)
		}
		return []uint64{seed}
	}
	base := uint64(time.Now().UnixNano())
	all := make([]uint64, count)
	for i := range all {
		all[i] = base + uint64(i)
	}
	return all
}

// What stands indented under an item leaves its number going on, as the page
// shows it; what stands as far out as the item begins anew.
func TestNumbersGoOn(t *testing.T) {
	ordered := ot.Attrs("list", "ordered")
	document := doc("a", nil, "\n", ordered, "under", nil, "\n", ot.Attrs("indent", 1), "x", nil, "\n", ot.Attrs("code-block", true, "indent", 1), "b", nil, "\n", ordered,
		"deep", nil, "\n", ot.Attrs("list", "ordered", "indent", 1), "c", nil, "\n", ordered, "out\n", nil, "d", nil, "\n", ordered)
	html := string(Page(document, ""))
	if n := strings.Count(html, `<ol start="2"><li>b`); n != 1 || strings.Count(html, "start=") != 1 {
		t.Errorf("numbers in HTML:\n%s", html)
	}
	var markers []string
	for row := range strings.Lines(string(Markdown(document))) {
		if marker, _, found := strings.Cut(strings.TrimSpace(row), ". "); found {
			markers = append(markers, marker)
		}
	}
	if got := strings.Join(markers, " "); got != "1 2 1 3 1" {
		t.Errorf("numbers in Markdown: %s\n%s", got, Markdown(document))
	}
}

func TestRandomDocumentsComeBack(t *testing.T) {
	for _, seed := range seeds(t, 1500) {
		document := plainCode(randomDocument(rand.New(rand.NewPCG(seed, 1))))
		replay := fmt.Sprintf("replay with COSCRIBE_SEED=%d go test -run %s", seed, t.Name())
		if err := check(document); err != nil {
			t.Fatalf("the generator is wrong: %v (%s)", err, replay)
		}
		page := Page(document, "t")
		mustBeSafe(t, page, replay)
		back, err := FromHTML(page)
		if err != nil || !back.Equal(document) {
			t.Fatalf("HTML: %v; %s\nwas  %s\nis   %s\nfile %s", err, replay, document.AppendJSON(nil), back.AppendJSON(nil), body(page))
		}
		file := Markdown(document)
		back, err = FromMarkdown(file)
		if want := markdownView(document); err != nil || !back.Equal(want) {
			t.Fatalf("Markdown: %v; %s\nwas  %s\nis   %s\nfile %s", err, replay, want.AppendJSON(nil), back.AppendJSON(nil), file)
		}
		if back, err = FromText(Text(document)); err != nil || string(Text(back)) != string(Text(document)) {
			t.Fatalf("text: %v; %s", err, replay)
		}
	}
}

// What is exported as text and what is copied from the page agree: the page's
// tests read the same cases.
func TestTextKeepsTheSignsOfLists(t *testing.T) {
	file, err := os.ReadFile("testdata/lists.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name, Text string
		Document   json.RawMessage
	}
	if err := json.Unmarshal(file, &cases); err != nil || len(cases) == 0 {
		t.Fatal(len(cases), err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			document, err := FromJSON(c.Document)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(Text(document)); got != c.Text {
				t.Errorf("got\n%swant\n%s", got, c.Text)
			}
		})
	}
}

// mustBeSafe parses a page and looks for anything active.
func mustBeSafe(t *testing.T, page []byte, hint string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(string(page)))
	if err != nil {
		t.Fatal(err, hint)
	}
	for node := range root.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		switch node.Data {
		case "script", "iframe", "object", "embed", "form", "base", "svg":
			t.Fatalf("the page has a <%s>; %s", node.Data, hint)
		}
		for _, a := range node.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "href" && !safeLink(a.Val) || a.Key == "src" && !safeImage(a.Val) {
				t.Fatalf("the page has %s=%q; %s", a.Key, a.Val, hint)
			}
		}
	}
}

func TestHostileInput(t *testing.T) {
	cases := map[string]struct {
		format Format
		input  string
		text   string
	}{
		"script":            {FormatHTML, "<p>a<script>alert(1)</script>b</p><style>p{}</style>", "ab\n"},
		"javascript link":   {FormatHTML, `<a href="javascript:alert(1)">a</a><a href=" JaVaScRiPt:alert(1)">b</a>`, "ab\n"},
		"image":             {FormatHTML, `<img src="data:image/svg+xml,x" alt="gone" onerror=alert(1)>`, "gone\n"},
		"markdown link":     {FormatMarkdown, "[a](javascript:alert(1)) <a href='javascript:x'>b</a>", "a b\n"},
		"markdown script":   {FormatMarkdown, "a\n\n<script>alert(1)</script>\n\nb", "a\nb\n"},
		"controls":          {FormatText, "a\x00b\r\nc\rd\x1b", "ab\nc\nd\n"},
		"control reference": {FormatHTML, "a&#1;&#0;b", "a\ufffdb\n"},
		"surrogate":         {FormatHTML, "a&#xD800;b", "a\ufffdb\n"},
		"table":             {FormatMarkdown, "| a | b |\n|---|---|\n| 1 | 2 |", "a\tb\n1\t2\n"},
		"html table":        {FormatHTML, "<table><tr><td>a<td>b<p>c</p></td></tr><tr><td>1</td></tr></table>", "a\tb c\n1\n"},
		"white space":       {FormatHTML, "<div>\n  a\n  <b> b </b> c\n</div>\n<div></div>", "a b c\n"},
		"break at the end":  {FormatHTML, "<p>a<br></p><p><br></p><p>b<br>c</p>", "a\n\nb\nc\n"},
		"nothing":           {FormatHTML, "", "\n"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			document, err := Read(test.format, []byte(test.input))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(Text(document)); got != test.text {
				t.Errorf("text %q, want %q", got, test.text)
			}
			mustBeSafe(t, Page(document, "<script>"), name)
		})
	}
}

// A table's short rows are filled up to its width: few bytes could become more
// cells than there is memory.
func TestTableCells(t *testing.T) {
	table := func(before string, columns, rows int, row string) []byte {
		return []byte(before + strings.Repeat("a|", columns) + "\n" + before + strings.Repeat("-|", columns) + "\n" + strings.Repeat(before+row+"\n", rows))
	}
	for _, before := range []string{"", "|", "> ", "> |", "  "} {
		if _, err := FromMarkdown(table(before, 3000, 3000, "a")); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] 3,000 rows of 3,000 cells after %q: %v", before, err)
		}
	}
	// What looks like the start of a code block that holds the table, and is
	// none, or is over by then.
	for _, opening := range []string{
		"```\n   ```\n\n", "~~~\n ~~~~\n", "```\n```\t\n", "- ```\n\n", "> ```\n\n", "1. ~~~\n\n", "<!--\n```\n-->\n\n", "<?\n~~~\n?>\n", "<!A\n```\n>\n",
		"<pre>\n```\n</pre>\n", "<script>\n```\n</script>\n", "<![CDATA[\n```\n]]>\n", "<div>\n```\n\n", "a\n<b>\n", "    ```\n\n", "``` `\n",
	} {
		if _, err := FromMarkdown(append([]byte(opening), table("", 3000, 3000, "a")...)); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] 3,000 rows of 3,000 cells below %q: %v", opening, err)
		}
		if _, err := FromMarkdown([]byte(opening + strings.Repeat("*a ", 10_000))); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] a paragraph of 10,000 marks below %q: %v", opening, err)
		}
		if _, err := FromMarkdown([]byte(opening + strings.Repeat("*a ", 10_000) + "\n===\n")); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] an underlined heading of 10,000 marks below %q: %v", opening, err)
		}
		if _, err := FromMarkdown([]byte(opening + "# " + strings.Repeat("*a ", 10_000))); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] a heading of 10,000 marks below %q: %v", opening, err)
		}
		if _, err := FromMarkdown([]byte(opening + strings.Repeat("> ", 10_000))); !errors.Is(err, ErrTooComplex) {
			t.Errorf("[R5] 10,000 quotes below %q: %v", opening, err)
		}
	}
	wide := table("", 3000, 3000, "a")
	if places := testing.AllocsPerRun(1, func() { _, _ = FromMarkdown(wide) }); places > 1e6 {
		t.Errorf("[R5] %.0f allocations before 9 million cells are refused", places)
	}
	// The parser's time grows with the square of these.
	bars := strings.Repeat("`\\|`|", 100) + "\n" + strings.Repeat("-|", 100) + "\n\n"
	if _, err := FromMarkdown([]byte(strings.Repeat(bars, 25))); !errors.Is(err, ErrTooComplex) {
		t.Errorf("[R5] code with 2,500 bars in 25 tables: %v", err)
	}
	if document, err := FromMarkdown([]byte(bars)); err != nil || strings.Count(string(Text(document)), "|") != 100 {
		t.Errorf("code with 100 bars in a table: %v", err)
	}
	// In a code block there are no cells, however it is written.
	for before, block := range map[string][2]string{"": {"```\n", "```\n"}, "    ": {"", ""}, "> ": {"> ~~~\n", "> ~~~\n"}, "  ": {"- ~~~\n", ""}} {
		input := append([]byte(block[0]), table(before, 300, 3000, "a")...)
		if _, err := FromMarkdown(append(input, block[1]...)); err != nil {
			t.Errorf("a table in a code block after %q: %v", before, err)
		}
	}
	// Those of several tables are counted together.
	if _, err := FromMarkdown(bytes.Repeat(append(table("", 100, 100, "a"), '\n'), 20)); !errors.Is(err, ErrTooComplex) {
		t.Errorf("[R5] 20 tables of 10,000 cells: %v", err)
	}
	document, err := FromMarkdown(append(table("", 20, 2000, "1|2|3"), "\nafter\n"...))
	if text := string(Text(document)); err != nil || !strings.Contains(text, "1\t2\t3") || !strings.HasSuffix(text, "after\n") {
		t.Errorf("an honest table: %v", err)
	}
}

// What stands in a code block is no markup, whatever it looks like.
func TestCodeIsTakenAsItIs(t *testing.T) {
	rows := []string{strings.Repeat(">", 150), strings.Repeat("> ", 150) + "x", strings.Repeat("- ", 150) + "x", strings.Repeat("1. ", 150) + "x", "# " + strings.Repeat("*a ", 3000) + "x"}
	for name, around := range map[string]struct{ before, row, after string }{
		"fenced": {"```\n", "", "```\n"}, "tildes, never closed": {"~~~\n", "", ""}, "indented": {"", "    ", ""},
		"in a quote": {"> ```\n", "> ", "> ```\n"}, "in a list": {"- ```\n", "  ", "  ```\n"},
	} {
		for _, row := range rows {
			document, err := FromMarkdown([]byte(around.before + around.row + row + "\n" + around.after))
			if got := string(Text(document)); err != nil || got != row+"\n" {
				t.Errorf("%s: %.20s… becomes %.40q, %v", name, row, got, err)
			}
		}
	}
}

// A link's address is told once in Markdown, and with each of its places in a
// delta.
func TestFirstChangeIsBounded(t *testing.T) {
	linked := func(places int) (ot.Delta, error) {
		document, err := FromMarkdown([]byte("[a]: https://example.org/" + strings.Repeat("u", 1900) + "\n\n" + strings.Repeat("[a]\n\n", places)))
		if err != nil {
			return nil, err
		}
		return FirstChange(document)
	}
	if first, err := linked(10_000); !errors.Is(err, ErrTooLarge) {
		t.Errorf("[L5][R5] 52 KB become a change of %d bytes, %v", len(first.AppendJSON(nil)), err)
	}
	if first, err := linked(1000); err != nil || len(first) < 1000 {
		t.Errorf("an honest document: %d ops, %v", len(first), err)
	}
	// What is too large is not read to its end, which took seconds.
	reader := markdownReader{}
	if err := reader.read([]byte("[a]: https://example.org/" + strings.Repeat("u", 1900) + "\n\n" + strings.Repeat("- [a] [a] [a]\n", 5_000))); err != nil || !reader.sink.full() || reader.sink.size > maxChange+4000 {
		t.Errorf("[R5] 15,000 links: %v, read for %d bytes of a change", err, reader.sink.size)
	}
	// What goes on in the same link has its address once, however many words it has.
	if _, err := FromHTML([]byte(`<a href="https://example.org/` + strings.Repeat("u", 1900) + `">` + strings.Repeat("word ", 100_000) + "</a>")); err != nil {
		t.Error(err)
	}
	// Each image is an op and says it again.
	pictures := `<a href="https://example.org/` + strings.Repeat("u", 1900) + `">` + strings.Repeat(`<img src="https://example.org/a">`, 10_000) + "</a>"
	page := htmlReader{}
	if err := page.read([]byte(pictures), htmlState{}); err != nil || page.sink.size > maxChange+4000 {
		t.Errorf("[R5] 10,000 images in a link: %v, read for %d bytes of a change", err, page.sink.size)
	}
	if document, err := page.sink.document(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("[L5][R5] 10,000 images in a link become %d ops, %v", len(document), err)
	}
	document := ot.Delta{}
	for range 10_000 {
		document = append(document, ot.InsertText("a", ot.Attrs("link", "https://example.org/"+strings.Repeat("u", 1900))), ot.InsertText("\n", ot.Attributes{}))
	}
	if _, err := FirstChange(document); !errors.Is(err, ErrTooLarge) {
		t.Errorf("given as a delta: %v", err)
	}
}

func TestLimits(t *testing.T) {
	for _, format := range []Format{FormatText, FormatMarkdown, FormatHTML} {
		if document, err := Read(format, []byte("caf\xe9")); !errors.Is(err, ErrEncoding) {
			t.Errorf("[D2] Latin-1 as %s: %s, %v", format, document.AppendJSON(nil), err)
		}
	}
	if _, err := FromHTML([]byte(strings.Repeat("<div>", 100_000))); !errors.Is(err, ErrTooComplex) {
		t.Errorf("deep HTML: %v", err)
	}
	for name, input := range map[string]string{
		"quotes":   strings.Repeat(">", 100_000),
		"lists":    strings.Repeat("- ", 100_000) + "x",
		"brackets": strings.Repeat("[", 100_000),
		"plus":     strings.Repeat("+ ", 100_000),
		"mixed":    strings.Repeat("+ - * ", 30_000),
	} {
		if _, err := FromMarkdown([]byte(input)); !errors.Is(err, ErrTooComplex) {
			t.Errorf("deep Markdown, %s: %v", name, err)
		}
	}
	if _, err := FromText(make([]byte, MaxBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large text: %v", err)
	}
}

func TestFromJSON(t *testing.T) {
	for input, want := range map[string]string{
		`[]`:                              `[{"insert":"\n"}]`,
		`[{"insert":"a"},{"insert":"b"}]`: `[{"insert":"ab\n"}]`,
		`[{"insert":"a\n"}]`:              `[{"insert":"a\n"}]`,
		`[{"retain":1}]`:                  "",
		`[{"insert":"a","attributes":{"header":1}}]`:            "",
		`[{"insert":"a","attributes":{"link":"javascript:x"}}]`: "",
		`{`: "",
	} {
		document, err := FromJSON([]byte(input))
		if (err != nil) != (want == "") || err == nil && string(document.AppendJSON(nil)) != want {
			t.Errorf("%s: %s, %v", input, document.AppendJSON(nil), err)
		}
	}
}
