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

// checkRows refuses what makes the parser slow before it is told paragraphs
// apart: quotes and lists nested within one line, and headings full of marks.
// It looks at each row alone, also at those of code, since only the parser knows
// which these are: no honest row of code begins like that.
func checkRows(source string) error {
	for row := range strings.SplitSeq(source, "\n") {
		if nesting(row) > maxDepth {
			return fmt.Errorf("%w: more than %d quotes and lists in one line", ErrTooComplex, maxDepth)
		}
		if strings.HasPrefix(strings.TrimLeft(row, " \t>-+*0123456789.)"), "#") && marksIn(row) > maxMarks {
			return fmt.Errorf("%w: more than %d marks of formatting in one heading", ErrTooComplex, maxMarks)
		}
	}
	return nil
}

// bounds counts what the paragraphs of one text hold.
type bounds struct {
	cells int // of all tables
	bars  int // escaped ones
	err   error
}

var boundsKey = parser.NewContextKey()

// boundParagraphs sees each paragraph as the parser found it, before it becomes a
// table or its marks are paired. From the first that is too much it drops them.
type boundParagraphs struct{}

// Transform implements parser.ParagraphTransformer.
func (boundParagraphs) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	found := pc.Get(boundsKey).(*bounds)
	if found.err == nil {
		found.add(node.Lines(), reader.Source())
	}
	if found.err != nil {
		node.Parent().RemoveChild(node.Parent(), node)
	}
}

func (b *bounds) add(rows *text.Segments, source []byte) {
	marks, columns := 0, 0
	for i := range rows.Len() {
		row := string(source[rows.At(i).Start:rows.At(i).Stop])
		columns = max(columns, columnsIn(row))
		if b.cells += columns; b.cells > maxCells {
			b.err = fmt.Errorf("%w: more than %d cells in its tables", ErrTooComplex, maxCells)
			return
		}
		if b.bars += strings.Count(row, `\|`); b.bars > maxBars {
			b.err = fmt.Errorf("%w: more than %d bars after a backslash", ErrTooComplex, maxBars)
			return
		}
		if marks += marksIn(row); marks > maxMarks {
			b.err = fmt.Errorf("%w: more than %d marks of formatting in one paragraph", ErrTooComplex, maxMarks)
			return
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

// nesting counts the quote and list markers that a row begins with, up to a few
// more than maxDepth.
func nesting(row string) int {
	levels, digits := 0, 0
	for i := 0; i < len(row) && levels <= maxDepth; i++ {
		c := row[i]
		switch {
		case c == '>':
			levels++
		case c == '-' || c == '+' || c == '*' || (c == '.' || c == ')') && digits > 0:
			rest := row[i+1:]
			if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
				return levels
			}
			levels++
			if (c == '-' || c == '*') && strings.TrimLeft(rest, string(c)+" \t") == "" {
				return levels // a divider
			}
		case c >= '0' && c <= '9':
			digits++
			continue
		case c != ' ' && c != '\t':
			return levels
		}
		digits = 0
	}
	return levels
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
