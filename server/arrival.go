package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/coscribe/coscribe/collab/transport"
)

// probes are asked by what watches the process, which comes from anywhere by
// any name, and learns nothing else.
func probe(r *http.Request) bool { return r.URL.Path == "/healthz" || r.URL.Path == "/readyz" }

// turnAway answers who came by a way that is not taken: in words where a person
// opened a page.
func turnAway(w http.ResponseWriter, r *http.Request, p *Problem) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = fmt.Fprintln(w, p.Detail)
}

// encrypted refuses plain HTTP from the network: it is taken from this machine
// and from the proxies that were named, which answer for what is before them.
func (s *Server) encrypted(next http.Handler) http.Handler {
	if !s.config.Encrypted {
		return next
	}
	address := "at its address that begins with https://"
	if strings.HasPrefix(s.config.PublicURL, "https://") {
		address = "at " + s.config.PublicURL
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := transport.Direct(r)
		if r.TLS != nil || whole(r.Context()).operator || from.IsLoopback() || s.config.Access.Peers.Proxied(r) || probe(r) {
			next.ServeHTTP(w, r)
			return
		}
		turnAway(w, r, newProblem(http.StatusMisdirectedRequest, "encryption_needed", "Passwords and texts could be read on their way here. Open Coscribe %s.", address))
	})
}

// CheckHosts says what is wrong with names of hosts, naming the first.
func CheckHosts(list []string) error {
	for _, name := range list {
		if parsed, err := url.Parse("http://" + name); err != nil || name == "" || parsed.Hostname() != name {
			return fmt.Errorf("%q is not a name: write it without scheme and port, such as docs.example.org", name)
		}
	}
	return nil
}

// hostOf is the name by which a request reached the server: lower case, without
// port and final dot.
func hostOf(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// named refuses requests under names that are not the server's own, where
// whoever reaches it may edit everything: a site whose name is made to point
// here (DNS rebinding) would reach it through a visitor's browser, as that
// site's own. What is encrypted had to show a certificate for its name, and
// elsewhere the browser has no cookie for another's.
func (s *Server) named(next http.Handler) http.Handler {
	if s.config.Access.Mode != ModeOpen {
		return next
	}
	known := map[string]bool{}
	for _, name := range s.config.Hosts {
		known[strings.ToLower(name)] = true
	}
	for _, address := range append([]string{s.config.PublicURL}, s.config.Origins...) {
		if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
			known[strings.ToLower(parsed.Hostname())] = true
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostOf(r); !known[host] && !localName(host) && !whole(r.Context()).operator && !s.config.Access.Peers.Secure(r) && !probe(r) {
			turnAway(w, r, newProblem(http.StatusMisdirectedRequest, "unknown_host",
				"This server is open to whoever reaches it, and was not told that it is called %q. If it is, start it with --allowed-host or --public-url; else another site led you here.", host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// localName says whether no name server of the internet answers for a host: an
// address, a name without a dot, or one of this machine or its network
// (RFC 6761, 6762, 8375, and what ICANN keeps free).
func localName(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return true
	}
	for _, suffix := range []string{".localhost", ".local", ".home.arpa", ".internal"} {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}
