package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"
)

var errTwice = errors.New("a key stands there twice")

// readJSON is json.Unmarshal for the bodies of requests. A body that is an object
// and says a thing twice is refused, as in a delta (law D4): its readers would
// not agree on which is meant. Objects within it are not looked at: a delta's
// reader does so itself.
func readJSON(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		name = strings.Map(folded, name) // Unmarshal does not mind the case either
		if seen[name] {
			return errTwice
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

// folded is the first of the letters that differ in case only: S for s and for ſ.
func folded(r rune) rune {
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}
