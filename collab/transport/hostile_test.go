package transport_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/collabtest"
	"github.com/coscribe/coscribe/collab/protocol"
)

type hostile struct {
	Name   string
	Frame  string
	Base64 []byte
	Binary string
	Parts  []struct {
		Text  string
		Times int
	}
	Close  int
	Reject string
}

func (h hostile) bytes() []byte {
	var b bytes.Buffer
	b.WriteString(h.Frame)
	b.Write(h.Base64)
	b.WriteString(h.Binary)
	for _, p := range h.Parts {
		b.WriteString(strings.Repeat(p.Text, max(1, p.Times)))
	}
	return b.Bytes()
}

const honest = "Hello 🦊 world"

// Every hostile frame of the protocol's list goes through a real connection:
// it gets its answer, the document stays as it was, and a person in the same
// document goes on writing.
func TestHostileFrames(t *testing.T) {
	file, err := os.ReadFile("../protocol/testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Frames []hostile }
	if err := json.Unmarshal(file, &list); err != nil {
		t.Fatal(err)
	}
	l := newLocal(t, collabtest.LocalConfig{})
	for _, h := range list.Frames {
		t.Run("[P1] "+h.Name, func(t *testing.T) {
			document := l.NewDocument()
			person := dial(t, l, document)
			typeText(t, person, 0, honest)
			waitText(t, person, honest+"\n")

			r := dialRaw(t, l, document.String())
			r.hello()
			kind := websocket.TextMessage
			if h.Binary != "" {
				kind = websocket.BinaryMessage
			}
			if err := r.WriteMessage(kind, h.bytes()); err != nil {
				t.Fatal(err)
			}
			if h.Close != 0 {
				if code, reason := r.closed(); code != h.Close {
					t.Errorf("closed with %d %q, want %d", code, reason, h.Close)
				}
			} else {
				answer := wait[protocol.Reject](r)
				if !slices.Contains(strings.Split(h.Reject, "|"), string(answer.Code)) || answer.Seq != 1 || answer.Retry {
					t.Errorf("rejected with %+v, want %s", answer, h.Reject)
				}
				// The connection is not held against it: an honest change follows.
				r.send(`{"type":"submit","seq":2,"base":1,"delta":[{"insert":"B"}]}`)
				if ack := wait[protocol.Ack](r); ack.Seq != 2 || ack.Revision != 2 {
					t.Errorf("then %+v", ack)
				}
				waitText(t, person, "B"+honest+"\n")
				typeText(t, person, 0, "A")
				waitText(t, person, "AB"+honest+"\n")
				return
			}
			typeText(t, person, 0, "A")
			waitText(t, person, "A"+honest+"\n")
			content, err := l.Hub.Read(t.Context(), document)
			if err != nil || content.Revision != 2 {
				t.Errorf("the document stands at %d, %v", content.Revision, err)
			}
		})
	}
}
