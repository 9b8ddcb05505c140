package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/coscribe/coscribe/ot"
)

// generally returns the frame with a space that changes nothing but that the
// general reader reads it.
func generally(frame []byte) []byte {
	if len(frame) == 0 || frame[0] != '{' {
		return frame
	}
	return slices.Insert(slices.Clone(frame), 1, ' ')
}

// reading is what came of a frame: messages, and why there are no more.
type reading struct {
	messages []any
	close    CloseCode
	reason   string
}

func (r reading) because(err error) reading {
	if e, ok := errors.AsType[*FrameError](err); ok {
		r.close, r.reason = e.Close, e.Reason
	}
	return r
}

func readServer(names *Names, frame []byte) (all reading) {
	r := Reader{Names: names, Message: func(m ServerMessage) error {
		all.messages = append(all.messages, m)
		return nil
	}}
	return all.because(r.Read(frame))
}

func readClient(frame []byte) (all reading) {
	m, err := Decoder{ChangeBytes: 100}.Decode(frame)
	all.messages = []any{m}
	return all.because(err)
}

// unlike compares both ways of reading a frame and returns how they differ, ""
// if they do not; names holds who is known.
func unlike(names *Names, frame []byte) string {
	var nobody Names
	if got, want := readServer(names, frame), readServer(&nobody, generally(frame)); !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%q from the server is read as\n%+v, generally as\n%+v", frame, got, want)
	}
	if got, want := readClient(frame), readClient(generally(frame)); !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("%q from a client is read as\n%+v, generally as\n%+v", frame, got, want)
	}
	return ""
}

// usualFrames returns what is read the usual way, and the names to do so.
func usualFrames(t testing.TB) (frames [][]byte, names *Names) {
	names = &Names{}
	bold := ot.Attrs("bold", true, "link", "https://example.org/")
	for i, d := range []ot.Delta{
		benchChange.Delta,
		{ot.InsertText("é😀\"\\\n", bold)},
		{ot.Retain(3, bold), ot.Delete(2), ot.InsertEmbed(ot.Embed{Key: "image", Value: `{"a":[1,2]}`}, ot.Attributes{})},
		{},
	} {
		change := benchChange
		change.Peer, change.Delta, change.Revision = fmt.Sprint("p", i), d, int64(i)
		frame := AppendChange(nil, change)
		if all := readServer(names, frame); all.reason != "" {
			t.Fatal(all.reason)
		}
		if r := (Reader{Names: names}); !r.usualChange(&scanner{b: frame}, &change) {
			t.Fatalf("%s is not read the usual way", frame)
		}
		submit := AppendClient(nil, Submit{Seq: int64(i + 1), Base: int64(i), Delta: d})
		if _, ok := (Decoder{}).usualSubmit(submit); !ok {
			t.Fatalf("%s is not read the usual way", submit)
		}
		frames = append(frames, frame, submit)
	}
	return frames, names
}

// spaced returns the frame with white space before its delta: read generally.
func spaced(frame []byte) []byte {
	return bytes.Replace(frame, []byte(`"delta":`), []byte("\"delta\": "), 1)
}

// spoil changes a frame in one to three places.
func spoil(r *rand.Rand, frame []byte) []byte {
	parts := []string{`"`, `\`, "\x01", " ", "0", "9", "-", ".", "e", ",", "{", "}", "[", "]", ":", "é", "\xff", `\u0041`, `\ud800`,
		`"type":"change",`, `"revision":7,`, `"seq":1,`, `"delta":[],`, `"peer":"p1",`, `,"x":{"a":1}`, "0000000000000000"}
	frame = slices.Clone(frame)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(frame) + 1)
		end := min(len(frame), at+r.IntN(3))
		part := []byte(parts[r.IntN(len(parts))])
		switch r.IntN(4) {
		case 0:
			part = nil
		case 1:
			part = slices.Clone(frame[at:min(len(frame), at+r.IntN(30))])
		}
		frame = slices.Replace(frame, at, end, part...)
	}
	return frame
}

func TestUsualWayReadsTheSame(t *testing.T) {
	frames, names := usualFrames(t)
	t.Run("[P1] a spoilt frame is read, or refused, as generally", func(t *testing.T) {
		usual := 0
		for seed := range uint64(20_000) { // one alone: a loop over the one seed
			r := rand.New(rand.NewPCG(seed, 1))
			frame := spoil(r, frames[r.IntN(len(frames))])
			if how := unlike(names, frame); how != "" {
				t.Fatalf("seed %d: %s", seed, how)
			}
			reader := Reader{Names: names}
			if reader.usualChange(&scanner{b: frame}, &Change{}) {
				usual++
			}
		}
		if usual < 500 || usual > 10_000 {
			t.Fatalf("%d of 20,000 spoilt frames were read the usual way: the test shows nothing", usual)
		}
	})
	t.Run("[P1] white space before a delta is no part of it", func(t *testing.T) {
		for _, frame := range frames {
			if how := unlike(names, spaced(frame)); how != "" {
				t.Error(how)
			}
		}
	})
	t.Run("[P1] a name written with escapes is not taken for another's", func(t *testing.T) {
		change := benchChange
		change.Peer = `A\u0041`
		frame := AppendChange(nil, change)
		readServer(names, frame)
		if how := unlike(names, bytes.Replace(frame, []byte(`A\\u0041`), []byte(`A\u0041`), 1)); how != "" {
			t.Fatal(how)
		}
	})
}

func FuzzUsual(f *testing.F) {
	frames, names := usualFrames(f)
	for _, frame := range frames {
		f.Add(frame)
		f.Add(spaced(frame))
	}
	for _, h := range readJSON[struct{ Frames []hostileFrame }](f, "testdata/hostile.json").Frames {
		if b := h.bytes(); len(b) < 1000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		if how := unlike(names, frame); how != "" {
			t.Fatal(how)
		}
	})
}

// One frame of thirty changes, as a client among a hundred who type gets it
// from our server, and the same frame as the general reader reads it.
func BenchmarkReadFrame(b *testing.B) {
	usual, general := []byte("["), []byte("[")
	for i := range 30 {
		change := benchChange
		change.Peer, change.Revision = fmt.Sprint("p", i), change.Revision+int64(i)
		one := AppendChange(nil, change)
		usual = append(append(usual, one...), ',')
		general = append(append(general, generally(one)...), ',')
	}
	usual[len(usual)-1], general[len(general)-1] = ']', ']'
	for _, c := range []struct {
		name  string
		frame []byte
	}{{"usual", usual}, {"general", general}} {
		b.Run(c.name, func(b *testing.B) {
			r := Reader{Change: func(*Change) error { return nil }}
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Read(c.frame); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/30, "ns/change")
		})
	}
}
