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
	"github.com/yuin/goldmark/util"
)

// markdownParser is built at the first use: most servers never read Markdown.
var markdownParser = sync.OnceValue(func() parser.Parser {
	blocks := parser.DefaultBlockParsers()
	for i, block := range blocks {
		blocks[i].Value = boundBlocks{block.Value.(parser.BlockParser)}
	}
	paragraphs := append(parser.DefaultParagraphTransformers(), util.Prioritized(boundParagraphs{}, 0))
	bounded := parser.NewParser(parser.WithBlockParsers(blocks...), parser.WithInlineParsers(parser.DefaultInlineParsers()...), parser.WithParagraphTransformers(paragraphs...))
	return goldmark.New(goldmark.WithParser(bounded), goldmark.WithExtensions(extension.GFM)).Parser()
})

// FromMarkdown reads GitHub Flavored Markdown. ErrTooLarge, ErrTooComplex.
func FromMarkdown(input []byte) (ot.Delta, error) {
	r := markdownReader{}
	if err := r.read(input); err != nil {
		return nil, err
	}
	return r.sink.document()
}

func (r *markdownReader) read(input []byte) error {
	source, err := clean(input)
	if err != nil {
		return err
	}
	if len(source) > maxMarkdown {
		return fmt.Errorf("%w: %d bytes of Markdown, at most %d", ErrTooLarge, len(source), maxMarkdown)
	}
	r.source = []byte(source)
	root, err := parseMarkdown(r.source)
	if err != nil {
		return err
	}
	return r.blocks(root, blockState{}, 0)
}

type markdownReader struct {
	source []byte
	sink   lineSink
}

// blocks reads the block children of a node, whose nesting the parser bounds.
// lists is the number of open lists.
func (r *markdownReader) blocks(parent ast.Node, state blockState, lists int) error {
	for node := parent.FirstChild(); node != nil && !r.sink.full(); node = node.NextSibling() {
		if err := r.block(node, state, lists); err != nil {
			return err
		}
	}
	return nil
}

func (r *markdownReader) block(node ast.Node, state blockState, lists int) error {
	switch node := node.(type) {
	case *ast.Paragraph, *ast.TextBlock:
		r.paragraph(node, state)
	case *ast.Heading:
		state.header = node.Level
		r.paragraph(node, state)
	case *ast.Blockquote:
		state.quote = true
		return r.blocks(node, state, lists)
	case *ast.List:
		return r.list(node, state, lists)
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
		return r.blocks(node, state, lists)
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

func (r *markdownReader) list(list *ast.List, state blockState, lists int) error {
	for node := list.FirstChild(); node != nil && !r.sink.full(); node = node.NextSibling() {
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
		if err := r.blocks(node, inner, lists+1); err != nil {
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
	for row := table.FirstChild(); row != nil && !r.sink.full(); row = row.NextSibling() {
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
