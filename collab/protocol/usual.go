package protocol

import (
	"time"

	"github.com/coscribe/coscribe/ot"
)

// What comes thousands of times a second is written by our own server and page:
// always the same members in the same order, without white space. So it is read
// here by comparing whole pieces of text. Where a single byte differs nothing
// was read, and the general reader, which alone knows what is wrong with a
// message, begins anew. This way may only ever be quicker, never laxer: what it
// takes the general reader takes as well, and as the same (FuzzUsual).

// usualChange reads a change as AppendChange writes it, of a peer that spoke
// before.
func (r *Reader) usualChange(s *scanner, m *Change) bool {
	u := scanner{b: s.b, i: s.i}
	if !u.prefix(`{"type":"change","revision":`) {
		return false
	}
	revision, ok := u.digits15()
	if !ok || !u.prefix(`,"peer":`) {
		return false
	}
	peer, speaker := r.names().peer(&u)
	if speaker == nil || !u.prefix(`,"author":`) || !u.prefix(speaker.json) || !u.prefix(`,"at":"`) {
		return false
	}
	at, ok := u.usualTime()
	if !ok || !u.prefix(`","delta":`) {
		return false
	}
	delta, ok := u.usualDelta()
	if !ok {
		return false
	}
	s.i = u.i
	*m = Change{Revision: revision, Peer: peer, Author: speaker.user, At: at, Delta: delta}
	return true
}

// usualSubmit reads a submit as our page and AppendClient write it.
func (d Decoder) usualSubmit(frame []byte) (m Submit, ok bool) {
	u := scanner{b: frame}
	if !u.prefix(`{"type":"submit","seq":`) {
		return m, false
	}
	if m.Seq, ok = u.digits15(); !ok || m.Seq == 0 || !u.prefix(`,"base":`) {
		return m, false
	}
	if m.Base, ok = u.digits15(); !ok || !u.prefix(`,"delta":`) {
		return m, false
	}
	m.Bytes = len(frame) - u.i - len(`}`)
	if d.ChangeBytes > 0 && m.Bytes > d.ChangeBytes {
		return m, false
	}
	m.Delta, ok = u.usualDelta()
	return m, ok && u.i == len(frame)
}

// prefix consumes text if it comes next, to the byte.
func (s *scanner) prefix(text string) bool {
	if len(s.b)-s.i < len(text) || string(s.b[s.i:s.i+len(text)]) != text {
		return false
	}
	s.i += len(text)
	return true
}

// digits15 consumes an integer from 0 that is short enough to be in range.
func (s *scanner) digits15() (n int64, ok bool) {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		n = n*10 + int64(s.b[s.i]-'0')
		s.i++
	}
	size := s.i - start
	return n, size == 1 || size > 1 && size <= 15 && s.b[start] != '0'
}

// usualTime consumes a time as AppendTime writes it, without its quotes.
func (s *scanner) usualTime() (t time.Time, ok bool) {
	end := s.i + len(TimeLayout)
	if end > len(s.b) {
		return t, false
	}
	t, ok = parseTime(s.b[s.i:end])
	s.i = end
	return t, ok
}

// usualDelta consumes a delta and the brace that ends its message.
func (s *scanner) usualDelta() (ot.Delta, bool) {
	if s.i == len(s.b) || s.b[s.i] != '[' { // ReadDelta passes over white space
		return nil, false
	}
	d, rest, err := ot.ReadDelta(s.b[s.i:])
	s.i = len(s.b) - len(rest)
	return d, err == nil && s.prefix(`}`)
}
