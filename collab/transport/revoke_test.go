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
	config := collabtest.LocalConfig{Engine: collab.Config{Limits: collab.Limits{Drain: time.Millisecond}}}
	bubble(t, config, func(t *testing.T, l *collabtest.Local, w *wires) {
		document := l.NewDocument()
		p := wirePoller(t, w, document.String())
		p.open()
		writer := openSocket(t, w, document.String())
		writer.say(submit(1, 0, "canary"))
		<-writer.acks
		told := func(a polled) bool {
			for _, m := range a.Messages {
				if strings.Contains(string(m), "canary") {
					return true
				}
			}
			return false
		}
		repeated := p.body()
		for !told(p.poll()) {
			repeated = p.body()
		}
		if _, a := p.post(repeated); !told(a) {
			t.Fatalf("what was not confirmed is not repeated: %+v", a)
		}
		gone := collab.Revocation{Documents: []persistence.ID{document}, Reason: "trashed"}
		if err := l.Hub.Revoke(t.Context(), gone, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second) // the law's
		status, a := p.post(repeated)
		if status != 200 || a.Close == nil {
			t.Fatalf("status %d, %+v", status, a)
		}
		if told(a) {
			t.Errorf("[S8] a second after the right was taken the answer repeats %s", a.Messages)
		}
		writer.close()
	})
}
