package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/coscribe/coscribe/server"
)

// settings says which value each option of the chosen command has, and where it
// came from. Options that name a file of a secret show the file; secrets that
// come by a variable show only that they are set.
func settings(chosen *kong.Context) []server.Setting {
	typed := map[string]bool{}
	for _, step := range chosen.Path {
		if step.Flag != nil && !step.Resolved {
			typed[step.Flag.Name] = true
		}
	}
	var all []server.Setting
	for _, flag := range chosen.Flags() {
		if flag.Name == "help" {
			continue
		}
		s := server.Setting{Name: "--" + flag.Name, Value: shownValue(chosen, flag), Source: "default", Help: strings.TrimSpace(flag.Help)}
		for _, variable := range flag.Envs {
			if _, set := os.LookupEnv(variable); set {
				s.Source = "environment"
			}
		}
		if typed[flag.Name] {
			s.Source = "flag"
		}
		all = append(all, s)
	}
	for _, variable := range secretVariables {
		s := server.Setting{Name: variable, Value: "unset", Source: "default", Help: "A secret that only the environment or a file can give."}
		if os.Getenv(variable) != "" {
			s.Value, s.Source = "set", "environment"
		}
		all = append(all, s)
	}
	return all
}

// secretVariables are secrets that are no option's value; see secretOf.
var secretVariables = []string{"COSCRIBE_OWNER_PASSWORD", "COSCRIBE_SMTP_PASSWORD", "COSCRIBE_OIDC_CLIENT_SECRET"}

func shownValue(chosen *kong.Context, flag *kong.Flag) string {
	value := chosen.FlagValue(flag)
	if list, ok := value.([]string); ok {
		return strings.Join(list, ", ")
	}
	return fmt.Sprint(value)
}
