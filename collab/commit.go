package collab

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// flush hands what is sequenced to the store if no batch is in flight. At most
// one is: what comes meanwhile makes up the next, so batches grow with the load
// and latency adapts by itself. In a crowd the pacer holds it back; the timer
// comes back to it then.
func (s *session) flush() {
	s.commitAt = time.Time{}
	if s.inFlight != nil || s.failed != nil || s.seq.window.head() == s.handed.Revision {
		return
	}
	now := s.config.Now()
	if wait := s.pacer.wait(now); wait > 0 && !s.ending {
		s.commitAt = now.Add(wait)
		return
	}
	s.pacer.charge(now, len(s.peers))
	through := s.seq.window.head()
	batch := s.batch(s.seq.window.span(s.handed.Revision, through))
	s.handed = batch.Seal()
	s.inFlight = &state{epoch: s.handed.Epoch, revision: s.handed.Revision, chain: s.handed.Hash, document: s.seq.document.Clone()}
	s.sent = now
	for i := range batch.Changes {
		grown := changeBytes + len(batch.Changes[i].Delta)
		s.saver.bytes += grown
		s.grown += grown
	}
	s.awaits = true
	committed := s.committed
	s.config.Log.Append(batch, func(err error) { committed <- err })
}

// batch makes the log rows of entries. All their JSON shares one allocation.
func (s *session) batch(entries []entry) persistence.Batch {
	changes := make([]persistence.Change, len(entries))
	clients := make([]persistence.ClientRow, 0, min(len(entries), 8))
	ends := make([]int, len(entries))
	json := make([]byte, 0, 64*len(entries))
	for i := range entries {
		json = entries[i].delta.AppendJSON(json)
		ends[i] = len(json)
	}
	start := 0
	for i := range entries {
		e := &entries[i]
		changes[i] = persistence.Change{
			Revision: e.revision, Client: e.client, Seq: e.seq,
			Author: e.author.row, At: e.at, Delta: json[start:ends[i]:ends[i]],
		}
		start = ends[i]
		// The row says what is true at the end of the batch: only the client's
		// last change in it makes one.
		if c := s.seq.clients[e.client]; c.revision == e.revision {
			clients = append(clients, persistence.ClientRow{
				Client: e.client, User: c.user, Seq: c.seq, Revision: c.revision, Digest: c.digest, SeenAt: c.at,
			})
		}
	}
	return persistence.Batch{Document: s.id, Base: s.handed, Changes: changes, Clients: clients}
}

// settle takes the store's answer. The next batch goes out before anybody is
// told of this one, so that the disk does not wait for the network.
func (s *session) settle(err error) {
	s.awaits = false
	if s.inFlight == nil {
		return
	}
	if err != nil {
		s.config.Metrics.CommitFailed(err)
		if errors.Is(err, persistence.ErrFull) {
			s.full(err)
			return
		}
		s.config.Logger.Error("append failed, document is reloaded", "document", s.id, "revision", s.handed.Revision, "error", err)
		s.failed = fmt.Errorf("append: %w", err)
		return
	}
	next, from := s.inFlight, s.state.Load().revision
	s.inFlight = nil
	s.seq.commit(next.revision)
	s.state.Store(next)
	s.flush()
	now := s.config.Now()
	s.config.Metrics.Committed(int(next.revision-from), now.Sub(s.sent))

	entries := s.seq.window.span(from, next.revision)
	s.fanOut(entries)
	s.answer(next.revision)
	s.placeHeld()
	for f := range s.follows {
		select {
		case f.news <- struct{}{}:
		default:
		}
	}
	last := &entries[len(entries)-1]
	s.news.Author, s.news.At = last.author.row, last.at
	if w := &s.seq.window; len(w.entries) > s.config.Limits.WindowChanges || w.bytes > s.config.Limits.WindowBytes {
		s.advancePresence()
		w.trim(s.seq.durable, s.config.Limits.WindowChanges, s.config.Limits.WindowBytes)
	} else if w.stale(now) {
		s.advancePresence()
		w.shrink(s.seq.durable, len(w.entries)/2, s.config.Limits.WindowBytes)
	}
	s.forget()
	s.shrinkAt = now.Add(quiet)
	s.saveIfPaid(next)
}

// maxClients is how many clients of a document are remembered before those who
// have gone are forgotten; the log has their rows.
const maxClients = 1024

// forget lets go of clients who have gone when there are many; of those who
// came for nothing too, so it is not left to commits.
func (s *session) forget() {
	if len(s.seq.clients) <= s.forgetAt {
		return
	}
	if s.seq.forget() > 0 {
		s.forgotten.Add(1)
	}
	s.forgetAt = max(maxClients, 2*len(s.seq.clients)) // so that looking costs each who comes little
}

// answer tells writers by other ways than a connection.
func (s *session) answer(durable int64) {
	if len(s.waiting) == 0 {
		return
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(w waiter) bool {
		if w.revision > durable {
			return false
		}
		w.reply <- writeReply{revision: w.revision, at: w.at}
		return true
	})
}

// storageRetry is when to try again after the disk was full; ms.
const storageRetry = 5000

// full takes back what the store says it did not write (ErrFull), and only
// then: the changes are rejected and may be sent again.
func (s *session) full(err error) {
	s.config.Logger.Error("storage is full", "document", s.id, "error", err)
	durable := s.state.Load()
	for _, e := range s.seq.window.after(durable.revision) {
		if p := s.byClient[e.client]; p != nil {
			p.pending = 0
			s.rejectTo(p, e.seq, &RejectError{Code: protocol.CodeStorageFull, Reason: "the server's disk is full", RetryAfter: storageRetry})
		}
	}
	for _, w := range s.waiting {
		w.reply <- writeReply{err: &RejectError{Code: protocol.CodeStorageFull, Reason: "the server's disk is full", RetryAfter: storageRetry}}
	}
	s.waiting = nil
	s.seq.rollback(durable.document.Clone())
	s.inFlight = nil
	s.handed = persistence.Head{Epoch: durable.epoch, Revision: durable.revision, Hash: durable.chain}
}

// tellAll sends one message to every peer.
func (s *session) tellAll(m protocol.ServerMessage) {
	shared := fragment{bytes: protocol.AppendServer(nil, m)}
	for i := len(s.peers) - 1; i >= 0; i-- {
		if p := s.peers[i]; p.push(shared) {
			s.detach(p)
		}
	}
}

// dismiss closes every connection after what is queued for it.
func (s *session) dismiss(code protocol.CloseCode, reason string) {
	for len(s.peers) > 0 {
		p := s.peers[len(s.peers)-1]
		s.detach(p)
		p.finish(code, reason)
	}
}
