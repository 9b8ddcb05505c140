package transport

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
)

// pollRequest is the body of a poll.
type pollRequest struct {
	connection string            // "": a new one
	received   int64             // server messages the client has seen
	first      int64             // client messages before this batch
	messages   []json.RawMessage // decoded one by one, as strictly as frames
	leave      bool              // the client goes for good
	hold       *int64            // ms that it waits for something to say; nil: PollHold, which is the most
}

// pollAnswer is what a poll gets.
type pollAnswer struct {
	connection string
	sent       int64 // server messages up to the last of these
	accepted   int64 // client messages taken
	messages   [][]byte
	close      *collab.CloseError
}

// errTooBig: a body is larger than its sender may send now.
var errTooBig = errors.New("body is too large")

// boundedBody reads at most left bytes; more is errTooBig, once and for ever.
type boundedBody struct {
	from    io.Reader
	left    int
	err     error
	arrived func() // runs for what comes, at most once a second; nil: nobody asks
	told    time.Time
}

func (b *boundedBody) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	if n, b.err = b.from.Read(p); n > b.left {
		b.err = errTooBig
		return 0, b.err
	}
	b.left -= n
	if now := time.Now(); n > 0 && b.arrived != nil && now.Sub(b.told) >= time.Second {
		b.told = now
		b.arrived()
	}
	return n, b.err
}

// errEnvelope: the body is not what a poll sends.
var errEnvelope = errors.New("not a poll's body")

// readPoll reads a body. named runs as soon as the connection's id is known, so
// that what follows may be larger than what a stranger may send: a long body
// says first whose it is.
func readPoll(body io.Reader, named func(id string)) (q pollRequest, err error) {
	decoder := json.NewDecoder(body)
	if err := expect(decoder, json.Delim('{')); err != nil {
		return q, err
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return q, err
		}
		key, _ := token.(string)
		if seen[key] {
			return q, errEnvelope
		}
		seen[key] = true
		switch key {
		case "connection":
			if err = decoder.Decode(&q.connection); err == nil && q.connection != "" {
				named(q.connection)
			}
		case "received":
			err = decoder.Decode(&q.received)
		case "first":
			err = decoder.Decode(&q.first)
		case "messages":
			q.messages, err = readMessages(decoder)
		case "hold":
			err = decoder.Decode(&q.hold)
		case "leave":
			err = decoder.Decode(&q.leave)
		default: // law P1
			var ignored json.RawMessage
			err = decoder.Decode(&ignored)
		}
		if err != nil {
			return q, err
		}
	}
	if err := expect(decoder, json.Delim('}')); err != nil {
		return q, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return q, errors.Join(errEnvelope, err)
	}
	if q.received < 0 || q.first < 0 || q.hold != nil && *q.hold < 0 {
		return q, errEnvelope
	}
	return q, nil
}

// pollMessages is the most messages in one body: a client has one change in
// flight and little beside it.
const pollMessages = 1000

func readMessages(decoder *json.Decoder) (messages []json.RawMessage, err error) {
	if err := expect(decoder, json.Delim('[')); err != nil {
		return nil, err
	}
	for decoder.More() {
		var m json.RawMessage
		if err := decoder.Decode(&m); err != nil {
			return nil, err
		}
		if len(messages) == pollMessages {
			return nil, errTooBig
		}
		messages = append(messages, m)
	}
	return messages, expect(decoder, json.Delim(']'))
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err == nil && token != want {
		err = errEnvelope
	}
	return err
}

// bytes encodes the answer; messages go in as they are.
func (a *pollAnswer) bytes() []byte {
	size := 200
	for _, m := range a.messages {
		size += len(m) + 1
	}
	dst := append(make([]byte, 0, size), `{"connection":`...)
	if a.connection == "" {
		dst = append(dst, "null"...)
	} else {
		dst = protocol.AppendString(dst, a.connection)
	}
	dst = strconv.AppendInt(append(dst, `,"sent":`...), a.sent, 10)
	dst = strconv.AppendInt(append(dst, `,"accepted":`...), a.accepted, 10)
	dst = append(dst, `,"messages":[`...)
	for i, m := range a.messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, m...)
	}
	dst = append(dst, ']')
	if a.close != nil {
		dst = strconv.AppendInt(append(dst, `,"close":{"code":`...), int64(a.close.Code), 10)
		dst = protocol.AppendString(append(dst, `,"reason":`...), a.close.Reason)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendMessages cuts a frame of ours - one message, or an array of them - into
// its messages, without copying.
func appendMessages(dst [][]byte, frame []byte) [][]byte {
	if len(frame) == 0 || frame[0] != '[' {
		return append(dst, frame)
	}
	depth, quoted, start := 0, false, 1
	for i := 1; i < len(frame); i++ {
		switch c := frame[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == ']'):
			if i > start {
				dst = append(dst, frame[start:i:i])
			}
			start = i + 1
		case c == '}' || c == ']':
			depth--
		}
	}
	return dst
}
