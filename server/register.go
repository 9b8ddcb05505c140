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
		all[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: "The caller has it", Headers: etagHeader}
	}
	maps.Copy(all, op.Responses)
	op.Responses, op.Errors = all, nil
	op.Security = waysInto(op)
	huma.Register(api, op, handler)
	for _, answer := range op.Responses {
		if cookies := answer.Headers["Set-Cookie"]; cookies != nil {
			cookies.Schema = &huma.Schema{Type: huma.TypeString} // and not Go's view of one
		}
	}
}

func init() {
	huma.DefaultArrayNullable = false // a list is never null here, but empty
}

// waysIn are how callers say who they are, as the description has it.
var waysIn = map[string]*huma.SecurityScheme{
	"token": {Type: "http", Scheme: "bearer", Description: "An API token, a guest's, or one that an embedding application signed"},
	"login": {Type: "apiKey", In: "cookie", Name: LoginCookie, Description: "Of a browser that signed in; behind encryption its name begins with __Host-"},
	"guest": {Type: "apiKey", In: "cookie", Name: GuestCookie, Description: "Of a browser that came by a share link; behind encryption its name begins with __Host-"},
}

var anyWay = []map[string][]string{{"token": {}}, {"login": {}}, {"guest": {}}}

// waysInto are those of one operation; nil is any.
func waysInto(op huma.Operation) []map[string][]string {
	need, _ := op.Metadata[needKey].(need)
	switch need {
	case needNobody:
		return []map[string][]string{}
	case needLogin:
		return []map[string][]string{{"login": {}}}
	case needMember, needAdmin, needOwner:
		return []map[string][]string{{"token": {}}, {"login": {}}}
	}
	return nil
}

// usual are the errors of a route that its handler has no part in.
func usual(op huma.Operation, input reflect.Type) []int {
	all := []int{
		http.StatusUnauthorized,       // credentials that are not valid, or none
		http.StatusMisdirectedRequest, // unknown_host, encryption_needed
		http.StatusInternalServerError,
		http.StatusServiceUnavailable,
	}
	if op.Method == http.MethodGet {
		all = append(all, http.StatusTooManyRequests) // more than is answered at once
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

// etagHeader is of what a caller may already have.
var etagHeader = map[string]*huma.Param{"ETag": {Description: "For If-None-Match", Schema: &huma.Schema{Type: huma.TypeString}}}

// refusals describes error answers, each of which is a Problem.
func refusals(api huma.API, statuses ...int) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	content := map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}
	all := map[string]*huma.Response{}
	for _, status := range statuses {
		answer := &huma.Response{Description: http.StatusText(status), Content: content}
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			answer.Headers = map[string]*huma.Param{"Retry-After": {Description: "Come back after so many seconds", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		all[strconv.Itoa(status)] = answer
	}
	return all
}
