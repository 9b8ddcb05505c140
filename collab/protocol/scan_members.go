package protocol

import "bytes"

// object iterates the members of an object and refuses a key seen before.
type object struct {
	s     *scanner
	key   []byte // of the current member, escapes resolved
	n     int    // members so far
	first [8][]byte
	more  map[string]struct{} // keys after the first ones
}

func (s *scanner) object() object {
	if !s.accept('{') {
		s.fail("an object was expected")
	}
	return object{s: s}
}

// next steps to the next member and leaves the scanner before its value.
func (o *object) next() bool {
	s := o.s
	if s.err != nil || s.accept('}') {
		return false
	}
	if o.n > 0 && !s.accept(',') {
		s.fail("a comma was expected")
		return false
	}
	key, plain := s.raw()
	if !s.accept(':') {
		s.fail("a colon was expected")
	}
	if s.err != nil {
		return false
	}
	if !plain {
		key = unescape(key)
	}
	o.key = key
	if o.seen(key) {
		s.fail("duplicate key")
		return false
	}
	return true
}

// seen remembers key and tells whether it stood in this object before. Keys of
// a message are few; a map keeps a hostile object from costing its square.
func (o *object) seen(key []byte) bool {
	for i := range min(o.n, len(o.first)) {
		if bytes.Equal(o.first[i], key) {
			return true
		}
	}
	if o.n < len(o.first) {
		o.first[o.n] = key
		o.n++
		return false
	}
	if _, ok := o.more[string(key)]; ok {
		return true
	}
	if o.more == nil {
		o.more = make(map[string]struct{})
	}
	o.more[string(key)] = struct{}{}
	o.n++
	return false
}

// array iterates the elements of an array.
type array struct {
	s *scanner
	n int
}

func (s *scanner) array() array {
	if !s.accept('[') {
		s.fail("an array was expected")
	}
	return array{s: s}
}

// next steps to the next element and leaves the scanner before it.
func (a *array) next() bool {
	s := a.s
	if s.err != nil || s.accept(']') {
		return false
	}
	if a.n > 0 && !s.accept(',') {
		s.fail("a comma was expected")
		return false
	}
	if c := s.peek(); c == 0 || c == ']' {
		s.fail("a value was expected")
		return false
	}
	a.n++
	return true
}
