package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	_ "modernc.org/sqlite"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// A damaged database: verify names the document and the revision, the server
// serves every other document, and of the damaged one what precedes the damage.
func TestFaultDamage(t *testing.T) {
	random, _ := seeded(t)
	rounds := count(*faultDamages, 25, 1)
	for _, way := range []struct {
		name, statement string
		snapshot        bool // the log is whole: nothing is lost
	}{
		{"[L4] a flipped byte in a change", "UPDATE changes SET delta = CAST(replace(CAST(delta AS TEXT), 'word', 'wood') AS BLOB) WHERE document = ? AND revision = ?", false},
		{"[L4] a flipped byte in a hash", "UPDATE changes SET hash = CAST(substr(hash, 1, 8) || iif(substr(hash, 9, 1) = x'5a', x'a5', x'5a') || substr(hash, 10) AS BLOB) WHERE document = ? AND revision = ?", false},
		{"[L4] a deleted change", "DELETE FROM changes WHERE document = ? AND revision = ?", false},
		{"[L2] a flipped byte in a snapshot", "UPDATE snapshots SET content = CAST(substr(content, 1, 9) || iif(substr(content, 10, 1) = x'5a', x'a5', x'5a') || substr(content, 11) AS BLOB) WHERE document = ?", true},
		{"[L2] a deleted snapshot", "DELETE FROM snapshots WHERE document = ?", true},
	} {
		t.Run(way.name, func(t *testing.T) {
			for range rounds {
				a := archive(t, random, way.snapshot)
				at := 1 + random.Int64N(int64(a.length))
				victim := a.documents[random.IntN(len(a.documents))]
				if way.snapshot {
					a.tamper(way.statement, a.row(victim))
					a.healed(victim)
				} else {
					a.tamper(way.statement, a.row(victim), at)
					a.damagedAt(victim, at)
				}
				a.others(victim)
				a.server.kill()
			}
			t.Logf("%d databases", rounds)
		})
	}
	t.Run("[L4] any byte of the database file", func(t *testing.T) {
		noticed, harmless := 0, 0
		for range 4 * rounds {
			if archive(t, random, true).flipped(random) {
				noticed++
			} else {
				harmless++
			}
		}
		t.Logf("%d flipped bytes were noticed, %d were in no log, snapshot or structure: each document was as before", noticed, harmless)
	})
}

// archived is a server at rest with three documents whose content is known.
type archived struct {
	t         *testing.T
	server    *served
	documents []string
	length    int // changes of each
	logs      map[string]string
	hashes    map[string]string
}

func archive(t *testing.T, random *rand.Rand, snapshots bool) *archived {
	t.Helper()
	a := &archived{t: t, server: serveProcess(t, t.TempDir()), length: 3 + random.IntN(12), logs: map[string]string{}, hashes: map[string]string{}}
	a.server.start()
	for range 3 {
		document := a.server.document("Archived")
		a.documents = append(a.documents, document)
		for i := range a.length {
			text := fmt.Sprintf("word %d ", i)
			if snapshots && i == a.length-1 {
				text += strings.Repeat("long ", 20_000) // pays for a snapshot
			}
			a.write(document, text, http.StatusOK)
		}
		a.logs[document] = a.log(document)
	}
	if snapshots {
		a.server.stop() // leaves a snapshot of each
	} else {
		a.server.kill()
	}
	for _, document := range a.documents {
		a.hashes[document] = a.hash(document)
	}
	a.server.verify()
	return a
}

