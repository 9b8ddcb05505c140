package server

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener accepts the one connection of a pipe.
type pipeListener struct{ conns chan net.Conn }

func (l pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := net.Pipe()
		listener := pipeListener{make(chan net.Conn, 1)}
		listener.conns <- near
		close(listener.conns)
		gaveUp := make(chan time.Duration, 1)
		begun := time.Now()
		server := &http.Server{Handler: bounded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					gaveUp <- time.Since(begun)
					return
				}
			}
		}))}
		go func() { _ = server.Serve(listener) }()
		if _, err := far.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if waited := <-gaveUp; waited != answerWait {
			t.Errorf("[R5] an answer that nobody reads was given up after %v", waited)
		}
		_ = far.Close()
		_ = server.Close()
	})
}
