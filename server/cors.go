package server

import (
	"net/http"
	"strings"
)

// What pages of allowed origins may send and read (the Fetch standard's CORS
// protocol). The rest of a request's headers is the browser's.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, If-None-Match, Idempotency-Key, Last-Event-ID"
	corsExposed = "ETag, Location, Retry-After, Content-Disposition"
	// corsAge is how long a browser may remember a preflight, in seconds: what
	// an operator takes off the list is gone soon.
	corsAge = "600"
)

// shared lets pages of allowed origins read the API's answers, with the
// credentials that they send. Others get no header, and their browser keeps the
// answer from them; what they may not even send, protect refuses.
func (o *origins) shared(next http.Handler) http.Handler {
	if len(o.allowed) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if !o.allowed[strings.ToLower(origin)] {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
			h.Set("Access-Control-Allow-Methods", corsMethods)
			h.Set("Access-Control-Allow-Headers", corsHeaders)
			h.Set("Access-Control-Max-Age", corsAge)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		h.Set("Access-Control-Expose-Headers", corsExposed)
		next.ServeHTTP(w, r)
	})
}
