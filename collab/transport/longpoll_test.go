package transport_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

// poller is a long-poll client without manners.
type poller struct {
	t        *testing.T
	target   string
	header   http.Header
	id       string // of the connection, once it is known
	received int64
	first    int64
	hold     string // ms that it lets itself be held; "": for as long as the server does
	client   *http.Client
}

// polled is what a poll answers.
type polled struct {
	Connection string
	Sent       int64
	Accepted   int64
	Messages   []json.RawMessage
	Close      *struct {
		Code   int
		Reason string
	}
}

func (p polled) code() int {
	if p.Close == nil {
		return 0
	}
	return p.Close.Code
}

func (p polled) has(t *testing.T, kind string) bool {
	t.Helper()
	for _, m := range p.Messages {
		if bytes.Contains(m, []byte(`"type":"`+kind+`"`)) {
			return true
		}
	}
	return false
}

func newPoller(t *testing.T, l *collabtest.Local, document string) *poller {
	t.Helper()
	carrier := &http.Transport{}
	t.Cleanup(carrier.CloseIdleConnections)
	return &poller{t: t, target: l.URL + "/api/documents/" + document + "/poll", header: http.Header{}, client: &http.Client{Transport: carrier}}
}

// body is the next request's.
func (p *poller) body(messages ...string) string {
	connection := "null"
	if p.id != "" {
		connection = `"` + p.id + `"`
	}
	hold := ""
	if p.hold != "" {
		hold = `"hold":` + p.hold + `,`
	}
	return fmt.Sprintf(`{"connection":%s,"received":%d,"first":%d,%s"messages":[%s]}`, connection, p.received, p.first, hold, strings.Join(messages, ","))
}

// post sends a body as it is.
func (p *poller) post(body string) (int, polled) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.target, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header = p.header.Clone()
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Error(err)
		return 0, polled{}
	}
	var answer polled
	if response.StatusCode != http.StatusOK {
		mustBeProblem(p.t, response, "")
		return response.StatusCode, answer
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Error(err)
	}
	if cache := response.Header.Get("Cache-Control"); cache != "no-store" {
		p.t.Errorf("Cache-Control: %s", cache)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		p.t.Errorf("%v in %.200s", err, text)
	}
	return response.StatusCode, answer
}

// poll sends messages, and takes the answer as seen.
func (p *poller) poll(messages ...string) polled {
	p.t.Helper()
	_, answer := p.post(p.body(messages...))
	p.id, p.received, p.first = answer.Connection, answer.Sent, answer.Accepted
	return answer
}

const plainHello = `{"type":"hello","protocol":1}`

func submit(seq, base int, text string) string {
	return fmt.Sprintf(`{"type":"submit","seq":%d,"base":%d,"delta":[{"insert":%q}]}`, seq, base, text)
}

// open says hello and takes the welcome.
func (p *poller) open() protocol.Welcome {
	p.t.Helper()
	answer := p.poll(plainHello)
	if answer.code() != 0 || len(answer.Messages) == 0 {
		p.t.Fatalf("opening: %+v", answer)
	}
	all, err := protocol.DecodeServer(answer.Messages[0])
	if err != nil {
		p.t.Fatal(err)
	}
	return all[0].(protocol.Welcome)
}

// silence is how long a test listens for what must not come; ms.
const silence = "50"

