package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// Answers are lost, and what was sent is sent again: once to five times, in any
// order, over new connections, to a server that was killed meanwhile, with
// another body, by somebody else.
func TestFaultResend(t *testing.T) {
	random, _ := seeded(t)
	server := serveProcess(t, t.TempDir())
	server.start()
	var sum resent
	histories := count(*faultResends, 300, 5)
	for range histories {
		h := &history{t: t, random: random, server: server, document: server.document("Again"), other: server.document("Other")}
		h.play(60)
		sum.add(h.seen)
		if t.Failed() {
			return
		}
	}
	server.stop()
	server.verify()
	for what, n := range map[string]int{"lost answers": sum.lost, "repeats": sum.repeats, "conflicts": sum.conflicts, "refusals": sum.refused, "kills": sum.kills} {
		if n == 0 && histories >= 5 {
			t.Errorf("the run was empty: no %s", what)
		}
	}
	t.Logf("%d histories, %d changes, each in the log exactly once: %d answers lost, %d repeats answered as the first time, %d other bodies refused, %d strangers refused, %d kills",
		histories, sum.changes, sum.lost, sum.repeats, sum.conflicts, sum.refused, sum.kills)
}

// resent counts what a history has seen.
type resent struct{ changes, lost, repeats, conflicts, refused, kills int }

func (r *resent) add(more resent) {
	r.changes += more.changes
	r.lost += more.lost
	r.repeats += more.repeats
	r.conflicts += more.conflicts
	r.refused += more.refused
	r.kills += more.kills
}

// history is one document and the clients who try to confuse the server.
type history struct {
	t               *testing.T
	random          *rand.Rand
	server          *served
	document, other string
	head            int64 // newest revision anybody heard of
	words           int
	repeaters       []*repeater
	seen            resent
}

// repeater is a client that forgets nothing it has sent.
type repeater struct {
	h             *history
	name          string
	conn          *websocket.Conn
	client, token string
	epoch         string
	sent          []sentBefore
	open          bool // the last change may or may not have arrived
	conflicts     int  // in a row
}

// sentBefore is a change with its first answer.
type sentBefore struct {
	submit   protocol.Submit
	word     string
	revision int64 // 0: no answer came
}

func (h *history) play(steps int) {
	h.t.Helper()
	for i := range 3 {
		r := &repeater{h: h, name: fmt.Sprintf("r%d", i)}
		h.repeaters = append(h.repeaters, r)
		r.connect()
		defer r.cut()
	}
	killed := h.random.IntN(steps) // at least once
	for step := range steps {
		if step == killed {
			h.kill()
		}
		r := h.repeaters[h.random.IntN(len(h.repeaters))]
		if r.conn == nil {
			r.connect()
		}
		switch h.random.IntN(12) {
		case 0, 1, 2:
			r.submit(false)
		case 3, 4:
			r.submit(true)
		case 5, 6, 7:
			r.repeat()
		case 8:
			r.contradict()
		case 9:
			r.stranger()
		case 10:
			r.cut()
		case 11:
			if h.random.IntN(4) == 0 {
				h.kill()
			} else {
				r.connect() // the older connection is replaced
			}
		}
	}
	for _, r := range h.repeaters {
		if r.conn == nil {
			r.connect()
		}
		r.settle()
	}
	h.compare()
}

