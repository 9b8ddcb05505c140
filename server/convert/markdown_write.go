package convert

import (
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// Markdown writes a document as GitHub Flavored Markdown. Empty paragraphs,
// alignment and the indent of what stands under no item have no place in the
// format and are left out; underline, colours and image widths are written as the inline HTML
// that Markdown allows, and come back by FromMarkdown.
func Markdown(document ot.Delta) []byte {
	w := markdownWriter{}
	for l := range lines(document) {
		w.line(l)
	}
	w.leave()
	return []byte(w.out.String())
}

// markdownWriter groups lines into blocks parted by empty lines.
type markdownWriter struct {
	out      strings.Builder
	open     block
	language string   // of the open code block
	code     []string // its lines, kept until its fence is known to be long enough
	margin   string   // of the open block: spaces up to the text of the item it stands under
	lists    []markdownList
	numbers  numbers
	wrote    bool // something came before
}

// markdownList is one open list.
type markdownList struct {
	ordered bool
	column  int  // where the text of its items starts, in characters
	level   bool // its item has no line of its own, so nothing can stand under that
}

func (w *markdownWriter) line(l line) {
	number := w.numbers.next(l)
	margin := w.under(l)
	if w.open != blockParagraph && (w.open != l.block || w.margin != margin || l.block == blockCode && w.language != l.language) {
		w.leave()
	}
	if l.block != blockList {
		w.margin = margin
		if margin == "" {
			w.lists = nil // no item is gone on with
		} else {
			w.lists = w.lists[:l.indent]
		}
	}
	switch l.block {
	case blockCode:
		w.open, w.language = blockCode, l.language
		w.code = append(w.code, l.text())
	case blockList:
		w.listLine(l, number)
	case blockHeader:
		w.part()
		text := markdownInline(l.runs)
		// A run of "#" at the end would be read as the end of the heading.
		bare := strings.TrimRight(text, "#")
		text = bare + strings.Repeat(`\#`, len(text)-len(bare))
		w.out.WriteString(margin + strings.TrimRight(strings.Repeat("#", l.header)+" "+text, " ") + "\n")
	case blockQuote:
		w.quoteLine(l)
	default:
		if len(l.runs) == 0 {
			return
		}
		w.part()
		if l.divider() {
			w.out.WriteString("---\n")
			return
		}
		w.out.WriteString(margin + blockStart(markdownInline(l.runs)) + "\n")
	}
}

// under is the margin of a line that stands indented under an open item, ""
// for others.
func (w *markdownWriter) under(l line) string {
	if l.block == blockList || l.indent == 0 || l.indent > len(w.lists) || w.lists[l.indent-1].level || l.divider() {
		return ""
	}
	return strings.Repeat(" ", w.lists[l.indent-1].column)
}

// part separates a block from the one before by an empty line.
func (w *markdownWriter) part() {
	if w.wrote {
		w.out.WriteString("\n")
	}
	w.wrote = true
}

func (w *markdownWriter) leave() {
	if w.open == blockCode {
		w.part()
		fence := "```"
		for _, row := range w.code {
			for run := range strings.FieldsFuncSeq(row, func(r rune) bool { return r != '`' }) {
				if len(run) >= len(fence) {
					fence = run + "`"
				}
			}
		}
		w.out.WriteString(w.margin + fence + w.language + "\n")
		for _, row := range w.code {
			w.out.WriteString(w.margin + row + "\n")
		}
		w.out.WriteString(w.margin + fence + "\n")
	}
	w.open, w.code = blockParagraph, nil
}

func (w *markdownWriter) quoteLine(l line) {
	if len(l.runs) == 0 {
		return
	}
	if w.open == blockQuote {
		w.out.WriteString(w.margin + ">\n")
	} else {
		w.part()
		w.open = blockQuote
	}
	w.out.WriteString(w.margin + "> " + blockStart(markdownInline(l.runs)) + "\n")
}

func (w *markdownWriter) listLine(l line, number int) {
	if w.open != blockList {
		w.part()
		w.open = blockList
	}
	w.lists = w.lists[:min(len(w.lists), l.indent+1)]
	if len(w.lists) == l.indent+1 && w.lists[l.indent].ordered != l.ordered() {
		w.lists = w.lists[:l.indent]
	}
	column := 0
	if n := min(len(w.lists), l.indent); n > 0 {
		column = w.lists[n-1].column
	}
	w.out.WriteString(strings.Repeat(" ", column))
	// Levels without a line of their own: items that hold only the next list.
	// Their marker is "+", since three "-" in a row would be a divider.
	for len(w.lists) < l.indent {
		w.out.WriteString("+ ")
		column += 2
		w.lists = append(w.lists, markdownList{column: column, level: true})
	}
	if len(w.lists) == l.indent {
		w.lists = append(w.lists, markdownList{ordered: l.ordered()})
	}
	list := &w.lists[l.indent]
	list.level = false
	marker := l.marker(number)
	list.column = column + strings.IndexByte(marker, ' ') + 1 // a box is text of the item
	text := markdownInline(l.runs)
	if l.list == "bullet" || l.list == "ordered" {
		text = blockStart(text)
	}
	switch {
	case strings.HasPrefix(text, "<img ") && strings.Count(text, "<") == 1:
		// A tag alone in its line would begin a block of HTML.
		text = "<span>" + text + "</span>"
	case text == "":
		// A bare marker would be read as text or as an underline after a
		// paragraph, and a list under it as beginning in its place.
		text = "<!-- -->"
	}
	w.out.WriteString(marker + text + "\n")
}

// blockStart escapes what would begin another block at the start of a line.
// Most such characters are escaped wherever they stand (see escapeMarkdown).
func blockStart(text string) string {
	if text == "" {
		return text
	}
	switch text[0] {
	case '#', '+', '-', '=':
		return `\` + text
	}
	digits := 0
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < len(text) && (text[digits] == '.' || text[digits] == ')') {
		return text[:digits] + `\` + text[digits:]
	}
	return text
}
