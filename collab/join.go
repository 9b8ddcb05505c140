package collab

import (
	"sync/atomic"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// joinRequest asks for a peer. What it needs from the log was read before, in
// the asker's goroutine (law R2).
type joinRequest struct {
	attach Attach
	author *author
	peer   persistence.ID
	fresh  persistence.ID // client id to use for a new client

	resume    *resume
	forgotten int64 // session.forgotten before resume.row was read
	page      []protocol.Change
	reply     chan joinReply
	// claimed is set by whoever is first: the loop that answers, or an asker
	// that goes away.
	claimed atomic.Bool
}

// resume is a protocol.Resume with its ids read and what is known of the
// client outside the session.
type resume struct {
	client   persistence.ID // zero: not an id
	epoch    persistence.ID
	revision int64
	attempt  int64
	row      *persistence.ClientRow // of the log
	issued   persistence.ID         // user to whom this process issued it; zero: it did not
}

type joinReply struct {
	err      error
	again    bool // clients were forgotten since the row was read: read it anew
	readFrom int64
	needPage bool // missed changes are below the window: read a page after readFrom

	peer         *Peer
	role         protocol.Role
	state        *state
	resumed      bool
	reset        string
	changes      []protocol.Change
	more         bool
	acknowledged *protocol.Acknowledged
	peers        []protocol.PeerPresence
}

// join is one turn of the loop: what the peer is given and what it will hear
// have no gap and no overlap.
func (s *session) join(r *joinRequest) {
	if r.claimed.CompareAndSwap(false, true) {
		r.reply <- s.joined(r)
	}
}

func (s *session) joined(r *joinRequest) joinReply {
	switch {
	case s.draining:
		return joinReply{err: &CloseError{protocol.CloseGoAway, "server is stopping"}}
	case len(s.peers) >= s.config.Limits.Peers:
		return joinReply{err: s.config.crowded("document_connections", "too many connections to this document; try again later")}
	}
	if s.stale(r.attach.Since, r.author.row.ID, &r.attach.Who) {
		return joinReply{err: ErrStale}
	}
	reply := joinReply{state: s.state.Load()}
	client := r.fresh
	if r.resume != nil {
		if !s.honour(r, &reply) {
			return reply
		}
		if reply.resumed {
			client = r.resume.client
		}
	}
	tally, ok := s.hub.tallies.enter(r.author.row.ID, s.config.elapsed(), s.config.Limits.UserConnections)
	if !ok {
		return joinReply{err: s.config.crowded("user_connections", "you have too many connections; close other windows")}
	}
	p := &Peer{
		session: s, conn: r.attach.Conn, id: r.peer.String(), client: client, tally: tally,
		author: r.author, who: r.attach.Who, role: r.attach.Role, asked: r.attach.Since, joined: s.config.Now(),
		attached: true, live: !reply.more,
	}
	if r.resume != nil {
		p.attempt = r.resume.attempt
	}
	p.outbox.held = true
	p.known = reply.state.revision
	if reply.more {
		p.known = r.resume.revision + int64(len(reply.changes))
		p.pages.Store(newPages(p, p.known))
	}
	reply.peer, reply.role = p, p.role
	reply.peers = s.presences(s.peers)
	s.admit(p)
	return reply
}

// honour answers a resume (laws C2, S3, S7). It reports false when the reply
// is final: a refusal, or something to be read first.
func (s *session) honour(r *joinRequest, reply *joinReply) bool {
	in := r.resume
	known := s.seq.clients[in.client]
	if known == nil {
		if r.forgotten != s.forgotten.Load() {
			reply.again = true
			return false
		}
		if in.row != nil || !in.issued.IsZero() {
			known = s.seq.know(in.client, in.issued, in.row)
		}
	}
	if known != nil && known.user != r.author.row.ID {
		reply.err = &CloseError{protocol.CloseForbidden, "not yours"}
		return false
	}
	older := s.byClient[in.client]
	if older != nil && in.attempt > 0 && in.attempt < older.attempt {
		reply.err = &CloseError{protocol.CloseGeneric, "a later connection of this client is here"}
		return false
	}
	reply.acknowledged = &protocol.Acknowledged{}
	if known != nil {
		*reply.acknowledged = known.acknowledged
	}
	switch head := reply.state; {
	case in.epoch != head.epoch || in.revision > head.revision || in.revision < 0:
		reply.reset = "epoch"
	case known == nil:
		reply.reset = "too_old"
	default:
		if in.revision < s.seq.window.base && r.page == nil {
			reply.needPage, reply.readFrom = true, in.revision
			return false
		}
		reply.resumed = true
		s.missed(r, reply)
	}
	if older != nil {
		s.detach(older)
		older.cut(protocol.CloseReplaced, "replaced by a newer connection")
	}
	return true
}

// missed fills in what the client has not seen, up to one page.
func (s *session) missed(r *joinRequest, reply *joinReply) {
	from, size := r.resume.revision, 0
	if from < s.seq.window.base {
		reply.changes = r.page
		from += int64(len(r.page))
		for i := range r.page {
			size += wireCost(r.page[i].Delta)
		}
	}
	if from >= s.seq.window.base {
		for i, rest := 0, s.seq.window.span(from, reply.state.revision); i < len(rest); i++ {
			if size += wireCost(rest[i].delta); size > welcomeBytes && len(reply.changes) > 0 {
				break
			}
			m := rest[i].message()
			if rest[i].client == r.resume.client {
				m.Seq = rest[i].seq
			}
			reply.changes = append(reply.changes, m)
			from++
		}
	}
	reply.more = from < reply.state.revision
}

// admit enters a peer.
func (s *session) admit(p *Peer) {
	s.seq.know(p.client, p.author.row.ID, nil).attached = true
	p.index = len(s.peers)
	s.peers = append(s.peers, p)
	s.byClient[p.client] = p
	p.presence.revision = s.seq.durable
	s.expires(p.who.Expires)
	s.announce(p)
	s.hub.peers.Add(1)
	if s.people.enter(p.author.user) {
		s.peopleChanged()
	}
	s.forget()
}

// detach lets a peer go. Its client may resume.
func (s *session) detach(p *Peer) {
	if !p.attached {
		return
	}
	p.attached, p.live = false, false
	last := len(s.peers) - 1
	s.peers[p.index] = s.peers[last]
	s.peers[p.index].index = p.index
	s.peers[last] = nil
	s.peers = s.peers[:last]
	delete(s.byClient, p.client)
	if c := s.seq.clients[p.client]; c != nil {
		c.attached, c.sent = false, nil
	}
	s.show(p, nil)
	s.unannounce(p)
	s.hub.peers.Add(-1)
	s.hub.tallies.leave(p.tally)
	if s.people.leave(p.author.user) {
		s.peopleChanged()
	}
}

func (s *session) peopleChanged() { s.news.PeopleChanged = true }

// report tells of what happened in this turn, once it is over: what the
// callback does cannot leave the session half changed.
func (s *session) report() {
	if s.news != (Activity{}) {
		news := s.news
		s.news = Activity{}
		news.Document, news.Revision = s.id, s.state.Load().revision
		s.config.Activity(news)
	}
}

type renamed struct{ title string }
type goAway struct{}

// goAway tells peers to come back, spread over the drain time (law R7).
func (s *session) goAway() {
	s.draining = true
	for i := len(s.peers) - 1; i >= 0; i-- {
		ms := int(s.config.Limits.Drain.Milliseconds())
		s.peers[i].send(protocol.GoAway{RetryAfter: s.config.Spread(max(1, ms))})
	}
}
