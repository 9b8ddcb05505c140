package server

import (
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// descriptionRoutes serves the API's description: OpenAPI 3.1 for programs and
// one page for people, both made at the first request.
func (s *Server) descriptionRoutes(mux *http.ServeMux, api huma.API) {
	openAPI := sync.OnceValues(func() ([]byte, error) { return json.Marshal(api.OpenAPI()) })
	openYAML := sync.OnceValues(func() ([]byte, error) { return api.OpenAPI().YAML() })
	page := sync.OnceValues(func() ([]byte, error) { return describePage(api.OpenAPI()) })
	serve := func(mediaType string, read func() ([]byte, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			setRoute(r.Context(), "description")
			body, err := read()
			if err != nil {
				s.writeProblem(w, r, err)
				return
			}
			w.Header().Set("Content-Type", mediaType)
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(body)
		}
	}
	mux.HandleFunc("GET /api/openapi.json", serve("application/json", openAPI))
	mux.HandleFunc("GET /api/openapi.yaml", serve("application/yaml", openYAML))
	mux.HandleFunc("GET /api/docs", serve("text/html; charset=utf-8", page))
	mux.HandleFunc("GET /api/docs.css", func(w http.ResponseWriter, r *http.Request) {
		setRoute(r.Context(), "description")
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write([]byte(describeStyle))
	})
}

// describedRoute is one operation as the page shows it.
type describedRoute struct {
	Method, Path, ID, Summary, Description string
	Parameters                             []*huma.Param
	Bodies, Answers                        []describedBody
}

type describedBody struct{ Name, Kind, Example string }

func describePage(api *huma.OpenAPI) ([]byte, error) {
	var routes []describedRoute
	for path, item := range api.Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil {
				routes = append(routes, describeRoute(api, method, path, op))
			}
		}
	}
	slices.SortFunc(routes, func(a, b describedRoute) int {
		if order := strings.Compare(a.Path, b.Path); order != 0 {
			return order
		}
		return strings.Compare(a.Method, b.Method)
	})
	var out strings.Builder
	err := describeTemplate().Execute(&out, map[string]any{"Info": api.Info, "Routes": routes})
	return []byte(out.String()), err
}

func describeRoute(api *huma.OpenAPI, method, path string, op *huma.Operation) describedRoute {
	route := describedRoute{Method: method, Path: path, ID: op.OperationID, Summary: op.Summary, Description: op.Description, Parameters: op.Parameters}
	if op.RequestBody != nil {
		route.Bodies = describeContent(api, "", op.RequestBody.Content)
	}
	for status, answer := range op.Responses {
		if status == "default" {
			continue
		}
		bodies := describeContent(api, status, answer.Content)
		if len(bodies) == 0 {
			bodies = []describedBody{{Name: status, Kind: answer.Description}}
		}
		route.Answers = append(route.Answers, bodies...)
	}
	slices.SortFunc(route.Answers, func(a, b describedBody) int { return strings.Compare(a.Name+a.Kind, b.Name+b.Kind) })
	return route
}

func describeContent(api *huma.OpenAPI, name string, content map[string]*huma.MediaType) []describedBody {
	var bodies []describedBody
	for kind, media := range content {
		body := describedBody{Name: name, Kind: kind}
		if strings.HasSuffix(kind, "json") && kind != "application/problem+json" {
			example, err := json.MarshalIndent(shape(api, media.Schema, 0), "", "  ")
			if err == nil {
				body.Example = string(example)
			}
		}
		bodies = append(bodies, body)
	}
	slices.SortFunc(bodies, func(a, b describedBody) int { return strings.Compare(a.Kind, b.Kind) })
	return bodies
}

// maxShape ends schemas that hold themselves.
const maxShape = 12

// shape draws a schema as JSON whose values say what goes there.
func shape(api *huma.OpenAPI, schema *huma.Schema, depth int) any {
	if schema == nil || depth > maxShape {
		return nil
	}
	if schema.Ref != "" {
		return shape(api, api.Components.Schemas.SchemaFromRef(schema.Ref), depth+1)
	}
	if len(schema.OneOf) > 0 {
		return shape(api, schema.OneOf[0], depth+1)
	}
	switch schema.Type {
	case huma.TypeObject:
		fields := map[string]any{}
		for name, field := range schema.Properties {
			fields[name] = shape(api, field, depth+1)
		}
		return fields
	case huma.TypeArray:
		return []any{shape(api, schema.Items, depth+1)}
	}
	word := schema.Type
	if schema.Format != "" {
		word = schema.Format
	}
	if schema.Description == "" {
		return word
	}
	return strings.TrimPrefix(word+" - "+schema.Description, " - ")
}

var describeTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Info.Title}} HTTP API</title><link rel="stylesheet" href="/api/docs.css"></head><body><main>
<h1>{{.Info.Title}} HTTP API</h1><p>{{.Info.Description}}</p>
<p>For programs: <a href="/api/openapi.json">openapi.json</a>, <a href="/api/openapi.yaml">openapi.yaml</a>.</p>
<nav aria-label="Routes"><ul>{{range .Routes}}<li><a href="#{{.ID}}"><code>{{.Method}} {{.Path}}</code></a> {{.Summary}}</li>{{end}}</ul></nav>
{{range .Routes}}<section id="{{.ID}}"><h2>{{.Summary}}</h2><p><code>{{.Method}} {{.Path}}</code></p>
{{with .Description}}<p>{{.}}</p>{{end}}
{{with .Parameters}}<h3>Parameters</h3><table><thead><tr><th scope="col">Name</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead><tbody>
{{range .}}<tr><td><code>{{.Name}}</code></td><td>{{.In}}</td><td>{{.Description}}{{with .Schema}}{{with .Enum}} One of: {{range .}}<code>{{.}}</code> {{end}}{{end}}{{with .Default}} Without: <code>{{.}}</code>{{end}}{{end}}</td></tr>{{end}}</tbody></table>{{end}}
{{with .Bodies}}<h3>Body</h3>{{range .}}<p><code>{{.Kind}}</code></p>{{with .Example}}<pre tabindex="0">{{.}}</pre>{{end}}{{end}}{{end}}
<h3>Answers</h3>{{range .Answers}}<p>{{.Name}} <code>{{.Kind}}</code></p>{{with .Example}}<pre tabindex="0">{{.}}</pre>{{end}}{{end}}</section>{{end}}
</main></body></html>
`))
})

const describeStyle = `:root { color-scheme: light dark } body { margin: 0; font: 1rem/1.6 system-ui, sans-serif }
main { max-width: 48rem; margin: 0 auto; padding: 2rem 1rem 6rem } h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin: 0 0 .4rem } h3 { font-size: .9rem; margin: 1rem 0 .2rem }
section { border-top: 1px solid #8884; padding-top: 1.4rem; margin-top: 1.4rem } nav ul { padding: 0; list-style: none } nav li { margin: .2rem 0 }
code, pre { font: .88rem/1.5 ui-monospace, monospace } pre { overflow: auto; padding: .7rem 1rem; background: #8881; border-radius: 6px; margin: .2rem 0 }
table { border-collapse: collapse; width: 100% } th, td { text-align: start; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8883 } a:focus-visible, pre:focus-visible { outline: 2px solid #1565c0 }
`
