package transport_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/persistence"
)

// What was told by an answer that the client does not confirm is told again,
// but not to somebody who may no longer read it.
func TestPollRepeatsNothingToWhoLostTheirRight(t *testing.T) {
	l := newLocal(t, collabtest.LocalConfig{})
	document := l.NewDocument()
	p := newPoller(t, l, document.String())
	p.open()
	writer := dial(t, l, document)
	typeText(t, writer, 0, "canary")
	waitRevision(t, writer, 1)
	told := func() bool {
		for _, m := range p.poll().Messages {
			if strings.Contains(string(m), "canary") {
				return true
			}
		}
		return false
	}
	repeated := p.body()
	for !told() {
	}
	ask := func() string {
		p.t.Helper()
		status, answer := p.post(repeated)
		if status != 200 || answer.Close == nil {
			t.Fatalf("status %d, %+v", status, answer)
		}
		var text strings.Builder
		for _, m := range answer.Messages {
			text.Write(m)
		}
		return text.String()
	}
	gone := collab.Revocation{Documents: []persistence.ID{document}, Reason: "trashed"}
	if err := l.Hub.Revoke(t.Context(), gone, func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // the law's
	if got := ask(); strings.Contains(got, "canary") {
		t.Errorf("[S8] a second after the right was taken the answer repeats %s", got)
	}
}
