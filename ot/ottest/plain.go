package ottest

import (
	"maps"
	"slices"
	"unicode/utf16"

	"github.com/coscribe/coscribe/ot"
)

// Fault is a mistake that Plain makes on request, to show that whoever checks
// the algebra would notice it.
type Fault string

// The faults. None makes no mistake.
const (
	None               Fault = ""
	TieFlipped         Fault = "tie flipped"
	NullKept           Fault = "null kept"
	RunesForUTF16      Fault = "runes for UTF-16"
	Aliasing           Fault = "aliasing"
	OffByOneAtEnd      Fault = "off by one at the end"
	PrioritySwapped    Fault = "attribute priority swapped"
	DeleteBeforeInsert Fault = "delete before insert"
	EmbedOfLength0     Fault = "embed of length 0"
)

// Faults lists all but None.
var Faults = []Fault{
	TieFlipped, NullKept, RunesForUTF16, Aliasing, OffByOneAtEnd, PrioritySwapped, DeleteBeforeInsert, EmbedOfLength0,
}

// Plain is the algebra written as plainly as possible, unit by unit: slow, and
// independent of package ot but for its types.
type Plain struct{ Fault Fault }

// step is a character or embed inserted, or one unit retained or deleted.
type step struct {
	kind  ot.Kind
	text  string
	embed *ot.Embed
	attrs map[string]ot.Value
	n     int // units it takes for a change that comes after
}

func (p Plain) steps(d ot.Delta) (all []step) {
	for _, o := range d {
		s := step{kind: o.Kind(), attrs: map[string]ot.Value{}, n: 1}
		for k, v := range o.Attributes().All() {
			s.attrs[k] = v
		}
		switch {
		case o.Kind() != ot.KindInsert:
			for range o.Len() {
				all = append(all, s)
			}
		case o.IsEmbed():
			e := o.Embed()
			s.embed = &e
			if p.Fault == EmbedOfLength0 {
				s.n = 0
			}
			all = append(all, s)
		default:
			for _, c := range o.Text() {
				s.text, s.n = string(c), len(utf16.Encode([]rune{c}))
				if p.Fault == RunesForUTF16 {
					s.n = 1
				}
				all = append(all, s)
			}
		}
	}
	return all
}

// delta joins steps to a canonical delta.
func (p Plain) delta(steps []step) ot.Delta {
	var ordered, deletes []step
	for _, s := range append(steps, step{kind: ot.KindRetain}) { // the last one flushes
		switch {
		case s.kind == ot.KindDelete:
			deletes = append(deletes, s)
			continue
		case s.kind == ot.KindRetain || p.Fault == DeleteBeforeInsert:
			ordered = append(ordered, deletes...)
			deletes = nil
		}
		ordered = append(ordered, s)
	}
	ordered = ordered[:len(ordered)-1]
	for len(ordered) > 0 && ordered[len(ordered)-1].kind == ot.KindRetain && len(ordered[len(ordered)-1].attrs) == 0 {
		ordered = ordered[:len(ordered)-1]
	}
	d := ot.Delta{}
	for i := 0; i < len(ordered); {
		s := ordered[i]
		a := ot.MakeAttributes(s.attrs)
		j, text := i, ""
		for j < len(ordered) && ordered[j].kind == s.kind && (ordered[j].embed == nil && s.embed == nil || j == i) &&
			ot.MakeAttributes(ordered[j].attrs).Equal(a) {
			text += ordered[j].text
			j++
		}
		switch {
		case s.embed != nil:
			d = append(d, ot.InsertEmbed(*s.embed, a))
		case s.kind == ot.KindInsert:
			d = append(d, ot.InsertText(text, a))
		case s.kind == ot.KindRetain:
			d = append(d, ot.Retain(j-i, a))
		default:
			d = append(d, ot.Delete(j-i))
		}
		i = j
	}
	return d
}

