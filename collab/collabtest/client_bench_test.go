package collabtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

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

// A hundred clients in one process read the same frames of thirty changes, as
// Figures/hot100 has it: most of what is left is waiting for memory, which one
// client alone would not show.
func BenchmarkHundredRead(b *testing.B) {
	const clients, changes, length = 100, 30, 50_000
	content := ot.NewBuilder(1).Insert(strings.Repeat("x", length)+"\n", ot.Attributes{}).Delta().AppendJSON(nil)
	names := &protocol.Names{}
	var readers []*protocol.Reader
	for i := range clients {
		client := NewClient()
		if err := client.Welcome(protocol.Welcome{Client: "c", Document: protocol.WelcomeDocument{Content: content}}); err != nil {
			b.Fatal(err)
		}
		_ = client.Edit(insert(i*length/clients, "mine"))
		client.Next()
		_ = client.Edit(insert(i*length/clients+4, " too"))
		readers = append(readers, &protocol.Reader{Names: names, Change: client.Change})
	}
	random := rand.New(rand.NewPCG(1, 1))
	var frame []byte
	revision := int64(0)
	write := func() {
		frame = append(frame[:0], '[')
		for range changes {
			revision++
			at := ot.NewBuilder(2).Retain(random.IntN(length), ot.Attributes{})
			if revision%2 == 0 {
				at.Delete(1)
			} else {
				at.Insert("x", ot.Attributes{})
			}
			peer := random.IntN(clients)
			frame = append(protocol.AppendChange(frame, protocol.Change{
				Revision: revision, Peer: fmt.Sprint("p", peer), Delta: at.Delta(), At: time.UnixMicro(revision * 156),
				Author: protocol.User{ID: fmt.Sprintf("0190f3a4-aaaa-7000-8000-%012d", peer), Name: fmt.Sprint("Guest ", peer), Color: "#3366ff"},
			}), ',')
		}
		frame[len(frame)-1] = ']'
	}
	b.ReportAllocs()
	for b.Loop() {
		write()
		for _, r := range readers {
			if err := r.Read(frame); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*clients*changes), "ns/change")
}
