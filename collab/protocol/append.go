package protocol

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"
)

// AppendServer appends one message from the server as JSON. Any goroutine; it
// keeps nothing of m and never fails.
func AppendServer(dst []byte, m ServerMessage) []byte {
	switch m := m.(type) {
	case Change:
		return AppendChange(dst, m)
	case Ack:
		return AppendAck(dst, m)
	case PeerPresence:
		return AppendPresence(dst, m)
	case Welcome:
		return appendWelcome(dst, &m)
	case Reject:
		dst = append(dst, `{"type":"reject","seq":`...)
		dst = strconv.AppendInt(dst, m.Seq, 10)
		dst = appendMember(dst, `,"code":`, string(m.Code))
		dst = appendMember(dst, `,"message":`, m.Message)
		dst = append(dst, `,"retry":`...)
		dst = strconv.AppendBool(dst, m.Retry)
		if m.RetryAfter > 0 {
			dst = append(dst, `,"retryAfter":`...)
			dst = strconv.AppendInt(dst, int64(m.RetryAfter), 10)
		}
		return append(dst, '}')
	case Leave:
		return append(appendMember(dst, `{"type":"leave","peer":`, m.Peer), '}')
	case Title:
		return append(appendMember(dst, `{"type":"title","title":`, m.Title), '}')
	case RoleChange:
		return append(appendMember(dst, `{"type":"role","role":`, m.Role.String()), '}')
	case Reload:
		return append(appendMember(dst, `{"type":"reload","reason":`, m.Reason), '}')
	case Removed:
		return append(appendMember(dst, `{"type":"removed","reason":`, m.Reason), '}')
	case GoAway:
		dst = append(dst, `{"type":"goaway","retryAfter":`...)
		return append(strconv.AppendInt(dst, int64(m.RetryAfter), 10), '}')
	case Pong:
		dst = append(dst, `{"type":"pong","revision":`...)
		return append(strconv.AppendInt(dst, m.Revision, 10), '}')
	}
	return dst
}

// AppendChange appends a change message. On the hot path: encoded once for all
// who receive it.
func AppendChange(dst []byte, m Change) []byte {
	dst = append(dst, `{"type":"change",`...)
	return appendChangeBody(dst, &m)
}

func appendChangeBody(dst []byte, m *Change) []byte {
	dst = append(dst, `"revision":`...)
	dst = strconv.AppendInt(dst, m.Revision, 10)
	if m.Peer != "" {
		dst = appendMember(dst, `,"peer":`, m.Peer)
	}
	if m.Seq > 0 {
		dst = append(dst, `,"seq":`...)
		dst = strconv.AppendInt(dst, m.Seq, 10)
	}
	dst = append(dst, `,"author":`...)
	dst = appendUser(dst, &m.Author)
	dst = append(dst, `,"at":`...)
	dst = AppendTime(dst, m.At)
	dst = append(dst, `,"delta":`...)
	dst = m.Delta.AppendJSON(dst)
	return append(dst, '}')
}

// AppendAck appends an ack message.
func AppendAck(dst []byte, m Ack) []byte {
	dst = append(dst, `{"type":"ack","seq":`...)
	dst = strconv.AppendInt(dst, m.Seq, 10)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, m.Revision, 10)
	dst = append(dst, `,"at":`...)
	dst = AppendTime(dst, m.At)
	return append(dst, '}')
}

// AppendPresence appends a peer's presence message.
func AppendPresence(dst []byte, m PeerPresence) []byte {
	dst = append(dst, `{"type":"presence",`...)
	return appendPresenceBody(dst, &m)
}

func appendPresenceBody(dst []byte, m *PeerPresence) []byte {
	dst = appendMember(dst, `"peer":`, m.Peer)
	dst = append(dst, `,"user":`...)
	dst = appendUser(dst, &m.User)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, m.Revision, 10)
	dst = append(dst, `,"selection":`...)
	dst = appendSelection(dst, m.Selection)
	if len(m.State) > 0 {
		dst = append(dst, `,"state":`...)
		dst = append(dst, m.State...)
	}
	return append(dst, '}')
}

func appendWelcome(dst []byte, m *Welcome) []byte {
	dst = append(dst, `{"type":"welcome","protocol":`...)
	dst = strconv.AppendInt(dst, int64(m.Protocol), 10)
	dst = appendMember(dst, `,"client":`, m.Client)
	if m.Token != "" {
		dst = appendMember(dst, `,"token":`, m.Token)
	}
	dst = appendMember(dst, `,"peer":`, m.Peer)
	dst = appendMember(dst, `,"role":`, m.Role.String())
	dst = append(dst, `,"user":`...)
	dst = appendUser(dst, &m.User)
	dst = append(dst, `,"document":`...)
	dst = appendWelcomeDocument(dst, &m.Document)
	dst = append(dst, `,"acknowledged":`...)
	if a := m.Acknowledged; a != nil {
		dst = append(dst, `{"seq":`...)
		dst = strconv.AppendInt(dst, a.Seq, 10)
		dst = append(dst, `,"revision":`...)
		dst = strconv.AppendInt(dst, a.Revision, 10)
		dst = append(dst, '}')
	} else {
		dst = append(dst, `null`...)
	}
	dst = append(dst, `,"peers":[`...)
	for i := range m.Peers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendPresenceBody(append(dst, '{'), &m.Peers[i])
	}
	dst = append(dst, `],"limits":{"changeBytes":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.ChangeBytes), 10)
	dst = append(dst, `,"changeOps":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.ChangeOps), 10)
	dst = append(dst, `,"documentLength":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.DocumentLength), 10)
	dst = append(dst, `,"presenceBytes":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.PresenceBytes), 10)
	dst = append(dst, `,"changesPerSecond":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.ChangesPerSecond), 10)
	dst = append(dst, `,"bytesPerSecond":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.BytesPerSecond), 10)
	dst = append(dst, `,"messagesPerSecond":`...)
	dst = strconv.AppendInt(dst, int64(m.Limits.MessagesPerSecond), 10)
	dst = append(dst, '}')
	if m.Reset != "" {
		dst = appendMember(dst, `,"reset":`, m.Reset)
	}
	return append(dst, '}')
}

