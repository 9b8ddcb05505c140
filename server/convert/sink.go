package convert

import (
	"maps"
	"strings"

	"github.com/coscribe/coscribe/ot"
)

// marksMap holds the inline attributes in force while reading. It is never
// changed in place: with copies.
type marksMap map[string]ot.Value

func (m marksMap) with(key string, value ot.Value) marksMap {
	next := maps.Clone(m)
	if next == nil {
		next = marksMap{}
	}
	next[key] = value
	return next
}

func (m marksMap) without(key string) marksMap {
	if _, ok := m[key]; !ok {
		return m
	}
	next := maps.Clone(m)
	delete(next, key)
	return next
}

// toggled sets or removes a mark that is true or absent.
func (m marksMap) toggled(key string, on bool) marksMap {
	if on {
		return m.with(key, "true")
	}
	return m.without(key)
}

// linked adds a link if documents may hold it (law D4), and nothing otherwise.
func (m marksMap) linked(address string) marksMap {
	next := m.with("link", jsonString(strings.TrimSpace(address)))
	if !legal(ot.InsertText("x", ot.MakeAttributes(next))) {
		return m
	}
	return next
}

// legal asks the schema about one op.
func legal(op ot.Op) bool { return ot.RichText.Check(ot.Delta{op}) == nil }

// blockState is the block a reader is in.
type blockState struct {
	header    int
	quote     bool
	code      bool
	language  string // of a code block; "" for none
	item      *itemState
	depth     int // lists open around the item, less one
	indent    int // of a paragraph
	align     string
	direction string
}

// itemState is one list item: its first line carries the marker, later ones
// stand indented under it.
type itemState struct {
	list string // "bullet", "ordered", "checked", "unchecked"
	used bool
}

const maxIndent = 8 // levels; the schema's bound

// attributes are those of the newline that ends a line in this block.
func (b blockState) attributes() ot.Attributes {
	set := map[string]ot.Value{}
	indent := b.indent
	if b.item != nil {
		indent = b.depth + 1 // under the item's text
	}
	switch {
	case b.code:
		set["code-block"] = "true"
		if language := jsonString(b.language); b.language != "" && legal(ot.InsertText("\n", ot.Attrs("code-block", b.language))) {
			set["code-block"] = language
		}
	case b.item != nil && !b.item.used:
		b.item.used = true
		set["list"] = jsonString(b.item.list)
		indent = b.depth
	case b.header > 0:
		set["header"] = ot.Value(rune('0' + min(b.header, 3)))
	case b.quote:
		set["blockquote"] = "true"
	}
	if indent > 0 {
		set["indent"] = ot.Value(rune('0' + min(indent, maxIndent)))
	}
	if b.code {
		return ot.MakeAttributes(set)
	}
	switch b.align {
	case "center", "right", "justify":
		set["align"] = jsonString(b.align)
	}
	if b.direction == "rtl" {
		set["direction"] = `"rtl"`
	}
	return ot.MakeAttributes(set)
}

// lineSink collects lines. A line takes the block in force when its first
// character arrives.
type lineSink struct {
	builder ot.Builder
	open    bool
	newline ot.Attributes

	size int           // of what was added, in bytes as a change; above maxChange nothing more is
	last ot.Attributes // of what was added last; text that goes on in them is no op of its own
}

// takes counts something of so many bytes and reports whether it is to be added.
func (s *lineSink) takes(bytes int, attributes ot.Attributes) bool {
	s.size += bytes
	if !attributes.Equal(s.last) {
		s.last = attributes
		for key, value := range attributes.All() {
			s.size += len(key) + len(value)
		}
	}
	return !s.full()
}

// full says that this becomes no document any more: readers stop, since what is
// left may take them long.
func (s *lineSink) full() bool { return s.size > maxChange }

func (s *lineSink) insert(text string, attributes ot.Attributes) {
	if s.takes(len(text), attributes) {
		s.builder.Insert(text, attributes)
	}
}

func (s *lineSink) embed(embed ot.Embed, attributes ot.Attributes) {
	s.last = ot.Attributes{} // an embed is an op of its own
	if s.takes(len(embed.Value), attributes) {
		s.builder.InsertEmbed(embed, attributes)
	}
	s.last = ot.Attributes{}
}

// begin starts a line in the block unless one is open.
func (s *lineSink) begin(block blockState) {
	if !s.open {
		s.open, s.newline = true, block.attributes()
	}
}

// end closes the open line, if any.
func (s *lineSink) end() {
	if s.open {
		s.insert("\n", s.newline)
		s.open = false
	}
}

// text adds text without newlines to the line.
func (s *lineSink) text(block blockState, text string, marks marksMap) {
	if text == "" {
		return
	}
	s.begin(block)
	s.insert(text, ot.MakeAttributes(marks))
}

// code adds the lines of a code block; text may end in a newline or not.
func (s *lineSink) code(block blockState, text string) {
	s.end()
	for text != "" {
		var row string
		row, text, _ = strings.Cut(text, "\n")
		s.begin(block)
		s.insert(row, ot.Attributes{})
		s.end()
	}
}

// divider adds a line that is a divider.
func (s *lineSink) divider() {
	s.end()
	s.begin(blockState{})
	s.embed(dividerEmbed, ot.Attributes{})
	s.end()
}

// inlineDivider adds a divider that stands in a line with other content.
func (s *lineSink) inlineDivider(block blockState, marks marksMap) {
	s.begin(block)
	s.embed(dividerEmbed, ot.MakeAttributes(marks))
}

// image adds an image, or its description where documents may not hold it.
// width is in CSS pixels, as digits, "" for none.
func (s *lineSink) image(block blockState, source, description, width string, marks marksMap) {
	marks = marks.without("alt").without("width")
	embed := ot.Embed{Key: "image", Value: jsonString(source)}
	if !legal(ot.InsertEmbed(embed, ot.MakeAttributes(marks))) {
		s.text(block, strings.Join(strings.Fields(description), " "), marks)
		return
	}
	tries := []struct{ key, value string }{{"alt", string(jsonString(description))}, {"width", width}}
	for _, try := range tries {
		if try.value == "" || try.value == `""` {
			continue
		}
		if next := marks.with(try.key, ot.Value(try.value)); legal(ot.InsertEmbed(embed, ot.MakeAttributes(next))) {
			marks = next
		}
	}
	s.begin(block)
	s.embed(embed, ot.MakeAttributes(marks))
}

// mention adds a mention; it reports false, and adds nothing, where the id or
// the name will not do.
func (s *lineSink) mention(block blockState, id, name string, marks marksMap) bool {
	embed := ot.Embed{Key: "mention", Value: `{"id":` + jsonString(id) + `,"name":` + jsonString(name) + `}`}
	if !legal(ot.InsertEmbed(embed, ot.MakeAttributes(marks))) {
		return false
	}
	s.begin(block)
	s.embed(embed, ot.MakeAttributes(marks))
	return true
}

// document ends the last line and returns what was read, held against the
// schema once more as a whole. ErrTooLarge.
func (s *lineSink) document() (ot.Delta, error) {
	s.end()
	if s.full() {
		return nil, errFormatting
	}
	delta := s.builder.Delta()
	if len(delta) == 0 {
		delta = ot.Delta{ot.InsertText("\n", ot.Attributes{})}
	}
	return delta, check(delta)
}
