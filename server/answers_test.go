package server

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
)

func TestLargeAnswersAreBounded(t *testing.T) {
	const all, own = 8 * smallAnswer, 4 * smallAnswer
	asked := func(s *Server, user string, bytes int) (*lease, error) {
		l := &lease{}
		ctx := context.WithValue(t.Context(), leaseKey{}, l)
		ctx = context.WithValue(ctx, callerKey{}, caller{who: transport.Identity{User: protocol.User{ID: user}}})
		return l, s.hold(ctx, bytes)
	}
	refused := func(t *testing.T, err error) {
		t.Helper()
		if p, ok := errors.AsType[*Problem](err); !ok || p.Status != http.StatusServiceUnavailable || p.retryAfter == 0 {
			t.Errorf("got %v", err)
		}
	}
	for name, test := range map[string]func(t *testing.T, s *Server){
		"[R5] one person's wait for each other, and not another's": func(t *testing.T, s *Server) {
			first, err := asked(s, "ada", smallAnswer+1)
			if err != nil {
				t.Fatal(err)
			}
			_, err = asked(s, "ada", smallAnswer+1)
			refused(t, err)
			if _, err := asked(s, "bo", smallAnswer+1); err != nil {
				t.Error(err)
			}
			first.release()
			if _, err := asked(s, "ada", smallAnswer+1); err != nil {
				t.Error(err)
			}
		},
		"[R5] all together too": func(t *testing.T, s *Server) {
			for _, user := range []string{"ada", "bo"} {
				if _, err := asked(s, user, own); err != nil {
					t.Fatal(err)
				}
			}
			_, err := asked(s, "cy", smallAnswer+1)
			refused(t, err)
		},
		"[R5] small ones wait for nobody, and what is larger than may be is served alone": func(t *testing.T, s *Server) {
			if _, err := asked(s, "ada", 100*own); err != nil {
				t.Fatal(err)
			}
			if _, err := asked(s, "ada", smallAnswer); err != nil {
				t.Error(err)
			}
		},
		"[R5] nothing is kept of who has gone": func(t *testing.T, s *Server) {
			l, err := asked(s, "ada", own)
			if err != nil {
				t.Fatal(err)
			}
			_, err = asked(s, "ada", own)
			refused(t, err)
			l.release()
			if len(s.answers.users) != 0 {
				t.Errorf("%d are remembered", len(s.answers.users))
			}
		},
	} {
		t.Run(name, func(t *testing.T) { test(t, &Server{answers: newAnswers(all, own, time.Millisecond)}) })
	}
}

func TestLargeAnswersAreWrittenInTurn(t *testing.T) {
	a := newAnswers(allAnswers, userAnswers, roomWait)
	written := 0
	write := func() ([]byte, string, error) { written++; return nil, "", nil }
	for range cap(a.writing) { // others'
		a.writing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, _, err := a.write(ctx, smallAnswer, write); err != nil || written != 1 {
		t.Errorf("a small one waited: %v", err)
	}
	cancel()
	if _, _, err := a.write(ctx, smallAnswer+1, write); !errors.Is(err, context.Canceled) || written != 1 {
		t.Errorf("a large one did not wait: %v", err)
	}
	<-a.writing
	for range 3 { // each gives its turn back
		if _, _, err := a.write(t.Context(), smallAnswer+1, write); err != nil {
			t.Fatal(err)
		}
	}
}
