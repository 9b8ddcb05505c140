// Package convert turns documents into the formats people carry around and
// back: HTML, Markdown (GFM) and plain text.
//
// It owns the meaning of a document line in those formats and nothing else: it
// knows neither HTTP nor the store. Reading is tolerant and safe: whatever
// comes in, what goes out is a document of ot.RichText (law D4) or an error
// that says why. Elements, attributes and links outside that allowlist lose
// their formatting and keep their text; scripts, styles and frames vanish
// whole. Size and nesting are capped before a parser sees the input, because
// both parsers take more than linear time on deep nesting; what Markdown's
// paragraphs hold is capped as the parser finds them, before it looks within.
// Writing escapes everything and emits no script and no link outside http, https
// and mailto.
//
// All functions are pure and may be called from any goroutine. Lengths given
// to callers are bytes of the input, never UTF-16 units.
package convert
