package ot

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MakeValue returns the canonical JSON text of a Go value: anything
// encoding/json can write; a Value is taken as it is.
func MakeValue(v any) (Value, error) {
	if v, ok := v.(Value); ok {
		return v, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("ot: no JSON value: %w", err)
	}
	return Value(bytes.TrimSpace(b.Bytes())), nil
}
