package convert

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// block is how a line is shown. Concurrent edits can leave a line with several
// block keys; the first of this order wins: code block, list, header, quote.
type block uint8

const (
	blockParagraph block = iota
	blockCode
	blockList
	blockHeader
	blockQuote
)

// line is one line of a document: its runs without the newline, and what the
// newline says of it.
type line struct {
	runs      []ot.Op
	block     block
	language  string // of a code block, "" for none
	list      string // "bullet", "ordered", "checked", "unchecked"
	header    int    // 1..3
	indent    int    // 0..8
	align     string
	direction string
}

// lines walks a document line by line. A last line without a newline is given
// as a paragraph.
func lines(document ot.Delta) iter.Seq[line] {
	return func(yield func(line) bool) {
		var runs []ot.Op
		for _, op := range document {
			if op.IsEmbed() {
				runs = append(runs, op)
				continue
			}
			rest := op.Text()
			for {
				text, after, found := strings.Cut(rest, "\n")
				if text != "" {
					runs = append(runs, ot.InsertText(text, op.Attributes()))
				}
				if !found {
					break
				}
				if !yield(newLine(runs, op.Attributes())) {
					return
				}
				runs, rest = nil, after
			}
		}
		if len(runs) > 0 {
			yield(newLine(runs, ot.Attributes{}))
		}
	}
}

func newLine(runs []ot.Op, attributes ot.Attributes) line {
	l := line{runs: runs, align: attribute(attributes, "align"), direction: attribute(attributes, "direction")}
	l.indent = number(attributes, "indent")
	if code, ok := attributes.Get("code-block"); ok {
		l.block = blockCode
		if code != "true" {
			l.language = plain(code)
		}
		return l
	}
	if list := attribute(attributes, "list"); list != "" {
		l.block, l.list = blockList, list
		return l
	}
	if header := number(attributes, "header"); header > 0 {
		l.block, l.header = blockHeader, header
		return l
	}
	if _, quote := attributes.Get("blockquote"); quote {
		l.block = blockQuote
	}
	return l
}

// text is a line's text, with what stands for embeds.
func (l line) text() string {
	var out strings.Builder
	for _, run := range l.runs {
		if run.IsEmbed() {
			out.WriteString(embedText(run))
		} else {
			out.WriteString(run.Text())
		}
	}
	return out.String()
}

// ordered reports whether a list line is numbered.
func (l line) ordered() bool { return l.list == "ordered" }

// marker is what Markdown and plain text put before a list line.
func (l line) marker(number int) string {
	switch l.list {
	case "ordered":
		return strconv.Itoa(number) + ". "
	case "checked":
		return "- [x] "
	case "unchecked":
		return "- [ ] "
	}
	return "- "
}

// numbers counts the items of numbered lists, one count for each indent, as the
// page shows them: a line ends the lists as deep as itself, so what stands
// indented under an item leaves its number going on.
type numbers []int

// next is the number of a line, 0 for one that has none.
func (n *numbers) next(l line) int {
	*n = (*n)[:min(len(*n), l.indent+1)]
	if !l.ordered() {
		*n = (*n)[:min(len(*n), l.indent)]
		return 0
	}
	for len(*n) <= l.indent {
		*n = append(*n, 0)
	}
	(*n)[l.indent]++
	return (*n)[l.indent]
}

// divider reports whether the line is a divider and nothing else.
func (l line) divider() bool {
	return l.block == blockParagraph && len(l.runs) == 1 && l.runs[0].IsEmbed() && l.runs[0].Embed() == dividerEmbed && l.runs[0].Attributes().Len() == 0
}

// attribute is a string attribute, "" when absent or of another shape.
func attribute(attributes ot.Attributes, key string) string {
	value, ok := attributes.Get(key)
	if !ok {
		return ""
	}
	return plain(value)
}

// has reports whether a mark is set.
func has(attributes ot.Attributes, key string) bool {
	value, ok := attributes.Get(key)
	return ok && value == "true"
}

func number(attributes ot.Attributes, key string) int {
	value, _ := attributes.Get(key)
	n, err := strconv.Atoi(string(value))
	if err != nil {
		return 0
	}
	return n
}

// plain is the string in a JSON string value, "" for other values.
func plain(value ot.Value) string {
	var text string
	if json.Unmarshal([]byte(value), &text) != nil {
		return ""
	}
	return text
}

// jsonString is text as a canonical JSON string value.
func jsonString(text string) ot.Value {
	value, _ := ot.Attrs("text", text).Get("text")
	return value
}

func mentionOf(embed ot.Embed) (id, name string) {
	var mention struct{ ID, Name string }
	if json.Unmarshal([]byte(embed.Value), &mention) != nil {
		return "", ""
	}
	return mention.ID, mention.Name
}

// dividerEmbed is a horizontal line.
var dividerEmbed = ot.Embed{Key: "divider", Value: "true"}
