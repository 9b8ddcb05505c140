package ot

import "strings"

// The shapes of attribute values. All take canonical JSON text, so one meaning
// has one spelling already and most checks compare text.

func isTrue(v Value) bool { return v == "true" }

func isOneOf(values ...Value) func(Value) bool {
	return func(v Value) bool {
		for _, w := range values {
			if v == w {
				return true
			}
		}
		return false
	}
}

// isInteger accepts whole numbers from low to high, both at least 1.
func isInteger(low, high int) func(Value) bool {
	return func(v Value) bool {
		n := 0
		for i := range len(v) {
			if v[i] < '0' || v[i] > '9' || i > 8 {
				return false
			}
			n = n*10 + int(v[i]-'0')
		}
		return n >= low && n <= high
	}
}

func isColor(v Value) bool {
	return len(v) == 9 && v[1] == '#' && v[0] == '"' &&
		consists(string(v[2:8]), func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' })
}

// maxLink is the longest link or image address, in UTF-16 units.
const maxLink = 2048

// isLink accepts addresses with one of the schemes, spelled in lower case,
// something behind it, and neither spaces nor control characters.
func isLink(schemes ...string) func(Value) bool {
	return func(v Value) bool {
		s, ok := v.decode()
		if !ok || units(s) > maxLink || strings.ContainsFunc(s, func(r rune) bool { return r <= 0x20 || r == 0x7F }) {
			return false
		}
		for _, scheme := range schemes {
			if len(s) > len(scheme) && strings.HasPrefix(s, scheme) {
				return true
			}
		}
		return false
	}
}

// isCodeBlock accepts true or the name of a language.
func isCodeBlock(v Value) bool {
	if v == "true" {
		return true
	}
	s, ok := v.decode()
	return ok && len(s) >= 1 && len(s) <= 32 && consists(s, func(c byte) bool {
		return isDigit(c) || c >= 'a' && c <= 'z' || c == '+' || c == '#' || c == '-'
	})
}

// isText accepts strings of low to high UTF-16 units without C0 characters.
func isText(low, high int) func(Value) bool {
	return func(v Value) bool {
		s, ok := v.decode()
		n := units(s)
		return ok && n >= low && n <= high && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 })
	}
}

// isMention accepts {"id": UUID in lower case, "name": 1 to 80 units}.
func isMention(v Value) bool {
	const before, between = `{"id":"`, `","name":`
	id, found := strings.CutPrefix(string(v), before)
	if !found || len(id) < 36+len(between) {
		return false
	}
	name, found := strings.CutPrefix(id[36:], between)
	if !found || !isUUID(id[:36]) {
		return false
	}
	name, found = strings.CutSuffix(name, "}")
	return found && isName(Value(name))
}

var isName = isText(1, 80)

func isUUID(s string) bool {
	for i := range len(s) {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func consists(s string, of func(byte) bool) bool {
	for i := range len(s) {
		if !of(s[i]) {
			return false
		}
	}
	return true
}

// decode returns the string that v is the JSON text of. It is strict: of
// `"a","b":"c"` it makes nothing.
func (v Value) decode() (string, bool) {
	s := scanner{b: []byte(v)}
	text, err := s.text()
	return text, err == nil && s.i == len(s.b)
}
