package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestDocuments(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	var me person
	b.want(http.StatusOK, b.send("GET", "/api/me", nil), &me)

	d := b.create("  First  ", "Hello")
	if d.Title != "First" || d.Revision != 1 || d.Role != "editor" || d.CreatedBy != me || d.UpdatedBy != me || d.People == nil || d.CreatedAt.IsZero() {
		t.Errorf("created: %+v", d)
	}
	if text := string(b.send("GET", "/api/documents/"+d.ID+"/content?format=text", nil).body); text != "Hello\n" {
		t.Errorf("[D0] a missing final newline was not added: %q", text)
	}
	empty := b.create("", "")
	if empty.Title != "Untitled" || empty.Revision != 0 {
		t.Errorf("[D0] an empty document: %+v", empty)
	}
	var renamed documentView
	b.want(http.StatusOK, b.send("PATCH", "/api/documents/"+d.ID, map[string]string{"title": "Second", "unknown": "ignored"}), &renamed)
	if renamed.Title != "Second" || !renamed.UpdatedAt.After(d.CreatedAt) {
		t.Errorf("renamed: %+v", renamed)
	}

	var list struct {
		Documents []documentView
		Next      *string
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents?query=SECO", nil), &list)
	if len(list.Documents) != 1 || list.Documents[0].ID != d.ID || list.Next != nil {
		t.Errorf("search: %+v", list)
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents?limit=1", nil), &list)
	if len(list.Documents) != 1 || list.Documents[0].ID != d.ID || list.Next == nil {
		t.Fatalf("first page: %+v", list)
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents?limit=1&cursor="+*list.Next, nil), &list)
	if len(list.Documents) != 1 || list.Documents[0].ID != empty.ID || list.Next != nil {
		t.Errorf("second page: %+v", list)
	}

	b.want(http.StatusOK, b.send("DELETE", "/api/documents/"+d.ID, nil), &renamed)
	if renamed.TrashedAt == nil {
		t.Errorf("trashed: %+v", renamed)
	}
	var again documentView
	b.want(http.StatusOK, b.send("DELETE", "/api/documents/"+d.ID, nil), &again)
	if again.TrashedAt == nil || !again.TrashedAt.Equal(*renamed.TrashedAt) {
		t.Errorf("trashed at %v, and when that was asked again at %v", renamed.TrashedAt, again.TrashedAt)
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents?query=second", nil), &list)
	if len(list.Documents) != 0 {
		t.Errorf("the trash is among the living: %+v", list)
	}
	b.want(http.StatusOK, b.send("GET", "/api/documents?trashed=true", nil), &list)
	if len(list.Documents) != 1 {
		t.Errorf("the trash: %+v", list)
	}
	b.problem(http.StatusConflict, "document_trashed", b.send("POST", "/api/documents/"+d.ID+"/changes", map[string]any{"delta": []any{map[string]string{"insert": "x"}}}))
	var back documentView
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+d.ID+"/restore", nil), &back)
	if back.TrashedAt != nil || b.insert(d.ID, "back ") != 2 {
		t.Errorf("restored: %+v", back)
	}
}

// An entry of a list names the first of those who are in a document, and says how
// many they are: two hundred entries are a list.
func TestPeopleOfACrowd(t *testing.T) {
	program := start(t, testConfig(t))
	owner := browse(t, program)
	d := owner.create("Crowded", "")
	const crowd = 13
	for range crowd {
		guest := browse(t, program)
		guest.want(http.StatusOK, guest.send("POST", "/api/documents/"+d.ID+"/poll", map[string]any{
			"connection": nil, "received": 0, "first": 0, "messages": []any{map[string]any{"type": "hello", "protocol": 1}},
		}), nil)
	}
	var one documentView
	owner.want(http.StatusOK, owner.send("GET", "/api/documents/"+d.ID, nil), &one)
	var list struct{ Documents []documentView }
	owner.want(http.StatusOK, owner.send("GET", "/api/documents", nil), &list)
	for what, d := range map[string]documentView{"the document": one, "its entry": list.Documents[0]} {
		if d.Here != crowd || len(d.People) != 10 {
			t.Errorf("%s names %d people of %d", what, len(d.People), d.Here)
		}
	}
}

// TestTrashRaces moves one document into the trash and out of it from several
// sides at once: each of them is answered, as if they had come one by one.
func TestTrashRaces(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	d := b.create("Contested", "x")
	var sides sync.WaitGroup
	for side := range 8 {
		sides.Go(func() {
			for n := range 10 {
				method, path := "DELETE", "/api/documents/"+d.ID
				if (side+n)%2 == 0 {
					method, path = "POST", path+"/restore"
				}
				if a := b.send(method, path, nil); a.status != http.StatusOK {
					t.Errorf("%s %s: %d %s", method, path, a.status, a.body)
				}
			}
		})
	}
	sides.Wait()
	b.want(http.StatusOK, b.send("POST", "/api/documents/"+d.ID+"/restore", nil), nil)
	if revision := b.insert(d.ID, "still "); revision != 2 {
		t.Errorf("the change after it is revision %d", revision)
	}
}

func TestCreateFromFormats(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	for mediaType, test := range map[string]struct{ body, delta string }{
		"text/markdown":             {"# Title\n\n- a\n", `[{"insert":"Title"},{"insert":"\n","attributes":{"header":1}},{"insert":"a"},{"insert":"\n","attributes":{"list":"bullet"}}]`},
		"text/html; charset=utf-8":  {"<p>a<script>x</script><b>b</b></p>", `[{"insert":"a"},{"insert":"b","attributes":{"bold":true}},{"insert":"\n"}]`},
		"text/plain; charset=utf-8": {"a\r\nb", `[{"insert":"a\nb\n"}]`},
		"application/json":          {`{"content":[{"insert":"a"},{"insert":"b"},{"insert":"\n","attributes":{"list":"ordered"}}]}`, `[{"insert":"ab"},{"insert":"\n","attributes":{"list":"ordered"}}]`},
	} {
		var d documentView
		b.want(http.StatusCreated, b.send("POST", "/api/documents?title=Given", test.body, "Content-Type", mediaType), &d)
		if content := string(b.content(d.ID, "").Content); d.Title != "Given" || content != test.delta {
			t.Errorf("%s: %s %s, want %s", mediaType, d.Title, content, test.delta)
		}
	}
	for _, mediaType := range []string{"text/plain", "text/markdown", "text/html", "text/plain; charset=iso-8859-1"} {
		t.Run("[D2] what is not UTF-8 is refused, not replaced: "+mediaType, func(t *testing.T) {
			for _, body := range []string{"caf\xe9", "\xff\xfec\x00a\x00f\x00\xe9\x00", "\xed\xa0\x80"} {
				b.problem(http.StatusUnprocessableEntity, "invalid_encoding", b.send("POST", "/api/documents", body, "Content-Type", mediaType))
			}
		})
	}
	if created := b.send("POST", "/api/documents", nil); created.status != http.StatusCreated {
		t.Errorf("an empty body: %d %s", created.status, created.body)
	}
}

// Whoever goes away in the middle, or sends nonsense for chunks, is no fault of
// the server's.
func TestBodiesThatEndEarly(t *testing.T) {
	program := start(t, testConfig(t))
	address := strings.TrimPrefix(program.URL(), "http://")
	for name, rest := range map[string]string{
		"cut short":       "Content-Length: 100\r\n\r\n{",
		"no chunk":        "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
		"a chunk too few": "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			network, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer network.Close()
			if _, err := io.WriteString(network, "POST /api/documents HTTP/1.1\r\nHost: "+address+"\r\nContent-Type: application/json\r\n"+rest); err != nil {
				t.Fatal(err)
			}
			if err := network.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(network), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if answer.StatusCode != http.StatusBadRequest || !bytes.Contains(body, []byte("invalid_request")) {
				t.Errorf("%s %s, %v", answer.Status, body, err)
			}
		})
	}
}

