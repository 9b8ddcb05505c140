package server

import (
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/coscribe/coscribe/persistence"
)

// pages serves the built front end. Files under assets/ carry a hash or a
// number in their name and never change; index.html and worker.js are always
// asked for again.
type pages struct {
	files  fs.FS // nil: nothing was built
	access *Accounts
}

// places are addresses of the page beside its documents; frontend/app/router.ts
// reads them. The links among them carry their secret in the fragment, which a
// browser keeps to itself.
var places = []string{"signin", "profile", "admin", "setup", "invite", "reset", "s"}

func newPages(files fs.FS, access *Accounts) http.Handler {
	p := &pages{files: files, access: access}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.index)
	mux.HandleFunc("GET /d/{id}", p.index)
	for _, place := range places {
		mux.HandleFunc("GET /"+place, p.index)
	}
	mux.HandleFunc("GET /assets/{name...}", p.asset)
	mux.HandleFunc("GET /worker.js", p.worker)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/assets/icon-1.svg", http.StatusFound)
	})
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) {
		plainAnswer(w, http.StatusOK, "User-agent: *\nDisallow: /\n")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		setRoute(r.Context(), "page")
		if !safeMethod(r.Method) {
			w.Header().Set("Allow", "GET, HEAD")
			plainAnswer(w, http.StatusMethodNotAllowed, "Pages can only be read. The API is under /api/, described at /api/docs.\n")
			return
		}
		// A person gets the page, which says so and leads on; a program gets a sentence.
		if p.files != nil && strings.Contains(r.Header.Get("Accept"), "text/html") {
			w.Header().Set("Cache-Control", "no-cache")
			p.serve(w, r, "index.html", http.StatusNotFound)
			return
		}
		plainAnswer(w, http.StatusNotFound, "There is no such page. Documents are listed at /.\n")
	})
	return mux
}

// unbuilt is shown by a program that was compiled without the front end.
const unbuilt = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coscribe</title></head><body>
<h1>Coscribe is running, but its page was not built</h1>
<p>In the folder with the source, run <code>npm start</code>. It installs what the page needs, builds it, and starts the server again.</p>
<p>The HTTP API works already: see <a href="/api/docs">its description</a>.</p>
</body></html>
`

func (p *pages) index(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), "page")
	p.greet(w, r)
	w.Header().Set("Cache-Control", "no-cache")
	if p.files == nil {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(unbuilt))
		return
	}
	p.serve(w, r, "index.html", http.StatusOK)
}

// greet gives a browser that comes for the first time, where everybody may come
// in, its guest's cookie with the page, before the page's requests run side by side.
func (p *pages) greet(w http.ResponseWriter, r *http.Request) {
	if _, ok, err := p.access.Identify(r); ok || err != nil {
		return
	}
	if _, token, err := p.access.Guest(r.Context(), persistence.ID{}, nil); err == nil {
		http.SetCookie(w, p.access.cookie(r, GuestCookie, token, guestLife))
	}
}

func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), "asset")
	name := path.Join("assets", r.PathValue("name"))
	if p.files == nil || !fs.ValidPath(name) || !strings.HasPrefix(name, "assets/") || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		plainAnswer(w, http.StatusNotFound, "There is no such file.\n")
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	p.serve(w, r, name, http.StatusOK)
}

// worker serves the service worker, which opens the page offline. The browser
// asks for it at every visit, and so learns of a new build.
func (p *pages) worker(w http.ResponseWriter, r *http.Request) {
	setRoute(r.Context(), "page")
	if p.files == nil {
		plainAnswer(w, http.StatusNotFound, "There is no such file.\n")
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	p.serve(w, r, "worker.js", http.StatusOK)
}

// encodings are the precompressed forms that a build has, best first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

func (p *pages) serve(w http.ResponseWriter, r *http.Request, name string, status int) {
	content, encoding, err := p.read(name, r.Header.Get("Accept-Encoding"))
	if err != nil {
		w.Header().Del("Cache-Control")
		plainAnswer(w, http.StatusNotFound, "There is no such file.\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType(name))
	h.Add("Vary", "Accept-Encoding")
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = bytes.NewReader(content).WriteTo(w)
	}
}

// read finds the smallest form of a file that the client takes.
func (p *pages) read(name, accept string) (content []byte, encoding string, err error) {
	for _, e := range encodings {
		if !accepts(accept, e.name) {
			continue
		}
		if content, err = fs.ReadFile(p.files, name+e.suffix); err == nil {
			return content, e.name, nil
		}
	}
	content, err = fs.ReadFile(p.files, name)
	return content, "", err
}

// accepts reads an Accept-Encoding header; a quality of zero is a refusal.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		quality, found := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		q, err := strconv.ParseFloat(quality, 64)
		return !found || err != nil || q > 0
	}
	return false
}

// mediaTypes are those of a build; the operating system's table is not asked,
// since it differs between machines.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".json": "application/json", ".map": "application/json",
	".webmanifest": "application/manifest+json", ".woff2": "font/woff2", ".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8",
}

func mediaType(name string) string {
	if known := mediaTypes[path.Ext(name)]; known != "" {
		return known
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return "application/octet-stream"
}
