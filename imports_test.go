package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the path that our own imports begin with.
const module = "github.com/coscribe/coscribe"

// below says which of our packages each may import, by folder; tests are free.
// What is not listed may import
// nothing of ours.
var below = map[string][]string{
	"ot/ottest":             {"ot"},
	"ot/ottest/oracle":      {"ot", "ot/ottest"},
	"persistence/storetest": {"persistence"},
	"persistence/sqlite":    {"persistence"},
	"collab/protocol":       {"ot"},
	"collab":                {"ot", "persistence", "collab/protocol"},
	"collab/transport":      {"collab", "collab/protocol", "persistence"},
	"collab/collabtest":     {"ot", "ot/ottest", "persistence", "collab", "collab/protocol", "collab/transport"},
	"server/convert":        {"ot"},
	"server":                {"ot", "persistence", "collab", "collab/protocol", "collab/transport", "server/convert"},
	".":                     {"persistence", "persistence/sqlite", "collab", "collab/protocol", "collab/transport", "collab/collabtest", "server", "frontend"},
}

// leaves import the standard library only, nothing else.
var leaves = []string{"ot", "persistence", "frontend"}

func TestImportsPointDown(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || path != "." && strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		seen++
		checkImports(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d files were looked at; the test does not see the project", seen)
	}
}

func checkImports(t *testing.T, path string) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.ToSlash(filepath.Dir(path))
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		ours, isOurs := strings.CutPrefix(name, module+"/")
		switch {
		case isOurs && !slices.Contains(below[folder], ours):
			t.Errorf("%s imports %s, which is not below it", path, ours)
		case !isOurs && slices.Contains(leaves, folder) && strings.Contains(strings.Split(name, "/")[0], "."):
			t.Errorf("%s imports %s; %s is a leaf and has the standard library only", path, name, folder)
		case strings.HasSuffix(name, "/melody") && path != filepath.FromSlash("collab/transport/websocket.go"):
			t.Errorf("%s imports melody; only collab/transport/websocket.go may", path)
		case strings.HasSuffix(name, "modernc.org/sqlite") && folder != "persistence/sqlite":
			t.Errorf("%s imports the SQLite driver; only persistence/sqlite may", path)
		}
	}
}
