package collab

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// crowd is who is to be told about whom. Carets are collected and told
// together, at most once in a pace; the newest wins (law V1).
type crowd struct {
	flushAt time.Time // zero: nothing to tell
	flushed time.Time
	dirty   []*Peer
	left    []string
	states  int // bytes of presence states kept
	group   broadcast
	parts   []fragment
}

// crowdSize is how many peers are told at the full pace; beyond, the pace
// slows down in proportion, since everybody is told about everybody.
const crowdSize = 64

// slowestPace bounds how stale a caret in a crowd may get.
const slowestPace = time.Second

// Everybody is told about everybody, so what one peer says is multiplied by
// their number: a thousand that show 2 KiB each would be 2 GiB a round.
const (
	// crowdStates bounds the presence states kept in a document; bytes. One that
	// has no room is not shown.
	crowdStates = 256 << 10
	// crowdBytes is where a round of telling stops; bytes. The rest is told in the
	// next: a hundred carets that move take 25 KB.
	crowdBytes = 128 << 10
)

func (s *session) pace() time.Duration {
	pace := s.config.Limits.PresencePace
	if n := len(s.peers); n > crowdSize {
		pace = min(slowestPace, pace*time.Duration(n)/crowdSize)
	}
	return pace
}

func (s *session) stir() {
	if s.crowd.flushAt.IsZero() {
		s.crowd.flushAt = s.crowd.flushed.Add(s.pace())
	}
}

// announce has the others told about a peer.
func (s *session) announce(p *Peer) {
	if !p.presence.dirty {
		p.presence.dirty = true
		s.crowd.dirty = append(s.crowd.dirty, p)
	}
	s.stir()
}

func (s *session) unannounce(p *Peer) {
	if p.presence.announced {
		s.crowd.left = append(s.crowd.left, p.id)
		s.stir()
	}
}

// hear takes a peer's caret.
func (s *session) hear(p *Peer, m *protocol.Presence) {
	if len(m.State) > s.config.Limits.PresenceBytes {
		return
	}
	p.presence.held = m
	s.placePresence(p)
}

// placePresence lets a held caret take effect if its change is durable.
func (s *session) placePresence(p *Peer) {
	m := p.presence.held
	if m == nil {
		return
	}
	at, ok := s.seq.place(s.seq.clients[p.client], m)
	if !ok {
		return
	}
	p.presence.held = nil
	p.presence.selection, p.presence.revision = at, s.seq.durable
	s.show(p, m.State)
	s.announce(p)
}

// show keeps a peer's state, if there is room for it.
func (s *session) show(p *Peer, state json.RawMessage) {
	s.crowd.states -= len(p.presence.state)
	if s.crowd.states+len(state) > crowdStates {
		state = nil
	}
	s.crowd.states += len(state)
	p.presence.state = state
}

// placeHeld is called after each commit.
func (s *session) placeHeld() {
	for _, p := range s.peers {
		s.placePresence(p)
	}
}

// advancePresence moves every caret to the durable head.
func (s *session) advancePresence() {
	for _, p := range s.peers {
		p.presence.advance(&s.seq.window, p.client, s.seq.durable)
	}
}

// body is a peer's presence as others see it, at the durable head. Whoever is
// given it - in a welcome too - is to be told when the peer leaves.
func (s *session) body(p *Peer) protocol.PeerPresence {
	p.presence.announced = true
	p.presence.advance(&s.seq.window, p.client, s.seq.durable)
	return protocol.PeerPresence{
		Peer: p.id, User: p.author.user, Revision: p.presence.revision,
		Selection: p.presence.selection, State: p.presence.state,
	}
}

func (s *session) presences(peers []*Peer) []protocol.PeerPresence {
	bodies := make([]protocol.PeerPresence, len(peers))
	for i, p := range peers {
		bodies[i] = s.body(p)
	}
	return bodies
}

// flushCrowd tells everybody what is due.
func (s *session) flushCrowd(now time.Time) {
	c := &s.crowd
	if !s.due(c.flushAt, now) {
		return
	}
	c.flushAt, c.flushed = time.Time{}, now
	owed := false
	for i := len(s.peers) - 1; i >= 0; i-- {
		if p := s.peers[i]; p.live {
			again, still := p.outbox.refresh()
			owed = owed || still
			if again {
				s.refresh(p)
			}
		}
	}
	leaves, told := s.encodeCrowd()
	if len(c.group.ends) > 0 {
		whole := c.group.whole()
		for i := len(s.peers) - 1; i >= 0; i-- {
			owed = s.tellCrowd(s.peers[i], whole, leaves) || owed
		}
	}
	for _, p := range c.dirty[:told] {
		p.presence.dirty = false
	}
	c.dirty, c.group.bytes = slices.Delete(c.dirty, 0, told), nil
	c.left = slices.Delete(c.left, 0, leaves) // who was cut just now is told of next time
	if owed || len(c.dirty) > 0 {
		s.stir()
	}
}

// encodeCrowd puts who left, then who is new or moved, into the group, and
// returns how many of either it took. Positions of dirty peers that have gone are
// nobody's.
func (s *session) encodeCrowd() (leaves, told int) {
	c := &s.crowd
	kept := c.dirty[:0]
	for _, p := range c.dirty {
		if p.attached {
			kept = append(kept, p)
		}
	}
	clear(c.dirty[len(kept):])
	c.dirty = kept
	c.group.reset(256 * (len(c.left) + len(c.dirty)))
	for _, id := range c.left {
		c.group.start()
		c.group.bytes = protocol.AppendServer(c.group.bytes, protocol.Leave{Peer: id})
		c.group.end()
	}
	for _, p := range c.dirty {
		if len(c.group.bytes) > crowdBytes && told > 0 {
			p.presence.turn = nextRound
			continue
		}
		p.presence.turn = len(c.left) + told
		told++
		c.group.start()
		c.group.bytes = protocol.AppendPresence(c.group.bytes, s.body(p))
		c.group.end()
	}
	c.group.close()
	return len(c.left), told
}

// tellCrowd gives a peer the group without itself, and reports whether
// presence is owed to it for want of room. Leaves are never dropped.
func (s *session) tellCrowd(p *Peer, whole fragment, leaves int) (owed bool) {
	g, n := &s.crowd.group, len(s.crowd.group.ends)
	parts := s.crowd.parts[:0]
	switch own := p.presence.turn; {
	case !p.live: // it is owed all presence once live
		if leaves > 0 {
			parts = append(parts, g.part(0, leaves))
		}
	case !p.presence.dirty, own == nextRound:
		parts = append(parts, whole)
	default:
		if own > 0 {
			parts = append(parts, g.part(0, own))
		}
		if own+1 < n {
			parts = append(parts, g.part(own+1, n))
		}
	}
	if s.crowd.parts = parts; len(parts) == 0 {
		return false
	}
	wake, took := p.outbox.pushPresence(parts...)
	if wake {
		s.line.add(p)
	}
	if !took && leaves > 0 && p.push(g.part(0, leaves)) {
		s.detach(p)
	}
	return !took
}

// refresh sends a peer everybody's presence, after some was dropped.
func (s *session) refresh(p *Peer) {
	var bytes []byte
	n := 0
	for _, other := range s.peers {
		if other == p {
			continue
		}
		if n++; n > 1 {
			bytes = append(bytes, ',')
		}
		bytes = protocol.AppendPresence(bytes, s.body(other))
	}
	if n > 0 && p.push(fragment{bytes: bytes, many: n > 1}) {
		s.detach(p)
	}
}
