package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestCORS asks as pages of many origins: only a listed one, exactly, may read
// answers and send what a form could not.
func TestCORS(t *testing.T) {
	o := newOrigins([]string{"https://wiki.example.org", "http://localhost:3000"}, func(*http.Request) bool { return true })
	reached := 0
	handler := o.shared(o.protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reached++; w.Header().Set("ETag", `"1"`) })))
	ask := func(method, path, origin string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "https://docs.example.org"+path, nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	strangers := []string{
		"", "null", "https://docs.example.org", "http://wiki.example.org", "https://wiki.example.org:444", "https://wiki.example.org.evil.example", "https://evil-wiki.example.org",
		"https://wiki.example.orgevil.example", "https://xn--wki-qya.example.org", "https://sub.wiki.example.org", "https://wiki.example.org@evil.example", "https://wiki.example.org/",
		"http://localhost:3001", "http://localhost", "file://", "*",
	}
	t.Run("[ASVS 3.4.2] a listed origin reads answers, with credentials", func(t *testing.T) {
		for _, origin := range []string{"https://wiki.example.org", "http://localhost:3000"} {
			h := ask("GET", "/api/documents", origin).Header()
			if h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Vary") != "Origin" || h.Get("Access-Control-Expose-Headers") == "" {
				t.Errorf("%s: %v", origin, h)
			}
			if w := ask("POST", "/api/documents", origin, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusOK {
				t.Errorf("%s: a write is answered %d", origin, w.Code)
			}
		}
	})
	t.Run("[ASVS 3.4.2] nobody else does, whatever they resemble", func(t *testing.T) {
		for _, origin := range strangers {
			for _, method := range []string{"GET", "OPTIONS"} {
				h := ask(method, "/api/documents", origin, "Access-Control-Request-Method", "POST").Header()
				if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Access-Control-Allow-Methods") != "" || h.Get("Vary") != "Origin" {
					t.Errorf("%s by %q: %v", method, origin, h)
				}
			}
		}
	})
	t.Run("[ASVS 3.5.1] a write by a page of any other origin is refused", func(t *testing.T) {
		for _, origin := range strangers {
			if origin == "" || origin == "https://docs.example.org" {
				continue // no browser; the server's own page
			}
			for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
				for _, site := range []string{"cross-site", "same-site", ""} {
					before := reached
					header := []string{}
					if site != "" {
						header = []string{"Sec-Fetch-Site", site}
					}
					if w := ask(method, "/api/documents", origin, header...); w.Code != http.StatusForbidden || reached != before {
						t.Errorf("%s by %q, %q: %d", method, origin, site, w.Code)
					}
				}
			}
		}
	})
	t.Run("a preflight is answered without the route", func(t *testing.T) {
		before := reached
		w := ask("OPTIONS", "/api/documents/x/changes", "https://wiki.example.org", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
		if h := w.Header(); w.Code != http.StatusNoContent || reached != before || h.Get("Access-Control-Allow-Methods") != corsMethods || h.Get("Access-Control-Allow-Headers") != corsHeaders || h.Get("Access-Control-Max-Age") != corsAge {
			t.Errorf("%d, %v", w.Code, h)
		}
	})
	t.Run("pages and the health of the server are shared with nobody", func(t *testing.T) {
		if h := ask("GET", "/", "https://wiki.example.org").Header(); h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v", h)
		}
	})
}
