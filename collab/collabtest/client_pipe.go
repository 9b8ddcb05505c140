package collabtest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/protocol"
)

// Transports a Socket can use.
const (
	WebSocket = "websocket"
	LongPoll  = "longpoll"
)

// pipe is one connection over some transport.
type pipe interface {
	read() (frame []byte, err error) // the next frame, good until the next call; one goroutine
	write(frame []byte) error        // one caller at a time; frame is the caller's again afterwards
	cut()                            // as a network would, saying nothing
	interrupt()                      // ends a read that waits; close follows
	close()                          // leaves; called once, when nobody reads any more
}

// open connects by the transport that is wanted now.
func (s *Socket) open(ctx context.Context, kind string) (pipe, error) {
	target := s.config.URL + "/api/documents/" + url.PathEscape(s.config.Document)
	if kind == LongPoll {
		return newPollPipe(ctx, s.config.HTTP, target+"/poll", s.config.Token), nil
	}
	dialer := websocket.Dialer{Subprotocols: []string{protocol.Subprotocol}, HandshakeTimeout: 30 * time.Second}
	conn, response, err := dialer.DialContext(ctx, strings.Replace(target, "http", "ws", 1)+"/socket", nil)
	if err != nil {
		if response != nil {
			return nil, fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, err
	}
	conn.SetPingHandler(func(text string) error {
		_ = conn.SetReadDeadline(time.Now().Add(readQuiet))
		return conn.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(time.Second))
	})
	_ = conn.SetReadDeadline(time.Now().Add(readQuiet))
	return &webPipe{conn: conn}, nil
}

// webPipe is a WebSocket.
type webPipe struct {
	conn  *websocket.Conn
	frame bytes.Buffer
}

func (p *webPipe) read() ([]byte, error) {
	_, r, err := p.conn.NextReader()
	if err != nil {
		return nil, err
	}
	p.frame.Reset()
	_, err = p.frame.ReadFrom(r)
	return p.frame.Bytes(), err
}

func (p *webPipe) write(frame []byte) error { return p.conn.WriteMessage(websocket.TextMessage, frame) }

func (p *webPipe) cut() { _ = p.conn.NetConn().Close() }

func (p *webPipe) interrupt() { p.cut() }

func (p *webPipe) close() { _ = p.conn.Close() }
