package ot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// maxDepth bounds how deep a value of an attribute or embed may nest.
const maxDepth = 32

// MakeValue returns the canonical JSON text (RFC 8785) of a Go value: anything
// encoding/json can write; a Value is taken as it is.
func MakeValue(v any) (Value, error) {
	if v, ok := v.(Value); ok {
		return v, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("ot: no JSON value: %w", err)
	}
	return ParseValue(b)
}

// ParseValue reads any JSON text as strictly as ParseDelta does and returns
// its canonical form.
func ParseValue(b []byte) (Value, error) {
	s := scanner{b: b, op: -1}
	v, err := s.value()
	if err != nil {
		return "", err
	}
	if s.peek() != 0 || s.i < len(s.b) {
		return "", s.fail("more follows the value")
	}
	return v, nil
}

// value takes any JSON value and returns its canonical text.
func (s *scanner) value() (Value, error) {
	switch s.peek() {
	case 't':
		return "true", s.literal("true")
	case 'f':
		return "false", s.literal("false")
	case 'n':
		return Null, s.literal("null")
	case '"':
		start := s.i
		body, escaped, err := s.raw()
		if err == nil && !escaped { // then it is canonical as it stands
			return Value(s.b[start:s.i]), nil
		}
		if err != nil {
			return "", err
		}
		text, err := s.unescape(body)
		return Value(appendString(nil, text)), err
	}
	b, err := s.appendValue(nil, 0)
	return Value(b), err
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return s.fail("a value is malformed")
	}
	s.i += len(word)
	return nil
}

func (s *scanner) appendValue(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, s.fail("a value nests too deep")
	}
	word := ""
	switch c := s.peek(); c {
	case '"':
		body, escaped, err := s.raw()
		if err != nil {
			return nil, err
		}
		if !escaped { // then it is canonical as it stands
			return append(append(append(dst, '"'), body...), '"'), nil
		}
		text, err := s.unescape(body)
		return appendString(dst, text), err
	case '{':
		return s.appendObject(dst, depth)
	case '[':
		return s.appendArray(dst, depth)
	case 't':
		word = "true"
	case 'f':
		word = "false"
	case 'n':
		word = "null"
	default:
		if c != '-' && (c < '0' || c > '9') {
			return nil, s.fail("a value is malformed")
		}
		f, err := s.number()
		return appendNumber(dst, f), err
	}
	return append(dst, word...), s.literal(word)
}

func (s *scanner) appendArray(dst []byte, depth int) ([]byte, error) {
	s.i++
	dst = append(dst, '[')
	if s.accept(']') {
		return append(dst, ']'), nil
	}
	for {
		var err error
		if dst, err = s.appendValue(dst, depth+1); err != nil {
			return nil, err
		}
		if s.accept(']') {
			return append(dst, ']'), nil
		}
		if !s.accept(',') {
			return nil, s.fail("an array is malformed")
		}
		dst = append(dst, ',')
	}
}

func (s *scanner) appendObject(dst []byte, depth int) ([]byte, error) {
	pairs, err := s.members(depth)
	if err != nil {
		return nil, err
	}
	dst = append(dst, '{')
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(appendString(dst, p.key), ':'), p.value...)
	}
	return append(dst, '}'), nil
}

// members takes an object and returns its members sorted by name.
func (s *scanner) members(depth int) ([]attribute, error) {
	if !s.accept('{') {
		return nil, s.fail("an object is missing")
	}
	if s.accept('}') {
		return nil, nil
	}
	var pairs []attribute
	for {
		key, err := s.name()
		if err != nil {
			return nil, err
		}
		value, err := s.member(depth)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, attribute{key, value})
		if s.accept('}') {
			break
		}
		if !s.accept(',') {
			return nil, s.fail("an object is malformed")
		}
	}
	if len(pairs) == 1 {
		return pairs, nil
	}
	slices.SortFunc(pairs, func(a, b attribute) int { return compareUTF16(a.key, b.key) })
	for i := 1; i < len(pairs); i++ {
		if pairs[i].key == pairs[i-1].key {
			return nil, s.fail("an object names a key twice")
		}
	}
	return pairs, nil
}

func (s *scanner) member(depth int) (Value, error) {
	if c := s.peek(); c == '{' || c == '[' {
		b, err := s.appendValue(nil, depth+1)
		return Value(b), err
	}
	return s.value()
}

// name takes an object's key and the colon. Keys that reach into JavaScript's
// prototypes are refused everywhere (law D4).
func (s *scanner) name() (string, error) {
	body, escaped, err := s.raw()
	if err != nil {
		return "", err
	}
	key, known := known(body)
	if !known {
		key = string(body)
		if escaped {
			if key, err = s.unescape(body); err != nil {
				return "", err
			}
		}
		if key == "__proto__" || key == "constructor" || key == "prototype" {
			return "", s.fail("a key is forbidden")
		}
	}
	if !s.accept(':') {
		return "", s.fail("an object is malformed")
	}
	return key, nil
}

// known returns the shared spelling of the names of every day, which saves
// allocating them.
func known(b []byte) (string, bool) {
	switch string(b) {
	case "insert":
		return "insert", true
	case "retain":
		return "retain", true
	case "delete":
		return "delete", true
	case "attributes":
		return "attributes", true
	case "bold":
		return "bold", true
	case "italic":
		return "italic", true
	case "underline":
		return "underline", true
	case "strike":
		return "strike", true
	case "code":
		return "code", true
	case "link":
		return "link", true
	case "color":
		return "color", true
	case "background":
		return "background", true
	case "header":
		return "header", true
	case "list":
		return "list", true
	case "indent":
		return "indent", true
	case "image":
		return "image", true
	}
	return "", false
}

// appendNumber writes a number as ECMAScript's Number::toString does, which is
// what RFC 8785 (3.2.2.3) asks for.
func appendNumber(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0') // and not -0
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1] // e-07 is e-7 there
		dst = dst[:n-1]
	}
	return dst
}
