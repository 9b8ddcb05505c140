package server

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/coscribe/coscribe/collab/transport"
)

// contentPolicy allows the page its own files and images from anywhere, and
// nothing else: no inline script or style, no frame around or inside.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; connect-src 'self'; " +
	"font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// filePolicy is for exported documents shown by a browser: their own styles and
// images, in a sandbox.
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

func securityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		next.ServeHTTP(w, r)
	})
}

// strictLife is how long a browser keeps to HTTPS after an answer by it: a year.
const strictLife = "max-age=31536000"

// strict tells browsers that came by HTTPS to come by nothing else (RFC 6797).
func (s *Server) strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.config.Access.Peers.Secure(r) {
			w.Header().Set("Strict-Transport-Security", strictLife)
		}
		next.ServeHTTP(w, r)
	})
}

// origins are the web origins that may use this server from a browser.
type origins struct {
	protection *http.CrossOriginProtection
	allowed    map[string]bool
	secure     func(r *http.Request) bool // the client's own connection is encrypted
}

// CheckOrigins says what is wrong with configured origins, naming the first.
func CheckOrigins(list []string) error {
	for _, origin := range list {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.Path != "" || parsed.RawQuery != "" || parsed.User != nil || parsed.Fragment != "" {
			return fmt.Errorf("%q is not an origin: write scheme and host, such as https://wiki.example.org", origin)
		}
	}
	return nil
}

func newOrigins(list []string, secure func(r *http.Request) bool) *origins {
	if err := CheckOrigins(list); err != nil {
		panic(err)
	}
	o := &origins{protection: http.NewCrossOriginProtection(), allowed: map[string]bool{}, secure: secure}
	for _, origin := range list {
		o.allowed[strings.ToLower(origin)] = true
		_ = o.protection.AddTrustedOrigin(origin) // CheckOrigins is stricter
	}
	o.protection.SetDenyHandler(http.HandlerFunc(refuseForeign))
	return o
}

func refuseForeign(w http.ResponseWriter, _ *http.Request) {
	newProblem(http.StatusForbidden, "cross_site", transport.CrossSite).write(w)
}

// protect refuses unsafe requests that a browser sends for another site: by
// what the browser says of the site, and by the Origin, which also tells a page
// of this host that came over a connection that was not encrypted.
func (o *origins) protect(next http.Handler) http.Handler {
	protected := o.protection.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !safeMethod(r.Method) && !o.allow(r) {
			refuseForeign(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
}

// allow is the check for whatever is not a plain request: a socket, a poll, an
// event stream. An origin is scheme, host and port and nothing else; a page of
// the same host that is not encrypted is another origin, where it is known that
// the request was.
func (o *origins) allow(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 {
		return true // not a browser, or a page of ours that only reads
	}
	origin := strings.ToLower(sent[0])
	if len(sent) > 1 {
		return false
	}
	if o.allowed[origin] {
		return true
	}
	host := strings.ToLower(r.Host)
	return host != "" && (origin == "https://"+host || origin == "http://"+host && !o.secure(r))
}

// limited bounds request bodies (law R5); the routes that take less say so.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, int64(s.config.Limits.BodyBytes))
		next.ServeHTTP(w, r)
	})
}

// recovered turns a panic into a problem and a line in the log.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			failure := recover()
			if failure == nil {
				return
			}
			if failure == http.ErrAbortHandler {
				panic(failure)
			}
			s.config.Logger.ErrorContext(r.Context(), "a request panicked", "route", r.Pattern, "panic", failure, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look whole
			}
			newProblem(http.StatusInternalServerError, "internal_error", "Something went wrong on the server; it was logged. Try again.").write(w)
		}()
		next.ServeHTTP(w, r)
	})
}
