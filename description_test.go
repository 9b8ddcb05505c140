package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// described is what /api/openapi.json says: the answers of each operation, by
// its pattern and status, a mux that finds the pattern, and the schemas by name.
type described struct {
	answers map[string]map[string]describedAnswer
	routes  *http.ServeMux
	schemas map[string]schema
	whole   []byte
}

type describedAnswer struct {
	Content map[string]struct{ Schema schema }
	Headers map[string]json.RawMessage
}

// schema is as much of JSON Schema as the description says.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any    // a word, or several
	Properties map[string]schema
	Required   []string
	Items      *schema
	Enum       []any
	OneOf      []schema
	Additional any `json:"additionalProperties"`
}

// misfit says where a value is not what the schema says; "" is nowhere.
func (d described) misfit(s schema, value any, at string) string {
	if name := strings.TrimPrefix(s.Ref, "#/components/schemas/"); name != s.Ref {
		of, ok := d.schemas[name]
		if !ok {
			return fmt.Sprintf("%s: there is no schema %s", at, name)
		}
		return d.misfit(of, value, at)
	}
	if len(s.OneOf) > 0 && !slices.ContainsFunc(s.OneOf, func(one schema) bool { return d.misfit(one, value, at) == "" }) {
		return fmt.Sprintf("%s is none of %d", at, len(s.OneOf))
	}
	types, several := s.Type.([]any)
	if !several && s.Type != nil {
		types = []any{s.Type}
	}
	kind := kindOf(value)
	if kind == "number" && slices.Contains(types, any("integer")) && value.(float64) == math.Trunc(value.(float64)) {
		kind = "integer"
	}
	if types != nil && !slices.Contains(types, any(kind)) {
		return fmt.Sprintf("%s is %s, described as %v", at, kind, s.Type)
	}
	if len(s.Enum) > 0 && value != nil && !slices.Contains(s.Enum, value) {
		return fmt.Sprintf("%s is %v, none of %v", at, value, s.Enum)
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if s.Items == nil {
				break
			}
			if found := d.misfit(*s.Items, item, fmt.Sprintf("%s[%d]", at, i)); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := value[name]; !ok {
				return fmt.Sprintf("%s lacks %s", at, name)
			}
		}
		for name, field := range value {
			of, ok := s.Properties[name]
			if !ok && (len(s.Properties) > 0 || s.Additional == false) {
				return fmt.Sprintf("%s has %s, which is not described", at, name)
			}
			if found := d.misfit(of, field, at+"."+name); found != "" {
				return found
			}
		}
	}
	return ""
}

// description is that of a program of its own. Each answer that a browser of
// this package gets is held against it.
var description = sync.OnceValues(func() (d described, err error) {
	data, err := os.MkdirTemp(filepath.Dir(binary), "described-")
	if err != nil {
		return d, err
	}
	program, err := Open(context.Background(), Config{Listen: "127.0.0.1:0", Data: data, MetricsListen: "off", LogLevel: "error", LogFormat: "text", Access: "open"})
	if err != nil {
		return d, err
	}
	defer func() { _ = program.Close() }()
	answer, err := http.Get(program.URL() + "/api/openapi.json")
	if err != nil {
		return d, err
	}
	defer func() { _ = answer.Body.Close() }()
	var told struct {
		Paths      map[string]map[string]struct{ Responses map[string]describedAnswer }
		Components struct{ Schemas map[string]schema }
	}
	whole, err := io.ReadAll(answer.Body)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(whole, &told); err != nil {
		return d, err
	}
	d = described{map[string]map[string]describedAnswer{}, http.NewServeMux(), told.Components.Schemas, whole}
	for path, methods := range told.Paths {
		for method, operation := range methods {
			pattern := strings.ToUpper(method) + " " + path
			d.routes.Handle(pattern, http.NotFoundHandler())
			d.answers[pattern] = operation.Responses
		}
	}
	return d, nil
})

// undescribed says what is wrong with an answer if the description has the
// route, but not that status, or another body; "" is nothing.
func undescribed(request *http.Request, status int, header http.Header, body []byte) string {
	d, err := description()
	if err != nil {
		return err.Error()
	}
	_, pattern := d.routes.Handler(request)
	told, ok := d.answers[pattern]
	if !ok {
		return ""
	}
	answer, ok := told[strconv.Itoa(status)]
	if !ok {
		return fmt.Sprintf("%s is described with %v", pattern, slices.Sorted(maps.Keys(told)))
	}
	for _, name := range []string{"Retry-After", "Location", "ETag"} {
		if _, ok := answer.Headers[name]; !ok && header.Get(name) != "" {
			return fmt.Sprintf("%s %d is described without %s", pattern, status, name)
		}
	}
	kind, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if len(body) == 0 || !strings.HasSuffix(kind, "json") {
		return ""
	}
	media, ok := answer.Content[kind]
	if !ok {
		return fmt.Sprintf("%s %d is described without %s", pattern, status, kind)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("%s %d: %v", pattern, status, err)
	}
	return d.misfit(media.Schema, value, fmt.Sprintf("%s %d: body", pattern, status))
}

