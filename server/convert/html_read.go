package convert

import (
	"fmt"
	"strings"

	"github.com/coscribe/coscribe/ot"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML reads a page or a fragment of one. What documents cannot hold loses
// its formatting and keeps its text; scripts, styles, frames and media vanish.
// ErrTooLarge, ErrTooComplex.
func FromHTML(input []byte) (ot.Delta, error) {
	r := htmlReader{}
	if err := r.read(input, htmlState{}); err != nil {
		return nil, err
	}
	return r.sink.document()
}

func (r *htmlReader) read(input []byte, state htmlState) error {
	text, err := clean(input)
	if err != nil {
		return err
	}
	// The parser itself refuses more than 512 open elements, before it gets
	// slow; that also bounds the recursion below.
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTooComplex, err)
	}
	r.children(root, state)
	return nil
}

// htmlReader walks the parsed page. White space collapses as in a browser: a
// run of it is one space, owed until the next word of the same line.
type htmlReader struct {
	sink       lineSink
	space      bool
	spaceMarks marksMap
	afterBox   bool // a check box was just read: the space after it is not text
}

// htmlState is what the elements around a node say.
type htmlState struct {
	block      blockState
	marks      marksMap
	list       string // of the innermost list: "bullet", "ordered", "checks"
	lists      int    // open lists
	cell       bool   // in a table cell: blocks do not break the line
	keepSpaces bool
	levelOnly  bool // the item exists for its nested list alone
}

func (r *htmlReader) children(node *html.Node, state htmlState) {
	for child := node.FirstChild; child != nil && !r.sink.full(); child = child.NextSibling {
		switch child.Type {
		case html.TextNode:
			r.text(child.Data, state)
		case html.ElementNode:
			r.element(child, state)
		}
	}
}

func (r *htmlReader) text(text string, state htmlState) {
	// A character reference can name what the input itself could not hold.
	if strings.ContainsFunc(text, forbidden) {
		text = strings.Map(dropForbidden, text)
	}
	if state.block.code {
		r.codeText(text, state)
		return
	}
	if r.afterBox {
		text = strings.TrimPrefix(text, " ")
		r.afterBox = false
	}
	if state.keepSpaces {
		// Written by this package: a newline only ever separates blocks.
		if strings.Contains(text, "\n") && strings.TrimSpace(text) == "" {
			return
		}
		r.sink.text(state.block, strings.ReplaceAll(text, "\n", " "), state.marks)
		return
	}
	for text != "" {
		if isSpace(text[0]) {
			text = strings.TrimLeft(text, " \t\n\r\f")
			if r.sink.open && !r.space {
				r.space, r.spaceMarks = true, state.marks
			}
			continue
		}
		end := strings.IndexAny(text, " \t\n\r\f")
		if end < 0 {
			end = len(text)
		}
		r.word(text[:end], state)
		text = text[end:]
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func (r *htmlReader) word(word string, state htmlState) {
	r.owedSpace(state)
	r.sink.text(state.block, word, state.marks)
}

func (r *htmlReader) owedSpace(state htmlState) {
	if r.space && r.sink.open {
		r.sink.text(state.block, " ", r.spaceMarks)
	}
	r.space = false
}

func (r *htmlReader) codeText(text string, state htmlState) {
	for {
		row, rest, found := strings.Cut(text, "\n")
		r.sink.text(state.block, row, nil)
		if !found {
			return
		}
		r.sink.begin(state.block)
		r.sink.end()
		text = rest
	}
}

// boundary is where a block element starts or ends.
func (r *htmlReader) boundary(state htmlState) {
	if state.cell {
		if r.sink.open && !r.space {
			r.space, r.spaceMarks = true, nil
		}
		return
	}
	r.sink.end()
	r.space = false
}

func (r *htmlReader) element(node *html.Node, state htmlState) {
	switch node.DataAtom {
	case atom.Head, atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Iframe, atom.Frame, atom.Frameset, atom.Object,
		atom.Embed, atom.Svg, atom.Math, atom.Canvas, atom.Audio, atom.Video, atom.Select, atom.Textarea, atom.Title:
		return
	case atom.Br:
		if state.cell {
			r.boundary(state)
			return
		}
		r.sink.begin(state.block)
		r.boundary(state)
		return
	case atom.Hr:
		r.boundary(state)
		if !state.cell {
			r.sink.divider()
		}
		return
	case atom.Img:
		r.owedSpace(state)
		r.sink.image(state.block, get(node, "src"), get(node, "alt"), get(node, "width"), state.marks)
		return
	case atom.Input:
		r.checkBox(node, state)
		return
	case atom.Span:
		if r.special(node, state) {
			return
		}
	}
	inner := inlineState(node, state)
	if !isBlock(node.DataAtom) {
		r.children(node, inner)
		return
	}
	r.block(node, inner)
}

// special reads the elements this package writes for embeds.
func (r *htmlReader) special(node *html.Node, state htmlState) bool {
	if get(node, "data-divider") != "" {
		r.owedSpace(state)
		r.sink.inlineDivider(state.block, state.marks)
		return true
	}
	if id := get(node, "data-mention"); id != "" && node.FirstChild != nil && node.FirstChild.Type == html.TextNode {
		r.owedSpace(state)
		return r.sink.mention(state.block, id, strings.TrimPrefix(node.FirstChild.Data, "@"), state.marks)
	}
	return false
}

func (r *htmlReader) checkBox(node *html.Node, state htmlState) {
	item := state.block.item
	if item == nil || item.used || get(node, "type") != "checkbox" {
		return
	}
	item.list = "unchecked"
	if _, checked := find(node, "checked"); checked {
		item.list = "checked"
	}
	r.afterBox = true
}

func (r *htmlReader) block(node *html.Node, state htmlState) {
	if node.DataAtom == atom.Td || node.DataAtom == atom.Th {
		r.cell(node, state)
		return
	}
	r.boundary(state)
	r.children(node, state)
	if item := state.block.item; node.DataAtom == atom.Li && !item.used && !state.levelOnly && !state.cell {
		r.sink.begin(state.block)
	}
	r.boundary(state)
	r.afterBox = false
}

// cell reads a table cell: the cells of a row are one line, parted by tabs.
func (r *htmlReader) cell(node *html.Node, state htmlState) {
	r.space = false
	for before := node.PrevSibling; before != nil; before = before.PrevSibling {
		if before.Type == html.ElementNode {
			r.sink.text(state.block, "\t", nil)
			break
		}
	}
	state.cell = true
	r.children(node, state)
	r.space = false
}

func find(node *html.Node, key string) (string, bool) {
	for _, attribute := range node.Attr {
		if attribute.Key == key {
			return attribute.Val, true
		}
	}
	return "", false
}

func get(node *html.Node, key string) string {
	value, _ := find(node, key)
	return value
}
