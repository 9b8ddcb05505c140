// Command oracle makes random cases for the algebra with the answers of
// package ot and writes them as lines of JSON, for oracle.mjs to compare with
// the answers of quill-delta (law A10). With -fault it answers with a planted
// mistake instead, which the comparison has to notice.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/ot/ottest"
)

// algebra is what is asked: ot itself, or ottest.Plain with its faults.
type algebra struct {
	compose        func(a, b ot.Delta) ot.Delta
	transform      func(over, d ot.Delta, overFirst bool) ot.Delta
	invert         func(d, base ot.Delta) ot.Delta
	transformIndex func(d ot.Delta, index int, own bool) int
	diff           func(a, b ot.Delta) ot.Delta
	apply          func(doc, d ot.Delta) ot.Delta
}

func ours() algebra {
	return algebra{
		compose: ot.Compose, transform: ot.Transform, invert: ot.Invert, transformIndex: ot.TransformIndex,
		diff: func(a, b ot.Delta) ot.Delta {
			d, err := ot.Diff(a, b)
			if err != nil {
				panic(err)
			}
			return d
		},
		apply: func(doc, d ot.Delta) ot.Delta {
			document, err := ot.FromDelta(doc)
			if err == nil {
				err = document.Apply(d)
			}
			if err != nil {
				panic(err)
			}
			return document.Delta()
		},
	}
}

func plain(f ottest.Fault) algebra {
	p, a := ottest.Plain{Fault: f}, ours()
	a.compose, a.apply = p.Compose, p.Compose
	a.transform, a.invert, a.transformIndex = p.Transform, p.Invert, p.TransformIndex
	a.diff = func(doc, after ot.Delta) ot.Delta { // plainest: all of it anew
		return ot.Canonical(append(append(ot.Delta{}, after...), ot.Delete(doc.Len())))
	}
	return a
}

func main() {
	first := flag.Uint64("seed", 1, "seed of the first tuple; each next one has the next seed")
	tuples := flag.Int("tuples", 1000, "how many tuples of inputs to make")
	fault := flag.String("fault", "", "the mistake to make, by name; \"none\" asks the plain algebra without any")
	flag.Parse()
	alg := ours()
	if *fault != "" {
		alg = plain(named(*fault))
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<18)
	defer out.Flush()
	var line []byte
	for i := range uint64(*tuples) {
		line = appendTuple(line[:0], *first+i, alg)
		if _, err := out.Write(line); err != nil {
			return // whoever read has seen enough
		}
	}
}

func named(fault string) ottest.Fault {
	for _, f := range ottest.Faults {
		if string(f) == fault {
			return f
		}
	}
	if fault != "none" {
		fmt.Fprintf(os.Stderr, "oracle: no fault is called %q; there are %q\n", fault, ottest.Faults)
		os.Exit(2)
	}
	return ottest.None
}

// appendTuple writes one line: the seed, a document, changes a and b of it, a
// change c of the document after a, an index, and every answer in the order
// that oracle.mjs knows.
func appendTuple(line []byte, seed uint64, alg algebra) []byte {
	r := ottest.Rand(seed)
	doc := anyDocument(r)
	a, b := ottest.AnyDelta(r, doc), ottest.AnyDelta(r, doc)
	c := ottest.AnyDelta(r, ot.Compose(doc, a))
	index := r.IntN(doc.Len() + 2)
	line = append(line, `{"seed":`...)
	line = strconv.AppendUint(line, seed, 10)
	line = doc.AppendJSON(append(line, `,"doc":`...))
	line = a.AppendJSON(append(line, `,"a":`...))
	line = b.AppendJSON(append(line, `,"b":`...))
	line = c.AppendJSON(append(line, `,"c":`...))
	line = strconv.AppendInt(append(line, `,"index":`...), int64(index), 10)
	line = append(line, `,"answers":[`...)
	for _, d := range []ot.Delta{
		alg.compose(a, c),
		alg.compose(doc, a),
		alg.apply(doc, b),
		alg.transform(a, b, true),
		alg.transform(a, b, false),
		alg.transform(b, a, true),
		alg.invert(a, doc),
		alg.diff(doc, ot.Compose(doc, b)),
	} {
		line = append(d.AppendJSON(line), ',')
	}
	line = strconv.AppendInt(line, int64(alg.transformIndex(a, index, true)), 10)
	line = append(line, ',')
	line = strconv.AppendInt(line, int64(alg.transformIndex(a, index, false)), 10)
	return append(line, "]}\n"...)
}

func anyDocument(r *rand.Rand) ot.Delta {
	if r.IntN(8) == 0 {
		return ottest.Document(r).Delta()
	}
	return ottest.AnyDocument(r)
}
