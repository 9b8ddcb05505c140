package collab

import (
	"runtime"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// slice is how many peers are sent something in one turn of the loop. A larger
// crowd is served in several, between which the session hears what has come and
// other documents run: a frame to a thousand takes 10 ms and must make nobody's
// ack wait as long.
const slice = 32

// fanout is scratch for fanOut.
type fanout struct {
	turn    int64
	group   broadcast
	writers []*Peer
	parts   []fragment
	began   time.Time // when the first frame of a round was sent; zero: none is being sent
	frames  int       // sent in it
}

// fanOut tells everybody of committed entries: one frame for all of them,
// encoded once and shared. Each author gets ack in place of its own change
// (law S6), and gets it before the others are served.
func (s *session) fanOut(entries []entry) {
	f := &s.fanout
	f.turn++
	f.writers = f.writers[:0]
	for i := range entries {
		p := s.byClient[entries[i].client]
		if p == nil {
			continue
		}
		p.pending = max(0, p.pending-1)
		if p.live && p.turn != f.turn {
			p.turn = f.turn
			f.writers = append(f.writers, p)
		}
	}
	if !s.heard(entries) {
		return
	}
	s.encode(entries)
	if f.began.IsZero() {
		f.began, f.frames = s.config.Now(), 0
	}
	for i, p := range f.writers {
		s.deliverOwn(p, entries, i < slice)
	}
	whole := f.group.whole()
	few := len(s.peers) <= slice
	for i := len(s.peers) - 1; i >= 0; i-- { // backwards: one that overflows is taken out
		if p := s.peers[i]; p.live && p.turn != f.turn {
			s.deliver(p, few, whole)
		}
	}
	clear(f.writers)
	s.learn()
}

// learn has the pacer learn from a round of frames once nobody waits for one.
func (s *session) learn() {
	f := &s.fanout
	if f.began.IsZero() || s.line.waits() != nil {
		return
	}
	if f.frames > 0 {
		s.pacer.learn(s.config.Now().Sub(f.began), f.frames)
	}
	f.began = time.Time{}
}

// deliver queues fragments for a peer and sends them, at once or in the peer's
// turn. A peer that cannot take them is let go.
func (s *session) deliver(p *Peer, atOnce bool, fragments ...fragment) {
	wake, over := p.outbox.push(&s.config.Limits, fragments...)
	switch {
	case over:
		p.cut(protocol.CloseSlow, "reading too slowly")
		s.detach(p)
	case wake && atOnce:
		s.fanout.frames++
		p.conn.Wake()
	case wake:
		s.line.add(p)
	}
}

// serve sends the next in line what waits for them: all of it, so when more is
// committed than can be sent one by one it leaves joined.
func (s *session) serve() {
	for range slice {
		p := s.line.take()
		if p == nil {
			s.learn()
			return
		}
		s.fanout.frames++
		p.conn.Wake()
	}
	s.learn()
	runtime.Gosched()
}

// line is the peers whose outbox has something that is still to be sent, each
// once, in order.
type line struct {
	peers []*Peer
	first int
}

func (l *line) add(p *Peer) {
	if p.inLine {
		return
	}
	if l.first > 0 && len(l.peers) == cap(l.peers) {
		n := copy(l.peers, l.peers[l.first:])
		clear(l.peers[n:])
		l.peers, l.first = l.peers[:n], 0
	}
	p.inLine = true
	l.peers = append(l.peers, p)
}

// take gives nil when nobody waits.
func (l *line) take() *Peer {
	if l.first == len(l.peers) {
		l.peers, l.first = l.peers[:0], 0
		return nil
	}
	p := l.peers[l.first]
	l.peers[l.first] = nil
	l.first++
	p.inLine = false
	return p
}

// always can be received from at any time.
var always = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// waits can be received from while somebody is in line.
func (l *line) waits() <-chan struct{} {
	if l.first == len(l.peers) {
		return nil
	}
	return always
}

// heard reports whether anybody is to be told; a lone writer gets acks only,
// and no change is encoded for it.
func (s *session) heard(entries []entry) bool {
	if len(s.peers) != 1 || len(s.fanout.writers) != 1 {
		return len(s.peers) > 0
	}
	p := s.peers[0]
	for i := range entries {
		if entries[i].client != p.client {
			return true
		}
	}
	for i := range entries {
		if p.push(entries[i].ack()) {
			s.detach(p)
			break
		}
	}
	clear(s.fanout.writers)
	return false
}

// encode makes the shared frame.
func (s *session) encode(entries []entry) {
	g := &s.fanout.group
	g.reset(256 * len(entries))
	for i := range entries {
		g.start()
		g.bytes = protocol.AppendChange(g.bytes, entries[i].message())
		g.end()
	}
	g.close()
}

// message is the entry as others are told of it.
func (e *entry) message() protocol.Change {
	return protocol.Change{Revision: e.revision, Peer: e.peer, Author: e.author.user, At: e.at, Delta: e.delta}
}

// ack is the entry as its author is told of it.
func (e *entry) ack() fragment {
	return fragment{bytes: protocol.AppendAck(make([]byte, 0, ackBytes), protocol.Ack{Seq: e.seq, Revision: e.revision, At: e.at})}
}

// deliverOwn gives an author the frame with acks in place of its own changes.
func (s *session) deliverOwn(p *Peer, entries []entry, atOnce bool) {
	f := &s.fanout
	f.parts = f.parts[:0]
	others := 0 // first entry not yet covered
	for i := range entries {
		e := &entries[i]
		if e.client != p.client {
			continue
		}
		if others < i {
			f.parts = append(f.parts, f.group.part(others, i))
		}
		others = i + 1
		f.parts = append(f.parts, e.ack())
	}
	if others < len(entries) {
		f.parts = append(f.parts, f.group.part(others, len(entries)))
	}
	s.deliver(p, atOnce, f.parts...)
	clear(f.parts)
}

// ackBytes is room for one ack; bytes.
const ackBytes = 96
