package sqlite

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The transpiled SQLite works with the one version of modernc.org/libc that its
// own go.mod names; another one compiles and may corrupt memory.
func TestLibcVersion(t *testing.T) {
	list := func(format, module string) string {
		t.Helper()
		out, err := exec.Command("go", "list", "-m", "-f", format, module).Output()
		if err != nil {
			t.Fatalf("go list %s: %v", module, err)
		}
		return strings.TrimSpace(string(out))
	}
	used := list("{{.Version}}", "modernc.org/libc")
	named, err := os.ReadFile(list("{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(named)
	if match == nil || string(match[1]) != used {
		t.Errorf("go.mod has modernc.org/libc %s, the SQLite driver names %s", used, match)
	}
}
