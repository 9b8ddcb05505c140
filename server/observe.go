package server

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
)

// recorder remembers what was answered. It can be hijacked and unwrapped, or
// upgrades and event streams would fail.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 || w.status < 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher.
func (w *recorder) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack implements http.Hijacker.
func (w *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.status = http.StatusSwitchingProtocols
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// observed counts and logs requests: method, route and status, never content,
// addresses with documents' ids in them, tokens or cookies.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.config.Now()
		rec := &recorder{ResponseWriter: w}
		route := new(string)
		next.ServeHTTP(rec, r.WithContext(withRoute(r.Context(), route)))
		took := s.config.Now().Sub(start)
		if *route == "" {
			*route = "other"
		}
		if *route == routePoll && rec.status == http.StatusSwitchingProtocols {
			rec.status = http.StatusOK // parked: it is answered later, and with nothing else
		}
		s.config.Metrics.request(r.Method, *route, rec.status, took)
		level := slog.LevelDebug
		if rec.status >= 500 {
			level = slog.LevelWarn
		}
		s.config.Logger.Log(r.Context(), level, "request", "method", r.Method, "route", *route, "status", rec.status, "bytes", rec.bytes, "ms", took.Milliseconds())
	})
}
