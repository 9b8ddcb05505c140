package protocol

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

const (
	// maxDepth bounds the nesting of a frame outside its delta, whose own bound
	// is the algebra's. The deepest message we define nests four levels; presence
	// state is the embedder's.
	maxDepth = 32
	// maxInteger is the largest integer that JavaScript counts exactly.
	maxInteger = 1<<53 - 1
)

// scanner walks one frame once, strictly: RFC 8259 without its leniencies.
// The first failure sticks, so callers check it once at the end. It never
// recurses deeper than maxDepth and never allocates for plain strings it is
// not asked to keep.
type scanner struct {
	b   []byte
	i   int
	err *FrameError
}

func (s *scanner) fail(reason string) {
	if s.err == nil {
		s.err = &FrameError{Close: CloseProtocol, Reason: reason, Offset: s.i}
		s.i = len(s.b)
	}
}

// peek returns the next byte that is not white space, or 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// accept consumes c when it is next.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

func (s *scanner) end() {
	if s.peek() != 0 || s.i < len(s.b) {
		s.fail("text after the message")
	}
}

// raw consumes a string and returns what stands between its quotes; plain
// tells that it holds no escape. Escapes are checked here (law D2: a lone
// surrogate is refused, not replaced), UTF-8 was checked for the whole frame.
func (s *scanner) raw() (text []byte, plain bool) {
	if !s.accept('"') {
		s.fail("a string was expected")
		return nil, true
	}
	start, plain := s.i, true
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1], plain
		case c == '\\':
			plain = false
			if !s.escape() {
				return nil, true
			}
		case c < ' ':
			s.fail("control character in a string")
			return nil, true
		default:
			s.i++
		}
	}
	s.fail("unfinished string")
	return nil, true
}

// escape consumes one escape sequence, or a pair for a character beyond the
// basic plane.
func (s *scanner) escape() bool {
	if s.i+1 >= len(s.b) {
		s.fail("unfinished string")
		return false
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return true
	case 'u':
	default:
		s.fail("unknown escape in a string")
		return false
	}
	unit, ok := hexUnit(s.b[s.i:])
	if !ok {
		s.fail("unknown escape in a string")
		return false
	}
	s.i += 6
	if !utf16.IsSurrogate(unit) {
		return true
	}
	second, ok := hexUnit(s.b[s.i:])
	if !ok || utf16.DecodeRune(unit, second) == utf8.RuneError {
		s.fail("lone surrogate in a string")
		return false
	}
	s.i += 6
	return true
}

// hexUnit reads a \uXXXX escape at the start of b.
func hexUnit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		unit = unit<<4 | rune(c)
	}
	return unit, true
}

// unescape resolves the escapes of a string that raw has accepted.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		c := text[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		switch c = text[i+1]; c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			unit, _ := hexUnit(text[i:])
			i += 6
			if utf16.IsSurrogate(unit) {
				second, _ := hexUnit(text[i:])
				unit = utf16.DecodeRune(unit, second)
				i += 6
			}
			out = utf8.AppendRune(out, unit)
			continue
		}
		out = append(out, c)
		i += 2
	}
	return out
}

func (s *scanner) text() string {
	text, plain := s.raw()
	if !plain {
		text = unescape(text)
		return unsafe.String(unsafe.SliceData(text), len(text)) // ours alone
	}
	return string(text)
}

// number consumes a number and tells whether it was written as an integer.
func (s *scanner) number() (text []byte, integer bool) {
	s.peek()
	start := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	switch first := s.i; {
	case s.digits() == 0:
		s.fail("a number was expected")
		return nil, false
	case s.b[first] == '0' && s.i > first+1:
		s.fail("a number begins with 0")
		return nil, false
	}
	integer = true
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		integer = false
		if s.digits() == 0 {
			s.fail("a digit was expected")
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		integer = false
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.digits() == 0 {
			s.fail("a digit was expected")
		}
	}
	if s.err != nil {
		return nil, false
	}
	return s.b[start:s.i], integer
}

func (s *scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// integer consumes an integer of [least, 2^53-1], written without fraction or
// exponent.
func (s *scanner) integer(least int64) int64 {
	text, ok := s.number()
	if s.err != nil {
		return least
	}
	if !ok {
		s.fail("an integer was expected")
		return least
	}
	if len(text) > 17 { // longer than -2^53: also keeps the sum below in range
		s.fail("integer out of range")
		return least
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var n int64
	for _, c := range text {
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	if n < least || n > maxInteger {
		s.fail("integer out of range")
		return least
	}
	return n
}

func (s *scanner) word(w string) bool {
	s.peek()
	return s.prefix(w)
}

// null consumes a null when it is next.
func (s *scanner) null() bool { return s.peek() == 'n' && s.word("null") }

func (s *scanner) boolean() bool {
	if s.word("true") {
		return true
	}
	if !s.word("false") {
		s.fail("true or false was expected")
	}
	return false
}

// skip consumes any one value, checking it as strictly as what is kept.
func (s *scanner) skip(depth int) {
	switch c := s.peek(); c {
	case '{':
		if depth >= maxDepth {
			s.fail("nested too deeply")
			return
		}
		for o := s.object(); o.next(); {
			s.skip(depth + 1)
		}
	case '[':
		if depth >= maxDepth {
			s.fail("nested too deeply")
			return
		}
		for a := s.array(); a.next(); {
			s.skip(depth + 1)
		}
	case '"':
		s.raw()
	case 't', 'f':
		s.boolean()
	case 'n':
		if !s.null() {
			s.fail("unknown word")
		}
	default:
		s.number()
	}
}

// extent consumes one value by matching its brackets only and returns its
// bytes. What it returns must be parsed strictly by someone else.
func (s *scanner) extent() []byte {
	c := s.peek()
	start := s.i
	if c != '{' && c != '[' {
		s.skip(0)
		return s.b[start:s.i]
	}
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				s.i++
				return s.b[start:s.i]
			}
		case '"':
			s.i++
			for s.i < len(s.b) && s.b[s.i] != '"' {
				if s.b[s.i] == '\\' {
					s.i++
				}
				s.i++
			}
		}
		s.i++
	}
	s.i = min(s.i, len(s.b))
	s.fail("unfinished value")
	return nil
}
