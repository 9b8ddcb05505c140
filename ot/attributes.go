package ot

import (
	"fmt"
	"iter"
	"slices"
)

// Attributes is an immutable map from names to values, sorted by name in
// UTF-16 order. The zero value has none. It may be used from any goroutine.
type Attributes struct {
	// nil means none. emptySet comes from JSON alone, where it must be told
	// from none (law A4); the Builder turns it into none.
	set *attributeSet
}

var emptySet = &attributeSet{}

// attributeSet keeps a single attribute, the usual case, beside its slice.
type attributeSet struct {
	pairs []attribute
	one   [1]attribute
}

type attribute struct {
	key   string
	value Value
}

// sorted wraps pairs already sorted and free of duplicates.
func sorted(pairs []attribute) Attributes {
	switch len(pairs) {
	case 0:
		return Attributes{}
	case 1:
		return single(pairs[0].key, pairs[0].value)
	}
	return Attributes{set: &attributeSet{pairs: pairs}}
}

// single returns one attribute; the most common ones are made once.
func single(key string, value Value) Attributes {
	if value == "true" || value == Null {
		for _, s := range common {
			if s.one[0].value == value && s.one[0].key == key {
				return Attributes{set: s}
			}
		}
	}
	return Attributes{set: newSet(key, value)}
}

// MakeAttributes returns the attributes of a map. Values must be canonical.
func MakeAttributes(m map[string]Value) Attributes {
	pairs := make([]attribute, 0, len(m))
	for k, v := range m {
		pairs = append(pairs, attribute{k, v})
	}
	slices.SortFunc(pairs, func(a, b attribute) int { return compareUTF16(a.key, b.key) })
	return sorted(pairs)
}

// Attrs returns attributes from names and Go values in turn:
// Attrs("bold", true, "color", "#ff0000", "link", nil). A value is anything
// encoding/json can write; nil is null, and a Value is taken as it is. It
// panics on an odd count, a name that is no string or a value that is no JSON.
func Attrs(pairs ...any) Attributes {
	if len(pairs)%2 != 0 {
		panic("ot: Attrs wants names and values in turn")
	}
	m := make(map[string]Value, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			panic(fmt.Sprintf("ot: Attrs: name %d is a %T", i/2, pairs[i]))
		}
		v, err := MakeValue(pairs[i+1])
		if err != nil {
			panic(err)
		}
		m[key] = v
	}
	return MakeAttributes(m)
}

// common holds the marks people toggle all the time.
var common = func() (sets []*attributeSet) {
	for _, key := range []string{"bold", "italic", "underline", "code"} {
		sets = append(sets, newSet(key, "true"), newSet(key, Null))
	}
	return sets
}()

func newSet(key string, value Value) *attributeSet {
	s := &attributeSet{one: [1]attribute{{key, value}}}
	s.pairs = s.one[:]
	return s
}

func (a Attributes) pairs() []attribute {
	if a.set == nil {
		return nil
	}
	return a.set.pairs
}

// Len returns the number of attributes.
func (a Attributes) Len() int { return len(a.pairs()) }

// Get returns the value of an attribute and whether it is there.
func (a Attributes) Get(key string) (Value, bool) {
	for _, p := range a.pairs() {
		if p.key == key {
			return p.value, true
		}
	}
	return "", false
}

// All yields names and values in order of name.
func (a Attributes) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, p := range a.pairs() {
			if !yield(p.key, p.value) {
				return
			}
		}
	}
}

// Equal tells whether two maps hold the same.
func (a Attributes) Equal(b Attributes) bool {
	return a.set == b.set || a.same(b)
}

func (a Attributes) same(b Attributes) bool { return slices.Equal(a.pairs(), b.pairs()) }

func (a Attributes) hasNull() bool {
	for _, p := range a.pairs() {
		if p.value == Null {
			return true
		}
	}
	return false
}
