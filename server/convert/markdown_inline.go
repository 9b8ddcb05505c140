package convert

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coscribe/coscribe/ot"
)

// markdownMarks are the marks in nesting order, outermost first. Bold and
// italic use different characters, so that their delimiters never run
// together. A mark without a delimiter is inline HTML.
var markdownMarks = []struct {
	key       string
	delimiter string
	tag       string
}{
	{"link", "", ""},
	{"color", "", "span"},
	{"background", "", "span"},
	{"underline", "", "u"},
	{"bold", "**", "strong"},
	{"italic", "_", "em"},
	{"strike", "~~", "s"},
	{"code", "`", "code"},
}

// markdownInline writes the runs of one line.
func markdownInline(runs []ot.Op) string {
	runs = unmarkEdges(runs)
	text := markdownGroup(runs, 0, edges{' ', ' '})
	// White space at the ends of a line would vanish: written as a reference.
	text = leadingSpace(text)
	if end := len(text) - 1; end >= 0 && (text[end] == ' ' || text[end] == '\t') {
		text = text[:end] + spaceReference(text[end])
	}
	return text
}

func leadingSpace(text string) string {
	if text != "" && (text[0] == ' ' || text[0] == '\t') {
		return spaceReference(text[0]) + text[1:]
	}
	return text
}

func spaceReference(c byte) string {
	if c == '\t' {
		return "&#9;"
	}
	return "&#32;"
}

// edges are the characters around a group; marks count as punctuation, the
// ends of the line as white space.
type edges struct{ before, after rune }

// markdownGroup writes runs by the marks from level on. Neighbours that share
// the value of the mark at this level form one element.
func markdownGroup(runs []ot.Op, level int, around edges) string {
	if level == len(markdownMarks) {
		var out strings.Builder
		for _, run := range runs {
			out.WriteString(markdownRun(run))
		}
		return out.String()
	}
	var out strings.Builder
	before := around.before
	for start := 0; start < len(runs); {
		value := markValue(runs[start], level)
		end := start + 1
		for end < len(runs) && markValue(runs[end], level) == value {
			end++
		}
		after := around.after
		if end < len(runs) {
			after = firstRune(runs[end], level)
		}
		group := runs[start:end]
		if value == "" {
			out.WriteString(markdownGroup(group, level+1, edges{before, after}))
		} else {
			out.WriteString(markdownElement(group, level, value, edges{before, after}))
		}
		before = lastRune(group[len(group)-1], level)
		start = end
	}
	return out.String()
}

// markValue is the value of the mark at a level, "" for none. Embeds are never
// inside a code span.
func markValue(run ot.Op, level int) ot.Value {
	key := markdownMarks[level].key
	if key == "code" && run.IsEmbed() {
		return ""
	}
	value, _ := run.Attributes().Get(key)
	return value
}

// firstRune and lastRune are the characters a run shows at its edges to what
// is beside it at a level: punctuation where one of its marks starts there.
func firstRune(run ot.Op, level int) rune {
	if marked(run, level) || run.IsEmbed() {
		return '*'
	}
	r, _ := utf8.DecodeRuneInString(run.Text())
	return r
}

func lastRune(run ot.Op, level int) rune {
	if marked(run, level) || run.IsEmbed() {
		return '*'
	}
	r, _ := utf8.DecodeLastRuneInString(run.Text())
	return r
}

func marked(run ot.Op, level int) bool {
	for ; level < len(markdownMarks); level++ {
		if markValue(run, level) != "" {
			return true
		}
	}
	return false
}

func markdownElement(group []ot.Op, level int, value ot.Value, around edges) string {
	mark := markdownMarks[level]
	inside := edges{'*', '*'}
	switch mark.key {
	case "link":
		if link := plain(value); safeLink(link) {
			return "[" + noBox(markdownGroup(group, level+1, inside)) + "](" + destination(link) + ")"
		}
		return markdownGroup(group, level+1, around)
	case "color", "background":
		color, ok := Color(plain(value))
		if !ok {
			return markdownGroup(group, level+1, around)
		}
		property := "color"
		if mark.key == "background" {
			property = "background-color"
		}
		return `<span style="` + property + ": " + color + `">` + markdownGroup(group, level+1, inside) + "</span>"
	case "code":
		return codeSpan(group)
	}
	inner := markdownGroup(group, level+1, inside)
	first, last := firstRune(group[0], level+1), lastRune(group[len(group)-1], level+1)
	// goldmark takes an escaped "~" beside the delimiter for a part of it.
	tilde := mark.delimiter == "~~" && (first == '~' || last == '~' || around.before == '~' || around.after == '~')
	if mark.delimiter != "" && !tilde && opens(mark.delimiter, around.before, first) && closes(mark.delimiter, last, around.after) {
		return mark.delimiter + inner + mark.delimiter
	}
	return "<" + mark.tag + ">" + inner + "</" + mark.tag + ">"
}

// noBox keeps the text of a link from being read as a check box.
func noBox(text string) string {
	switch text {
	case " ", "\t":
		return spaceReference(text[0])
	case "x":
		return "&#120;"
	case "X":
		return "&#88;"
	}
	return text
}

