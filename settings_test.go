package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestSettings(t *testing.T) {
	t.Setenv("COSCRIBE_LOG_LEVEL", "warn")
	t.Setenv("COSCRIBE_SMTP_PASSWORD", "canary-5fd2")
	var table commands
	parser, err := kong.New(&table, kong.DefaultEnvars("COSCRIBE"), kong.Vars{"version": "x"})
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse([]string{"serve", "--data", "/nowhere", "--trusted-proxy", "10.0.0.7", "--trusted-proxy", "10.0.0.8"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"--data": {"/nowhere", "flag"}, "--trusted-proxy": {"10.0.0.7, 10.0.0.8", "flag"}, "--log-level": {"warn", "environment"},
		"--access": {"link", "default"}, "--login-idle": {"336h0m0s", "default"}, "COSCRIBE_SMTP_PASSWORD": {"set", "environment"}, "COSCRIBE_OWNER_PASSWORD": {"unset", "default"},
	}
	for _, s := range settings(chosen) {
		if pair, ok := want[s.Name]; ok && pair != [2]string{s.Value, s.Source} {
			t.Errorf("%s is %q by %s, want %v", s.Name, s.Value, s.Source, pair)
		}
		delete(want, s.Name)
		if strings.Contains(s.Value, "canary-5fd2") {
			t.Errorf("[ASVS 13.3.1] %s shows a secret", s.Name)
		}
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

func TestEveryOptionIsDescribed(t *testing.T) {
	text, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var table commands
	parser, err := kong.New(&table, kong.Vars{"version": programVersion()})
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := parser.Parse([]string{"serve"})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, flag := range chosen.Flags() {
		name := "--" + flag.Name
		if flag.Name == "help" || strings.HasPrefix(name, "--limit-") {
			continue // limits have a table of their own, and its test
		}
		seen++
		if !strings.Contains(string(text), name) && !strings.Contains(string(text), "--no-"+flag.Name) {
			t.Errorf("docs/operations.md does not say what %s is for", name)
		}
	}
	if seen < 20 {
		t.Errorf("only %d options were looked at", seen)
	}
	for _, command := range parser.Model.Children {
		if !strings.Contains(string(text), "coscribe "+command.Name) && command.Name != "version" {
			t.Errorf("docs/operations.md does not say what coscribe %s is for", command.Name)
		}
	}
}

// What the parser chooses is run by its Run(context), so each has one.
func TestEveryCommandRuns(t *testing.T) {
	var table commands
	parser, err := kong.New(&table, kong.DefaultEnvars("COSCRIBE"), kong.Vars{"version": "x"})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(false)
	if len(leaves) < 30 {
		t.Errorf("%d commands", len(leaves))
	}
	for _, leaf := range leaves {
		if _, ok := leaf.Target.Addr().Interface().(command); !ok {
			t.Errorf("%s has no Run(context.Context) error", leaf.Path())
		}
	}
}
