package server

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// auditView is a line of the audit log as administrators see it.
type auditView struct {
	Seq      int64     `json:"seq" doc:"Rising"`
	At       time.Time `json:"at"`
	Action   string    `json:"action" doc:"noun.verb, such as login.created"`
	Outcome  string    `json:"outcome" enum:"done,denied"`
	Actor    string    `json:"actor,omitempty" doc:"Who did it; absent: the program, or nobody known"`
	Name     string    `json:"name,omitempty" doc:"The actor's then"`
	Address  string    `json:"address,omitempty" doc:"Where the request came from"`
	Document string    `json:"document,omitempty"`
	Subject  string    `json:"subject,omitempty" doc:"User, group, link, token … it was done to"`
	// SubjectName is read anew each time: it is in no line, so that it leaves the
	// log with the person.
	SubjectName string `json:"subjectName,omitempty" doc:"The subject's now, if it is a person or a group"`
	Detail      string `json:"detail,omitempty"`
}

// AuditFilter selects lines. Exported because huma passes over embedded fields
// that are not.
type AuditFilter struct {
	Action   string `query:"action" maxLength:"100" doc:"A whole action, such as grant.changed, or the noun of several: grant"`
	Outcome  string `query:"outcome" enum:"done,denied,"`
	Actor    string `query:"actor" doc:"Id of who did it"`
	Document string `query:"document"`
	Subject  string `query:"subject"`
	Person   string `query:"person" doc:"Id of who did it, or whom it was done to"`
	From     string `query:"from" doc:"RFC 3339"`
	To       string `query:"to" doc:"RFC 3339, exclusive"`
}