// opens and closes are the flanking rules of CommonMark 0.31, section 6.2.
func opens(delimiter string, before, first rune) bool {
	if !flanks(before, first) {
		return false
	}
	return delimiter != "_" || !flanks(first, before) || isPunctuation(before)
}

func closes(delimiter string, last, after rune) bool {
	if !flanks(after, last) {
		return false
	}
	return delimiter != "_" || !flanks(last, after) || isPunctuation(after)
}

// flanks reports whether a delimiter with this character outside and that one
// inside can start an element towards the inside.
func flanks(outside, inside rune) bool {
	if unicode.IsSpace(inside) {
		return false
	}
	return !isPunctuation(inside) || unicode.IsSpace(outside) || isPunctuation(outside)
}

func isPunctuation(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }

// codeSpan writes literal text between as many backticks as it does not hold
// itself.
func codeSpan(group []ot.Op) string {
	var text strings.Builder
	for _, run := range group {
		text.WriteString(run.Text())
	}
	content, fence := text.String(), "`"
	for run := range strings.FieldsFuncSeq(content, func(r rune) bool { return r != '`' }) {
		if len(run) >= len(fence) {
			fence = run + "`"
		}
	}
	// A reader takes one space off each side when both have one, and cannot
	// part a backtick at the edge from the fence.
	first, last := content[0], content[len(content)-1]
	if first == '`' || last == '`' || first == ' ' && last == ' ' && strings.Trim(content, " ") != "" {
		content = " " + content + " "
	}
	return fence + content + fence
}

func markdownRun(run ot.Op) string {
	if !run.IsEmbed() {
		return escapeMarkdown(run.Text())
	}
	if run.Embed().Key == "image" {
		source := plain(run.Embed().Value)
		if _, wide := run.Attributes().Get("width"); !wide && safeImage(source) {
			return "![" + escapeMarkdown(embedText(run)) + "](" + destination(source) + ")"
		}
	}
	if run.Embed().Key == "mention" {
		id, name := mentionOf(run.Embed())
		return `<span data-mention="` + html.EscapeString(id) + `">@` + escapeAll(name) + "</span>"
	}
	return embedHTML(run)
}

// escapeAll escapes whatever could be markup or an address: what stands between
// two tags is Markdown again, and a name is neither.
func escapeAll(name string) string {
	var out strings.Builder
	for _, r := range name {
		if r < utf8.RuneSelf && isPunctuation(r) && r != '-' && r != '\'' {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// destination is a link target in angle brackets where it needs them.
func destination(address string) string {
	address = strings.NewReplacer("&", "&amp;", `\`, `\\`, "<", "%3C", ">", "%3E", "\n", "%0A", "\r", "%0D").Replace(address)
	if strings.ContainsAny(address, " ()\t") {
		return "<" + address + ">"
	}
	return address
}

// escapeMarkdown escapes what Markdown would read as markup anywhere in a
// line. Addresses are left alone: they stay readable, and become links when
// read again.
func escapeMarkdown(text string) string {
	if !strings.ContainsAny(text, "\\`*_[]<>~&!|") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case '\\', '`', '*', '[', ']', '<', '>', '~', '|':
			out.WriteByte('\\')
		case '_':
			// Inside a word it is no markup, and names_like_this stay readable.
			if i == 0 || i == len(text)-1 || !isWord(text[i-1]) || !isWord(text[i+1]) {
				out.WriteByte('\\')
			}
		case '&':
			// The longest name of a reference has 31 letters.
			if near := text[i:min(i+34, len(text))]; html.UnescapeString(near) != near {
				out.WriteByte('\\')
			}
		case '!':
			if i == len(text)-1 {
				out.WriteByte('\\')
			}
		}
		out.WriteByte(c)
	}
	return out.String()
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// unmarkEdges takes bold and italic off white space at the edge of a marked
// stretch, where Markdown cannot start or end it and nobody sees it.
func unmarkEdges(runs []ot.Op) []ot.Op {
	var out []ot.Op
	for _, run := range runs {
		text := run.Text()
		body := strings.Trim(text, " \t")
		if run.IsEmbed() || body == text || !has(run.Attributes(), "bold") && !has(run.Attributes(), "italic") || has(run.Attributes(), "code") {
			out = append(out, run)
			continue
		}
		start := len(text) - len(strings.TrimLeft(text, " \t"))
		if body == "" {
			start = 0
		}
		for _, part := range []string{text[:start], body, text[start+len(body):]} {
			if part != "" {
				out = append(out, ot.InsertText(part, run.Attributes()))
			}
		}
	}
	for _, key := range []string{"bold", "italic"} {
		for i := range out {
			if blank(out[i]) && has(out[i].Attributes(), key) && (i == 0 || i == len(out)-1 || !has(out[i-1].Attributes(), key) || !has(out[i+1].Attributes(), key)) {
				out[i] = ot.InsertText(out[i].Text(), without(out[i].Attributes(), key))
			}
		}
	}
	return out
}

func blank(run ot.Op) bool { return !run.IsEmbed() && strings.Trim(run.Text(), " \t") == "" }

func without(attributes ot.Attributes, key string) ot.Attributes {
	set := map[string]ot.Value{}
	for name, value := range attributes.All() {
		if name != key {
			set[name] = value
		}
	}
	return ot.MakeAttributes(set)
}
