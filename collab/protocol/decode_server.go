package protocol

import (
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/ot"
)

// DecodeServer reads one frame from the server, an object or an array of them,
// in order. Messages of unknown type are left out (law P1). What it returns
// shares no memory with frame. Any goroutine.
func DecodeServer(frame []byte) ([]ServerMessage, error) {
	var all []ServerMessage
	r := Reader{Message: func(m ServerMessage) error {
		all = append(all, m)
		return nil
	}}
	if err := r.Read(frame); err != nil {
		return nil, err
	}
	return all, nil
}

// Reader reads server frames for a client that receives many: it keeps the
// texts that repeat (authors, peers) and hands out changes and acks without
// putting them on the heap. One goroutine at a time.
type Reader struct {
	Change  func(*Change) error // the change's struct is reused; nil: goes to Message
	Ack     func(Ack) error     // nil: goes to Message
	Message func(ServerMessage) error
	Names   *Names // nil: this Reader's own

	change Change
	own    Names
}

func (r *Reader) names() *Names {
	if r.Names != nil {
		return r.Names
	}
	return &r.own
}

// Read calls back for each message of the frame, in order, and stops at the
// first error. A *FrameError says that the frame is malformed; messages before
// the fault have been handed out.
func (r *Reader) Read(frame []byte) error {
	if !utf8.Valid(frame) {
		return &FrameError{Close: CloseInvalidText, Reason: "invalid UTF-8"}
	}
	s := scanner{b: frame}
	if s.peek() != '[' {
		if err := r.message(&s); err != nil {
			return err
		}
	} else {
		for a := s.array(); a.next(); {
			if err := r.message(&s); err != nil {
				return err
			}
		}
	}
	s.end()
	return s.failure()
}

func (s *scanner) failure() error {
	if s.err != nil {
		return s.err
	}
	return nil
}

// message reads one object and hands it out. Our servers write the type first;
// another order costs a second look.
func (r *Reader) message(s *scanner) error {
	if r.usualChange(s, &r.change) {
		return r.changed()
	}
	start := s.i
	o := s.object()
	if o.next() && string(o.key) != "type" {
		return r.typeLater(s, start)
	}
	kind, _ := s.raw()
	if s.err != nil {
		return s.err
	}
	switch string(kind) {
	case "change":
		return r.readChange(s, &o)
	case "ack":
		return r.readAck(s, &o)
	}
	m := r.readRare(s, string(kind), &o)
	if s.err != nil {
		return s.err
	}
	if m == nil || r.Message == nil {
		return nil
	}
	return r.Message(m)
}

// typeLater reads an object again with its type moved to the front.
func (r *Reader) typeLater(s *scanner, start int) error {
	s.i = start
	var kind, rest []byte
	for o := s.object(); o.next(); {
		s.peek()
		at := s.i
		s.skip(1)
		if string(o.key) == "type" {
			kind = s.b[at:s.i]
			continue
		}
		rest = append(AppendString(append(rest, ','), string(o.key)), ':')
		rest = append(rest, s.b[at:s.i]...)
	}
	if s.err == nil && kind == nil {
		s.fail("the message has no type")
	}
	if s.err != nil {
		return s.err
	}
	again := append(append([]byte(`{"type":`), kind...), rest...)
	return r.message(&scanner{b: append(again, '}')})
}

func (r *Reader) readChange(s *scanner, o *object) error {
	r.change = Change{}
	r.changeBody(s, o, &r.change)
	if s.err != nil {
		return s.err
	}
	return r.changed()
}

// changed hands out the change that was read.
func (r *Reader) changed() error {
	switch {
	case r.Change != nil:
		return r.Change(&r.change)
	case r.Message != nil:
		return r.Message(r.change)
	}
	return nil
}

func (r *Reader) changeBody(s *scanner, o *object, m *Change) {
	var speaker *voice
	for o.next() {
		switch string(o.key) {
		case "revision":
			m.Revision = s.integer(0)
		case "peer":
			m.Peer, speaker = r.names().peer(s)
		case "author":
			m.Author = r.names().user(s, m.Peer, speaker)
		case "at":
			m.At = s.time()
		case "delta":
			m.Delta = s.delta()
		case "seq":
			m.Seq = s.integer(0)
		default:
			s.skip(1)
		}
	}
}

func (r *Reader) readAck(s *scanner, o *object) error {
	var m Ack
	for o.next() {
		switch string(o.key) {
		case "seq":
			m.Seq = s.integer(0)
		case "revision":
			m.Revision = s.integer(0)
		case "at":
			m.At = s.time()
		default:
			s.skip(1)
		}
	}
	if s.err != nil {
		return s.err
	}
	switch {
	case r.Ack != nil:
		return r.Ack(m)
	case r.Message != nil:
		return r.Message(m)
	}
	return nil
}

func (s *scanner) time() time.Time {
	text, _ := s.raw()
	t, ok := parseTime(text)
	if !ok {
		s.fail("a time was expected")
	}
	return t
}

func (s *scanner) delta() ot.Delta {
	s.peek()
	d, rest, err := ot.ReadDelta(s.b[s.i:])
	if err != nil {
		s.fail("the delta cannot be read")
		return nil
	}
	s.i = len(s.b) - len(rest)
	return d
}

func (s *scanner) user() (u User) {
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "id":
			u.ID = s.text()
		case "name":
			u.Name = s.text()
		case "color":
			u.Color = s.text()
		default:
			s.skip(2)
		}
	}
	return u
}
