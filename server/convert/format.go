package convert

import (
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/coscribe/coscribe/ot"
)

// Format is a way to write a document down.
type Format string

// The formats, named as in the `format` query parameter.
const (
	FormatDelta    Format = "delta"
	FormatText     Format = "text"
	FormatMarkdown Format = "markdown"
	FormatHTML     Format = "html"
)

// Input limits. A parser is never given more.
const (
	// MaxBytes is the largest input read, in bytes. It is the size of a
	// document that is still pleasant to edit, several books long.
	MaxBytes = 4 << 20
	// maxDepth is how deep elements, quotes, lists and brackets may nest.
	maxDepth = 100
)

// Errors of the readers; they are wrapped with what was found.
var (
	// ErrTooLarge: more than MaxBytes.
	ErrTooLarge = errors.New("the text is too large")
	// ErrEncoding: not UTF-8; what it says could only be guessed.
	ErrEncoding = errors.New("the text is not UTF-8")
	// ErrTooComplex: nested deeper, or with more marks or cells, than any document
	// needs.
	ErrTooComplex = errors.New("the text is too complex")
)

// ByMediaType returns the format that a Content-Type names; ok is false for an
// unknown or malformed one. An empty Content-Type is FormatDelta (JSON).
func ByMediaType(contentType string) (format Format, ok bool) {
	if contentType == "" {
		return FormatDelta, true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", false
	}
	switch mediaType {
	case "application/json":
		return FormatDelta, true
	case "text/markdown", "text/x-markdown":
		return FormatMarkdown, true
	case "text/html", "application/xhtml+xml":
		return FormatHTML, true
	case "text/plain":
		return FormatText, true
	}
	return "", false
}

// MediaType is the Content-Type of a document in this format.
func (f Format) MediaType() string {
	switch f {
	case FormatText:
		return "text/plain; charset=utf-8"
	case FormatMarkdown:
		return "text/markdown; charset=utf-8"
	case FormatHTML:
		return "text/html; charset=utf-8"
	}
	return "application/json"
}

// Extension is the usual ending of a file in this format, with its dot.
func (f Format) Extension() string {
	switch f {
	case FormatText:
		return ".txt"
	case FormatMarkdown:
		return ".md"
	case FormatHTML:
		return ".html"
	}
	return ".json"
}

// Write returns the document in the format. FormatHTML is a whole page that
// stands alone and prints well, titled title; the others ignore title.
// FormatDelta is the bare array of ops.
func Write(format Format, document ot.Delta, title string) ([]byte, error) {
	switch format {
	case FormatDelta:
		return document.AppendJSON(nil), nil
	case FormatText:
		return Text(document), nil
	case FormatMarkdown:
		return Markdown(document), nil
	case FormatHTML:
		return Page(document, title), nil
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// Read parses input in a text format (not FormatDelta, see FromJSON) into a
// document that ot.RichText accepts. ErrTooLarge, ErrEncoding, ErrTooComplex.
func Read(format Format, input []byte) (ot.Delta, error) {
	switch format {
	case FormatText:
		return FromText(input)
	case FormatMarkdown:
		return FromMarkdown(input)
	case FormatHTML:
		return FromHTML(input)
	}
	return nil, fmt.Errorf("cannot read format %q", format)
}

// clean makes input safe to parse: newlines as "\n", and no C0 control character
// but newline and tab (law D4). What is not UTF-8 is refused (law D2).
func clean(input []byte) (string, error) {
	if len(input) > MaxBytes {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(input), MaxBytes)
	}
	if !utf8.Valid(input) {
		return "", ErrEncoding
	}
	text := strings.TrimPrefix(string(input), "\ufeff")
	if !strings.ContainsFunc(text, forbidden) {
		return text, nil
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Map(dropForbidden, text), nil
}

// forbidden are the control characters that no document holds.
func forbidden(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }

func dropForbidden(r rune) rune {
	if forbidden(r) {
		return -1
	}
	return r
}
