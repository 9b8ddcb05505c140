package ot_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// readVectors reads a file of testdata.
func readVectors[T any](t *testing.T, name string) (all []T) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no vectors")
	}
	return all
}

func TestParseDeltaRefuses(t *testing.T) {
	type vector struct{ JSON, Reason string }
	hostile := readVectors[vector](t, "hostile.json")
	deep := strings.Repeat("[", 10_000)
	hostile = append(hostile,
		vector{deep, "depth 10,000"},
		vector{`[{"insert":"a","attributes":{"a":` + deep + strings.Repeat("]", 10_000) + `}}]`, "depth 10,000"},
		vector{`[{"insert":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_001) + `]`, "depth 10,000"},
		vector{"[{\"insert\":\"\xff\"}]", "invalid UTF-8"},
		vector{"[{\"insert\":\"\xed\xa0\x80\"}]", "a surrogate in UTF-8"},
		vector{"[{\"insert\":\"\xc0\x80\"}]", "an overlong form"},
		vector{"[{\"insert\":\"a\",\"attributes\":{\"\xff\":1}}]", "invalid UTF-8 in a key"},
	)
	for _, h := range hostile {
		t.Run("[D2][D4] "+h.Reason, func(t *testing.T) {
			d, err := ot.ParseDelta([]byte(h.JSON))
			if e := (*ot.Error)(nil); !errors.As(err, &e) {
				t.Fatalf("%.200q gave %v, %v; want an *Error", h.JSON, d, err)
			}
			if d, err := ot.ParseDelta([]byte(spaced(h.JSON))); err == nil {
				t.Fatalf("%.200q with spaces gave %v", h.JSON, d)
			}
		})
	}
}

// spaced puts a space before each object's first name, where no text ends on a
// brace: the beginnings of ops that are read at one look are not there then.
func spaced(in string) string { return strings.ReplaceAll(in, `{"`, `{ "`) }

func TestReadDeltaLeavesWhatFollows(t *testing.T) {
	for in, want := range map[string]string{`[]`: ``, ` [{"retain":1},{"insert":"]"}] ,[]`: ` ,[]`, `[{"delete":2}]}`: `}`} {
		d, rest, err := ot.ReadDelta([]byte(in))
		whole, _ := ot.ParseDelta([]byte(in[:len(in)-len(rest)]))
		if err != nil || string(rest) != want || !d.Equal(whole) {
			t.Errorf("%q gave %s, rest %q, %v", in, d.AppendJSON(nil), rest, err)
		}
	}
	if d, rest, err := ot.ReadDelta([]byte(`[{"retain":1}`)); err == nil {
		t.Errorf("an unfinished delta gave %v, rest %q", d, rest)
	}
}

func TestErrorNamesTheOp(t *testing.T) {
	_, err := ot.ParseDelta([]byte(`[{"retain":1},{"insert":"a"},{"retain":0}]`))
	if e := (*ot.Error)(nil); !errors.As(err, &e) || e.Op != 2 {
		t.Fatalf("%v, want op 2", err)
	}
}

func TestParseDeltaAccepts(t *testing.T) {
	for in, want := range map[string]string{
		`[]`: `[]`,
		" [ { \"retain\" : 1 } ,\r\n\t{ \"delete\":2 } ] ":                     `[{"retain":1},{"delete":2}]`,
		`[{"retain":1.0},{"delete":2e1},{"retain":10E-1}]`:                     `[{"retain":1},{"delete":20},{"retain":1}]`,
		`[{"retain":2147483647}]`:                                              `[{"retain":2147483647}]`,
		`[{"insert":"\ud83d\ude00\u00e9\/\b\f\n\r\t\u0001"}]`:                  "[{\"insert\":\"😀é/\\b\\f\\n\\r\\t\\u0001\"}]",
		`[{"insert":"\uD83D\uDE00\u00E9\u00aF"}]`:                              `[{"insert":"😀é¯"}]`,
		`[{"insert":"<b>&\u2028"}]`:                                            "[{\"insert\":\"<b>&\u2028\"}]",
		`[{"attributes":{"b":1,"a":2},"insert":"x"}]`:                          `[{"insert":"x","attributes":{"a":2,"b":1}}]`,
		`[{"retain":1,"attributes":{"a":null}}]`:                               `[{"retain":1,"attributes":{"a":null}}]`,
		`[{"insert":{"e":{"b":[1.0,-0,1e21,1E-7,"\u0041"],"a":{}}}}]`:          `[{"insert":{"e":{"a":{},"b":[1,0,1e+21,1e-7,"A"]}}}]`,
		`[{"insert":{"e":[true,false,null,{"b":false,"a":[]}]}}]`:              `[{"insert":{"e":[true,false,null,{"a":[],"b":false}]}}]`,
		`[{"retain":1,"attributes":{"a":0.000001,"b":123456789012345678901}}]`: `[{"retain":1,"attributes":{"a":0.000001,"b":123456789012345680000}}]`,
	} {
		d, err := ot.ParseDelta([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := string(d.AppendJSON(nil)); got != want {
			t.Errorf("%s gave %s, want %s", in, got, want)
		} else if loose, err := ot.ParseDelta([]byte(spaced(in))); err != nil || !loose.Equal(d) {
			t.Errorf("%s with spaces gave %s, %v", in, loose.AppendJSON(nil), err)
		}
	}
}

func TestCheckCanonical(t *testing.T) {
	for in, op := range map[string]int{
		`[]`: -2,
		`[{"insert":"a"},{"delete":1},{"retain":1},{"insert":"b"},{"insert":{"e":1}},{"insert":{"e":1}},{"insert":"c","attributes":{"a":1}}]`: -2,
		`[{"insert":"a"},{"insert":"b"}]`:                                             1,
		`[{"delete":1},{"delete":1}]`:                                                 1,
		`[{"delete":1},{"insert":"a"}]`:                                               1,
		`[{"retain":1},{"retain":1},{"delete":1}]`:                                    1,
		`[{"insert":"a"},{"retain":1}]`:                                               1,
		`[{"insert":"a","attributes":{}}]`:                                            0,
		`[{"retain":1,"attributes":{}},{"delete":1}]`:                                 0,
		`[{"retain":1,"attributes":{"a":1}}]`:                                         -2,
		`[{"insert":"a","attributes":{"a":1}},{"insert":"b","attributes":{"a":1.0}}]`: 1,
	} {
		t.Run("[A4] "+in, func(t *testing.T) {
			d := parse(in)
			err := d.CheckCanonical()
			got := -2
			if e := (*ot.Error)(nil); errors.As(err, &e) {
				got = e.Op
			}
			if got != op {
				t.Fatalf("%v, want op %d named", err, op)
			}
			if c := ot.Canonical(d); c.CheckCanonical() != nil {
				t.Fatalf("Canonical gave %s", c.AppendJSON(nil))
			}
		})
	}
}

func TestJSONRoundTrip(t *testing.T) {
	for seed := range uint64(2000) {
		r := ottest.Rand(seed)
		doc := ottest.AnyDocument(r)
		for _, d := range []ot.Delta{doc, ottest.AnyDelta(r, doc)} {
			b, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			var back ot.Delta
			if err := json.Unmarshal(b, &back); err != nil || !back.Equal(d) {
				t.Fatalf("seed %d: %s came back as %s, %v", seed, b, back.AppendJSON(nil), err)
			}
		}
	}
}