func TestPoll(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	t.Run("[P4] welcome, ack, silence", func(t *testing.T) {
		p := newPoller(t, l, l.NewDocument().String())
		if w := p.open(); w.Client == "" || !bytes.Contains(w.Document.Content, []byte(`\n`)) {
			t.Errorf("welcomed with %+v", w)
		}
		if a := p.poll(submit(1, 0, "x")); !a.has(t, "ack") || a.Accepted != 2 {
			t.Errorf("a submit got %+v", a)
		}
		p.hold = silence
		if a := p.poll(); a.code() != 0 || len(a.Messages) != 0 || a.Sent != p.received {
			t.Errorf("silence is %+v", a)
		}
	})
	t.Run("[S4] a lost answer is delivered again, until it is confirmed", func(t *testing.T) {
		p := newPoller(t, l, l.NewDocument().String())
		p.open()
		_, lost := p.post(p.body(submit(1, 0, "x")))
		if !lost.has(t, "ack") {
			t.Fatalf("%+v", lost)
		}
		for range 2 {
			if _, again := p.post(p.body()); !again.has(t, "ack") || again.Sent != lost.Sent || again.Accepted != 2 {
				t.Errorf("again: %+v", again)
			}
		}
		p.received, p.first, p.hold = lost.Sent, lost.Accepted, silence
		if a := p.poll(); len(a.Messages) != 0 {
			t.Errorf("a confirmed message came again: %+v", a)
		}
	})
	t.Run("[S2] a repeated request counts once", func(t *testing.T) {
		document := l.NewDocument()
		p := newPoller(t, l, document.String())
		p.open()
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() { p.post(p.body(submit(1, 0, "x"), `{"type":"ping"}`)) })
		}
		wait.Wait()
		_, a := p.post(p.body())
		for a.code() == 0 && a.Sent < 3 { // the pong may be there before the ack
			_, a = p.post(p.body())
		}
		if a.Accepted != 3 || a.Sent != 3 || len(a.Messages) != 2 {
			t.Errorf("accepted %d, sent %d: %s", a.Accepted, a.Sent, a.Messages)
		}
		if c, err := l.Hub.Read(t.Context(), document); err != nil || c.Revision != 1 {
			t.Errorf("at %d, %v", c.Revision, err)
		}
	})
	t.Run("[S2] a request overtaken by one that holds more is skipped", func(t *testing.T) {
		p := newPoller(t, l, l.NewDocument().String())
		p.open()
		early := p.body(submit(1, 0, "x"))
		if _, a := p.post(p.body(submit(1, 0, "x"), `{"type":"ping"}`)); a.Accepted != 3 {
			t.Errorf("%+v", a)
		}
		if _, a := p.post(early); a.Accepted != 3 || a.code() != 0 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("[P4] a new request ends the one that waits, and takes over", func(t *testing.T) {
		slow := newLocal(t, collabtest.LocalConfig{})
		p := newPoller(t, slow, slow.NewDocument().String())
		p.open()
		held := make(chan polled, 1)
		go func() { _, a := p.post(p.body()); held <- a }()
		// Whichever of the two comes first, one is ended, the other answers.
		_, second := p.post(p.body(`{"type":"ping"}`))
		if !second.has(t, "pong") {
			_, second = p.post(p.body(`{"type":"ping"}`))
		}
		first := <-held
		if !second.has(t, "pong") && !first.has(t, "pong") || first.code() != 0 {
			t.Errorf("first %+v, second %+v", first, second)
		}
	})
	for _, c := range []struct {
		name, body string
		code       int
	}{
		{"an unknown connection", `{"connection":"` + strings.Repeat("0", 36) + `","received":0,"first":0,"messages":[]}`, 4000},
		{"no hello", `{"connection":null,"received":0,"first":0,"messages":[]}`, 4500},
		{"another message first", `{"connection":null,"received":0,"first":0,"messages":[{"type":"ping"}]}`, 4500},
		{"too old", `{"connection":null,"messages":[{"type":"hello","protocol":0}]}`, 4506},
		{"a bad token", `{"connection":null,"messages":[{"type":"hello","protocol":1,"token":"x"}]}`, 4501},
		{"16 KiB before hello", `{"connection":null,"messages":[{"type":"hello","protocol":1,"x":"` + strings.Repeat("x", 16<<10) + `"}]}`, 1009},
		{"no JSON", `hello`, 4500},
		{"nothing", ``, 4500},
		{"an array", `[]`, 4500},
		{"half", `{"connection":null,"messages":[`, 4500},
		{"twice", `{"connection":null,"connection":null,"messages":[` + plainHello + `]}`, 4500},
		{"more behind", `{"connection":null,"messages":[` + plainHello + `]}{}`, 4500},
		{"a fraction", `{"connection":null,"received":0.5,"messages":[` + plainHello + `]}`, 4500},
		{"negative", `{"connection":null,"received":-1,"messages":[` + plainHello + `]}`, 4500},
		{"wrong types", `{"connection":7,"messages":{}}`, 4500},
		{"a flood of nothing", `{"connection":null,"messages":[` + strings.Repeat("1,", 2000) + `1]}`, 1009},
	} {
		t.Run("[P2] "+c.name, func(t *testing.T) {
			if status, a := newPoller(t, l, l.NewDocument().String()).post(c.body); status != 200 || a.code() != c.code || a.Connection != "" {
				t.Errorf("status %d, %+v, want %d", status, a, c.code)
			}
		})
	}
	for _, c := range []struct {
		name            string
		received, first int64
	}{{"client messages", 0, 5}, {"server messages", 99, 1}} {
		t.Run("[C4] a gap in "+c.name, func(t *testing.T) {
			p := newPoller(t, l, l.NewDocument().String())
			p.open()
			received := p.received
			p.received, p.first = max(received, c.received), c.first
			for range 2 { // and the same to whoever asks again
				if _, a := p.post(p.body()); a.code() != 4000 {
					t.Errorf("%+v", a)
				}
			}
		})
	}
	t.Run("[P5] no such document", func(t *testing.T) {
		for _, id := range []string{"no-id", "00000000-0000-4000-8000-000000000000"} {
			if _, a := newPoller(t, l, id).post(`{"connection":null,"messages":[` + plainHello + `]}`); a.code() != 4504 {
				t.Errorf("%+v", a)
			}
		}
	})
	t.Run("leaving ends it at once", func(t *testing.T) {
		document := l.NewDocument()
		p := newPoller(t, l, document.String())
		p.open()
		_, a := p.post(`{"connection":"` + p.id + `","received":1,"first":1,"messages":[],"leave":true}`)
		if a.code() != 4000 {
			t.Errorf("%+v", a)
		}
		here := func() (all int) { _, all = l.Hub.People(document, 1); return all }
		for deadline := time.Now().Add(patience); here() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("still there")
			}
		}
	})
	t.Run("[S6] a resume over WebSocket takes the client away from long-poll", func(t *testing.T) {
		document := l.NewDocument()
		p := newPoller(t, l, document.String())
		w := p.open()
		if a := p.poll(submit(1, 0, "x")); !a.has(t, "ack") {
			t.Fatalf("%+v", a)
		}
		r := dialRaw(t, l, document.String())
		r.send(fmt.Sprintf(`{"type":"hello","protocol":1,"token":%q,"resume":{"client":%q,"epoch":%q,"revision":0,"seq":1}}`, w.Token, w.Client, w.Document.Epoch))
		again := wait[protocol.Welcome](r)
		if again.Client != w.Client || again.Acknowledged == nil || again.Acknowledged.Seq != 1 || len(again.Document.Changes) != 1 {
			t.Errorf("resumed with %+v", again)
		}
		if a := p.poll(); a.code() != 4508 {
			t.Errorf("the older connection hears %+v", a)
		}
	})
}