func appendWelcomeDocument(dst []byte, d *WelcomeDocument) []byte {
	dst = appendMember(dst, `{"id":`, d.ID)
	dst = appendMember(dst, `,"title":`, d.Title)
	dst = appendMember(dst, `,"epoch":`, d.Epoch)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, d.Revision, 10)
	switch {
	case d.Resumed:
		dst = append(dst, `,"changes":[`...)
		for i := range d.Changes {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendChangeBody(append(dst, '{'), &d.Changes[i])
		}
		dst = append(dst, ']')
		if d.More {
			dst = append(dst, `,"more":true`...)
		}
	case d.Content == nil:
		dst = append(dst, `,"content":null`...)
	default:
		dst = append(dst, `,"content":`...)
		dst = append(dst, d.Content...)
	}
	return append(dst, '}')
}

// AppendClient appends one message from a client as JSON.
func AppendClient(dst []byte, m ClientMessage) []byte {
	switch m := m.(type) {
	case Submit:
		dst = append(dst, `{"type":"submit","seq":`...)
		dst = strconv.AppendInt(dst, m.Seq, 10)
		dst = append(dst, `,"base":`...)
		dst = strconv.AppendInt(dst, m.Base, 10)
		dst = append(dst, `,"delta":`...)
		return append(m.Delta.AppendJSON(dst), '}')
	case Presence:
		dst = append(dst, `{"type":"presence","base":`...)
		dst = strconv.AppendInt(dst, m.Base, 10)
		dst = append(dst, `,"seq":`...)
		dst = strconv.AppendInt(dst, m.Seq, 10)
		dst = append(dst, `,"selection":`...)
		dst = appendSelection(dst, m.Selection)
		if len(m.State) > 0 {
			dst = append(dst, `,"state":`...)
			dst = append(dst, m.State...)
		}
		return append(dst, '}')
	case Check:
		dst = append(dst, `{"type":"check","revision":`...)
		dst = strconv.AppendInt(dst, m.Revision, 10)
		return append(appendMember(dst, `,"hash":`, m.Hash), '}')
	case Ping:
		return append(dst, `{"type":"ping"}`...)
	case Hello:
		dst = append(dst, `{"type":"hello","protocol":`...)
		dst = strconv.AppendInt(dst, int64(m.Protocol), 10)
		if m.Token != "" {
			dst = appendMember(dst, `,"token":`, m.Token)
		}
		if r := m.Resume; r != nil {
			dst = appendMember(dst, `,"resume":{"client":`, r.Client)
			dst = appendMember(dst, `,"epoch":`, r.Epoch)
			dst = append(dst, `,"revision":`...)
			dst = strconv.AppendInt(dst, r.Revision, 10)
			dst = append(dst, `,"seq":`...)
			dst = strconv.AppendInt(dst, r.Seq, 10)
			if r.Attempt != 0 {
				dst = append(dst, `,"attempt":`...)
				dst = strconv.AppendInt(dst, r.Attempt, 10)
			}
			dst = append(dst, '}')
		}
		return append(dst, '}')
	}
	return dst
}

func appendUser(dst []byte, u *User) []byte {
	dst = appendMember(dst, `{"id":`, u.ID)
	dst = appendMember(dst, `,"name":`, u.Name)
	dst = appendMember(dst, `,"color":`, u.Color)
	return append(dst, '}')
}

func appendSelection(dst []byte, s *Selection) []byte {
	if s == nil {
		return append(dst, `null`...)
	}
	dst = append(dst, `{"anchor":`...)
	dst = strconv.AppendInt(dst, int64(s.Anchor), 10)
	dst = append(dst, `,"head":`...)
	dst = strconv.AppendInt(dst, int64(s.Head), 10)
	return append(dst, '}')
}

// appendMember appends a key, given with its punctuation, and a string value.
func appendMember(dst []byte, key, value string) []byte {
	return AppendString(append(dst, key...), value)
}

// AppendString appends s as a JSON string. Invalid UTF-8, which no decoder of
// ours lets in, becomes U+FFFD so that a frame is always valid text.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = hex.AppendEncode(append(dst, `\u00`...), []byte{c})
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
