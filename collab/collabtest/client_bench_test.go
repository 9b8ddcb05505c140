package collabtest

import (
	"testing"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/ot"
)

// One client among a hundred who type hears 6,400 changes a second: reading one
// should cost at most 1 µs, applying it 0.5 µs.
func BenchmarkClientHearsChanges(b *testing.B) {
	const length = 50_000
	text := make([]byte, length)
	for i := range text {
		text[i] = 'a' + byte(i%26)
	}
	for _, c := range []struct {
		name    string
		pending bool
	}{{"nothing-pending", false}, {"in-flight-and-buffer", true}} {
		b.Run(c.name, func(b *testing.B) {
			client := NewClient()
			content := ot.NewBuilder(1).Insert(string(text)+"\n", ot.Attributes{}).Delta()
			err := client.Welcome(protocol.Welcome{Client: "c", Document: protocol.WelcomeDocument{Content: content.AppendJSON(nil)}})
			if err != nil {
				b.Fatal(err)
			}
			if c.pending {
				_ = client.Edit(insert(100, "mine"))
				client.Next()
				_ = client.Edit(insert(104, " too"))
			}
			var changes []ot.Delta
			for i := range 1024 {
				at := i * 7919 % length
				changes = append(changes, ot.NewBuilder(3).Retain(at, ot.Attributes{}).Insert("x", ot.Attributes{}).Delta(),
					ot.NewBuilder(2).Retain(at, ot.Attributes{}).Delete(1).Delta())
			}
			b.ReportAllocs()
			i := int64(0)
			for b.Loop() {
				m := protocol.Change{Revision: i + 1, Delta: changes[i%int64(len(changes))]}
				if err := client.Change(&m); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
