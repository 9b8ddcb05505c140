package main

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/server"
)

// parsed reads the options of serve as the program does.
func parsed(t *testing.T, args ...string) (Config, error) {
	t.Helper()
	var table commands
	parser, err := kong.New(&table, kong.Name("coscribe"), kong.DefaultEnvars("COSCRIBE"), kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return table.Serve.Config, err
}

func TestLimitOptions(t *testing.T) {
	config, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("[R5] without options the limits are the packages' constants", func(t *testing.T) {
		for _, test := range []struct{ got, want any }{
			{config.Limits.engine(), collab.DefaultLimits()},
			{config.Limits.connections(), transport.DefaultLimits()},
			{config.Limits.requests(), server.DefaultLimits()},
		} {
			if test.got != test.want {
				t.Errorf("the options say\n%+v, the constants\n%+v", test.got, test.want)
			}
		}
	})
	t.Run("[R5] every limit has an option of its own", func(t *testing.T) {
		var l Limits
		options := reflect.ValueOf(&l).Elem()
		unused := map[int64]string{}
		for i := range options.NumField() {
			options.Field(i).SetInt(int64(1000 + i))
			unused[int64(1000+i)] = options.Type().Field(i).Name
		}
		for _, limits := range []any{l.engine(), l.connections(), l.requests()} {
			fields := reflect.ValueOf(limits)
			for i := range fields.NumField() {
				value := fields.Field(i).Int()
				if unused[value] == "" {
					t.Errorf("%T.%s has no option of its own", limits, fields.Type().Field(i).Name)
				}
				delete(unused, value)
			}
		}
		for _, name := range unused {
			t.Errorf("the option for %s changes nothing", name)
		}
	})
	t.Run("[R5] each option is described, with its default", func(t *testing.T) {
		text, err := os.ReadFile("docs/operations.md")
		if err != nil {
			t.Fatal(err)
		}
		fields := reflect.TypeFor[Limits]()
		for i := range fields.NumField() {
			field := fields.Field(i)
			if row := fmt.Sprintf("| `%s` | `%s` |", flagOf(field.Name), field.Tag.Get("default")); !strings.Contains(string(text), row) {
				t.Errorf("docs/operations.md has no row %s", row)
			}
		}
	})
	t.Run("nonsense is refused before anything starts, with what would do", func(t *testing.T) {
		fields := reflect.TypeFor[Limits]()
		for i := range fields.NumField() {
			field := fields.Field(i)
			least, err := numberOf(field.Type, field.Tag.Get("least"))
			if err != nil || least < 1 {
				t.Errorf("%s: the least is %q, %v", field.Name, field.Tag.Get("least"), err)
				continue
			}
			flag := "--limit-" + flagOf(field.Name)
			values := []int64{-1, 0, least - 1}
			if most, err := numberOf(field.Type, field.Tag.Get("most")); err == nil {
				values = append(values, most+1)
			}
			for _, value := range values {
				argument := fmt.Sprint(value)
				if field.Type == reflect.TypeFor[time.Duration]() {
					argument = time.Duration(value).String()
				}
				if _, err := parsed(t, flag+"="+argument); err == nil || !strings.Contains(err.Error(), flag) || !strings.Contains(err.Error(), "choose at") {
					t.Errorf("%s=%s: %v", flag, argument, err)
				}
			}
		}
		for _, bad := range [][]string{
			{"--limit-frame-bytes=64KiB"},
			{"--limit-change-bytes=4MiB"},
			{"--limit-ping-period=33s"},
			{"--limit-poll-hold=35s"},
			{"--limit-any-body=1MiB"},
			{"--limit-change-bytes=many"},
			{"--limit-change-bytes=9999999999GiB"},
		} {
			if _, err := parsed(t, bad...); err == nil {
				t.Errorf("%v was taken", bad)
			}
		}
		if _, err := newPeers(&Config{TrustedProxy: []string{"10.0.0.7", "10.0.0.0/8", "::1", "here"}}); err == nil || !strings.Contains(err.Error(), "here") {
			t.Errorf("proxies: %v", err)
		}
	})
	t.Run("sizes and the environment are read", func(t *testing.T) {
		t.Setenv("COSCRIBE_LIMIT_USER_BYTES", "3MiB")
		config, err := parsed(t, "--limit-change-bytes=100000", "--limit-connection-bytes=64KiB", "--limit-rate-wait=1500ms", "--limit-documents=11")
		if err != nil {
			t.Fatal(err)
		}
		l := config.Limits
		if l.UserBytes != 3<<20 || l.ChangeBytes != 100_000 || l.ConnectionBytes != 64<<10 || l.RateWait != 1500*time.Millisecond || l.Documents != 11 {
			t.Errorf("%+v", l)
		}
		for text, want := range map[size]string{512 << 10: "512KiB", 1088 << 10: "1088KiB", 1 << 30: "1GiB", 1000: "1000", 0: "0"} {
			if text.String() != want {
				t.Errorf("%d is said as %s", int(text), text)
			}
		}
	})
}
