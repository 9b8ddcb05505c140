package main

import (
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
