package convert

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

const (
	// maxMarkdown is the largest Markdown read, in bytes: below MaxBytes, since
	// the parser takes more than linear time on hostile paragraphs.
	maxMarkdown = 1 << 20
	// maxMarks is how many marks - runs of emphasis, brackets, tags, backticks -
	// one paragraph may have. The parser's time grows with their square.
	maxMarks = 2000
	// linkMarks is what a link target counts for: the parser looks for its end
	// through the rest of the paragraph.
	linkMarks = 5
	// maxCells is how many cells all tables may have, also those that are only
	// there because a table's short rows are filled up to its width.
	maxCells = 1 << 17
	// maxBars is how many escaped bars all paragraphs may have. The parser holds
	// each span of code in a table's cells against all of them.
	maxBars = 2000
)

// bounds counts what one text holds, while it is parsed.
type bounds struct {
	cells int // of all tables
	bars  int // escaped ones
}

var boundsKey = parser.NewContextKey()

// tooMuch is thrown out of the parser, which knows no other way to be stopped,
// and caught by parseMarkdown.
type tooMuch struct{ err error }

// parseMarkdown parses, within the bounds. ErrTooComplex.
func parseMarkdown(source []byte) (root ast.Node, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			found, ok := thrown.(tooMuch)
			if !ok {
				panic(thrown)
			}
			root, err = nil, found.err
		}
	}()
	pc := parser.NewContext()
	pc.Set(boundsKey, &bounds{})
	return markdownParser().Parse(text.NewReader(source), parser.WithContext(pc)), nil
}

// boundBlocks sees each block that the parser within opens, before there is
// anything inside it: what a row of code begins with opens none.
type boundBlocks struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (b boundBlocks) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	node, state := b.BlockParser.Open(parent, reader, pc)
	switch node := node.(type) {
	case *ast.Blockquote, *ast.List:
		if nesting(parent) >= maxDepth {
			panic(tooMuch{fmt.Errorf("%w: more than %d quotes and lists inside each other", ErrTooComplex, maxDepth)})
		}
	case *ast.Heading:
		pc.Get(boundsKey).(*bounds).add(node.Lines(), reader.Source())
	}
	return node, state
}

// nesting counts the quotes and lists around what a node holds.
func nesting(node ast.Node) (levels int) {
	for ; node != nil; node = node.Parent() {
		switch node.(type) {
		case *ast.Blockquote, *ast.List:
			levels++
		}
	}
	return levels
}

// boundParagraphs sees each paragraph as the parser found it, before it becomes a
// table or its marks are paired.
type boundParagraphs struct{}

// Transform implements parser.ParagraphTransformer.
func (boundParagraphs) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	pc.Get(boundsKey).(*bounds).add(node.Lines(), reader.Source())
}

// add counts a paragraph or a heading, and stops the parser if that is too much.
func (b *bounds) add(rows *text.Segments, source []byte) {
	marks, columns := 0, 0
	for i := range rows.Len() {
		row := string(source[rows.At(i).Start:rows.At(i).Stop])
		columns = max(columns, columnsIn(row))
		if b.cells += columns; b.cells > maxCells {
			panic(tooMuch{fmt.Errorf("%w: more than %d cells in its tables", ErrTooComplex, maxCells)})
		}
		if b.bars += strings.Count(row, `\|`); b.bars > maxBars {
			panic(tooMuch{fmt.Errorf("%w: more than %d bars after a backslash", ErrTooComplex, maxBars)})
		}
		if marks += marksIn(row); marks > maxMarks {
			panic(tooMuch{fmt.Errorf("%w: more than %d marks of formatting in one paragraph or heading", ErrTooComplex, maxMarks)})
		}
	}
}

// columnsIn is how many columns a row makes if it is the one below a table's
// head, else 0.
func columnsIn(row string) int {
	if strings.Trim(row, "|:- \t\v\f\r\n") != "" {
		return 0
	}
	if bars := strings.Count(row, "|"); bars > 0 {
		return bars + 1
	}
	return 0
}

// marksIn counts what may begin or end an inline element.
func marksIn(row string) int {
	marks := 0
	for i := range len(row) {
		c := row[i]
		if i > 0 && c == row[i-1] && c != '[' && c != '<' {
			continue // one run
		}
		switch c {
		case '*', '_', '~', '[', '<', '`', '&', '@':
			marks++
		case '(':
			if i > 0 && row[i-1] == ']' {
				marks += linkMarks
			}
		}
	}
	return marks
}
