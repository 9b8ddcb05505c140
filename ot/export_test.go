package ot

import (
	"fmt"
	"testing"
)

// ShrinkNodes makes the tree's nodes tiny for a test, so that small documents
// run through every split and merge.
func ShrinkNodes(t testing.TB) {
	text, runs, kids := maxText, maxRuns, maxKids
	maxText, maxRuns, maxKids = 8, 4, 4
	t.Cleanup(func() { maxText, maxRuns, maxKids = text, runs, kids })
}

// CheckTree returns what is wrong inside the tree, nil if nothing is.
func (doc *Document) CheckTree() error {
	_, err := doc.root.check(true)
	return err
}

func (k kid) check(root bool) (depth int, err error) {
	if got := k.measure(); got != k.size {
		return 0, fmt.Errorf("size is %v, noted as %v", got, k.size)
	}
	if k.leaf() {
		return 0, k.checkLeaf(root)
	}
	if len(k.kids) > maxKids || len(k.kids) == 0 || root && len(k.kids) < 2 {
		return 0, fmt.Errorf("an inner node has %d children", len(k.kids))
	}
	for i := range k.kids {
		d, err := k.kids[i].check(false)
		if err != nil {
			return 0, err
		}
		if i > 0 && d != depth {
			return 0, fmt.Errorf("leaves at depths %d and %d", d, depth)
		}
		depth = d
	}
	return depth + 1, nil
}

func (k kid) checkLeaf(root bool) error {
	if len(k.runs) == 0 && !root {
		return fmt.Errorf("a leaf is empty")
	}
	if len(k.text) > maxText*3/2+4 || len(k.runs) > maxRuns {
		return fmt.Errorf("a leaf holds %d bytes in %d runs", len(k.text), len(k.runs))
	}
	offset := 0
	for i := range k.runs {
		r := &k.runs[i]
		if r.units <= 0 || r.bytes <= 0 || offset+int(r.bytes) > len(k.text) {
			return fmt.Errorf("run %d has %d units in %d bytes", i, r.units, r.bytes)
		}
		if got := countUnits(k.text[offset : offset+int(r.bytes)]); got != int(r.units) {
			return fmt.Errorf("run %d has %d units, noted as %d", i, got, r.units)
		}
		if i > 0 && k.runs[i-1].alike(r) {
			return fmt.Errorf("runs %d and %d are alike", i-1, i)
		}
		if r.attrs.set != nil && len(r.attrs.set.pairs) == 0 {
			return fmt.Errorf("run %d has an empty set of attributes", i)
		}
		offset += int(r.bytes)
	}
	if offset != len(k.text) {
		return fmt.Errorf("%d bytes of text, runs have %d", len(k.text), offset)
	}
	return nil
}
