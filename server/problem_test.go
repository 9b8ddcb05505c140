package server

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/server/convert"
)

// What a person reads of a text that cannot be taken is one sentence that says
// what to do.
func TestTextProblems(t *testing.T) {
	read := func(format convert.Format, input string) error {
		_, err := convert.Read(format, []byte(input))
		return err
	}
	columns := func(cell string) string { return strings.Repeat(cell+"|", 3000) + "\n" }
	for want, err := range map[string]error{
		"Make it simpler, or split it: the text is too complex: more than 131072 cells in its tables.":             read(convert.FormatMarkdown, columns("a")+columns("-")+strings.Repeat("a\n", 100)),
		"Make it simpler, or split it: the text is too complex: more than 100 quotes and lists inside each other.": read(convert.FormatMarkdown, strings.Repeat(">", 200)),
		"Split it into several documents: the text is too large: 4194305 bytes, at most 4194304.":                  read(convert.FormatText, strings.Repeat("a", convert.MaxBytes+1)),
		"Split it into several documents: the text is too large with its formatting, more than 16777216 bytes; fewer links and styles would do as well.": read(
			convert.FormatMarkdown, "[a]: https://example.org/"+strings.Repeat("u", 1900)+"\n\n"+strings.Repeat("[a]\n\n", 10_000)),
	} {
		p, ok := errors.AsType[*Problem]((&Server{}).problem(t.Context(), err))
		if !ok || p.Detail != want {
			t.Errorf("%v is shown as\n%+v, want\n%s", err, p, want)
		}
	}
}

// docs/protocol.md lists the codes that a program may act on: all that are
// answered, but for two that say only that something else failed.
func TestCodesAreDocumented(t *testing.T) {
	told, err := os.ReadFile("../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?:newProblem\(http\.\w+, |unavailable\(|http\.Status\w+: +)"([a-z]+_?[a-z_]*)"`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range code.FindAllStringSubmatch(string(source), -1) {
			found++
			if name := match[1]; name != "internal_error" && name != "not_acceptable" && !strings.Contains(string(told), "`"+name+"`") {
				t.Errorf("%s answers %s, of which docs/protocol.md says nothing", file, name)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d codes were found", found)
	}
}
