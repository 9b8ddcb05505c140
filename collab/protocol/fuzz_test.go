package protocol

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// What one decoder accepts must be JSON to everyone, and survive being encoded
// and read again.
func FuzzDecodeClient(f *testing.F) {
	frames := readJSON[struct{ Client, Server []golden }](f, "testdata/frames.json")
	for _, g := range frames.Client {
		f.Add([]byte(g.Frame))
	}
	for _, h := range readJSON[struct{ Frames []hostileFrame }](f, "testdata/hostile.json").Frames {
		if b := h.bytes(); len(b) < 1000 {
			f.Add(b)
		}
	}
	decoder := Decoder{ChangeBytes: 4096, PresenceBytes: 512}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := decoder.Decode(frame)
		if err != nil {
			return
		}
		if s, ok := m.(Submit); ok && s.Fault != nil {
			return
		}
		if !json.Valid(frame) {
			t.Fatalf("accepted what is not JSON: %q", frame)
		}
		once := AppendClient(nil, m)
		again, err := decoder.Decode(once)
		if err != nil {
			t.Fatalf("%q was written as %q: %v", frame, once, err)
		}
		if twice := AppendClient(nil, again); string(twice) != string(once) {
			t.Fatalf("%q, then %q", once, twice)
		}
	})
}

func FuzzDecodeServer(f *testing.F) {
	frames := readJSON[struct{ Client, Server []golden }](f, "testdata/frames.json")
	for _, g := range frames.Server {
		f.Add([]byte(g.Frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		all, err := DecodeServer(frame)
		if err != nil {
			return
		}
		for _, m := range all {
			once := AppendServer(nil, m)
			if !utf8.Valid(once) {
				t.Fatalf("%q is not UTF-8", once)
			}
			again, err := DecodeServer(once)
			if err != nil || len(again) != 1 {
				t.Fatalf("%q was written as %q: %v", frame, once, err)
			}
			if twice := AppendServer(nil, again[0]); string(twice) != string(once) {
				t.Fatalf("%q, then %q", once, twice)
			}
		}
	})
}
