package convert

import (
	"html"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// tag is one open inline element.
type tag struct{ open, close string }

// marks are the inline marks that map to one element, outermost first.
var marks = []struct {
	key  string
	name string
}{{"bold", "strong"}, {"italic", "em"}, {"underline", "u"}, {"strike", "s"}, {"code", "code"}}

// writeInline writes the runs of one line. Elements stay open across runs that
// share them, so a bold sentence with one italic word is one <strong>.
func writeInline(out *strings.Builder, runs []ot.Op) {
	var open []tag
	for _, run := range runs {
		want := tagsOf(run.Attributes())
		same := 0
		for same < len(open) && same < len(want) && open[same] == want[same] {
			same++
		}
		for i := len(open) - 1; i >= same; i-- {
			out.WriteString(open[i].close)
		}
		for _, t := range want[same:] {
			out.WriteString(t.open)
		}
		open = want
		if run.IsEmbed() {
			out.WriteString(embedHTML(run))
		} else {
			out.WriteString(html.EscapeString(run.Text()))
		}
	}
	for i := len(open) - 1; i >= 0; i-- {
		out.WriteString(open[i].close)
	}
}

func tagsOf(attributes ot.Attributes) []tag {
	var tags []tag
	if link := attribute(attributes, "link"); safeLink(link) {
		tags = append(tags, tag{`<a href="` + html.EscapeString(link) + `" rel="noopener noreferrer">`, "</a>"})
	}
	if style := colorStyle(attributes); style != "" {
		tags = append(tags, tag{`<span style="` + style + `">`, "</span>"})
	}
	for _, mark := range marks {
		if has(attributes, mark.key) {
			tags = append(tags, tag{"<" + mark.name + ">", "</" + mark.name + ">"})
		}
	}
	return tags
}

// colorStyle is the text colour and highlight as CSS, "" for neither.
func colorStyle(attributes ot.Attributes) string {
	var parts []string
	if color, ok := Color(attribute(attributes, "color")); ok {
		parts = append(parts, "color: "+color)
	}
	if background, ok := Color(attribute(attributes, "background")); ok {
		parts = append(parts, "background-color: "+background)
	}
	return strings.Join(parts, "; ")
}

func embedHTML(op ot.Op) string {
	embed := op.Embed()
	switch embed.Key {
	case "image":
		return imageHTML(op)
	case "divider":
		// An <hr> would end the paragraph it stands in.
		return `<span data-divider="true">---</span>`
	case "mention":
		id, name := mentionOf(embed)
		return `<span data-mention="` + html.EscapeString(id) + `">@` + html.EscapeString(name) + "</span>"
	}
	return ""
}

func imageHTML(op ot.Op) string {
	source := plain(op.Embed().Value)
	if !safeImage(source) {
		return html.EscapeString(embedText(op))
	}
	out := `<img src="` + html.EscapeString(source) + `" alt="` + html.EscapeString(embedText(op)) + `"`
	if width, ok := op.Attributes().Get("width"); ok {
		out += ` width="` + html.EscapeString(string(width)) + `"`
	}
	return out + ">"
}

// safeLink holds a link against the schemes of law D4; the schema checks it at
// the door too, but a file must be safe whatever it is made from.
func safeLink(link string) bool {
	return hasScheme(link, "http://") || hasScheme(link, "https://") || hasScheme(link, "mailto:")
}

func safeImage(source string) bool {
	return hasScheme(source, "http://") || hasScheme(source, "https://")
}

func hasScheme(address, scheme string) bool {
	return len(address) > len(scheme) && strings.EqualFold(address[:len(scheme)], scheme)
}
