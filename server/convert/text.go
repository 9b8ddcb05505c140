package convert

import (
	"errors"
	"fmt"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// Text writes a document as plain text, ending in a newline. Items of lists
// have the signs that people type where there are no lists, as text copied from
// the page has: "- ", "1. ", "- [ ] " and "- [x] ", four spaces further in for
// each level. Images become their description, mentions "@" and the name,
// dividers "---".
func Text(document ot.Delta) []byte {
	var out []byte
	var numbers numbers
	for l := range lines(document) {
		number := numbers.next(l)
		if l.block == blockList {
			out = append(out, strings.Repeat("    ", l.indent)...)
			out = append(out, l.marker(number)...)
		}
		for _, run := range l.runs {
			if run.IsEmbed() {
				out = append(out, embedText(run)...)
			} else {
				out = append(out, run.Text()...)
			}
		}
		out = append(out, '\n')
	}
	return out
}

// embedText is what stands for an embed where only text can.
func embedText(op ot.Op) string {
	embed := op.Embed()
	switch embed.Key {
	case "mention":
		_, name := mentionOf(embed)
		return "@" + name
	case "divider":
		return "---"
	case "image":
		return attribute(op.Attributes(), "alt")
	}
	return ""
}

// FromText reads plain text: every line a paragraph. ErrTooLarge.
func FromText(input []byte) (ot.Delta, error) {
	text, err := clean(input)
	if err != nil {
		return nil, err
	}
	if text == "" || text[len(text)-1] != '\n' {
		text += "\n"
	}
	return ot.Delta{ot.InsertText(text, ot.Attributes{})}, nil
}

// FromJSON reads a document given as a delta: canonicalised, closed with a
// newline when that is missing, and checked against ot.RichText. Errors are
// *ot.Error where an op is at fault.
func FromJSON(input []byte) (ot.Delta, error) {
	delta, err := ot.ParseDelta(input)
	if err != nil {
		return nil, err
	}
	for index, op := range delta {
		if op.Kind() != ot.KindInsert {
			return nil, &ot.Error{Op: index, Reason: "a document has only inserts"}
		}
	}
	delta = ot.Canonical(delta)
	if !endsInNewline(delta) {
		delta = ot.Canonical(append(delta[:len(delta):len(delta)], ot.InsertText("\n", ot.Attributes{})))
	}
	return delta, check(delta)
}

func endsInNewline(delta ot.Delta) bool {
	if len(delta) == 0 {
		return false
	}
	text := delta[len(delta)-1].Text()
	return text != "" && text[len(text)-1] == '\n'
}

// check holds a whole document against the schema: each op, and that block
// keys stand on newlines only (law D4).
func check(document ot.Delta) error {
	if err := ot.RichText.Check(document); err != nil {
		return err
	}
	empty := ot.NewDocument()
	// The document as revision 1: inserted before the newline that revision 0
	// already has (law D0).
	return ot.RichText.CheckAt(empty, asFirstChange(document))
}

// asFirstChange turns a document into the change that makes it from
// revision 0: everything but its last newline is inserted before the newline
// that is there, which takes the last one's attributes.
func asFirstChange(document ot.Delta) ot.Delta {
	last := document[len(document)-1]
	change := append(ot.Delta(nil), document[:len(document)-1]...)
	if text := last.Text(); len(text) > 1 {
		change = append(change, ot.InsertText(text[:len(text)-1], last.Attributes()))
	}
	if last.Attributes().Len() > 0 {
		change = append(change, ot.Retain(1, last.Attributes()))
	}
	return ot.Canonical(change)
}

// FirstChange is the change that turns an empty document (law D0) into this
// one; it is empty for an empty document. The document must end in a newline.
// ErrTooLarge.
func FirstChange(document ot.Delta) (ot.Delta, error) {
	if !endsInNewline(document) {
		return nil, errors.New("the document does not end in a newline")
	}
	first := asFirstChange(document)
	var op []byte
	size := 0
	for i := range first {
		op = first[i].AppendJSON(op[:0])
		if size += len(op); size > maxChange {
			return nil, errFormatting
		}
	}
	return first, nil
}

// maxChange is how large a document may be as a change, in bytes. It is larger
// than what it was read from if something is said once there and at each of its
// places in a delta, such as a link's address or the style of a page.
const maxChange = 4 * MaxBytes

var errFormatting = fmt.Errorf("%w with its formatting, more than %d bytes; fewer links and styles would do as well", ErrTooLarge, maxChange)
