package collabtest

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/ot"
	"github.com/coscribe/coscribe/persistence"
)

// patience is how long a test waits for what must come: only what hangs meets
// it, on the slowest and busiest machine.
const patience = 2 * time.Minute

func newLocal(t testing.TB) *Local { return startLocal(t, LocalConfig{}) }

func startLocal(t testing.TB, config LocalConfig) *Local {
	t.Helper()
	config.Engine.Limits.Drain = time.Millisecond
	l, err := NewLocal(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return l
}

func TestLoadConverges(t *testing.T) {
	local := newLocal(t)
	var progress, table bytes.Buffer
	report, err := Load(t.Context(), LoadConfig{URL: local.URL, Documents: 2, Writers: 4, Readers: 3, Rate: 100, Duration: 1500 * time.Millisecond}, &progress)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := report.WriteTo(&table); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%s", progress.String(), table.String())
	if !report.Converged || report.Acked == 0 || report.Delivered < report.Acked*5 || report.Rejected != 0 || report.Reconnects != 0 {
		t.Errorf("report %+v", report)
	}
	if n := int64(report.Ack.Samples); n > report.Edits || n < report.Edits*9/10 {
		t.Errorf("%d latencies for %d edits", n, report.Edits)
	}
	if report.Visible.Samples != report.Ack.Samples*6 {
		t.Errorf("%d visible latencies for %d acknowledged edits and 6 others", report.Visible.Samples, report.Ack.Samples)
	}
	if !strings.Contains(progress.String(), "acknowledged/s") {
		t.Error("no progress was told")
	}
}

func TestHistogramQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(r.ExpFloat64() * float64(3*time.Millisecond))
		h.record(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0.5, 0.95, 0.99} {
		want := all[int(q*float64(len(all)))]
		got := h.quantile(q)
		if off := (got - want).Abs(); off > want/25+2*time.Microsecond {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	for us := uint64(0); us < 1<<20; us += 1 + us/50 {
		if top := bucketTop(bucket(us)); top < us || top > us+us/30+1 {
			t.Fatalf("%d µs is counted as %d", us, top)
		}
	}
	var empty histogram
	if empty.latency() != (Latency{}) {
		t.Error("an empty histogram has a latency")
	}
}

func TestLateAcksSettle(t *testing.T) {
	var m moments
	var h histogram
	now := time.Now()
	waiting := m.settle([]seen{{7, now}, {8, now}}, &h)
	m.publish(8, []time.Time{now.Add(-time.Millisecond)})
	if waiting = m.settle(waiting, &h); len(waiting) != 1 || h.total != 1 {
		t.Fatalf("%v are waiting, %d recorded", waiting, h.total)
	}
	m.publish(7, []time.Time{now, now})
	if waiting = m.settle(waiting, &h); len(waiting) != 0 || h.total != 3 {
		t.Errorf("%v are waiting, %d recorded", waiting, h.total)
	}
}

// Clients whose network breaks again and again lose nothing and double nothing.
func TestSocketsResume(t *testing.T) {
	local := newLocal(t)
	document := local.NewDocument().String()
	var sockets []*Socket
	for range 3 {
		s, err := Dial(t.Context(), SocketConfig{URL: local.URL, Document: document, Backoff: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		sockets = append(sockets, s)
	}
	random, typed := seeded(t), 0
	for i := range 300 {
		s := sockets[random.IntN(len(sockets))]
		err := s.Edit(func(length int) ot.Delta { return insert(random.IntN(length), "x") })
		if err != nil {
			t.Fatal(err)
		}
		typed++
		if i%40 == 39 {
			s.Drop()
		}
		if i%10 == 0 {
			time.Sleep(time.Duration(random.IntN(int(20 * time.Millisecond))))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i, s := range sockets {
		err := s.Wait(ctx, func(c *Client) bool { return c.Pending() == 0 && c.Document().Len() == typed+1 })
		if err != nil {
			t.Fatalf("[S9] client %d: %v", i, err)
		}
	}
	for i, s := range sockets {
		s.Look(func(c *Client) {
			if got := c.Document().Text(); got != strings.Repeat("x", typed)+"\n" {
				t.Errorf("[S2] client %d shows %d characters, %d were typed", i, len(got)-1, typed)
			}
		})
	}
}

// What makes no load is said before anything is done.
func TestLoadWithoutSense(t *testing.T) {
	const server = "http://127.0.0.1:1"
	for _, c := range []LoadConfig{
		{URL: "127.0.0.1:8080"}, {URL: "ftp://127.0.0.1"}, {URL: "http://"}, {URL: ""},
		{URL: server, Documents: -1}, {URL: server, Writers: -1}, {URL: server, Readers: -1}, {URL: server, Duration: -time.Second},
		{URL: server, Rate: -1}, {URL: server, Rate: math.NaN()}, {URL: server, Rate: math.Inf(1)}, {URL: server, Rate: 1e-300}, {URL: server, Rate: 1e12},
	} {
		report, err := Load(t.Context(), c, nil)
		if err == nil || strings.Contains(err.Error(), "creating a document") || report.Seconds != 0 {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// What a server that is behind does after the writing has no part in its rate.
func TestLoadCountsNoRateOfWhatCameLater(t *testing.T) {
	l := &load{config: LoadConfig{Seed: 7}.withDefaults()}
	l.start()
	l.acked.Store(20)
	l.delivered.Store(60)
	l.end()
	l.took = 2 * time.Second
	l.acked.Store(1000)
	l.delivered.Store(3000)
	var table strings.Builder
	if _, err := l.report().WriteTo(&table); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"changes acknowledged         1000, 10/s while writing\n", "changes seen by others       3000, 30/s while writing\n", "seed                         7\n"} {
		if !strings.Contains(table.String(), row) {
			t.Errorf("%q is not in\n%s", row, table.String())
		}
	}
}

// viewers lets everybody in, to read.
type viewers struct{ openAccess }

func (viewers) Role(context.Context, transport.Identity, persistence.ID) (protocol.Role, error) {
	return protocol.RoleViewer, nil
}

func TestLoadThatIsRefusedFails(t *testing.T) {
	local := startLocal(t, LocalConfig{Access: viewers{openAccess{new(atomic.Int64)}}})
	report, err := Load(t.Context(), LoadConfig{URL: local.URL, Rate: 100, Duration: 100 * time.Millisecond}, nil)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), string(protocol.CodeReadOnly)) || report.Rejected == 0 || !report.Converged {
		t.Errorf("got %v and %+v", err, report)
	}
}

// doorkeeper turns the first away, and lets the others wait.
type doorkeeper struct {
	openAccess
	tries   atomic.Int64
	release chan struct{} // closed when more have come than may try at once
}

func (d *doorkeeper) Role(ctx context.Context, _ transport.Identity, _ persistence.ID) (protocol.Role, error) {
	switch d.tries.Add(1) {
	case 1:
		return protocol.RoleNone, nil
	case dialAtOnce + 1:
		close(d.release)
	}
	select {
	case <-d.release:
	case <-ctx.Done():
	}
	return protocol.RoleViewer, nil
}

func TestLoadEndsWithTheFirstThatIsNotLetIn(t *testing.T) {
	door := &doorkeeper{openAccess: openAccess{new(atomic.Int64)}, release: make(chan struct{})}
	local := startLocal(t, LocalConfig{Access: door})
	report, err := Load(t.Context(), LoadConfig{URL: local.URL, Readers: 3 * dialAtOnce}, nil)
	if err == nil || report.Seconds != 0 {
		t.Errorf("with one turned away: %v, %+v", err, report)
	}
	select {
	case <-door.release:
		t.Error("others came when one had been turned away")
	default:
		close(door.release)
	}
}

// A replica that shows something else is found.
func TestLoadFindsADifferentReplica(t *testing.T) {
	local := newLocal(t)
	l := &load{config: LoadConfig{URL: local.URL, Readers: 2, Writers: 1, Rate: 50, Duration: 300 * time.Millisecond}.withDefaults()}
	report, err := l.run(t.Context(), nil, func(ctx context.Context) error {
		err := l.write(ctx)
		l.documents[0].clients[2].socket.Look(func(c *Client) { _ = c.doc.Apply(insert(0, "?")) })
		return err
	})
	if !errors.Is(err, ErrDiverged) || report.Converged {
		t.Errorf("got %v and %+v", err, report)
	}
}