func TestContent(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	d := b.create("A/B: \"c\"", "one\n")
	b.insert(d.ID, "two ")
	path := "/api/documents/" + d.ID + "/content"
	for query, want := range map[string]string{"": `[{"insert":"two one\n"}]`, "?revision=2": `[{"insert":"two one\n"}]`, "?revision=1": `[{"insert":"one\n"}]`, "?revision=0": `[{"insert":"\n"}]`} {
		if c := b.content(d.ID, query); string(c.Content) != want || c.Epoch != d.Epoch {
			t.Errorf("content%s: %s of epoch %s, want %s", query, c.Content, c.Epoch, want)
		}
	}
	b.problem(http.StatusNotFound, "revision_not_found", b.send("GET", path+"?revision=3", nil))

	tags := map[string]bool{}
	for _, query := range []string{"", "?format=text", "?format=markdown", "?format=html", "?revision=1"} {
		a := b.want(http.StatusOK, b.send("GET", path+query, nil), nil)
		tag := a.header.Get("ETag")
		if tag == "" || tags[tag] {
			t.Errorf("%s: ETag %q is missing or not its own", query, tag)
		}
		tags[tag] = true
		if again := b.send("GET", path+query, nil, "If-None-Match", `"x", `+tag); again.status != http.StatusNotModified || len(again.body) != 0 || again.header.Get("ETag") != tag {
			t.Errorf("%s: %d %s for its own ETag", query, again.status, again.body)
		}
	}
	stale := b.send("GET", path, nil).header.Get("ETag")
	b.insert(d.ID, "three ")
	b.want(http.StatusOK, b.send("GET", path, nil, "If-None-Match", stale), nil)

	// What shows the title is another answer once that has changed.
	for _, query := range []string{"?format=html", "?format=text&download=true"} {
		titled := b.send("GET", path+query, nil).header.Get("ETag")
		b.want(http.StatusOK, b.send("PATCH", "/api/documents/"+d.ID, map[string]string{"title": "Other " + query[8:12]}), nil)
		b.want(http.StatusOK, b.send("GET", path+query, nil, "If-None-Match", titled), nil)
	}
	b.want(http.StatusOK, b.send("PATCH", "/api/documents/"+d.ID, map[string]string{"title": "A/B: \"c\""}), nil)

	page := b.send("GET", path+"?format=html&download=true", nil)
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script") {
		t.Errorf("an exported page has the policy %q", policy)
	}
	if name := page.header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment") || !strings.Contains(name, `A-B- -c-.html`) {
		t.Errorf("the file's name: %s", name)
	}
}

