package convert

import (
	"fmt"
	"html"
	"strings"
	"sync"

	"github.com/coscribe/coscribe/ot"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdownParser is built at the first use: most servers never read Markdown.
var markdownParser = sync.OnceValue(func() goldmark.Markdown {
	first := util.Prioritized(boundParagraphs{}, 0)
	return goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithParagraphTransformers(first)))
})

// FromMarkdown reads GitHub Flavored Markdown. ErrTooLarge, ErrTooComplex.
func FromMarkdown(input []byte) (ot.Delta, error) {
	source, err := clean(input)
	if err != nil {
		return nil, err
	}
	if len(source) > maxMarkdown {
		return nil, fmt.Errorf("%w: %d bytes of Markdown, at most %d", ErrTooLarge, len(source), maxMarkdown)
	}
	if err := checkRows(source); err != nil {
		return nil, err
	}
	r := markdownReader{source: []byte(source)}
	found, pc := &bounds{}, parser.NewContext()
	pc.Set(boundsKey, found)
	root := markdownParser().Parser().Parse(text.NewReader(r.source), parser.WithContext(pc))
	if found.err != nil {
		return nil, found.err
	}
	if err := r.blocks(root, blockState{}, 0, 0); err != nil {
		return nil, err
	}
	return r.sink.document()
}

type markdownReader struct {
	source []byte
	sink   lineSink
}

// blocks reads the block children of a node. lists is the number of open
// lists, depth the nesting of all blocks.
func (r *markdownReader) blocks(parent ast.Node, state blockState, lists, depth int) error {
	if depth > 4*maxDepth {
		return fmt.Errorf("%w: more than %d blocks inside each other", ErrTooComplex, 4*maxDepth)
	}
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		if err := r.block(node, state, lists, depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *markdownReader) block(node ast.Node, state blockState, lists, depth int) error {
	switch node := node.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(node, state)
	case *ast.Heading:
		state.header = node.Level
		r.paragraph(node, state)
	case *ast.Blockquote:
		state.quote = true
		return r.blocks(node, state, lists, depth+1)
	case *ast.List:
		return r.list(node, state, lists, depth)
	case *ast.FencedCodeBlock:
		state.code, state.language = true, strings.ToLower(unescape(string(node.Language(r.source))))
		r.code(node, state)
	case *ast.CodeBlock:
		state.code = true
		r.code(node, state)
	case *ast.ThematicBreak:
		r.sink.divider()
	case *ast.HTMLBlock:
		return r.htmlBlock(node, state)
	case *extast.Table:
		r.table(node, state)
	default:
		return r.blocks(node, state, lists, depth+1)
	}
	return nil
}

func (r *markdownReader) paragraph(node ast.Node, state blockState) {
	r.sink.end()
	r.sink.begin(state)
	in := markdownInlines{reader: r, state: state}
	in.children(node, nil)
	r.sink.end()
}

func (r *markdownReader) list(list *ast.List, state blockState, lists, depth int) error {
	for node := list.FirstChild(); node != nil; node = node.NextSibling() {
		kind := "bullet"
		if list.IsOrdered() {
			kind = "ordered"
		}
		item := &itemState{list: kind}
		inner := state
		inner.item, inner.depth, inner.header = item, min(lists, maxIndent), 0
		first := node.FirstChild()
		if box := taskBox(first); box != nil {
			item.list = "unchecked"
			if box.IsChecked {
				item.list = "checked"
			}
		}
		if first == nil {
			r.sink.end()
			r.sink.begin(inner)
			r.sink.end()
			continue
		}
		if err := r.blocks(node, inner, lists+1, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func taskBox(node ast.Node) *extast.TaskCheckBox {
	if node == nil || node.FirstChild() == nil {
		return nil
	}
	box, _ := node.FirstChild().(*extast.TaskCheckBox)
	return box
}

func (r *markdownReader) code(node ast.Node, state blockState) {
	var content strings.Builder
	rows := node.Lines()
	for i := range rows.Len() {
		row := rows.At(i)
		content.Write(row.Value(r.source))
	}
	r.sink.code(state, content.String())
	if content.Len() == 0 {
		r.sink.begin(state)
		r.sink.end()
	}
}

// htmlBlock reads raw HTML with the HTML reader.
func (r *markdownReader) htmlBlock(node *ast.HTMLBlock, state blockState) error {
	var content strings.Builder
	rows := node.Lines()
	for i := range rows.Len() {
		row := rows.At(i)
		content.Write(row.Value(r.source))
	}
	if node.HasClosure() {
		content.Write(node.ClosureLine.Value(r.source))
	}
	r.sink.end()
	if item := state.item; item != nil && !item.used && node.PreviousSibling() == nil && strings.HasPrefix(content.String(), "<!--") {
		// The mark of an empty item, see markdownWriter.listLine.
		r.sink.begin(state)
		r.sink.end()
	}
	nested := htmlReader{sink: r.sink}
	err := nested.read([]byte(content.String()), htmlState{block: state})
	nested.sink.end()
	r.sink = nested.sink
	return err
}

// table reads each row as a line, its cells parted by tabs.
func (r *markdownReader) table(table *extast.Table, state blockState) {
	for row := table.FirstChild(); row != nil; row = row.NextSibling() {
		r.sink.end()
		r.sink.begin(state)
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			if cell.PreviousSibling() != nil {
				r.sink.text(state, "\t", nil)
			}
			in := markdownInlines{reader: r, state: state, cell: true}
			in.children(cell, nil)
		}
		r.sink.end()
	}
}

// unescape resolves backslash escapes and character references in one pass.
func unescape(source string) string {
	if !strings.ContainsAny(source, `\&`) {
		return source
	}
	var out strings.Builder
	for source != "" {
		switch c := source[0]; {
		case c == '\\' && len(source) > 1 && util.IsPunct(source[1]):
			out.WriteByte(source[1])
			source = source[2:]
			continue
		case c == '&':
			// The longest name of a reference has 31 letters.
			if end := strings.IndexFunc(source[1:min(len(source), 34)], notInReference) + 1; end > 0 && source[end] == ';' {
				if decoded := html.UnescapeString(source[:end+1]); decoded != source[:end+1] {
					out.WriteString(safeText(decoded))
					source = source[end+1:]
					continue
				}
			}
		}
		out.WriteByte(source[0])
		source = source[1:]
	}
	return out.String()
}

func notInReference(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '#'
}

// safeText drops what a reference can name but a line cannot hold.
func safeText(text string) string {
	return strings.Map(dropForbidden, strings.NewReplacer("\n", " ", "\r", " ").Replace(text))
}