// compare looks for every change at the revision of its first answer.
func (h *history) compare() {
	h.t.Helper()
	_, changes, err := h.server.changes(h.document, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range changes {
		count[inserted(c.Delta)]++
	}
	total := 0
	for _, r := range h.repeaters {
		for _, s := range r.sent {
			total++
			if s.revision < 1 || s.revision > int64(len(changes)) || inserted(changes[s.revision-1].Delta) != s.word || count[s.word] != 1 {
				h.t.Errorf("[S2] seq %d of %s, answered with revision %d of %d, is in the log %d times", s.submit.Seq, r.name, s.revision, len(changes), count[s.word])
			}
		}
	}
	if total != len(changes) {
		h.t.Errorf("[S2] the log has %d changes, %d were made", len(changes), total)
	}
	h.seen.changes += total
}

func (h *history) kill() {
	h.server.kill()
	h.seen.kills++
	for _, r := range h.repeaters {
		r.cut()
	}
	h.server.start()
}

// connect makes a connection, or one that replaces the last, and resumes.
func (r *repeater) connect() {
	r.h.t.Helper()
	old := r.conn
	hello := protocol.Hello{Protocol: protocol.Version, Token: r.token}
	if r.client != "" {
		hello.Resume = &protocol.Resume{Client: r.client, Epoch: r.epoch, Revision: r.h.head, Seq: int64(len(r.sent))}
	}
	conn, welcome, err := greet(r.h.server, r.h.document, hello)
	if err != nil {
		r.h.t.Fatalf("connecting %s: %v", r.name, err)
	}
	if old != nil {
		if code := closeCode(old); code != protocol.CloseReplaced {
			r.h.t.Errorf("[S6] the replaced connection was closed with %d", code)
		}
		_ = old.Close()
	}
	if r.client != "" && (welcome.Client != r.client || welcome.Reset != "") {
		r.anew(welcome)
	}
	r.conn, r.client, r.epoch = conn, welcome.Client, welcome.Document.Epoch
	if welcome.Token != "" {
		r.token = welcome.Token
	}
	r.h.head = max(r.h.head, welcome.Document.Revision)
}

// anew begins as another client: a server that was killed does not know an id
// under which nothing had been committed. What was under way is sent under the
// new one.
func (r *repeater) anew(welcome protocol.Welcome) {
	r.h.t.Helper()
	if r.h.seen.kills == 0 || slices.ContainsFunc(r.sent, func(s sentBefore) bool { return s.revision > 0 }) {
		r.h.t.Fatalf("[S7] %s did not resume: reset %q", r.name, welcome.Reset)
	}
	for i := range r.sent { // one at most
		r.sent[i].submit.Seq = int64(i + 1)
	}
}

// greet dials and says hello.
func greet(server *served, document string, hello protocol.Hello) (*websocket.Conn, protocol.Welcome, error) {
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Subprotocol}, HandshakeTimeout: patience}
	conn, _, err := dialer.Dial(strings.Replace(server.url(), "http", "ws", 1)+"/api/documents/"+document+"/socket", nil)
	if err != nil {
		return nil, protocol.Welcome{}, err
	}
	if err := conn.WriteMessage(websocket.TextMessage, protocol.AppendClient(nil, hello)); err != nil {
		return nil, protocol.Welcome{}, errors.Join(err, conn.Close())
	}
	messages, err := receive(conn)
	if err != nil {
		return nil, protocol.Welcome{}, errors.Join(err, conn.Close())
	}
	welcome, ok := messages[0].(protocol.Welcome)
	if !ok {
		return nil, welcome, errors.Join(fmt.Errorf("instead of a welcome came %T", messages[0]), conn.Close())
	}
	leaks.keep("a token", welcome.Token)
	return conn, welcome, nil
}

func receive(conn *websocket.Conn) ([]protocol.ServerMessage, error) {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, frame, err := conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	return protocol.DecodeServer(frame)
}

// closeCode reads to the end of a connection.
func closeCode(conn *websocket.Conn) protocol.CloseCode {
	for {
		if _, err := receive(conn); err != nil {
			if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
				return protocol.CloseCode(closed.Code)
			}
			return 0
		}
	}
}

func (r *repeater) cut() {
	if r.conn != nil {
		_ = r.conn.Close()
		r.conn = nil
	}
}

// submit sends a new change; with lost, its answer is not waited for.
func (r *repeater) submit(lost bool) {
	r.h.t.Helper()
	r.settle()
	r.h.words++
	word := fmt.Sprintf("%s.%d ", r.name, r.h.words)
	base := r.h.head - min(r.h.head, r.h.random.Int64N(20))
	m := protocol.Submit{Seq: int64(len(r.sent) + 1), Base: base, Delta: ot.Delta{ot.InsertText(word, ot.Attributes{})}}
	r.sent = append(r.sent, sentBefore{submit: m, word: word})
	r.open = true
	if !lost {
		r.settle()
		return
	}
	r.write(m)
	if r.h.random.IntN(2) == 0 {
		time.Sleep(time.Duration(r.h.random.IntN(3000)) * time.Microsecond) // long enough for the commit, or not
	}
	r.cut()
	r.h.seen.lost++
	r.connect()
}

// settle sends the last change until it is answered.
func (r *repeater) settle() {
	r.h.t.Helper()
	if r.open {
		r.again(len(r.sent) - 1)
		r.open = false
	}
}