func TestDescription(t *testing.T) {
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	if len(d.answers) < 60 {
		t.Fatalf("%d operations are described", len(d.answers))
	}
	// What a request says that is no such request is 400; 422 is a text or a change
	// that can be read, but not used.
	unusable := []string{"POST /api/documents", "POST /api/documents/{id}/changes"}
	for pattern, told := range d.answers {
		if _, is := told["422"]; is != slices.Contains(unusable, pattern) {
			t.Errorf("%s is described with %v", pattern, slices.Sorted(maps.Keys(told)))
		}
		if _, is := told["default"]; is {
			t.Errorf("%s is described with whatever may come", pattern)
		}
	}
	// The check that each answer undergoes sees what it is for.
	request := httptest.NewRequest("PATCH", "/api/documents/x", nil)
	kind := http.Header{"Content-Type": {"application/problem+json"}}
	whole := `{"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_title","detail":"Say it."}`
	if found := undescribed(request, http.StatusBadRequest, kind, []byte(whole)); found != "" {
		t.Errorf("an answer that is described is found: %s", found)
	}
	if undescribed(request, http.StatusUnprocessableEntity, kind, []byte(whole)) == "" {
		t.Error("a status that is not described goes unseen")
	}
	for name, body := range map[string]string{
		"another type":            strings.Replace(whole, "400", `"400"`, 1),
		"a field that is missing": strings.Replace(whole, `"code":"invalid_title",`, "", 1),
		"a field too many":        strings.Replace(whole, `"code"`, `"more":1,"code"`, 1),
		"a list that is null":     strings.Replace(whole, `"code"`, `"errors":null,"code"`, 1),
		"no object":               "[]",
	} {
		if undescribed(request, http.StatusBadRequest, kind, []byte(body)) == "" {
			t.Errorf("%s goes unseen", name)
		}
	}
	if undescribed(request, http.StatusBadRequest, http.Header{"Retry-After": {"1"}}, nil) == "" {
		t.Error("a header that is not described goes unseen")
	}
}

// What a generator of clients reads: it needs to know how one comes in, what a
// delta is, and nothing that leads nowhere.
func TestDescriptionForGenerators(t *testing.T) {
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Security []map[string][]string
		Paths    map[string]map[string]struct {
			Security   *[]map[string][]string
			Tags       []string
			Parameters []struct{ Name, In string }
		}
		Components struct {
			SecuritySchemes map[string]struct{ Type, Scheme, In, Name string }
		}
	}
	if err := json.Unmarshal(d.whole, &told); err != nil {
		t.Fatal(err)
	}
	schemes := told.Components.SecuritySchemes
	if s := schemes["token"]; s.Type != "http" || s.Scheme != "bearer" {
		t.Errorf("a token is %+v", s)
	}
	if s := schemes["login"]; s.Type != "apiKey" || s.In != "cookie" || s.Name != "coscribe" {
		t.Errorf("a login is %+v", s)
	}
	ways := func(security []map[string][]string) []string {
		names := []string{}
		for _, one := range security {
			for name := range one {
				if _, ok := schemes[name]; !ok {
					t.Errorf("there is no way in called %s", name)
				}
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	if got := ways(told.Security); !slices.Equal(got, []string{"guest", "login", "token"}) {
		t.Errorf("one comes in by %v", got)
	}
	for pattern, want := range map[string][]string{"post /api/signin": {}, "post /api/me/tokens": {"login"}, "get /api/users": {"login", "token"}} {
		method, path, _ := strings.Cut(pattern, " ")
		if of := told.Paths[path][method].Security; of == nil || !slices.Equal(ways(*of), want) {
			t.Errorf("%s: one comes in by %v", pattern, of)
		}
	}
	for path, methods := range told.Paths {
		for method, op := range methods {
			if len(op.Tags) != 1 {
				t.Errorf("%s %s has the tags %v", method, path, op.Tags)
			}
			for _, p := range op.Parameters {
				if p.In == "header" && (p.Name == "Content-Type" || p.Name == "Accept" || p.Name == "Authorization") {
					t.Errorf("%s %s names %s, which OpenAPI says elsewhere", method, path, p.Name)
				}
			}
		}
	}
	used := map[string]bool{}
	for _, ref := range regexp.MustCompile(`"#/components/schemas/(\w+)"`).FindAllSubmatch(d.whole, -1) {
		if used[string(ref[1])] = true; d.schemas[string(ref[1])].empty() {
			t.Errorf("there is no schema %s", ref[1])
		}
	}
	for name := range d.schemas {
		if !used[name] {
			t.Errorf("nothing is a %s", name)
		}
	}
	delta := d.schemas["WriteInputBody"].Properties["delta"]
	for text, good := range map[string]bool{
		`[{"insert":"x"},{"insert":{"image":"https://example.org/a.png"},"attributes":{"width":20}}]`: true,
		`[{"retain":2,"attributes":{"bold":null}},{"delete":1}]`:                                      true,
		`[{"insert":5}]`:     false,
		`[{"inserted":"x"}]`: false,
		`{"ops":[]}`:         false,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if found := d.misfit(delta, value, "delta"); (found == "") != good {
			t.Errorf("%s: %q", text, found)
		}
	}
}

// kindOf is the JSON type of a value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

func (s schema) empty() bool { return s.Type == nil && s.Ref == "" && len(s.OneOf) == 0 }
