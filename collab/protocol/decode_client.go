package protocol

import (
	"errors"
	"unicode/utf8"

	"github.com/coscribe/coscribe/ot"
)

// maxMembers bounds the members of a client's message, unknown ones included.
const maxMembers = 64

// Decoder reads client frames under the server's limits. The zero Decoder has
// none. It keeps no state: any goroutine may use one at any time.
type Decoder struct {
	ChangeBytes   int // bytes of one delta's JSON, 0 = any
	PresenceBytes int // bytes of presence state, 0 = any
}

// DecodeClient reads one frame from a client without limits; see
// [Decoder.Decode].
func DecodeClient(frame []byte) (ClientMessage, error) { return Decoder{}.Decode(frame) }

// Decode reads one frame from a client into one of the client messages. It
// refuses with a *FrameError what is not one JSON object of a known type with
// all its fields in range: duplicate keys, invalid UTF-8, lone surrogates,
// deep nesting, fractions where integers belong. Unknown fields are checked
// for the same and then ignored (law P1). What is wrong inside a submit's
// delta comes back as [Submit.Fault], since that is answered by a reject.
// Nothing returned shares memory with frame.
func (d Decoder) Decode(frame []byte) (ClientMessage, error) {
	if !utf8.Valid(frame) {
		return nil, &FrameError{Close: CloseInvalidText, Reason: "invalid UTF-8"}
	}
	if m, ok := d.usualSubmit(frame); ok {
		return m, nil
	}
	s := scanner{b: frame}
	var few [8]member
	kind, members := s.members(few[:0])
	if s.err != nil {
		return nil, s.err
	}
	m, err := d.message(kind, members)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// member is one top-level member whose value has been delimited. The delta's
// value is not yet checked, all others are.
type member struct {
	key   []byte
	value []byte
}

// members splits the frame's object and finds its type.
func (s *scanner) members(into []member) (kind []byte, all []member) {
	typed := false
	for o := s.object(); o.next(); {
		if len(into) == maxMembers {
			s.fail("too many members")
			break
		}
		m := member{key: o.key}
		s.peek()
		start := s.i
		switch string(o.key) {
		case "delta":
			s.extent()
		case "type":
			text, plain := s.raw()
			if !plain {
				text = unescape(text)
			}
			kind, typed = text, true
		default:
			s.skip(1)
		}
		m.value = s.b[start:s.i]
		into = append(into, m)
	}
	s.end()
	if !typed {
		s.fail("the message has no type")
	}
	return kind, into
}

func (d Decoder) message(kind []byte, members []member) (ClientMessage, error) {
	var f fields
	switch string(kind) {
	case "submit":
		return d.submit(members)
	case "presence":
		return d.presence(members)
	case "ping":
		return Ping{}, f.done(members)
	case "check":
		m := Check{Revision: -1}
		for i := range members {
			switch string(members[i].key) {
			case "revision":
				m.Revision = f.of(members[i]).integer(0)
			case "hash":
				m.Hash = f.of(members[i]).text()
				if len(m.Hash) != 64 {
					f.fail("a hash has 64 hexadecimal digits")
				}
			}
		}
		f.need(m.Revision >= 0 && m.Hash != "", "check needs revision and hash")
		return m, f.done(members)
	case "hello":
		m := Hello{Protocol: -1}
		for i := range members {
			v := f.of(members[i])
			switch string(members[i].key) {
			case "protocol":
				m.Protocol = int(v.integer(0))
			case "token":
				if !v.null() {
					m.Token = v.text()
				}
			case "resume":
				if !v.null() {
					m.Resume = f.resume(v)
				}
			}
		}
		f.need(m.Protocol >= 0, "hello needs protocol")
		return m, f.done(members)
	}
	return nil, &FrameError{Close: CloseProtocol, Reason: "unknown message type"}
}

func (d Decoder) submit(members []member) (ClientMessage, error) {
	var f fields
	m := Submit{Base: -1}
	var delta *member
	for i := range members {
		switch string(members[i].key) {
		case "seq":
			m.Seq = f.of(members[i]).integer(1)
		case "base":
			m.Base = f.of(members[i]).integer(0)
		case "delta":
			delta = &members[i]
		}
	}
	f.need(m.Seq > 0 && m.Base >= 0 && delta != nil, "submit needs seq, base and delta")
	if f.s.err != nil {
		return nil, f.s.err
	}
	m.Bytes = len(delta.value)
	switch {
	case d.ChangeBytes > 0 && m.Bytes > d.ChangeBytes:
		m.Fault = &Fault{CodeChangeTooLarge, "the change is too large"}
	default:
		parsed, err := ot.ParseDelta(delta.value)
		if err != nil {
			m.Fault = &Fault{CodeInvalidChange, deltaFault(err)}
		} else {
			m.Delta = parsed
		}
	}
	return m, nil
}

// deltaFault names the op for the author's developer without quoting content.
func deltaFault(err error) string {
	if e, ok := errors.AsType[*ot.Error](err); ok {
		return e.Error()
	}
	return "the delta cannot be read"
}

func (d Decoder) presence(members []member) (ClientMessage, error) {
	var f fields
	m := Presence{Base: -1, Seq: -1}
	chosen := false
	for i := range members {
		v := f.of(members[i])
		switch string(members[i].key) {
		case "base":
			m.Base = v.integer(0)
		case "seq":
			m.Seq = v.integer(0)
		case "selection":
			chosen = true
			m.Selection = v.selection()
		case "state":
			m.State = v.state()
			if d.PresenceBytes > 0 && len(m.State) > d.PresenceBytes {
				f.fail("state is too large")
			}
		}
	}
	f.need(m.Base >= 0 && m.Seq >= 0 && chosen, "presence needs base, seq and selection")
	return m, f.done(members)
}

// fields reads the values of members; the first failure sticks.
type fields struct{ s scanner }

// of sets the scanner before one member's value.
func (f *fields) of(m member) *scanner {
	if f.s.err == nil {
		f.s.b, f.s.i = m.value, 0
	}
	return &f.s
}

func (f *fields) fail(reason string) { f.s.fail(reason) }

func (f *fields) need(ok bool, reason string) {
	if !ok {
		f.s.fail(reason)
	}
}

// done ends a message that has no delta: a member of that name is an unknown
// field and still has to be well formed.
func (f *fields) done(members []member) error {
	for i := range members {
		if string(members[i].key) == "delta" {
			f.of(members[i]).skip(1)
		}
	}
	if f.s.err != nil {
		return f.s.err
	}
	return nil
}

func (f *fields) resume(s *scanner) *Resume {
	r := Resume{Revision: -1, Seq: -1}
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "client":
			r.Client = s.text()
		case "epoch":
			r.Epoch = s.text()
		case "revision":
			r.Revision = s.integer(0)
		case "seq":
			r.Seq = s.integer(0)
		case "attempt":
			r.Attempt = s.integer(0)
		default:
			s.skip(2)
		}
	}
	f.need(r.Client != "" && r.Epoch != "" && r.Revision >= 0 && r.Seq >= 0, "resume needs client, epoch, revision and seq")
	return &r
}