// A document's content is as large as its room allows for more often than that:
// each answer gives back what it held.
func TestLargeContentIsReadAgainAndAgain(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	d := b.create("Large", strings.Repeat("a line of text\n", 250_000))
	for range 8 {
		b.want(http.StatusOK, b.send("GET", "/api/documents/"+d.ID+"/content?format=text", nil), nil)
	}
}

func TestLargeContentTravelsCompressed(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	d := b.create("Large", strings.Repeat("a line of text\n", 1000))
	request, err := http.NewRequest("GET", program.URL()+"/api/documents/"+d.ID+"/content?format=text", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Content-Encoding") != "gzip" || response.Header.Get("Vary") == "" {
		t.Fatalf("not compressed: %v", response.Header)
	}
	reader, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(reader); err != nil || len(text) != 15_000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestWrites(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	d := b.create("Written", "0123456789")
	path := "/api/documents/" + d.ID + "/changes"
	ops := func(ops ...map[string]any) []map[string]any { return ops }
	var wrote struct {
		Epoch    string
		Revision int64
	}
	t.Run("[A4] a delta by HTTP is canonicalised", func(t *testing.T) {
		b.want(http.StatusOK, b.send("POST", path, map[string]any{"delta": ops(map[string]any{"insert": "a"}, map[string]any{"insert": "b"}, map[string]any{"retain": 4})}), &wrote)
		if wrote.Epoch != d.Epoch || wrote.Revision != 2 {
			t.Errorf("%+v", wrote)
		}
	})
	t.Run("[D4] a body that says a thing twice is refused", func(t *testing.T) {
		for _, body := range []string{
			`{"delta":[{"insert":"a"}],"delta":[{"insert":"b"}]}`, `{"delta":[{"insert":"a"}],"\u0064elta":[{"insert":"b"}]}`,
			`{"delta":[{"insert":"a"}],"Delta":[{"insert":"b"}]}`, `{"base":0,"base":2,"delta":[{"insert":"a"}]}`,
			`{"onConflict":"fail","base":0,"delta":[{"insert":"a"}],"onConflict":"rebase"}`,
			`{"base":0,"baſe":2,"delta":[{"insert":"a"}]}`, `{"base":0,"BA\u017fE":2,"delta":[{"insert":"a"}]}`,
		} {
			b.problem(http.StatusBadRequest, "invalid_request", b.send("POST", path, body))
		}
		b.problem(http.StatusBadRequest, "invalid_request", b.send("PATCH", "/api/documents/"+d.ID, `{"title":"a","title":"b"}`))
		b.problem(http.StatusBadRequest, "invalid_request", b.send("POST", "/api/documents", `{"title":"a","title":"b"}`))
		if c := b.content(d.ID, ""); c.Revision != 2 {
			t.Errorf("revision %d", c.Revision)
		}
	})
	t.Run("[S2] a repeated key gets its first answer", func(t *testing.T) {
		body := map[string]any{"base": 2, "delta": ops(map[string]any{"insert": "once "})}
		first := b.want(http.StatusOK, b.send("POST", path, body, "Idempotency-Key", "k1"), &wrote)
		b.insert(d.ID, "between ")
		second := b.want(http.StatusOK, b.send("POST", path, body, "Idempotency-Key", "k1"), nil)
		if string(first.body) != string(second.body) {
			t.Errorf("first %s, then %s", first.body, second.body)
		}
		b.problem(http.StatusConflict, "id_conflict", b.send("POST", path, map[string]any{"base": 2, "delta": ops(map[string]any{"insert": "other"})}, "Idempotency-Key", "k1"))
	})
	t.Run("[A2] a change made on an older revision is moved", func(t *testing.T) {
		b.want(http.StatusOK, b.send("POST", path, map[string]any{"base": 1, "epoch": d.Epoch, "delta": ops(map[string]any{"retain": 10}, map[string]any{"insert": "!"})}), &wrote)
		if text := string(b.send("GET", "/api/documents/"+d.ID+"/content?format=text", nil).body); !strings.HasSuffix(text, "0123456789!\n") {
			t.Errorf("%q", text)
		}
	})
	b.problem(http.StatusConflict, "revision_changed", b.send("POST", path, map[string]any{"base": 1, "onConflict": "fail", "delta": ops(map[string]any{"insert": "x"})}))
	b.problem(http.StatusConflict, "epoch_changed", b.send("POST", path, map[string]any{"epoch": "0190b5a4-0000-7000-8000-000000000001", "delta": ops(map[string]any{"insert": "x"})}))

	var page struct {
		Epoch   string
		Changes []struct {
			Revision int64
			Author   person
			Delta    json.RawMessage
		}
		Next *int64
	}
	b.want(http.StatusOK, b.send("GET", path+"?limit=2", nil), &page)
	if len(page.Changes) != 2 || page.Changes[1].Revision != 2 || page.Next == nil || *page.Next != 2 || page.Changes[0].Author.Name == "" {
		t.Errorf("first page: %+v", page)
	}
	b.want(http.StatusOK, b.send("GET", path+"?after=2&epoch="+d.Epoch, nil), &page)
	if len(page.Changes) != int(wrote.Revision)-2 || page.Changes[0].Revision != 3 || page.Next != nil {
		t.Errorf("second page: %+v", page)
	}
	b.problem(http.StatusConflict, "epoch_changed", b.send("GET", path+"?epoch=0190b5a4-0000-7000-8000-000000000001", nil))
}

// TestBadInput sends what every route must refuse; each case is answered with a
// problem document and leaves the document as it was.
func TestBadInput(t *testing.T) {
	b := browse(t, start(t, testConfig(t)))
	d := b.create("Safe", "text\n")
	document := "/api/documents/" + d.ID
	unknown := "/api/documents/0190b5a4-0000-7000-8000-000000000001"
	long := strings.Repeat("x", 201)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", unknown, "", 404, "not_found"},
		{"GET", "/api/documents/nonsense", "", 404, "not_found"},
		{"PATCH", unknown, `{"title":"x"}`, 404, "not_found"},
		{"DELETE", unknown, "", 404, "not_found"},
		{"POST", unknown + "/restore", "", 404, "not_found"},
		{"GET", unknown + "/content", "", 404, "not_found"},
		{"GET", unknown + "/changes", "", 404, "not_found"},
		{"POST", unknown + "/changes", `{"delta":[{"insert":"x"}]}`, 404, "not_found"},
		{"GET", "/api/nothing", "", 404, "route_not_found"},
		{"PUT", document, `{}`, 405, "method_not_allowed"},
		{"POST", "/api/me", `{}`, 405, "method_not_allowed"},
		{"POST", document + "/socket", `{}`, 405, "method_not_allowed"},
		{"GET", document + "/poll", "", 405, "method_not_allowed"},
		{"GET", "/api/documents?limit=0", "", 400, "invalid_request"},
		{"GET", "/api/documents?limit=201", "", 400, "invalid_request"},
		{"GET", "/api/documents?limit=x", "", 400, "invalid_request"},
		{"GET", "/api/documents?cursor=nonsense", "", 400, "invalid_cursor"},
		{"GET", document + "/content?format=pdf", "", 400, "invalid_request"},
		{"GET", document + "/content?revision=-2", "", 400, "invalid_request"},
		{"GET", document + "/content?revision=9", "", 404, "revision_not_found"},
		{"GET", document + "/changes?after=-1", "", 400, "invalid_request"},
		{"GET", document + "/changes?after=99", "", 404, "revision_not_found"},
		{"PATCH", document, `{"title":"` + long + `"}`, 400, "invalid_title"},
		{"PATCH", document, `{"title":"a\u0007b"}`, 400, "invalid_title"},
		{"PATCH", document, `{"title":7}`, 400, "invalid_request"},
		{"PATCH", document, `{`, 400, "invalid_request"},
		{"PATCH", "/api/me", `{"name":"  "}`, 400, "invalid_name"},
		{"PATCH", "/api/me", `{"name":"a\nb"}`, 400, "invalid_name"},
		{"PATCH", "/api/me", `{"name":"` + strings.Repeat("x", 81) + `"}`, 400, "invalid_name"},
		{"PATCH", "/api/me", `{"color":"red; background: url(x)"}`, 400, "invalid_color"},
		{"POST", "/api/documents", `{"content":[{"retain":1}]}`, 422, "invalid_change"},
		{"POST", "/api/documents", `{"content":[{"insert":"x","attributes":{"onclick":"x"}}]}`, 422, "invalid_change"},
		{"POST", "/api/documents", `{"content":[{"insert":"\ud800"}]}`, 422, "invalid_change"},
		{"POST", "/api/documents", `{"content":"x"}`, 422, "invalid_change"},
		{"POST", "/api/documents", `[`, 400, "invalid_request"},
		{"POST", "/api/documents", `{"title":"` + long + `"}`, 400, "invalid_title"},
		{"POST", document + "/changes", `{}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":[]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":"x"}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":[{"retain":99},{"insert":"x"}]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"delete":5}]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x","delete":1}]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x","attributes":{"link":"javascript:alert(1)"}}]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x","insert":"y"}]}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x"}],"onConflict":"maybe"}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x"}],"onConflict":"fail"}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x"}],"base":99}`, 422, "invalid_change"},
		{"POST", document + "/changes", `{"delta":[{"insert":"x"}],"base":-1}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":` + strings.Repeat("[", 20_000) + `}`, 400, "invalid_request"},
		{"POST", document + "/changes", `{"delta":[{"insert":"` + strings.Repeat("x", 1<<20) + `"}]}`, 413, "change_too_large"},
		{"POST", document + "/changes", `{"delta":[{"insert":"` + strings.Repeat("x", 3<<20) + `"}]}`, 413, "body_too_large"},
		{"PATCH", document, `{"title":"` + strings.Repeat("x", 20<<10) + `"}`, 413, "body_too_large"},
	} {
		t.Run(fmt.Sprintf("%s %s %.60s", c.method, strings.ReplaceAll(c.path, d.ID, "ID"), c.body), func(t *testing.T) {
			var body any
			if c.body != "" {
				body = c.body
			}
			here := *b
			here.t = t
			here.problem(c.status, c.code, here.send(c.method, c.path, body))
		})
	}
	b.problem(http.StatusUnsupportedMediaType, "unsupported_media_type", b.send("POST", "/api/documents", "x", "Content-Type", "application/pdf"))
	if c := b.content(d.ID, ""); string(c.Content) != `[{"insert":"text\n"}]` || c.Revision != 1 {
		t.Errorf("something was left behind: revision %d, %s", c.Revision, c.Content)
	}
	if allow := b.send("PUT", document, nil).header.Get("Allow"); allow != "GET, HEAD, PATCH, DELETE" {
		t.Errorf("Allow: %q", allow)
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	program := start(t, testConfig(t))
	b := browse(t, program)
	d := b.create("Refusals", "text\n")
	document := "/api/documents/" + d.ID
	change := func(body string, header ...string) answer {
		return b.send("POST", document+"/changes", body, header...)
	}
	stranger := browse(t, program)
	b.want(http.StatusOK, change(`{"delta":[{"insert":"x"}]}`, "Idempotency-Key", "one"), nil)
	for _, c := range []struct {
		of   string
		told answer
		says string
	}{
		{"an attribute that is not known", change(`{"delta":[{"insert":"x","attributes":{"font":"serif"}}]}`), `op 0: the attribute "font" is unknown`},
		{"an embed that is not known", change(`{"delta":[{"insert":{"video":"x"}}]}`), `op 0: the embed "video" is unknown`},
		{"a value of another kind", change(`{"delta":[{"insert":"x","attributes":{"color":"red"}}]}`), `op 0: the attribute color has to be a colour as "#rrggbb" in lower case`},
		{"an embed of another kind", change(`{"delta":[{"insert":{"image":"data:image/png;base64,AA"}}]}`), "op 0: the embed image has to be an address that begins with http:// or https://"},
		{"a heading of text", change(`{"delta":[{"retain":3,"attributes":{"header":1}}]}`), "it belongs on the newline"},
		{"a key of nobody", stranger.send("POST", document+"/changes", `{"delta":[{"insert":"z"}]}`, "Idempotency-Key", "two"), "send a token, or the cookie"},
		{"a name without end", change(`{"delta":[{"insert":"x","attributes":{"` + strings.Repeat("é", 1000) + `":true}}]}`), `"` + strings.Repeat("é", 20) + `…" is unknown`},
		{"no delta", b.send("POST", "/api/documents", `{"content":"x"}`), "used: a delta is an array"},
		{"a key that was used", change(`{"delta":[{"insert":"y"}]}`, "Idempotency-Key", "one"), "Give each change a key of its own"},
		{"a comparison with nothing", change(`{"delta":[{"insert":"y"}],"onConflict":"fail"}`), "send the revision"},
		{"a body that is not JSON", change(`{"delta":`), "errors says where"},
		{"a body of another kind", change(`{"delta":[]}`, "Content-Type", "application/x-www-form-urlencoded"), "Content-Type: application/json"},
		{"a body that is too large", b.send("PATCH", document, `{"title":"`+strings.Repeat("x", 20<<10)+`"}`), "at most 16384 bytes"},
	} {
		var problem struct{ Detail string }
		if err := json.Unmarshal(c.told.body, &problem); err != nil || !strings.Contains(problem.Detail, c.says) || strings.Contains(problem.Detail, "ot:") {
			t.Errorf("%s: %s (%v)", c.of, c.told.body, err)
		}
	}
	t.Run("[S2] whoever repeats a key is known from the first try", func(t *testing.T) {
		var wrote struct{ Revision int64 }
		for range 2 {
			stranger.want(http.StatusOK, stranger.send("POST", document+"/changes", `{"delta":[{"insert":"z"}]}`, "Idempotency-Key", "two"), &wrote)
		}
		if wrote.Revision != 3 {
			t.Errorf("revision %d", wrote.Revision)
		}
	})
}
