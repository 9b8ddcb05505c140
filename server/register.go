package server

import (
	"context"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// register adds a route and describes all that it may answer: the errors that
// the operation names, and those that come with its method, path and input. huma
// would describe its own refusals, which are 422; here they are 400.
func register[I, O any](api huma.API, op huma.Operation, handler func(context.Context, *I) (*O, error)) {
	input := reflect.TypeFor[I]()
	all := refusals(api, append(op.Errors, usual(op, input)...)...)
	if _, conditional := input.FieldByName("IfNoneMatch"); conditional {
		all[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: "The caller has it"}
	}
	maps.Copy(all, op.Responses)
	op.Responses, op.Errors = all, nil
	huma.Register(api, op, handler)
}

// usual are the errors of a route that its handler has no part in.
func usual(op huma.Operation, input reflect.Type) []int {
	all := []int{
		http.StatusUnauthorized,       // credentials that are not valid, or none
		http.StatusMisdirectedRequest, // unknown_host, encryption_needed
		http.StatusInternalServerError,
		http.StatusServiceUnavailable,
	}
	if op.Method != http.MethodGet || op.Metadata[needKey] != nil {
		all = append(all, http.StatusForbidden) // cross_site, or somebody who may not
	}
	if strings.Contains(op.Path, "{") {
		all = append(all, http.StatusNotFound)
	}
	if input.NumField() > 0 {
		all = append(all, http.StatusBadRequest)
	}
	_, body := input.FieldByName("Body")
	_, raw := input.FieldByName("RawBody")
	if body || raw {
		all = append(all, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge)
	}
	if body {
		all = append(all, http.StatusUnsupportedMediaType)
	}
	return all
}

// refusals describes error answers, each of which is a Problem.
func refusals(api huma.API, statuses ...int) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	content := map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}
	all := map[string]*huma.Response{}
	for _, status := range statuses {
		all[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: content}
	}
	return all
}
