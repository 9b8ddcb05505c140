package convert

import (
	"fmt"
	"strings"
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
)

// checkMarks refuses what makes the parser slow: quotes and lists nested within
// one line, and paragraphs full of marks; and what makes it large: tables much
// wider than their rows. It knows just enough of blocks to
// tell paragraphs apart, and takes two for one where it is not sure.
func checkMarks(source string) error {
	marks, fence := 0, ""
	columns, cells := 0, 0 // of the table that this paragraph may be; of all
	for row := range strings.SplitSeq(source, "\n") {
		if fence != "" {
			if body := strings.TrimRight(row, " \t"); len(body) >= len(fence) && strings.Trim(body, fence[:1]) == "" {
				fence = ""
			}
			continue
		}
		if fence = fenceOf(row); fence != "" {
			marks, columns = 0, 0
			continue
		}
		if nesting(row) > maxDepth {
			return fmt.Errorf("%w: more than %d levels in one line", ErrTooDeep, maxDepth)
		}
		if startsBlock(row) {
			marks, columns = 0, 0
		}
		columns = max(columns, columnsIn(row))
		if cells += columns; cells > maxCells {
			return fmt.Errorf("%w: tables of more than %d cells", ErrTooDeep, maxCells)
		}
		if marks += marksIn(row); marks > maxMarks {
			return fmt.Errorf("%w: more than %d marks in one paragraph", ErrTooDeep, maxMarks)
		}
	}
	return nil
}

// fenceOf is the fence that opens a code block at the start of a row, else "".
func fenceOf(row string) string {
	for _, c := range []string{"`", "~"} {
		rest := strings.TrimLeft(row, c)
		if n := len(row) - len(rest); n >= 3 && (c == "~" || !strings.Contains(rest, "`")) {
			return row[:n]
		}
	}
	return ""
}

// startsBlock reports whether a row surely ends the paragraph before it.
func startsBlock(row string) bool {
	body := strings.TrimLeft(row, " ")
	if body == "" {
		return true
	}
	if len(row)-len(body) > 3 {
		return false
	}
	if heading := strings.TrimLeft(body, "#"); heading != body && len(body)-len(heading) <= 6 && strings.HasPrefix(heading, " ") {
		return true
	}
	return len(body) > 2 && strings.ContainsRune("-+*", rune(body[0])) && body[1] == ' ' && strings.TrimSpace(body[2:]) != ""
}

// columnsIn is how many columns a row makes if it is the one below a table's
// head, else 0. What begins with a quote's or a list's marker may be one too.
func columnsIn(row string) int {
	body := strings.TrimLeft(row, " \t>-+*0123456789.)")
	if strings.Trim(body, "|:- \t\v\f\r") != "" {
		return 0
	}
	if bars := strings.Count(body, "|"); bars > 0 {
		return bars + 1
	}
	return 0
}

// nesting counts the quote and list markers that a row begins with.
func nesting(row string) int {
	levels, digits := 0, 0
	for i := range len(row) {
		switch c := row[i]; {
		case c == '>' || c == '-' || c == '+' || c == '*':
			levels++
		case c >= '0' && c <= '9':
			digits++
			continue
		case (c == '.' || c == ')') && digits > 0:
			levels++
		case c != ' ' && c != '\t':
			return levels
		}
		digits = 0
	}
	if strings.Trim(row, "-+*_ \t") == "" {
		return 0 // a divider
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
