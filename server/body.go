package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

var errTwice = errors.New("a key stands there twice")

// readJSON is json.Unmarshal for the bodies of requests. An object that says a
// thing twice is refused, as in a delta (law D4): its readers would not agree on
// which is meant.
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
		name = strings.ToLower(name) // Unmarshal does not mind the case either
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