func (a *archived) write(document, text string, status int) {
	a.t.Helper()
	response, err := http.Post(a.server.url()+"/api/documents/"+document+"/changes", "application/json",
		strings.NewReader(fmt.Sprintf(`{"delta":[{"insert":%q}]}`, text)))
	if err != nil {
		a.t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != status {
		a.t.Errorf("writing to %s: %s", document, response.Status)
	}
}

// log is what the API says of a document's changes.
func (a *archived) log(document string) string {
	a.t.Helper()
	_, changes, err := a.server.changes(document, 0)
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := json.Marshal(changes)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

func (a *archived) hash(document string) string {
	a.t.Helper()
	output, code := a.server.run("hash", document)
	if code != 0 {
		a.t.Fatalf("hash: exit %d: %s", code, output)
	}
	hash, _, _ := strings.Cut(output, " ")
	return hash
}

// tamper changes the database behind the server's back.
func (a *archived) tamper(statement string, args ...any) {
	a.t.Helper()
	db := a.open()
	result, err := db.Exec(statement, args...)
	if err != nil {
		a.t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		a.t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
	if err := db.Close(); err != nil {
		a.t.Fatal(err)
	}
}

func (a *archived) open() *sql.DB {
	a.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(a.server.data, "coscribe.db"))
	if err != nil {
		a.t.Fatal(err)
	}
	return db
}

// row is the document's number in the database.
func (a *archived) row(document string) (row int64) {
	a.t.Helper()
	db := a.open()
	defer func() { _ = db.Close() }()
	if err := db.QueryRow("SELECT id FROM documents WHERE lower(hex(uuid)) = ?", strings.ReplaceAll(document, "-", "")).Scan(&row); err != nil {
		a.t.Fatal(err)
	}
	return row
}

// damagedAt checks a document whose log is damaged at a revision.
func (a *archived) damagedAt(document string, at int64) {
	a.t.Helper()
	output, code := a.server.run("verify")
	if want := fmt.Sprintf("document %s revision %d", document, at); code != 1 || !strings.Contains(output, want) {
		a.t.Errorf("verify: exit %d without %q:\n%s", code, want, output)
	}
	a.server.start()
	address := a.server.url() + "/api/documents/" + document
	status, body := a.get(address + "/content?format=text")
	if status != http.StatusInternalServerError || !strings.Contains(body, `"document_damaged"`) || !strings.Contains(body, fmt.Sprintf(`"whole":%d}`, at-1)) {
		a.t.Errorf("content of the damaged document: status %d %s", status, body)
	}
	if status, body = a.get(fmt.Sprintf("%s/content?format=text&revision=%d", address, at-1)); status != http.StatusOK || strings.Count(body, "word") != int(at-1) {
		a.t.Errorf("content before the damage at %d: status %d %q", at, status, body)
	}
	if at > 1 {
		var page struct {
			Changes []json.RawMessage
			Next    *int64
		}
		status, body = a.get(address + "/changes")
		if err := json.Unmarshal([]byte(body), &page); status != http.StatusOK || err != nil || int64(len(page.Changes)) != at-1 || page.Next == nil {
			a.t.Errorf("changes before the damage at %d: status %d, %d of them: %s", at, status, len(page.Changes), body)
		}
	}
	_, _, err := greet(a.server, document, protocol.Hello{Protocol: protocol.Version})
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || protocol.CloseCode(closed.Code) != protocol.CloseDamaged || !strings.Contains(closed.Text, "damaged") {
		a.t.Errorf("joining the damaged document: %v", err)
	}
	a.write(document, "more ", http.StatusInternalServerError)
}

// healed checks a document whose snapshot is damaged: the log has everything.
func (a *archived) healed(document string) {
	a.t.Helper()
	want := fmt.Sprintf("document %s revision %d", document, a.length)
	if output, code := a.server.run("verify"); code != 1 || !strings.Contains(output, want) {
		a.t.Errorf("verify: exit %d without %q:\n%s", code, want, output)
	}
	a.server.start()
	a.whole(document)
	a.write(document, "more ", http.StatusOK)
}

// others checks that the rest is served as if nothing had happened.
func (a *archived) others(victim string) {
	a.t.Helper()
	for _, document := range a.documents {
		if document != victim {
			a.whole(document)
			a.write(document, "more ", http.StatusOK)
		}
	}
}

func (a *archived) whole(document string) {
	a.t.Helper()
	if log := a.log(document); log != a.logs[document] {
		a.t.Errorf("[R6] the log of %s has changed: %s, was %s", document, log, a.logs[document])
	}
	if status, body := a.get(a.server.url() + "/api/documents/" + document + "/content?format=text"); status != http.StatusOK || strings.Count(body, "word") != a.length {
		a.t.Errorf("[R6] content of %s: status %d %q", document, status, body)
	}
}

func (a *archived) get(url string) (int, string) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	status, body, err := get(ctx, url)
	if err != nil {
		a.t.Fatal(err)
	}
	return status, string(body)
}

// flipped changes one bit of the database file. If verify does not notice, then
// every log and content must be what it was.
func (a *archived) flipped(random *rand.Rand) (noticed bool) {
	a.t.Helper()
	path := filepath.Join(a.server.data, "coscribe.db")
	content, err := os.ReadFile(path)
	if err != nil {
		a.t.Fatal(err)
	}
	at, bit := a.chained(random, content), random.IntN(8)
	content[at] ^= 1 << bit
	if err := os.WriteFile(path, content, 0o600); err != nil {
		a.t.Fatal(err)
	}
	if _, code := a.server.run("verify"); code != 0 {
		return true
	}
	a.server.start()
	for _, document := range a.documents {
		a.whole(document)
		if a.hash(document) != a.hashes[document] {
			a.t.Errorf("[L4] bit %d of byte %d changed document %s, and verify did not notice", bit, at, document)
		}
	}
	a.server.kill()
	return false
}

// chained chooses a byte of the file, but of no page with rows about documents:
// no chain covers those, and a bit there may be what puts a document in the trash.
func (a *archived) chained(random *rand.Rand, content []byte) int {
	a.t.Helper()
	const page = 4096
	for range 1000 {
		at := random.IntN(len(content))
		within := content[at/page*page : min(len(content), (at/page+1)*page)]
		if !slices.ContainsFunc(a.documents, func(document string) bool {
			id, err := persistence.ParseID(document)
			return err != nil || bytes.Contains(within, id[:])
		}) {
			return at
		}
	}
	a.t.Fatal("every page has rows about documents")
	return 0
}

// An older database file is put in the place of the present one, with the run
// file or without. Clients who are ahead of it start anew and keep what they
// had not been told is saved.
func TestFaultOldDatabase(t *testing.T) {
	for name, withRun := range map[string]bool{"[S7] without the run file": false, "[S7] with the run file": true} {
		if withRun && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			server := serveProcess(t, t.TempDir())
			server.start()
			document := server.document("Old")
			writer := &scribe{name: "w", document: document, via: server.url(), backoff: 100 * time.Millisecond, sent: map[int64]string{}, random: rand.New(rand.NewPCG(1, 1))}
			if err := writer.connect(); err != nil {
				t.Fatal(err)
			}
			defer writer.socket.Close()
			typed := func() {
				t.Helper()
				if err := errors.Join(writer.edit(), writer.saves()); err != nil {
					t.Fatal(err)
				}
			}
			typed()
			server.stop()
			old := filepath.Join(t.TempDir(), "old")
			_ = os.Remove(filepath.Join(server.data, controlFile)) // of the killed server
			if err := os.CopyFS(old, os.DirFS(server.data)); err != nil {
				t.Fatal(err)
			}
			server.start()
			before, _, err := server.changes(document, 0)
			if err != nil {
				t.Fatal(err)
			}
			typed()
			typed()
			server.stop()
			if err := writer.edit(); err != nil { // offline
				t.Fatal(err)
			}
			for _, file := range []string{"coscribe.db", "coscribe.run"} {
				if file == "coscribe.run" && !withRun {
					continue
				}
				content, err := os.ReadFile(filepath.Join(old, file))
				if err == nil {
					err = os.WriteFile(filepath.Join(server.data, file), content, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			server.start()
			if err := writer.saves(); err != nil {
				t.Fatal(err)
			}
			epoch, changes, err := server.changes(document, 0)
			if err != nil {
				t.Fatal(err)
			}
			if (epoch == before) != withRun {
				t.Errorf("the epoch is %s, it was %s", epoch, before)
			}
			text := ""
			for _, c := range changes {
				text += inserted(c.Delta)
			}
			if !strings.HasPrefix(text, "w.0 ") || !strings.Contains(text, "w.3 ") {
				t.Errorf("the log has %q: what was pending is lost", text)
			}
			status, body, err := get(t.Context(), server.url()+"/api/documents/"+document+"/content?format=delta")
			var served struct{ Content ot.Delta }
			if err = errors.Join(err, json.Unmarshal(body, &served)); err != nil || status != http.StatusOK {
				t.Fatalf("status %d, %v", status, err)
			}
			if got := writer.text(); got != inserted(served.Content) {
				t.Errorf("[C6] the writer has %q, the server %q", got, inserted(served.Content))
			}
			server.stop()
			server.verify()
		})
	}
}
