package ot

import (
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON text strictly (RFC 8259): no invalid UTF-8, no lone
// surrogate, which encoding/json would turn into U+FFFD without a word
// (law D2), no duplicate name. It is on the path of every edit, so it uses no
// reflection and copies only what it keeps.
type scanner struct {
	b  []byte
	i  int
	op int // index of the op being read, for errors
}

func (s *scanner) fail(reason string) error { return errorAt(s.op, reason) }

// peek skips white space and returns the next byte, 0 at the end.
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

// accept skips white space and takes c if it comes next.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// raw takes a string and returns what stands between its quotes, and whether
// escapes stand in it. The bytes are the input's own.
func (s *scanner) raw() (body []byte, escaped bool, err error) {
	if !s.accept('"') {
		return nil, false, s.fail("a string is missing")
	}
	start, ascii := s.i, true
	for i := start; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			body = s.b[start:i]
			if !ascii && !utf8.Valid(body) {
				return nil, false, s.fail("invalid UTF-8")
			}
			return body, escaped, nil
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return nil, false, s.fail("a control character stands bare in a string")
		case c >= 0x80:
			ascii = false
		}
	}
	return nil, false, s.fail("a string does not end")
}

// text takes a string and returns what it means.
func (s *scanner) text() (string, error) {
	body, escaped, err := s.raw()
	if err != nil {
		return "", err
	}
	if !escaped {
		return string(body), nil
	}
	return s.unescape(body)
}

func (s *scanner) unescape(body []byte) (string, error) {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			out = append(out, body[i])
			i++
			continue
		}
		c := body[i+1] // raw never ends on a backslash
		i += 2
		if at := indexByte(`"\/bfnrt`, c); at >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[at])
			continue
		}
		if c != 'u' {
			return "", s.fail("an unknown escape")
		}
		r, ok := hex4(body, i)
		if !ok {
			return "", s.fail("an unknown escape")
		}
		i += 4
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), i+1 < len(body) && body[i] == '\\' && body[i+1] == 'u'
			if ok {
				low, ok = hex4(body, i+2)
			}
			r = utf16.DecodeRune(r, low)
			if !ok || r == utf8.RuneError {
				return "", s.fail("a lone surrogate")
			}
			i += 6
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), nil
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	var r rune
	for _, c := range b[i : i+4] {
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
		r = r<<4 | rune(c)
	}
	return r, true
}

func indexByte(s string, c byte) int {
	for i := range len(s) {
		if s[i] == c {
			return i
		}
	}
	return -1
}

// number takes a number. 1, 1.0 and 1e0 are the same (law A4).
func (s *scanner) number() (float64, error) {
	s.peek()
	start, i := s.i, s.i
	digits := func() bool {
		from := i
		for i < len(s.b) && s.b[i] >= '0' && s.b[i] <= '9' {
			i++
		}
		return i > from
	}
	at := func(set string) bool {
		ok := i < len(s.b) && indexByte(set, s.b[i]) >= 0
		if ok {
			i++
		}
		return ok
	}
	at("-")
	ok := at("0") || digits()
	if ok && at(".") {
		ok = digits()
	}
	if ok && at("eE") {
		at("+-")
		ok = digits()
	}
	if !ok {
		return 0, s.fail("a number is malformed")
	}
	s.i = i
	f, err := strconv.ParseFloat(string(s.b[start:i]), 64)
	if err != nil {
		return 0, s.fail("a number is too large")
	}
	return f, nil
}

// maxLength is the longest retain or delete in UTF-16 units; no document gets
// near it, and sums of many stay far from overflow.
const maxLength = 1<<31 - 1

// length takes the number of a retain or delete.
func (s *scanner) length() (int, error) {
	s.peek()
	n, i := int64(0), s.i // an int has 32 bits on some machines
	for i < len(s.b) && s.b[i] >= '0' && s.b[i] <= '9' && i-s.i < 10 {
		n = n*10 + int64(s.b[i]-'0')
		i++
	}
	// What is not a plain integer, or too long for one, takes the slow way.
	plain := i < len(s.b) && (s.b[i] == '}' || s.b[i] == ',')
	if i == s.i || s.b[s.i] == '0' || !plain && i < len(s.b) && indexByte(".eE0123456789", s.b[i]) >= 0 {
		f, err := s.number()
		switch {
		case err != nil:
			return 0, err
		case f > maxLength:
			return 0, s.fail("a length is too large")
		case f != math.Trunc(f):
			return 0, s.fail("a length must be a whole number")
		case f <= 0:
			return 0, s.fail("a length must be positive")
		}
		return int(f), nil
	}
	if n > maxLength {
		return 0, s.fail("a length is too large")
	}
	s.i = i
	return int(n), nil
}
