package convert

import (
	"maps"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"golang.org/x/net/html"
)

// markdownInlines reads the inline content of one block. Inline HTML arrives
// as single tags, so open ones are kept on a stack.
type markdownInlines struct {
	reader *markdownReader
	state  blockState
	cell   bool // in a table cell: no line breaks
	open   []*openTag
}

// maxTags is how many inline HTML elements may be open: more than there are
// marks to set.
const maxTags = 20

// openTag is an inline HTML element that was started and not yet ended.
type openTag struct {
	name  string
	marks marksMap // it adds to what is in force
	node  *html.Node
	text  strings.Builder // of an embed: its content, not yet in the document
}

// embed reports whether the element stands for an embed, in the spelling of
// this package's writers.
func (t *openTag) embed() bool {
	return get(t.node, "data-mention") != "" || get(t.node, "data-divider") != ""
}

func (in *markdownInlines) children(parent ast.Node, marks marksMap) {
	for node := parent.FirstChild(); node != nil && !in.reader.sink.full(); node = node.NextSibling() {
		in.node(node, marks)
	}
}

func (in *markdownInlines) node(node ast.Node, marks marksMap) {
	source := in.reader.source
	switch node := node.(type) {
	case *ast.Text:
		content := string(node.Segment.Value(source))
		if !node.IsRaw() {
			content = unescape(content)
		}
		in.text(content, marks)
		switch {
		case node.HardLineBreak():
			in.lineBreak()
		case node.SoftLineBreak():
			in.text(" ", marks)
		}
	case *ast.String:
		in.text(string(node.Value), marks)
	case *ast.CodeSpan:
		in.codeSpan(node, marks)
	case *ast.Emphasis:
		if node.Level == 2 {
			in.children(node, marks.with("bold", "true"))
		} else {
			in.children(node, marks.with("italic", "true"))
		}
	case *extast.Strikethrough:
		in.children(node, marks.with("strike", "true"))
	case *ast.Link:
		in.children(node, marks.without("link").linked(unescape(string(node.Destination))))
	case *ast.AutoLink:
		address := string(node.URL(source))
		if node.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
			address = "mailto:" + address
		}
		in.text(string(node.Label(source)), marks.linked(address))
	case *ast.Image:
		in.image(node, marks)
	case *ast.RawHTML:
		for i := range node.Segments.Len() {
			segment := node.Segments.At(i)
			in.tag(string(segment.Value(source)), marks)
		}
	case *extast.TaskCheckBox:
	default:
		in.children(node, marks)
	}
}

// text adds text with the marks of Markdown and of open HTML tags.
func (in *markdownInlines) text(content string, marks marksMap) {
	if n := len(in.open); n > 0 && in.open[n-1].embed() {
		in.open[n-1].text.WriteString(content)
		return
	}
	in.reader.sink.text(in.state, content, in.all(marks))
}

func (in *markdownInlines) all(marks marksMap) marksMap {
	if len(in.open) == 0 {
		return marks
	}
	all := marksMap{}
	maps.Copy(all, marks)
	for _, tag := range in.open {
		maps.Copy(all, tag.marks)
	}
	return all
}

func (in *markdownInlines) lineBreak() {
	if in.cell {
		in.reader.sink.text(in.state, " ", nil)
		return
	}
	in.reader.sink.begin(in.state)
	in.reader.sink.end()
}

func (in *markdownInlines) codeSpan(node *ast.CodeSpan, marks marksMap) {
	var content strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			content.Write(text.Segment.Value(in.reader.source))
		}
	}
	in.text(strings.ReplaceAll(content.String(), "\n", " "), marks.with("code", "true"))
}

func (in *markdownInlines) image(node *ast.Image, marks marksMap) {
	var description strings.Builder
	_ = ast.Walk(node, func(child ast.Node, entering bool) (ast.WalkStatus, error) {
		if text, ok := child.(*ast.Text); ok && entering {
			description.WriteString(unescape(string(text.Segment.Value(in.reader.source))))
		}
		return ast.WalkContinue, nil
	})
	in.reader.sink.image(in.state, unescape(string(node.Destination)), description.String(), "", in.all(marks))
}

// tag reads one inline HTML tag.
func (in *markdownInlines) tag(raw string, marks marksMap) {
	if len(in.open) >= maxTags && !strings.HasPrefix(raw, "</") && !strings.HasPrefix(raw, "<br") && !strings.HasPrefix(raw, "<img") {
		return // tags that are never closed pile up; do not even read them
	}
	tokens := html.NewTokenizer(strings.NewReader(raw))
	switch tokens.Next() {
	case html.StartTagToken, html.SelfClosingTagToken:
		token := tokens.Token()
		node := &html.Node{Type: html.ElementNode, Data: token.Data, DataAtom: token.DataAtom, Attr: token.Attr}
		switch token.Data {
		case "br":
			in.lineBreak()
		case "img":
			in.reader.sink.image(in.state, get(node, "src"), get(node, "alt"), get(node, "width"), in.all(marks))
		default:
			state := inlineState(node, htmlState{keepSpaces: true})
			in.open = append(in.open, &openTag{name: token.Data, marks: state.marks, node: node})
		}
	case html.EndTagToken:
		in.close(tokens.Token().Data, marks)
	}
}

// close ends the innermost open tag of the name, and those left open inside.
func (in *markdownInlines) close(name string, marks marksMap) {
	for i := len(in.open) - 1; i >= 0; i-- {
		if in.open[i].name != name {
			continue
		}
		node, text := in.open[i].node, in.open[i].text.String()
		in.open = in.open[:i]
		in.special(node, text, in.all(marks))
		return
	}
}

// special reads the elements this package writes for embeds.
func (in *markdownInlines) special(node *html.Node, text string, marks marksMap) {
	if get(node, "data-divider") != "" {
		in.reader.sink.inlineDivider(in.state, marks)
		return
	}
	id := get(node, "data-mention")
	if id == "" {
		return
	}
	if !in.reader.sink.mention(in.state, id, strings.TrimPrefix(text, "@"), marks) {
		in.reader.sink.text(in.state, text, marks)
	}
}
