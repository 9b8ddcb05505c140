package server

import (
	"context"
	"net/http"
	"time"
)

// readyWait bounds the store's answer to a readiness probe.
const readyWait = 2 * time.Second

// healthz says that the process is alive.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), "/healthz")
	plainAnswer(w, http.StatusOK, "alive\n")
}

// readyz says whether to send people here: the store writes, its schema is
// current (or it would not be open), and nobody is stopping the server.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), "/readyz")
	if s.draining.Load() {
		plainAnswer(w, http.StatusServiceUnavailable, "stopping\n")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyWait)
	defer cancel()
	if err := s.config.Store.Ready(ctx); err != nil {
		s.config.Logger.WarnContext(ctx, "not ready", "error", err)
		plainAnswer(w, http.StatusServiceUnavailable, "the store does not accept writes\n")
		return
	}
	plainAnswer(w, http.StatusOK, "ready\n")
}

func plainAnswer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