func TestPollBelongsToItsOpener(t *testing.T) {
	access := &names{ada: persistence.NewID().String(), bo: persistence.NewID().String()}
	access.role = protocol.RoleEditor
	l := newLocal(t, collabtest.LocalConfig{Access: access})
	document := l.NewDocument().String()
	p := newPoller(t, l, document)
	p.header.Set("Authorization", access.ada)
	p.open()
	for name, c := range map[string]struct{ who, document string }{
		"[S8] somebody else's credentials": {access.bo, document},
		"[S8] no credentials":              {"", document},
		"[S8] under another document":      {access.ada, l.NewDocument().String()},
	} {
		t.Run(name, func(t *testing.T) {
			thief := newPoller(t, l, c.document)
			thief.id, thief.received, thief.first = p.id, p.received, p.first
			if c.who != "" {
				thief.header.Set("Authorization", c.who)
			}
			if _, a := thief.post(thief.body(submit(1, 0, "stolen"))); a.code() != 4000 || a.Connection != "" || a.Sent != 0 || a.Accepted != 0 {
				t.Errorf("%+v", a)
			}
		})
	}
	if a := p.poll(submit(1, 0, "x")); !a.has(t, "ack") {
		t.Errorf("the owner gets %+v", a)
	}
	p.header.Set("Origin", "https://evil.example")
	if status, _ := p.post(p.body()); status != http.StatusForbidden {
		t.Errorf("another site gets %d", status)
	}
	p.header.Set("Origin", l.URL)
	access.set(transport.ErrUnauthorized)
	if status, _ := p.post(p.body()); status != http.StatusUnauthorized {
		t.Errorf("bad credentials get %d", status)
	}
	access.set(errors.New("the directory is down"))
	if status, _ := p.post(p.body()); status != http.StatusServiceUnavailable {
		t.Errorf("our own trouble gets %d", status)
	}
}

