package ot

import (
	"fmt"
	"iter"
	"slices"
)

// Attributes is an immutable map from names to values, sorted by name in
// UTF-16 order. The zero value has none. It may be used from any goroutine.
type Attributes struct {
	set *[]attribute // nil means none; never points to an empty slice
}

type attribute struct {
	key   string
	value Value
}

// sorted wraps pairs already sorted and free of duplicates.
func sorted(pairs []attribute) Attributes {
	if len(pairs) == 0 {
		return Attributes{}
	}
	return Attributes{set: &pairs}
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

func (a Attributes) pairs() []attribute {
	if a.set == nil {
		return nil
	}
	return *a.set
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
	return a.set == b.set || a.set != nil && b.set != nil && slices.Equal(*a.set, *b.set)
}

func (a Attributes) hasNull() bool {
	for _, p := range a.pairs() {
		if p.value == Null {
			return true
		}
	}
	return false
}
