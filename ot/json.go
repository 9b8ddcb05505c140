package ot

import "strconv"

// ParseDelta reads a delta from Quill's JSON form, strictly: each op has one
// action, lengths are whole and positive, an insert's attributes hold no null,
// nothing unknown, doubled, lone or left over. What it refuses it names in an
// *Error. The delta need not be canonical; see Delta.CheckCanonical.
func ParseDelta(b []byte) (Delta, error) {
	s := scanner{b: b, op: -1}
	d, err := s.delta()
	if err != nil {
		return nil, err
	}
	if s.peek() != 0 || s.i < len(s.b) {
		return nil, s.fail("more follows the delta")
	}
	return d, nil
}

// ReadDelta reads the delta that b begins with, as ParseDelta does, and
// returns what follows it. A message's reader need not look for its end first.
func ReadDelta(b []byte) (d Delta, rest []byte, err error) {
	s := scanner{b: b, op: -1}
	if d, err = s.delta(); err != nil {
		return nil, nil, err
	}
	return d, s.b[s.i:], nil
}

func (s *scanner) delta() (Delta, error) {
	if !s.accept('[') {
		return nil, s.fail("a delta is an array")
	}
	var room [6]Op // most deltas are shorter
	ops := room[:0]
	if !s.accept(']') {
		for {
			s.op++
			ops = append(ops, Op{})
			if err := s.readOp(&ops[s.op]); err != nil {
				return nil, err
			}
			if s.accept(']') {
				break
			}
			if !s.accept(',') {
				return nil, s.fail("the array is malformed")
			}
		}
	}
	s.op = -1
	d := make(Delta, len(ops))
	copy(d, ops)
	return d, nil
}

func (s *scanner) readOp(o *Op) error {
	key, err := s.firstName()
	styled := false
	for err == nil {
		if key == "attributes" {
			if styled {
				return s.fail("an op has attributes twice")
			}
			styled = true
			o.attrs, err = s.attributes()
		} else {
			err = s.action(o, key)
		}
		if err != nil || s.accept('}') {
			break
		}
		if !s.accept(',') {
			return s.fail("an op is malformed")
		}
		key, err = s.name()
	}
	if err != nil {
		return err
	}
	switch {
	case o.kind == 0:
		return s.fail("an op needs insert, retain or delete")
	case o.kind == KindDelete && styled:
		return s.fail("a delete takes no attributes")
	case o.kind == KindInsert && o.attrs.hasNull():
		return s.fail("an insert's attributes hold null")
	}
	return nil
}

// firstName takes the beginning of an op up to its first value. How nearly
// every op begins is known at one look.
func (s *scanner) firstName() (string, error) {
	const size = len(`{"insert":`)
	if s.i+size <= len(s.b) {
		key := ""
		switch string(s.b[s.i : s.i+size]) {
		case `{"insert":`:
			key = "insert"
		case `{"retain":`:
			key = "retain"
		case `{"delete":`:
			key = "delete"
		}
		if key != "" {
			s.i += size
			return key, nil
		}
	}
	if !s.accept('{') {
		return "", s.fail("an op is an object")
	}
	if s.accept('}') {
		return "", s.fail("an op is empty")
	}
	return s.name()
}

func (s *scanner) action(o *Op, key string) (err error) {
	if key != "insert" && key != "retain" && key != "delete" {
		return s.fail("an op has an unknown key")
	}
	if o.kind != 0 {
		return s.fail("an op has two actions")
	}
	switch key {
	case "retain":
		o.kind = KindRetain
		o.n, err = s.length()
	case "delete":
		o.kind = KindDelete
		o.n, err = s.length()
	default:
		o.kind = KindInsert
		err = s.content(o)
	}
	return err
}

// content takes what an insert puts in: a string or an object of one key.
func (s *scanner) content(o *Op) (err error) {
	switch s.peek() {
	case '"':
		if o.text, err = s.text(); err != nil {
			return err
		}
		if o.n = units(o.text); o.n == 0 {
			return s.fail("an insert is empty")
		}
	case '{':
		members, err := s.members(0)
		if err != nil {
			return err
		}
		if len(members) != 1 {
			return s.fail("an embed has one key")
		}
		o.n, o.embed = 1, &Embed{members[0].key, members[0].value}
	default:
		return s.fail("an insert is a string or an object")
	}
	return nil
}

func (s *scanner) attributes() (Attributes, error) {
	pairs, err := s.members(0)
	if err != nil {
		return Attributes{}, err
	}
	if len(pairs) == 0 {
		return Attributes{set: emptySet}, nil
	}
	return sorted(pairs), nil
}

// AppendJSON appends the delta in Quill's JSON form, keys of attributes
// sorted, nothing escaped that need not be.
func (d Delta) AppendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i := range d {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d[i].AppendJSON(dst)
	}
	return append(dst, ']')
}

// AppendJSON appends the op in Quill's JSON form.
func (o Op) AppendJSON(dst []byte) []byte {
	switch {
	case o.kind == KindRetain:
		dst = strconv.AppendInt(append(dst, `{"retain":`...), int64(o.n), 10)
	case o.kind == KindDelete:
		dst = strconv.AppendInt(append(dst, `{"delete":`...), int64(o.n), 10)
	default:
		dst = o.appendContent(append(dst, `{"insert":`...))
	}
	if o.attrs.Len() > 0 {
		dst = o.attrs.appendJSON(append(dst, `,"attributes":`...))
	}
	return append(dst, '}')
}

func (o *Op) appendContent(dst []byte) []byte {
	if o.embed == nil {
		return appendString(dst, o.text)
	}
	return o.embed.appendJSON(dst)
}

func (e *Embed) appendJSON(dst []byte) []byte {
	dst = appendString(append(dst, '{'), e.Key)
	return append(append(append(dst, ':'), e.Value...), '}')
}

func (a Attributes) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, p := range a.pairs() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(appendString(dst, p.key), ':'), p.value...)
	}
	return append(dst, '}')
}

// jsonLen is about how long appendJSON's text is, and never less; bytes.
func (a Attributes) jsonLen() (n int) {
	for _, p := range a.pairs() {
		n += len(p.key) + len(p.value) + len(`"":,`)
	}
	return n + len("{}")
}

// appendString writes a string as RFC 8785 (3.2.2.2) and JSON.stringify do.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	return append(appendEscaped(dst, s), '"')
}

func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	const hex = "0123456789abcdef"
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch at := indexByte("\"\\\b\f\n\r\t", c); {
		case at >= 0:
			dst = append(dst, '\\', `"\bfnrt`[at])
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[start:]...)
}

// MarshalJSON implements json.Marshaler by AppendJSON.
func (d Delta) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler by ParseDelta.
func (d *Delta) UnmarshalJSON(b []byte) error {
	p, err := ParseDelta(b)
	if err != nil {
		return err
	}
	*d = p
	return nil
}