func TestPollExpires(t *testing.T) {
	config := collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}
	t.Run("[V1] nobody polls", func(t *testing.T) {
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			p := wirePoller(t, w, l.NewDocument().String())
			p.open()
			for range 6 { // who polls stays
				if a := p.poll(); a.code() != 0 {
					t.Fatalf("%+v", a)
				}
			}
			time.Sleep(transport.DefaultPollExpiry)
			synctest.Wait()
			if n := l.Poll.Connections(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			if _, a := p.post(p.body()); a.code() != 4000 {
				t.Errorf("%+v", a)
			}
		})
	})
	t.Run("[P2] hello within its time", func(t *testing.T) {
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			p := wirePoller(t, w, l.NewDocument().String())
			body, more := io.Pipe()
			defer more.Close()
			go func() { _, _ = io.WriteString(more, `{"connection":null,`) }()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.target, body)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			response, err := p.client.Do(request)
			if took := time.Since(began); took > transport.DefaultHelloWait+time.Second {
				t.Errorf("it was waited for %v", took)
			}
			if err != nil {
				return // cut: as good as told
			}
			defer response.Body.Close()
			if text, _ := io.ReadAll(response.Body); !bytes.Contains(text, []byte("4000")) {
				t.Errorf("%s", text)
			}
		})
	})
	// begin sends a poll's body up to its one large change, of which the test sends the rest.
	begin := func(t *testing.T, p *poller) (rest *io.PipeWriter, answer chan string) {
		body, rest := io.Pipe()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.target, body)
		if err != nil {
			t.Fatal(err)
		}
		answer = make(chan string, 1)
		go func() {
			response, err := p.client.Do(request)
			if err != nil {
				answer <- err.Error()
				return
			}
			defer response.Body.Close()
			text, _ := io.ReadAll(response.Body)
			answer <- string(text)
		}()
		_, _ = io.WriteString(rest, strings.TrimSuffix(p.body(), "]}"))
		return rest, answer
	}
	t.Run("[C5] a large change that a slow line brings in minutes is waited for", func(t *testing.T) {
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			p := wirePoller(t, w, l.NewDocument().String())
			p.open()
			rest, answer := begin(t, p)
			change := submit(1, 0, strings.Repeat("x", 500_000)) + "]}"
			for len(change) > 0 {
				n := min(100_000, len(change))
				_, _ = io.WriteString(rest, change[:n])
				change = change[n:]
				time.Sleep(transport.DefaultPongWait / 2)
			}
			_ = rest.Close()
			if text := <-answer; !strings.Contains(text, `"ack"`) {
				t.Errorf("answered with %.200s", text)
			}
		})
	})
	t.Run("[V1] a body that stops in the middle", func(t *testing.T) {
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			p := wirePoller(t, w, l.NewDocument().String())
			p.open()
			rest, answer := begin(t, p)
			_, _ = io.WriteString(rest, submit(1, 0, "xxx")[:20])
			time.Sleep(transport.DefaultPollExpiry + time.Second)
			synctest.Wait()
			if n := l.Poll.Connections(); n != 0 {
				t.Errorf("%d connections are left", n)
			}
			_ = rest.Close()
			<-answer
		})
	})
	t.Run("[R5] a body that trickles holds its place no longer than its bytes are worth", func(t *testing.T) {
		bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
			p := wirePoller(t, w, l.NewDocument().String())
			p.open()
			rest, answer := begin(t, p)
			began := time.Now()
			for len(answer) == 0 && time.Since(began) < 10*time.Minute {
				_, _ = io.WriteString(rest, " ")
				time.Sleep(2 * time.Second)
			}
			if took := time.Since(began); took > transport.DefaultPongWait+5*time.Second {
				t.Errorf("it was waited for %v", took)
			}
			_ = rest.Close()
			<-answer
		})
	})
	if transport.DefaultPollExpiry > 35*time.Second || transport.DefaultPollHold >= transport.DefaultPollExpiry {
		t.Error("[V1] the defaults notice too late")
	}
}

