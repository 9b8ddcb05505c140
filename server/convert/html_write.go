package convert

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// Page writes a document as a complete HTML page that needs nothing else: its
// few styles are inside, it prints well, and it holds no script.
func Page(document ot.Delta, title string) []byte {
	var out strings.Builder
	out.WriteString("<!doctype html>\n<html lang=\"und\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	out.WriteString("<title>" + html.EscapeString(title) + "</title>\n<style>\n" + pageStyle + "</style>\n</head>\n<body>\n")
	out.WriteString("<article " + keptSpaces + ">\n")
	writeHTML(&out, document)
	out.WriteString("</article>\n</body>\n</html>\n")
	return []byte(out.String())
}

// keptSpaces marks an element whose paragraphs hold their white space exactly;
// the reader then does not collapse it.
const keptSpaces = `data-spaces="kept"`

const pageStyle = `body { margin: 3rem auto; max-width: 45rem; padding: 0 1rem; font: 1.0625rem/1.6 system-ui, sans-serif; color: #1f2328; background: #fff }
p, li, h1, h2, h3, pre { white-space: pre-wrap; overflow-wrap: anywhere }
p { margin: 0 0 .6em } h1, h2, h3 { line-height: 1.25; margin: 1.4em 0 .5em }
pre { padding: .8em 1em; background: #f4f5f7; border-radius: 6px; font: .9em/1.5 ui-monospace, monospace }
code { font-family: ui-monospace, monospace; font-size: .92em }
blockquote { margin: 0 0 .6em; padding-inline-start: 1em; border-inline-start: 3px solid #d0d4da; color: #59616b }
ul.checks, li.level { list-style: none } ul.checks { padding-inline-start: 1.4em }
img { max-width: 100%; height: auto } hr { border: 0; border-top: 1px solid #d0d4da; margin: 1.6em 0 }
@media print { body { margin: 0; max-width: none; font-size: 11pt } h1, h2, h3 { break-after: avoid } pre, img, blockquote { break-inside: avoid } a { color: inherit } }
`

func writeHTML(out *strings.Builder, document ot.Delta) {
	w := htmlWriter{out: out}
	for l := range lines(document) {
		w.line(l)
	}
	w.leave()
}

// htmlWriter groups lines into blocks: what is open stays open while the next
// line belongs to it.
type htmlWriter struct {
	out      *strings.Builder
	open     block
	language string     // of the open code block
	indent   int        // of the same
	lists    []listKind // open lists, outermost first, each with an open item
	numbers  numbers
}

type listKind uint8

const (
	listBullet listKind = iota
	listOrdered
	listChecks
)

func kindOf(l line) listKind {
	switch l.list {
	case "ordered":
		return listOrdered
	case "checked", "unchecked":
		return listChecks
	}
	return listBullet
}

func (w *htmlWriter) line(l line) {
	number := w.numbers.next(l)
	if w.open != blockParagraph && (w.open != l.block || l.block == blockCode && (w.language != l.language || w.indent != l.indent)) {
		w.leave()
	}
	switch l.block {
	case blockCode:
		w.codeLine(l)
	case blockList:
		w.listLine(l, number)
	case blockHeader:
		tag := "h" + strconv.Itoa(l.header)
		w.element(tag, l)
	case blockQuote:
		if w.open != blockQuote {
			w.out.WriteString("<blockquote>\n")
			w.open = blockQuote
		}
		w.element("p", l)
	default:
		if l.divider() {
			w.out.WriteString("<hr>\n")
			return
		}
		w.element("p", l)
	}
}

// leave closes whatever is open.
func (w *htmlWriter) leave() {
	switch w.open {
	case blockCode:
		w.out.WriteString("</code></pre>\n")
	case blockQuote:
		w.out.WriteString("</blockquote>\n")
	case blockList:
		w.closeLists(0)
	}
	w.open = blockParagraph
}

func (w *htmlWriter) element(tag string, l line) {
	w.out.WriteString("<" + tag + lineStyle(l, l.block != blockList) + ">")
	w.inline(l.runs)
	w.out.WriteString("</" + tag + ">\n")
}

func (w *htmlWriter) inline(runs []ot.Op) {
	if len(runs) == 0 {
		w.out.WriteString("<br>")
		return
	}
	writeInline(w.out, runs)
}

func (w *htmlWriter) codeLine(l line) {
	if w.open != blockCode {
		w.out.WriteString("<pre" + lineStyle(line{indent: l.indent}, true) + "><code")
		if l.language != "" {
			w.out.WriteString(` class="language-` + html.EscapeString(l.language) + `"`)
		}
		w.out.WriteString(">")
		w.open, w.language, w.indent = blockCode, l.language, l.indent
	}
	w.out.WriteString(html.EscapeString(l.text()) + "\n")
}

func (w *htmlWriter) listLine(l line, number int) {
	w.open = blockList
	kind := kindOf(l)
	if len(w.lists) > l.indent+1 {
		w.closeLists(l.indent + 1)
	}
	if len(w.lists) == l.indent+1 {
		if w.lists[l.indent] == kind {
			w.out.WriteString("</li>\n")
		} else {
			w.closeLists(l.indent)
		}
	}
	if len(w.lists) < l.indent+1 {
		// Levels without a line of their own get an item that shows no marker.
		for len(w.lists) < l.indent {
			w.out.WriteString(`<ul><li class="level">`)
			w.lists = append(w.lists, listBullet)
		}
		if number > 1 {
			// The list was left for what stands under its last item.
			fmt.Fprintf(w.out, `<ol start="%d">`, number)
		} else {
			w.out.WriteString([]string{"<ul>", "<ol>", `<ul class="checks">`}[kind])
		}
		w.lists = append(w.lists, kind)
	}
	w.out.WriteString("<li" + lineStyle(l, false) + ">")
	if kind == listChecks {
		w.out.WriteString(`<input type="checkbox" disabled`)
		if l.list == "checked" {
			w.out.WriteString(" checked")
		}
		w.out.WriteString("> ")
	}
	w.inline(l.runs)
}

func (w *htmlWriter) closeLists(keep int) {
	for len(w.lists) > keep {
		last := len(w.lists) - 1
		if w.lists[last] == listOrdered {
			w.out.WriteString("</li></ol>")
		} else {
			w.out.WriteString("</li></ul>")
		}
		w.lists = w.lists[:last]
	}
	if keep == 0 {
		w.out.WriteString("\n")
	}
}

// lineStyle is what alignment, direction and a paragraph's indent add to its
// tag.
func lineStyle(l line, withIndent bool) string {
	var attributes, style string
	switch l.align {
	case "center", "right", "justify":
		style = "text-align: " + l.align
	}
	if withIndent && l.indent > 0 {
		if style != "" {
			style += "; "
		}
		style += fmt.Sprintf("margin-inline-start: %dem", 2*l.indent)
	}
	if l.direction == "rtl" {
		attributes = ` dir="rtl"`
	}
	if style != "" {
		attributes += ` style="` + style + `"`
	}
	return attributes
}
