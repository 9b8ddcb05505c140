package convert

import (
	"strings"
	"testing"
)

// TestHostileShapesEnd gives the readers 256 KiB of what parsers are slow
// at. There is no clock here: a shape that takes quadratic time runs into the
// test's deadline.
func TestHostileShapesEnd(t *testing.T) {
	for _, shape := range []string{"*a_ ", "**a ", "`", "`a ``b ", "[a](", "![", "[a][", "<a ", "<!--", "&amp", "|a", "|a|\n|-|\n", "- a\n  ", "> a\n", ">", "1. ", "~~a", "_*",
		"\\", "a\n===\n", "<b>", "<b></i>", "<p>", "<a>", "<table>", "<table><td>", "<ul><li>", "<div ", "<b a=", "<!", "</p>", "[^a]", "http://a", "a@b.c ", "<span>", "*", "_", "[]: ", "[a]: b\n", "\t- a\n"} {
		input := []byte(strings.Repeat(shape, (1<<18)/len(shape)))
		for _, format := range []Format{FormatMarkdown, FormatHTML} {
			t.Run(string(format)+"/"+strings.TrimSpace(shape), func(t *testing.T) {
				document, err := Read(format, input)
				if err == nil {
					_ = Markdown(document)
					_ = Page(document, "")
				}
			})
		}
	}
}
