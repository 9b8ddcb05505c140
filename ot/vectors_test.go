package ot_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

func TestVectorsOfQuillDelta(t *testing.T) {
	type vector struct {
		Op                string
		A, B              ot.Delta
		Over, Delta, Base ot.Delta
		OverFirst, Own    bool
		Index             int
		Result            any
	}
	for i, v := range readVectors[vector](t, "vectors.json") {
		t.Run("[A10] "+v.Op, func(t *testing.T) {
			if v.Op == "transformIndex" {
				if got := ot.TransformIndex(v.Delta, v.Index, v.Own); float64(got) != v.Result {
					t.Fatalf("vector %d gave %d, want %v", i, got, v.Result)
				}
				return
			}
			var got ot.Delta
			switch v.Op {
			case "compose":
				got = ot.Compose(v.A, v.B)
			case "transform":
				got = ot.Transform(v.Over, v.Delta, v.OverFirst)
			case "invert":
				got = ot.Invert(v.Delta, v.Base)
			case "diffApply":
				d, err := ot.Diff(v.A, v.B)
				if err != nil {
					t.Fatal(err)
				}
				got = ot.Compose(v.A, d)
			default:
				t.Fatalf("vector %d asks for %q", i, v.Op)
			}
			want, err := ot.MakeValue(v.Result)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Equal(parse(string(want))) || got.CheckCanonical() != nil {
				t.Fatalf("vector %d gave\n%s, want\n%s", i, got.AppendJSON(nil), want)
			}
		})
	}
}

func TestContentHashVectors(t *testing.T) {
	type vector struct {
		Content ot.Delta
		SHA256  string
	}
	for i, v := range readVectors[vector](t, "hashes.json") {
		doc, err := ot.FromDelta(v.Content)
		if err != nil {
			t.Fatal(err)
		}
		if sum := doc.Hash(); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("[C6] vector %d: %x, want %s", i, sum, v.SHA256)
		}
	}
}

func TestContentHashIsThatOfTheCanonicalForm(t *testing.T) {
	for seed := range uint64(300) {
		r := ottest.Rand(seed)
		b := ot.NewBuilder(0)
		for range 1 + seed {
			for _, o := range ottest.AnyDocument(r) {
				b.Push(o)
			}
		}
		doc, err := ot.FromDelta(b.Delta())
		if err != nil {
			t.Fatal(err)
		}
		jcs, err := ot.ParseValue(doc.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if doc.Hash() != sha256.Sum256([]byte(jcs)) {
			t.Fatalf("[C6] seed %d: the hash is not that of %s", seed, jcs)
		}
	}
}
