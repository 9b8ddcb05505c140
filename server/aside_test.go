package server

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestStopDoesNotWaitForMail(t *testing.T) {
	t.Run("[R7] what goes on after its answer ends with the patience of a stop", func(t *testing.T) {
		a := newAsides()
		var ended error
		a.start(func(ctx context.Context) {
			<-ctx.Done()
			ended = ctx.Err()
		})
		stop, cancel := context.WithCancel(t.Context())
		cancel()
		a.close(stop)
		if !errors.Is(ended, context.Canceled) {
			t.Errorf("it ended by %v", ended)
		}
	})
	t.Run("[R7] a mail server that says nothing is left when the context ends", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = conn.Write([]byte("220 mail\r\n"))
			_, _ = conn.Read(make([]byte, 100)) // EHLO
			cancel()
			<-t.Context().Done()
		}()
		mail := &SMTP{Address: listener.Addr().String(), From: "coscribe@example.org", TLS: "none"}
		if err := mail.Send(ctx, Message{To: "ada@example.org"}); !errors.Is(err, context.Canceled) {
			t.Errorf("it was left for %v", err)
		}
	})
}
