package collabtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/protocol"
)

// pollPipe is a long-poll connection. One request waits at the server; writing
// begins another, which takes over. A request carries everything the server has
// not said it took, so that order and loss on the way do not matter.
type pollPipe struct {
	client *http.Client
	owned  bool // the client's connections are this pipe's alone
	target string
	token  string
	ctx    context.Context
	cancel context.CancelFunc
	posts  sync.WaitGroup
	ready  chan struct{} // something was queued, or it ended

	mu         sync.Mutex
	connection *string
	received   int64    // server messages seen
	accepted   int64    // client messages that the server took
	unsent     [][]byte // and those it has not said it took
	latest     int      // number of the newest request
	queue      [][]byte // frames not yet read
	failure    error
	gone       bool // cut, or ended by the server: nothing is left to leave
}

const (
	pollRetries = 3 // of one request, before the connection is given up
	pollPause   = 50 * time.Millisecond
	leaveWait   = 2 * time.Second
)

var errLeft = errors.New("left")

func newPollPipe(ctx context.Context, client *http.Client, target, token string) *pollPipe {
	p := &pollPipe{client: client, target: target, token: token, ready: make(chan struct{}, 1)}
	if client == nil || client == http.DefaultClient {
		// Many pipes to one server would fight over the default's idle connections.
		p.client, p.owned = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4, DisableCompression: true}}, true
	}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// pollBody and pollReply are the two bodies of a poll.
type pollBody struct {
	Connection *string           `json:"connection"`
	Received   int64             `json:"received"`
	First      int64             `json:"first"`
	Messages   []json.RawMessage `json:"messages"`
	Leave      bool              `json:"leave,omitempty"`
}

type pollReply struct {
	Connection *string           `json:"connection"`
	Sent       int64             `json:"sent"`
	Accepted   int64             `json:"accepted"`
	Messages   []json.RawMessage `json:"messages"`
	Close      *struct {
		Code   int    `json:"code"`
		Reason string `json:"reason"`
	} `json:"close"`
}

func (p *pollPipe) write(frame []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return p.failure
	}
	p.unsent = append(p.unsent, slices.Clone(frame))
	if p.connection != nil || p.latest == 0 { // otherwise hello is on its way
		p.start()
	}
	return nil
}

// start begins a request; the lock is held.
func (p *pollPipe) start() {
	p.latest++
	number := p.latest
	p.posts.Go(func() { p.poll(number) })
}

// poll asks again and again until another request has taken over.
func (p *pollPipe) poll(number int) {
	for failed := 0; ; {
		p.mu.Lock()
		body := pollBody{Connection: p.connection, Received: p.received, First: p.accepted, Messages: []json.RawMessage{}}
		for _, m := range p.unsent {
			body.Messages = append(body.Messages, m)
		}
		over := p.failure != nil
		p.mu.Unlock()
		if over {
			return
		}
		reply, err := p.post(p.ctx, body)
		p.mu.Lock()
		current := number == p.latest
		if err == nil {
			err, failed = p.take(&reply), 0
		} else if failed++; body.Connection != nil && failed <= pollRetries && p.ctx.Err() == nil {
			err = nil
		}
		if err != nil && current {
			p.fail(err)
		}
		current = current && p.failure == nil
		p.mu.Unlock()
		if !current {
			return
		}
		if failed > 0 {
			time.Sleep(pollPause)
		}
	}
}

// take counts what an answer brings; the lock is held.
func (p *pollPipe) take(reply *pollReply) error {
	if reply.Connection != nil {
		p.connection = reply.Connection
	}
	if taken := reply.Accepted - p.accepted; taken > 0 {
		if taken > int64(len(p.unsent)) {
			return fmt.Errorf("the server accepted %d messages of %d", reply.Accepted, p.accepted+int64(len(p.unsent)))
		}
		p.unsent, p.accepted = p.unsent[taken:], reply.Accepted
	}
	if fresh := reply.Sent - p.received; fresh > 0 && len(reply.Messages) > 0 {
		if fresh > int64(len(reply.Messages)) {
			return fmt.Errorf("the server skipped from message %d to %d", p.received, reply.Sent-int64(len(reply.Messages)))
		}
		frame := []byte{'['}
		for i, m := range reply.Messages[int64(len(reply.Messages))-fresh:] {
			if i > 0 {
				frame = append(frame, ',')
			}
			frame = append(frame, m...)
		}
		p.queue, p.received = append(p.queue, append(frame, ']')), reply.Sent
		p.signal()
	}
	if reply.Close != nil {
		p.gone = true
		p.fail(&websocket.CloseError{Code: reply.Close.Code, Text: reply.Close.Reason})
	}
	return nil
}

// fail ends the pipe behind what is queued; the lock is held.
func (p *pollPipe) fail(err error) {
	if p.failure == nil {
		p.failure = err
	}
	p.signal()
}

func (p *pollPipe) signal() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

func (p *pollPipe) post(ctx context.Context, body pollBody) (reply pollReply, err error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return reply, err
	}
	ctx, cancel := context.WithTimeout(ctx, readQuiet)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.target, bytes.NewReader(encoded))
	if err != nil {
		return reply, err
	}
	request.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		request.Header.Set("Authorization", "Bearer "+p.token)
	}
	response, err := p.client.Do(request)
	if err != nil {
		return reply, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return reply, fmt.Errorf("poll: %s", response.Status)
	}
	return reply, json.NewDecoder(response.Body).Decode(&reply)
}

func (p *pollPipe) read() ([]byte, error) {
	for {
		p.mu.Lock()
		if len(p.queue) > 0 {
			frame := p.queue[0]
			p.queue = p.queue[1:]
			p.mu.Unlock()
			return frame, nil
		}
		err := p.failure
		p.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-p.ready:
		case <-p.ctx.Done():
			return nil, p.ctx.Err()
		}
	}
}

func (p *pollPipe) cut() {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.cancel()
}

func (p *pollPipe) interrupt() { p.cancel() }

func (p *pollPipe) close() {
	p.mu.Lock()
	p.fail(errLeft)
	leaving, body := !p.gone && p.connection != nil, pollBody{Connection: p.connection, Received: p.received, First: p.accepted, Leave: true}
	p.mu.Unlock()
	p.cancel()
	p.posts.Wait()
	if leaving {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), leaveWait)
		defer cancel()
		_, _ = p.post(ctx, body) // else the server finds out by itself
	}
	if p.owned {
		p.client.CloseIdleConnections()
	}
}

// closedWith is the close code in an error of a pipe, 0 if there is none.
func closedWith(err error) protocol.CloseCode {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return protocol.CloseCode(closed.Code)
	}
	return 0
}