// repeat sends changes of the past again, one to five times, in any order.
func (r *repeater) repeat() {
	r.h.t.Helper()
	r.settle()
	if len(r.sent) == 0 {
		return
	}
	for range 1 + r.h.random.IntN(5) {
		r.again(r.h.random.IntN(len(r.sent)))
		r.h.seen.repeats++
	}
}

// again sends a change and checks that its answer is the first one.
func (r *repeater) again(i int) {
	r.h.t.Helper()
	s := &r.sent[i]
	r.write(s.submit)
	switch m := r.answer(s.submit.Seq).(type) {
	case protocol.Ack:
		if s.revision != 0 && s.revision != m.Revision {
			r.h.t.Fatalf("[S2] seq %d was answered with revision %d, and then with %d", s.submit.Seq, s.revision, m.Revision)
		}
		s.revision = m.Revision
		r.h.head = max(r.h.head, m.Revision)
		r.conflicts = 0
	default:
		r.h.t.Fatalf("[S2] the resend of seq %d was answered with %+v", s.submit.Seq, m)
	}
}

// contradict sends an old seq with another body.
func (r *repeater) contradict() {
	r.h.t.Helper()
	r.settle()
	if len(r.sent) == 0 || r.conflicts > 3 {
		return
	}
	m := r.sent[r.h.random.IntN(len(r.sent))].submit
	m.Delta = ot.Delta{ot.InsertText("forged ", ot.Attributes{})}
	r.hush()
	r.write(m)
	reject, ok := r.answer(m.Seq).(protocol.Reject)
	if !ok || reject.Code != protocol.CodeIDConflict || reject.Retry {
		r.h.t.Fatalf("[S2] another body under seq %d was answered with %+v", m.Seq, reject)
	}
	r.conflicts++
	r.h.seen.conflicts++
}

// stranger resumes with somebody else's client id, and with one of another
// document.
func (r *repeater) stranger() {
	r.h.t.Helper()
	thief := r.h.repeaters[(slices.Index(r.h.repeaters, r)+1)%len(r.h.repeaters)]
	r.settle()
	for _, try := range []struct{ document, token string }{{r.h.document, thief.token}, {r.h.other, r.token}} {
		conn, welcome, err := greet(r.h.server, try.document, protocol.Hello{Protocol: protocol.Version, Token: try.token,
			Resume: &protocol.Resume{Client: r.client, Epoch: r.epoch, Revision: r.h.head, Seq: 1}})
		closed, ok := errors.AsType[*websocket.CloseError](err)
		if ok && protocol.CloseCode(closed.Code) == protocol.CloseForbidden {
			r.h.seen.refused++
			continue
		}
		if err == nil {
			_ = conn.Close()
			// An id without a change in this document is unknown after a
			// restart: it is not continued, and nothing is told of it.
			if unknown := try.document == r.h.other || len(r.sent) == 0; unknown && welcome.Client != r.client && (welcome.Acknowledged == nil || welcome.Acknowledged.Seq == 0) && r.h.seen.kills > 0 {
				continue
			}
		}
		r.h.t.Errorf("[S3] a stranger resumed %s's client, in its document: %t, after %d changes: %v", r.name, try.document == r.h.document, len(r.sent), err)
	}
}

// hush reads what is still on its way: a change and its resend over a new
// connection, both waiting for one commit, are both answered.
func (r *repeater) hush() {
	r.h.t.Helper()
	r.write(protocol.Ping{})
	for {
		messages, err := receive(r.conn)
		if err != nil {
			r.h.t.Fatalf("waiting for a pong: %v", err)
		}
		for _, m := range messages {
			if _, ok := m.(protocol.Pong); ok {
				return
			}
		}
	}
}

func (r *repeater) write(m protocol.ClientMessage) {
	r.h.t.Helper()
	if err := r.conn.WriteMessage(websocket.TextMessage, protocol.AppendClient(nil, m)); err != nil {
		r.h.t.Fatal(err)
	}
}

// answer waits for the ack or reject of a seq; in a catch-up, the change.
func (r *repeater) answer(seq int64) protocol.ServerMessage {
	r.h.t.Helper()
	for {
		messages, err := receive(r.conn)
		if err != nil {
			r.h.t.Fatalf("waiting for the answer to seq %d of %s: %v", seq, r.name, err)
		}
		for _, m := range messages {
			switch m := m.(type) {
			case protocol.Ack:
				if m.Seq == seq {
					return m
				}
			case protocol.Reject:
				if m.Seq == seq {
					return m
				}
			}
		}
	}
}
