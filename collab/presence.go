package collab

import (
	"encoding/json"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// presence is where a peer's person is. Positions hold at a durable revision
// and are moved on when they are looked at, or before the window lets go of
// what they must be moved through (law V2).
type presence struct {
	revision  int64
	selection *protocol.Selection
	state     json.RawMessage
	held      *protocol.Presence // takes effect when its seq is durable
	dirty     bool               // to be told to the others
	announced bool               // the others know the peer
	turn      int                // its place in the group being told, while dirty
}

// nextRound is the turn of a peer for which the group had no room.
const nextRound = -1

// advance moves the selection from its revision to another one within the
// window. Changes of the peer's own client push its caret along (law A8).
func (p *presence) advance(w *window, client persistence.ID, to int64) {
	if p.selection != nil && p.revision < to {
		s := selection(*p.selection)
		for i, span := 0, w.span(p.revision, to); i < len(span); i++ {
			s = s.moved(span[i].delta, span[i].client == client)
		}
		moved := protocol.Selection(s)
		p.selection = &moved
	}
	p.revision = max(p.revision, to)
}

// placeWork bounds what is moved in the loop for one caret, in ops times changes:
// its message is sixty bytes, and a hundred of them may come in a second from one
// connection (law V1). Twenty thousand take some milliseconds.
const placeWork = 20_000

// place turns what a client says of its caret into positions at the durable
// revision. The client counts them after base plus its own change seq, if that
// one was not yet in base. ok is false when that change is not durable yet;
// a selection that cannot be placed any more, or takes long to be placed, is nil.
func (q *sequencer) place(client *clientState, p *protocol.Presence) (at *protocol.Selection, ok bool) {
	if p.Seq > client.acknowledged.Seq {
		return nil, false
	}
	if p.Selection == nil || p.Base < q.window.base || p.Base > q.durable {
		return nil, true
	}
	s := selection(*p.Selection)
	span := q.window.span(p.Base, q.durable)
	own := -1 // the sender's change among those the sender had not seen
	for i := range span {
		if p.Seq > 0 && span[i].seq == p.Seq && q.clients[span[i].client] == client {
			own = i
		}
	}
	length := q.window.lengthAt(p.Base)
	if own >= 0 {
		if client.seq != p.Seq || client.base < q.window.base || client.base > p.Base {
			return nil, true
		}
		if missed := p.Base - client.base + int64(own); missed*int64(len(client.sent)) > placeWork {
			return nil, true // the next one is placed without
		}
		mine := client.sent
		for _, e := range q.window.span(client.base, p.Base) {
			mine = ot.Transform(e.delta, mine, true)
		}
		length += mine.Growth()
		if !s.within(length) {
			return nil, true
		}
		for _, e := range span[:own] {
			theirs := ot.Transform(mine, e.delta, false) // sequenced before mine
			mine = ot.Transform(e.delta, mine, true)
			s = s.moved(theirs, false)
		}
		span = span[own+1:]
	} else if !s.within(length) {
		return nil, true
	}
	for i := range span {
		s = s.moved(span[i].delta, q.clients[span[i].client] == client)
	}
	placed := protocol.Selection(s)
	return &placed, true
}

type selection protocol.Selection

func (s selection) moved(d ot.Delta, own bool) selection {
	return selection{
		Anchor: ot.TransformIndex(d, s.Anchor, own),
		Head:   ot.TransformIndex(d, s.Head, own),
	}
}

func (s selection) within(length int) bool {
	return s.Anchor >= 0 && s.Head >= 0 && s.Anchor <= length && s.Head <= length
}