// Compose is ot.Compose.
func (p Plain) Compose(a, b ot.Delta) ot.Delta {
	x, y := p.steps(a), p.steps(b)
	var out []step
	for len(x) > 0 || len(y) > 0 {
		switch {
		case len(y) > 0 && y[0].kind == ot.KindInsert:
			out, y = append(out, y[0]), y[1:]
			continue
		case len(x) > 0 && x[0].kind == ot.KindDelete:
			out, x = append(out, x[0]), x[1:]
			continue
		case len(x) == 0:
			out, y = append(out, y[0]), y[1:]
			continue
		}
		s := x[0]
		x = x[1:]
		if len(y) == 0 {
			if p.Fault != OffByOneAtEnd || len(x) > 0 {
				out = append(out, s)
			}
			continue
		}
		over := y[0]
		y = y[min(s.n, len(y)):]
		if over.kind == ot.KindRetain {
			s.attrs = maps.Clone(s.attrs)
			for k, v := range over.attrs {
				if s.attrs[k] = v; v == ot.Null && s.kind == ot.KindInsert && p.Fault != NullKept {
					delete(s.attrs, k)
				}
			}
			out = append(out, s)
		} else if s.kind == ot.KindRetain {
			out = append(out, over)
		}
	}
	d := p.delta(out)
	if p.Fault == Aliasing && len(a) > 0 && len(d) > 0 {
		a[0] = d[0]
	}
	return d
}

// Transform is ot.Transform.
func (p Plain) Transform(over, d ot.Delta, overFirst bool) ot.Delta {
	x, y := p.steps(over), p.steps(d)
	var out []step
	overLeft := overFirst != (p.Fault == TieFlipped)
	overWins := overFirst != (p.Fault == PrioritySwapped)
	for len(y) > 0 {
		switch {
		case len(x) > 0 && x[0].kind == ot.KindInsert && (overLeft || y[0].kind != ot.KindInsert):
			for range x[0].n {
				out = append(out, step{kind: ot.KindRetain})
			}
			x = x[1:]
			continue
		case y[0].kind == ot.KindInsert:
			out, y = append(out, y[0]), y[1:]
			continue
		case len(x) == 0:
			out, y = append(out, y[0]), y[1:]
			continue
		}
		if x[0].kind == ot.KindRetain {
			s := y[0]
			s.attrs = maps.Clone(s.attrs)
			for k, v := range y[0].attrs {
				s.attrs[k] = v
				if _, taken := x[0].attrs[k]; taken && overWins {
					delete(s.attrs, k)
				}
			}
			out = append(out, s)
		}
		x, y = x[1:], y[1:]
	}
	return p.delta(out)
}

// Invert is ot.Invert.
func (p Plain) Invert(d, base ot.Delta) ot.Delta {
	cells := p.steps(base)
	var out []step
	for _, s := range p.steps(d) {
		if s.kind == ot.KindInsert {
			out = append(out, slices.Repeat([]step{{kind: ot.KindDelete}}, s.n)...)
			continue
		}
		if len(cells) == 0 {
			break
		}
		c := cells[0]
		if c.n--; c.n > 0 { // the first half of a pair: its second one speaks for both
			cells[0].n--
			if s.kind == ot.KindDelete {
				continue
			}
		} else {
			cells = cells[1:]
		}
		if s.kind == ot.KindDelete {
			out = append(out, c)
			continue
		}
		back := map[string]ot.Value{}
		for k, v := range s.attrs {
			old, had := c.attrs[k]
			switch {
			case !had:
				back[k] = ot.Null
			case old != v || v[0] == '{' || v[0] == '[': // as quill-delta: objects are never the same
				back[k] = old
			}
		}
		out = append(out, step{kind: ot.KindRetain, attrs: back})
	}
	return p.delta(out)
}

// TransformIndex is ot.TransformIndex.
func (p Plain) TransformIndex(d ot.Delta, index int, own bool) int {
	at := 0 // where the steps so far have come to
	stays := !own
	if p.Fault == OffByOneAtEnd {
		index++
	}
	for _, s := range p.steps(d) {
		switch {
		case at > index:
			return index
		case s.kind == ot.KindRetain:
			at++
		case s.kind == ot.KindDelete:
			if at < index {
				index--
			}
		default:
			if at < index || !stays {
				index += s.n
			}
			at += s.n
		}
	}
	return index
}