type auditInput struct {
	AuditFilter
	Before int64 `query:"before" minimum:"0" doc:"next of the page before"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type auditOutput struct {
	Body struct {
		Entries []auditView `json:"entries" doc:"Newest first"`
		Next    *int64      `json:"next" doc:"before of the next page, null at the end"`
	}
}

type auditExportInput struct {
	AuditFilter
	Format string `query:"format" enum:"jsonl,csv" default:"jsonl"`
}

func (s *Server) auditRoutes(api huma.API) {
	tags, admin := []string{"Administration"}, needs(needAdmin)
	register(api, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/api/admin/audit", Tags: tags, Metadata: admin,
		Summary: "The audit log, newest first", Errors: []int{http.StatusBadRequest},
	}, s.listAudit)
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	register(api, huma.Operation{
		OperationID: "export-audit", Method: http.MethodGet, Path: "/api/admin/audit/export", Tags: tags, Metadata: admin, DefaultStatus: http.StatusOK,
		Summary: "The audit log as a file", Description: "As JSON lines or CSV, newest first, all that the filter selects.", Errors: []int{http.StatusBadRequest},
		Responses:   map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/jsonl": text, "text/csv": text}}},
		Middlewares: huma.Middlewares{s.exportInstead},
	}, func(context.Context, *auditExportInput) (*struct{}, error) { return nil, nil })
}

// query reads a filter.
func (f *AuditFilter) query() (persistence.AuditQuery, error) {
	query := persistence.AuditQuery{Action: f.Action, Outcome: f.Outcome}
	if f.Action != "" && !strings.Contains(f.Action, ".") {
		query.Action += "."
	}
	for _, field := range []struct {
		name, text string
		id         *persistence.ID
	}{{"actor", f.Actor, &query.Actor}, {"document", f.Document, &query.Document}, {"subject", f.Subject, &query.Subject}, {"person", f.Person, &query.Person}} {
		if field.text == "" {
			continue
		}
		id, err := persistence.ParseID(strings.ToLower(field.text))
		if err != nil {
			return query, newProblem(http.StatusBadRequest, "invalid_request", "%s is an id, a UUID.", field.name)
		}
		*field.id = id
	}
	for _, field := range []struct {
		name, text string
		at         *time.Time
	}{{"from", f.From, &query.From}, {"to", f.To, &query.To}} {
		if field.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, field.text)
		if err != nil {
			return query, newProblem(http.StatusBadRequest, "invalid_request", "%s is a time such as 2026-01-31T08:00:00Z.", field.name)
		}
		*field.at = persistence.Micro(at)
	}
	return query, nil
}

func idText(id persistence.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// subjectNames says what people and groups are called now; "" for what is
// neither, or is gone. It asks for each once.
func (s *Server) subjectNames(ctx context.Context) func(persistence.ID) string {
	known := map[persistence.ID]string{{}: ""}
	return func(id persistence.ID) string {
		name, ok := known[id]
		if !ok {
			if user, err := s.config.People.User(ctx, id); err == nil {
				name = user.Name
			} else if group, err := s.config.People.Group(ctx, id); err == nil {
				name = group.Name
			}
			known[id] = name
		}
		return name
	}
}

func auditOf(e *persistence.AuditEntry, names func(persistence.ID) string) auditView {
	return auditView{
		SubjectName: names(e.Subject),
		Seq:         e.Seq, At: e.At.UTC(), Action: e.Action, Outcome: e.Outcome, Actor: idText(e.Actor), Name: e.Name, Address: e.Address,
		Document: idText(e.Document), Subject: idText(e.Subject), Detail: e.Detail,
	}
}

func (s *Server) listAudit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	query, err := in.query()
	if err != nil {
		return nil, err
	}
	query.Before, query.Limit = in.Before, in.Limit
	s.denials.settle()
	entries, err := s.config.People.Audit(ctx, query)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	out := &auditOutput{}
	out.Body.Entries = []auditView{}
	names := s.subjectNames(ctx)
	for i := range entries {
		out.Body.Entries = append(out.Body.Entries, auditOf(&entries[i], names))
	}
	if len(entries) == in.Limit {
		out.Body.Next = &entries[len(entries)-1].Seq
	}
	return out, nil
}

// exportInstead streams the file: it may be long.
func (s *Server) exportInstead(ctx huma.Context, _ func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	filter := AuditFilter{}
	values := r.URL.Query()
	for name, field := range map[string]*string{"action": &filter.Action, "outcome": &filter.Outcome, "actor": &filter.Actor, "document": &filter.Document,
		"subject": &filter.Subject, "person": &filter.Person, "from": &filter.From, "to": &filter.To} {
		*field = values.Get(name)
	}
	query, err := filter.query()
	if err == nil && values.Get("format") != "" && values.Get("format") != "csv" && values.Get("format") != "jsonl" {
		err = newProblem(http.StatusBadRequest, "invalid_request", "format is jsonl or csv.")
	}
	if err == nil {
		err = s.recorded(r.Context(), persistence.AuditEntry{Action: "audit.exported"})
	}
	if err != nil {
		s.writeProblem(w, r, err)
		return
	}
	s.denials.settle()
	asCSV := values.Get("format") == "csv"
	kind, name := "application/jsonl", "audit.jsonl"
	if asCSV {
		kind, name = "text/csv; charset=utf-8", "audit.csv"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	names := s.subjectNames(r.Context())
	for first := true; ; first = false {
		query.Limit = 1000
		entries, err := s.config.People.Audit(r.Context(), query)
		if err != nil {
			panic(http.ErrAbortHandler) // half a file must not look whole
		}
		page := auditPage(entries, names, asCSV, first)
		_ = control.SetWriteDeadline(time.Now().Add(eventWait))
		if _, err := w.Write(page); err != nil {
			return
		}
		if len(entries) < query.Limit {
			return
		}
		query.Before = entries[len(entries)-1].Seq
	}
}

func auditPage(entries []persistence.AuditEntry, names func(persistence.ID) string, asCSV, head bool) []byte {
	var out bytes.Buffer
	if !asCSV {
		encoder := json.NewEncoder(&out)
		for i := range entries {
			_ = encoder.Encode(auditOf(&entries[i], names)) // into memory
		}
		return out.Bytes()
	}
	writer := csv.NewWriter(&out)
	if head {
		_ = writer.Write([]string{"seq", "at", "action", "outcome", "actor", "name", "address", "document", "subject", "subjectName", "detail"})
	}
	for i := range entries {
		v := auditOf(&entries[i], names)
		row := []string{strconv.FormatInt(v.Seq, 10), v.At.Format(time.RFC3339Nano), v.Action, v.Outcome, v.Actor, v.Name, v.Address, v.Document, v.Subject, v.SubjectName, v.Detail}
		for j := range row {
			row[j] = cell(row[j])
		}
		_ = writer.Write(row)
	}
	writer.Flush()
	return out.Bytes()
}

// cell keeps a spreadsheet from taking a text for a formula: people choose
// their names.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
