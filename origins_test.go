package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/persistence"
)

// ownHost is where people reach the server in this test, by a proxy that
// encrypts.
const ownHost = "docs.example.org"

// foreign are origins that are not the server's, however they look.
var foreign = map[string]string{
	"no origin of its own":     "null",
	"suffix":                   "https://docs.example.org.evil.example",
	"prefix":                   "https://evildocs.example.org",
	"below":                    "https://sub.docs.example.org",
	"above":                    "https://example.org",
	"sibling":                  "https://other.example.org",
	"userinfo":                 "https://docs.example.org@evil.example",
	"our own with userinfo":    "https://someone@docs.example.org",
	"path":                     "https://evil.example/docs.example.org",
	"our own with a path":      "https://docs.example.org/",
	"fragment":                 "https://evil.example#https://docs.example.org",
	"other port":               "https://docs.example.org:8443",
	"other scheme":             "http://docs.example.org",
	"a socket's scheme":        "wss://docs.example.org",
	"no scheme":                "docs.example.org",
	"a file":                   "file://",
	"an extension":             "chrome-extension://docs.example.org",
	"trailing dot":             "https://docs.example.org.",
	"cyrillic letter":          "https://d\u043ecs.example.org",
	"the same as punycode":     "https://xn--dcs-emc.example.org",
	"wide letters":             "https://\uff44ocs.example.org",
	"upper case":               "HTTPS://DOCS.EVIL.EXAMPLE",
	"two in one":               "https://docs.example.org https://evil.example",
	"a list":                   "https://docs.example.org, https://evil.example",
	"percent":                  "https://docs.example.org%2eevil.example",
	"null character":           "https://docs.example.org%00.evil.example",
	"empty":                    "",
	"suffix of a friend":       "https://wiki.example.org.evil.example",
	"friend's other scheme":    "http://wiki.example.org",
	"friend's other port":      "https://wiki.example.org:444",
	"friend's unicode":         "https://b\u00fccher.example",
	"friend's other punycode":  "https://xn--bcher-kvb.example",
	"loopback":                 "http://127.0.0.1",
	"a wildcard":               "*",
	"a wildcard below friends": "https://*.example.org",
}

// A browser that shows another site does nothing here, whatever that site calls
// itself: no socket, no poll, no event stream, no unsafe request.
func TestOriginMatrix(t *testing.T) {
	config := testConfig(t)
	config.TrustedProxy = []string{"127.0.0.1"}
	config.AllowedOrigin = []string{"https://wiki.example.org", "https://xn--bcher-kva.example"}
	program := start(t, config)
	b := browse(t, program)
	d := b.create("Here", "x")

	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	b.want(http.StatusOK, b.send("GET", "/api/openapi.json", nil), &description)
	type target struct{ method, path string }
	targets := []target{{"GET", "/api/documents/" + d.ID + "/socket"}, {"GET", "/api/documents/events"}, {"GET", "/api/documents/" + d.ID + "/changes"}}
	polls := false
	for path, methods := range description.Paths {
		for method := range methods {
			if method = strings.ToUpper(method); method == "GET" || method == "HEAD" || method == "OPTIONS" {
				continue
			}
			polls = polls || strings.HasSuffix(path, "/poll")
			for strings.Contains(path, "{") {
				before, rest, _ := strings.Cut(path, "{")
				_, after, _ := strings.Cut(rest, "}")
				path = before + persistence.NewID().String() + after
			}
			targets = append(targets, target{method, path})
		}
	}
	if len(targets) < 20 || !polls {
		t.Fatalf("the description has %d unsafe operations", len(targets))
	}
	// send says whether the request was refused for its origin.
	send := func(to target, header ...string) bool {
		t.Helper()
		var body io.Reader = strings.NewReader("{}")
		if to.method == "GET" {
			body = http.NoBody
		}
		request, err := http.NewRequestWithContext(t.Context(), to.method, b.url+to.path, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = ownHost
		request.Header.Set("X-Forwarded-Proto", "https")
		request.Header.Set("Content-Type", "application/json")
		if to.method == "GET" {
			request.Header.Set("Accept", "text/event-stream")
		}
		if strings.HasSuffix(to.path, "/socket") {
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "coscribe.v1"} {
				request.Header.Set(name, value)
			}
		}
		for i := 0; i < len(header); i += 2 {
			request.Header.Add(header[i], header[i+1])
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusForbidden {
			return false
		}
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		refused := strings.HasSuffix(to.path, "/socket") || strings.HasSuffix(to.path, "/poll") || strings.Contains(string(text), `"cross_site"`)
		if refused && (response.Header.Get("Access-Control-Allow-Origin") != "" || len(response.Header.Values("Set-Cookie")) > 0) {
			t.Errorf("%s %s tells another site %v", to.method, to.path, response.Header)
		}
		return refused
	}
	for name, origin := range foreign {
		t.Run("[ASVS 3.5.1][ASVS 4.4.2] "+name, func(t *testing.T) {
			for _, to := range targets {
				if !send(to, "Origin", origin) {
					t.Errorf("%s %s passes for %q", to.method, to.path, origin)
				}
			}
		})
	}
	t.Run("[ASVS 3.5.1][ASVS 4.4.2] two at once", func(t *testing.T) {
		for _, to := range targets {
			if !send(to, "Origin", "https://"+ownHost, "Origin", "https://evil.example") {
				t.Errorf("%s %s passes", to.method, to.path)
			}
		}
	})
	t.Run("[ASVS 3.5.3] what the browser says of the site counts without an origin", func(t *testing.T) {
		for _, to := range targets {
			for _, site := range []string{"cross-site", "same-site"} {
				if to.method != "GET" && !send(to, "Sec-Fetch-Site", site) {
					t.Errorf("%s %s passes for %s", to.method, to.path, site)
				}
			}
		}
	})
	t.Run("its own pages, friends and programs pass", func(t *testing.T) {
		for _, to := range targets {
			for _, header := range [][]string{nil, {"Origin", "https://" + ownHost}, {"Origin", "https://" + ownHost, "Sec-Fetch-Site", "same-origin"},
				{"Origin", "https://wiki.example.org", "Sec-Fetch-Site", "same-site"}, {"Origin", "https://xn--bcher-kva.example", "Sec-Fetch-Site", "cross-site"}} {
				if send(to, header...) {
					t.Errorf("%s %s is refused for %v", to.method, to.path, header)
				}
			}
		}
	})
}
