package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// run runs the campaign in Node; npm run oracle does the same at any length.
func run(t *testing.T, args ...string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	_, nodeErr := exec.LookPath("node")
	_, quillErr := os.Stat(filepath.Join(root, "node_modules", "quill-delta"))
	if nodeErr != nil || quillErr != nil {
		if os.Getenv("npm_lifecycle_event") != "" {
			t.Fatal("quill-delta or Node is missing under npm: run npm ci")
		}
		t.Skip("law A10 is compared in Node: needs node on the PATH and npm ci; npm test does both")
	}
	out, err := exec.Command("node", append([]string{filepath.Join(root, "ot", "ottest", "oracle", "oracle.mjs")}, args...)...).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func TestLiveQuillDelta(t *testing.T) {
	t.Run("[A10] answers are those of quill-delta", func(t *testing.T) { run(t, "--cases", "20000") })
	t.Run("[A10] planted mistakes are noticed", func(t *testing.T) { run(t, "--mutants") })
}
