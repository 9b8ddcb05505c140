package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// described is what /api/openapi.json says: the statuses of each operation, by
// its pattern, and a mux that finds the pattern.
type described struct {
	statuses map[string][]string
	routes   *http.ServeMux
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
		Paths map[string]map[string]struct{ Responses map[string]json.RawMessage }
	}
	if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
		return d, err
	}
	d = described{map[string][]string{}, http.NewServeMux()}
	for path, methods := range told.Paths {
		for method, operation := range methods {
			pattern := strings.ToUpper(method) + " " + path
			d.routes.Handle(pattern, http.NotFoundHandler())
			for status := range operation.Responses {
				d.statuses[pattern] = append(d.statuses[pattern], status)
			}
			slices.Sort(d.statuses[pattern])
		}
	}
	return d, nil
})

// undescribed says what is wrong with a status if the description has the
// route, but not that answer; "" is nothing.
func undescribed(request *http.Request, status int) string {
	d, err := description()
	if err != nil {
		return err.Error()
	}
	_, pattern := d.routes.Handler(request)
	told, ok := d.statuses[pattern]
	if !ok || slices.Contains(told, strconv.Itoa(status)) {
		return ""
	}
	return fmt.Sprintf("%s is described with %s", pattern, strings.Join(told, ", "))
}

func TestDescription(t *testing.T) {
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	if len(d.statuses) < 60 {
		t.Fatalf("%d operations are described", len(d.statuses))
	}
	// What a request says that is no such request is 400; 422 is a text or a change
	// that can be read, but not used.
	unusable := []string{"POST /api/documents", "POST /api/documents/{id}/changes"}
	for pattern, told := range d.statuses {
		if slices.Contains(told, "422") != slices.Contains(unusable, pattern) {
			t.Errorf("%s is described with %v", pattern, told)
		}
		if slices.Contains(told, "default") {
			t.Errorf("%s is described with whatever may come", pattern)
		}
	}
	// The check that each answer undergoes sees what it is for.
	request := httptest.NewRequest("PATCH", "/api/documents/x", nil)
	if undescribed(request, http.StatusUnprocessableEntity) == "" {
		t.Error("a status that is not described goes unseen")
	}
	if found := undescribed(request, http.StatusBadRequest); found != "" {
		t.Errorf("a status that is described is found: %s", found)
	}
}
