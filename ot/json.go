package ot

import (
	"bytes"
	"encoding/json"
)

// ParseDelta reads a delta strictly.
func ParseDelta(b []byte) (Delta, error) {
	var raw []struct {
		Insert     json.RawMessage
		Retain     int
		Delete     int
		Attributes map[string]json.RawMessage
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return nil, errorAt(-1, err.Error())
	}
	var d Delta
	for i, r := range raw {
		m := map[string]Value{}
		for k, v := range r.Attributes {
			m[k] = Value(v)
		}
		a := MakeAttributes(m)
		var text string
		var embed map[string]json.RawMessage
		switch {
		case r.Retain > 0:
			d = append(d, Retain(r.Retain, a))
		case r.Delete > 0:
			d = append(d, Delete(r.Delete))
		case json.Unmarshal(r.Insert, &text) == nil && text != "":
			d = append(d, InsertText(text, a))
		case json.Unmarshal(r.Insert, &embed) == nil && len(embed) == 1:
			for k, v := range embed {
				d = append(d, InsertEmbed(Embed{k, Value(v)}, a))
			}
		default:
			return nil, errorAt(i, "no valid op")
		}
	}
	return d, nil
}

// AppendJSON appends the delta in Quill's JSON form.
func (d Delta) AppendJSON(dst []byte) []byte {
	type op struct {
		Insert     any            `json:"insert,omitempty"`
		Retain     int            `json:"retain,omitempty"`
		Delete     int            `json:"delete,omitempty"`
		Attributes map[string]any `json:"attributes,omitempty"`
	}
	out := []op{}
	for _, o := range d {
		var p op
		switch {
		case o.kind == KindRetain:
			p.Retain = o.n
		case o.kind == KindDelete:
			p.Delete = o.n
		case o.embed != nil:
			p.Insert = map[string]json.RawMessage{o.embed.Key: json.RawMessage(o.embed.Value)}
		default:
			p.Insert = o.text
		}
		for k, v := range o.attrs.All() {
			if p.Attributes == nil {
				p.Attributes = map[string]any{}
			}
			p.Attributes[k] = json.RawMessage(v)
		}
		out = append(out, p)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		panic(err)
	}
	return append(dst, bytes.TrimSpace(b.Bytes())...)
}

// MarshalJSON implements json.Marshaler.
func (d Delta) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil), nil }

// UnmarshalJSON implements json.Unmarshaler by ParseDelta.
func (d *Delta) UnmarshalJSON(b []byte) error {
	p, err := ParseDelta(b)
	if err != nil {
		return err
	}
	*d = p
	return nil
}
