package server

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/coscribe/coscribe/collab"
	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsAreDescribed(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics()
	m.Watch(func() collab.Stats { return collab.Stats{} }, func(context.Context) error { return nil })
	m.WatchConnections("websocket", func() int { return 0 })
	described := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(described)
	close(described)
	known := make(map[string]bool)
	for one := range described {
		name := regexp.MustCompile(`fqName: "(coscribe_[a-z_]+)"`).FindStringSubmatch(one.String())
		if name == nil {
			continue // Go's, or the process's
		}
		known[name[1]] = true
		if !regexp.MustCompile(`\| .*` + "`" + name[1] + "[`{]").Match(text) {
			t.Errorf("docs/operations.md does not say what %s is", name[1])
		}
	}
	for _, name := range regexp.MustCompile("`coscribe_[a-z_]+").FindAllString(string(text), -1) {
		if !known[strings.TrimPrefix(name, "`")] {
			t.Errorf("docs/operations.md tells of %s`, which is no metric", name)
		}
	}
}
