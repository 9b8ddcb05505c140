package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

const (
	// heartbeat is how often a silent event stream says that it lives: below
	// the 30 s after which common proxies close an idle answer.
	heartbeat = 15 * time.Second
	// eventWait is how long one event may take to leave before its reader is
	// given up; lastWait, once the reader may no longer read (law S8).
	eventWait = 20 * time.Second
	lastWait  = 500 * time.Millisecond
)

// keepEvents is the largest buffer that a stream keeps between two events; bytes.
const keepEvents = 16 << 10

// eventStream writes server-sent events (WHATWG HTML, 9.2).
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  bytes.Buffer
	cut     atomic.Bool // the reader may no longer read
}

func startEvents(w http.ResponseWriter) (*eventStream, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	s := &eventStream{w: w, control: http.NewResponseController(w)}
	// Two seconds before a reader comes back, unless it knows better.
	s.buffer.WriteString("retry: 2000\n\n")
	return s, s.flush()
}

// add puts one event into the buffer. data is JSON on one line.
func (s *eventStream) add(id, event string, data []byte) {
	if id != "" {
		s.buffer.WriteString("id: " + id + "\n")
	}
	s.buffer.WriteString("event: " + event + "\ndata: ")
	s.buffer.Write(data)
	s.buffer.WriteString("\n\n")
}

// beat is a comment that keeps the connection open.
func (s *eventStream) beat() error {
	s.buffer.WriteString(": alive\n\n")
	return s.flush()
}

func (s *eventStream) flush() error {
	_ = s.control.SetWriteDeadline(time.Now().Add(eventWait))
	if s.cut.Load() { // looked at after the deadline was set: cutShort may come any time
		s.cutShort()
	}
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	if s.buffer.Cap() > keepEvents {
		s.buffer = bytes.Buffer{}
	}
	s.buffer.Reset()
	return s.control.Flush()
}

// cutShort gives what is being written little time to leave. Any goroutine.
func (s *eventStream) cutShort() {
	s.cut.Store(true)
	_ = s.control.SetWriteDeadline(time.Now().Add(lastWait))
}

// rest leaves the network connection to other requests without a deadline.
func (s *eventStream) rest() { _ = s.control.SetWriteDeadline(time.Time{}) }

// ended says why the reader may no longer read, if it is for good.
func (s *eventStream) ended(why *collab.CloseError) error {
	if why.Code.Reconnect() {
		return nil // they come back, with what they have then
	}
	data, err := json.Marshal(map[string]string{"reason": why.Reason})
	if err != nil {
		return err
	}
	s.add("", "removed", data)
	return s.flush()
}

// followChanges answers GET …/changes as a live stream of the durable log.
func (s *Server) followChanges(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), routeStream)
	if !s.origins.allow(r) {
		refuseForeign(w, r)
		return
	}
	leave, err := s.streams.enter(callerOf(r.Context()).User.ID)
	if err != nil {
		s.writeProblem(w, r, err)
		return
	}
	defer leave()
	follower, err := s.startFollowing(r)
	if refused, ok := errors.AsType[*Problem](err); ok && refused.Status == http.StatusServiceUnavailable && s.draining.Load() {
		// A browser gives a stream up for good that is refused, and comes back to
		// one that ends.
		if stream, err := startEvents(w); err == nil {
			stream.rest()
		}
		return
	}
	if err != nil {
		s.writeProblem(w, r, err)
		return
	}
	defer follower.Close()
	stream, err := startEvents(w)
	if err != nil {
		return
	}
	if r.Method == http.MethodHead {
		stream.rest()
		return // the headers are all of its answer
	}
	ctx, cancel := context.WithCancel(r.Context())
	watched := make(chan struct{})
	defer func() {
		cancel()
		<-watched
		stream.rest()
	}()
	go func() {
		defer close(watched)
		select {
		case <-s.stop:
			cancel()
		case <-follower.Ended():
			stream.cutShort() // an event to a reader who takes it slowly ends here (law S8)
		case <-ctx.Done():
		}
	}()
	for {
		wait, done := context.WithTimeout(ctx, heartbeat)
		changes, err := follower.Next(wait)
		done()
		why, over := errors.AsType[*collab.CloseError](err)
		switch {
		case err == nil:
			err = stream.changes(follower.Epoch(), changes)
		case ctx.Err() != nil:
			return
		case errors.Is(err, context.DeadlineExceeded):
			err = stream.beat()
		case over:
			_ = stream.ended(why)
			return
		case errors.Is(err, collab.ErrEpoch):
			stream.add("", "reload", []byte(`{"reason":"restored"}`))
			_ = stream.flush()
			return
		}
		if err != nil {
			return // the reader is gone, or comes back and goes on where it was
		}
	}
}

func (s *eventStream) changes(epoch persistence.ID, changes []persistence.Change) error {
	for i := range changes {
		data, err := json.Marshal(changeOf(&changes[i]))
		if err != nil {
			return err
		}
		s.add(epoch.String()+"-"+strconv.FormatInt(changes[i].Revision, 10), "change", data)
	}
	return s.flush()
}

func (s *Server) startFollowing(r *http.Request) (*collab.Follower, error) {
	ctx := r.Context()
	follow := collab.Follow{Who: callerOf(ctx)}
	var follower *collab.Follower
	err := s.config.Hub.Afresh(func(since collab.Generation) (err error) {
		follow.Since = since
		if follow.Document, _, err = s.allow(ctx, r.PathValue("id"), protocol.RoleViewer); err != nil {
			return err
		}
		if err := s.living(ctx, follow.Document); err != nil {
			return err
		}
		if follow.Epoch, follow.After, err = streamStart(r); err != nil {
			return err
		}
		follower, err = s.config.Hub.Follow(ctx, follow)
		return err
	})
	return follower, s.problem(ctx, err)
}

// streamStart reads from where to follow: Last-Event-ID, else the query.
func streamStart(r *http.Request) (epoch persistence.ID, after int64, err error) {
	epochText, afterText := r.URL.Query().Get("epoch"), r.URL.Query().Get("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		dash := strings.LastIndexByte(last, '-')
		if dash <= 0 || dash == len(last)-1 {
			return epoch, 0, newProblem(http.StatusBadRequest, "invalid_request", "Last-Event-ID is the id of the last event: epoch-revision.")
		}
		epochText, afterText = last[:dash], last[dash+1:]
	}
	if epochText != "" {
		if epoch, err = persistence.ParseID(epochText); err != nil {
			return epoch, 0, newProblem(http.StatusBadRequest, "invalid_request", "epoch is a UUID, as documents show it.")
		}
	}
	if afterText != "" {
		if after, err = strconv.ParseInt(afterText, 10, 64); err != nil || after < 0 {
			return epoch, 0, newProblem(http.StatusBadRequest, "invalid_request", "after is a revision, a number from 0.")
		}
	}
	return epoch, after, nil
}
