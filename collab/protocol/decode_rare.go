package protocol

import (
	"bytes"
	"encoding/json"
)

// readRare reads the rest of a server message that is neither change nor ack;
// nil for an unknown type.
func (r *Reader) readRare(s *scanner, kind string, o *object) ServerMessage {
	switch kind {
	case "welcome":
		return r.welcome(s, o)
	case "presence":
		return r.presence(s, o)
	case "reject":
		var m Reject
		for o.next() {
			switch string(o.key) {
			case "seq":
				m.Seq = s.integer(0)
			case "code":
				m.Code = Code(s.text())
			case "message":
				m.Message = s.text()
			case "retry":
				m.Retry = s.boolean()
			case "retryAfter":
				m.RetryAfter = int(s.integer(0))
			default:
				s.skip(1)
			}
		}
		return m
	case "leave":
		return Leave{s.only(o, "peer")}
	case "title":
		return Title{s.only(o, "title")}
	case "role":
		return RoleChange{s.role(s.only(o, "role"))}
	case "reload":
		return Reload{s.only(o, "reason")}
	case "removed":
		return Removed{s.only(o, "reason")}
	case "goaway":
		return GoAway{int(s.onlyInteger(o, "retryAfter"))}
	case "pong":
		return Pong{s.onlyInteger(o, "revision")}
	}
	for o.next() {
		s.skip(1)
	}
	return nil
}

// only reads a message with one text field.
func (s *scanner) only(o *object, key string) (text string) {
	for o.next() {
		if string(o.key) == key {
			text = s.text()
		} else {
			s.skip(1)
		}
	}
	return text
}

// onlyInteger reads a message with one integer field.
func (s *scanner) onlyInteger(o *object, key string) (n int64) {
	for o.next() {
		if string(o.key) == key {
			n = s.integer(0)
		} else {
			s.skip(1)
		}
	}
	return n
}

// role reads a role. One of a later version counts as the least that hears
// anything (law P1).
func (s *scanner) role(word string) Role {
	if s.err != nil {
		return RoleNone
	}
	role, err := ParseRole(word)
	if err != nil && word == "" {
		s.fail("no role")
	} else if err != nil {
		return RoleViewer
	}
	return role
}

func (r *Reader) presence(s *scanner, o *object) PeerPresence {
	var m PeerPresence
	var speaker *voice
	for o.next() {
		switch string(o.key) {
		case "peer":
			m.Peer, speaker = r.names().peer(s)
		case "user":
			m.User = r.names().user(s, m.Peer, speaker)
		case "revision":
			m.Revision = s.integer(0)
		case "selection":
			m.Selection = s.selection()
		case "state":
			m.State = s.state()
		default:
			s.skip(1)
		}
	}
	return m
}

// selection reads {anchor, head} or null.
func (s *scanner) selection() *Selection {
	if s.null() {
		return nil
	}
	sel := Selection{Anchor: -1, Head: -1}
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "anchor":
			sel.Anchor = int(s.integer(0))
		case "head":
			sel.Head = int(s.integer(0))
		default:
			s.skip(2)
		}
	}
	if s.err == nil && (sel.Anchor < 0 || sel.Head < 0) {
		s.fail("a selection needs anchor and head")
	}
	return &sel
}

// state reads presence state, an object or null, without its white space.
func (s *scanner) state() json.RawMessage {
	if s.null() {
		return nil
	}
	if s.peek() != '{' {
		s.fail("state is an object")
		return nil
	}
	start := s.i
	s.skip(1)
	var packed bytes.Buffer
	if s.err != nil || json.Compact(&packed, s.b[start:s.i]) != nil {
		s.fail("state is an object")
		return nil
	}
	return packed.Bytes()
}

func (r *Reader) welcome(s *scanner, o *object) Welcome {
	var m Welcome
	for o.next() {
		switch string(o.key) {
		case "protocol":
			m.Protocol = int(s.integer(0))
		case "client":
			m.Client = s.text()
		case "token":
			m.Token = s.text()
		case "peer":
			m.Peer = s.text()
		case "role":
			m.Role = s.role(s.text())
		case "user":
			m.User = s.user()
		case "document":
			m.Document = r.welcomeDocument(s)
		case "acknowledged":
			m.Acknowledged = s.acknowledged()
		case "peers":
			for a := s.array(); a.next(); {
				peer := s.object()
				m.Peers = append(m.Peers, r.presence(s, &peer))
			}
		case "limits":
			m.Limits = s.limits()
		case "reset":
			m.Reset = s.text()
		default:
			s.skip(1)
		}
	}
	return m
}

func (r *Reader) welcomeDocument(s *scanner) (d WelcomeDocument) {
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "id":
			d.ID = s.text()
		case "title":
			d.Title = s.text()
		case "epoch":
			d.Epoch = s.text()
		case "revision":
			d.Revision = s.integer(0)
		case "content":
			if s.null() {
				break
			}
			if s.peek() != '[' {
				s.fail("content is an array")
			}
			d.Content = bytes.Clone(s.extent())
		case "changes":
			d.Resumed = true
			for a := s.array(); a.next(); {
				change := s.object()
				var c Change
				r.changeBody(s, &change, &c)
				d.Changes = append(d.Changes, c)
			}
		case "more":
			d.More = s.boolean()
		default:
			s.skip(2)
		}
	}
	return d
}

func (s *scanner) acknowledged() *Acknowledged {
	if s.null() {
		return nil
	}
	var a Acknowledged
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "seq":
			a.Seq = s.integer(0)
		case "revision":
			a.Revision = s.integer(0)
		default:
			s.skip(2)
		}
	}
	return &a
}

func (s *scanner) limits() (l Limits) {
	for o := s.object(); o.next(); {
		switch string(o.key) {
		case "changeBytes":
			l.ChangeBytes = int(s.integer(0))
		case "changeOps":
			l.ChangeOps = int(s.integer(0))
		case "documentLength":
			l.DocumentLength = int(s.integer(0))
		case "presenceBytes":
			l.PresenceBytes = int(s.integer(0))
		case "changesPerSecond":
			l.ChangesPerSecond = int(s.integer(0))
		case "bytesPerSecond":
			l.BytesPerSecond = int(s.integer(0))
		case "messagesPerSecond":
			l.MessagesPerSecond = int(s.integer(0))
		default:
			s.skip(2)
		}
	}
	return l
}