// The protocol's hostile frames get the same answers as over WebSocket.
func TestHostilePolls(t *testing.T) {
	file, err := os.ReadFile("../protocol/testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Frames []hostile }
	if err := json.Unmarshal(file, &list); err != nil {
		t.Fatal(err)
	}
	l := newLocal(t, collabtest.LocalConfig{})
	for _, h := range list.Frames {
		if h.Binary != "" || len(h.bytes()) == 0 {
			continue // there is no such thing here
		}
		t.Run("[P1] "+h.Name, func(t *testing.T) {
			p := newPoller(t, l, l.NewDocument().String())
			p.open()
			a := p.poll(string(h.bytes()))
			if h.Close != 0 {
				if code := a.code(); code != h.Close && code != 4500 { // what is no JSON breaks the envelope
					t.Errorf("closed with %d, want %d", code, h.Close)
				}
				return
			}
			if strings.Contains(h.Name, "10,000") && a.code() == 4500 {
				return // the envelope makes it two deeper, which is more than any JSON may be here
			}
			if !a.has(t, "reject") || a.code() != 0 {
				t.Fatalf("%d messages, closed with %d, want %s", len(a.Messages), a.code(), h.Reject)
			}
			if a := p.poll(submit(2, 0, "B")); !a.has(t, "ack") {
				t.Errorf("then %+v", a)
			}
		})
	}
}

func TestPollStops(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	p := newPoller(t, l, l.NewDocument().String())
	p.open()
	held := make(chan polled, 1)
	go func() { _, a := p.post(p.body()); held <- a }()
	l.Poll.Drain()
	if status, _ := newPoller(t, l, l.NewDocument().String()).post(`{"connection":null,"messages":[` + plainHello + `]}`); status != http.StatusServiceUnavailable {
		t.Errorf("[R7] while draining a new one gets %d", status)
	}
	if err := l.Poll.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if a := <-held; a.code() != 1001 && a.code() != 4000 { // the request may have come after
		t.Errorf("[R7] %+v", a)
	}
}

// A client that does not poll is cut when its outbox is full, and its memory is
// bounded before.
func TestPollSlowReader(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{OutboxBytes: 64 << 10}}})
	document := l.NewDocument()
	p := newPoller(t, l, document.String())
	p.open()
	writer := dial(t, l, document)
	for i := 0; l.Poll.Connections() == 1; i++ {
		if i == 1000 {
			t.Fatal("[R5] 8 MB later it is still there")
		}
		typeText(t, writer, 0, strings.Repeat("x", 8<<10))
		waitRevision(t, writer, int64(i+1))
	}
	if a := p.poll(); a.code() != 4002 {
		t.Errorf("[R5] %d messages, %+v", len(a.Messages), a.Close)
	}
}

// names knows two people by their Authorization header.
type names struct {
	doorkeeper
	ada, bo string
}

func (n *names) Identify(r *http.Request) (transport.Identity, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	who := r.Header.Get("Authorization")
	return transport.Identity{User: protocol.User{ID: who, Name: "A name", Color: "#3366ff"}}, who != "", n.err
}

func TestSwitchInMidSession(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	document := l.NewDocument()
	const people, letters = 4, 150
	var sockets []*collabtest.Socket
	for i := range people {
		s, err := collabtest.Dial(t.Context(), collabtest.SocketConfig{URL: l.URL, Document: document.String(),
			Transport: []string{collabtest.WebSocket, collabtest.LongPoll}[i%2], Backoff: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		sockets = append(sockets, s)
	}
	var wait sync.WaitGroup
	for i, s := range sockets {
		wait.Go(func() {
			for n := range letters {
				typeText(t, s, 0, string(rune('a'+i)))
				if n%20 == i {
					s.Use([]string{collabtest.LongPoll, collabtest.WebSocket}[n/20%2])
				}
				time.Sleep(2 * time.Millisecond)
			}
		})
	}
	wait.Wait()
	head := int64(0)
	for _, s := range sockets {
		if err := s.Wait(t.Context(), func(c *collabtest.Client) bool { return c.Pending() == 0 }); err != nil {
			t.Fatal(err)
		}
		s.Look(func(c *collabtest.Client) { head = max(head, c.Revision()) })
	}
	content, err := l.Hub.Read(t.Context(), document)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(content.Document.Text())
	for i, s := range sockets {
		waitRevision(t, s, head)
		s.Look(func(c *collabtest.Client) {
			if c.Document().Text() != string(text) {
				t.Errorf("[P4] replica %d differs", i)
			}
		})
		if n := bytes.Count(text, []byte{byte('a' + i)}); n != letters {
			t.Errorf("[S2] %d letters of person %d, want %d", n, i, letters)
		}
	}
}

func TestPollHold(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{Transport: transport.Config{Limits: transport.Limits{PollHold: time.Hour, PollExpiry: 2 * time.Hour}}})
	p := newPoller(t, l, l.NewDocument().String())
	p.open()
	hold := func(ms string, messages ...string) polled {
		t.Helper()
		p.hold = ms
		status, answer := p.post(p.body(messages...))
		if status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		return answer
	}
	t.Run("a poll waits no longer than it asks for", func(t *testing.T) {
		for _, ms := range []string{"0", "1"} {
			if a := hold(ms); a.code() != 0 || len(a.Messages) != 0 {
				t.Errorf("hold %s: %+v", ms, a)
			}
		}
	})
	t.Run("[P4] what there is to say is said at once, and what was brought is taken", func(t *testing.T) {
		a := hold("3600000", submit(1, 0, "held"))
		if a.Accepted != p.first+1 || len(a.Messages) != 1 || !strings.Contains(string(a.Messages[0]), `"ack"`) {
			t.Errorf("%+v", a)
		}
	})
	t.Run("less than nothing is refused", func(t *testing.T) {
		if a := hold("-1"); a.code() == 0 {
			t.Errorf("%+v", a)
		}
	})
}
