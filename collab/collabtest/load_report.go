package collabtest

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what a Load saw.
type Report struct {
	Config  LoadConfig
	Seconds float64 // of writing

	Edits     int64 // made locally
	Acked     int64 // changes acknowledged; a change may hold several edits
	Delivered int64 // changes applied by others than their author
	// AckedBy and DeliveredBy are those of them that had been when the writing
	// ended; rates are of these.
	AckedBy, DeliveredBy int64

	Reconnects int64
	Rejected   int64
	PutOff     int64 // refused for now, by a rate or a full disk, and sent again

	Ack     Latency // from an edit to its ack at the author
	Visible Latency // from an edit to its text at another client

	BytesUp   int64 // of submit frames
	BytesDown int64 // of server frames, from when all had joined
	Frames    int64 // from the server, likewise

	Converged bool // every replica was compared and equals the server's document
}

func (l *load) report() Report {
	r := Report{
		Config: l.config, Seconds: l.took.Seconds(),
		Edits: l.edits.Load(), Acked: l.acked.Load(), Delivered: l.delivered.Load(), AckedBy: l.ackedBy, DeliveredBy: l.deliveredBy,
		Reconnects: l.reconnects.Load(), Rejected: l.rejected.Load(), PutOff: l.putOff.Load(),
		BytesUp: l.bytesUp.Load(), BytesDown: l.bytesDown.Load(), Frames: l.frames.Load(),
	}
	var ack, visible histogram
	for _, d := range l.documents {
		for _, c := range d.clients {
			if c.socket != nil {
				c.socket.Look(func(*Client) {
					ack.add(&c.ack)
					visible.add(&c.visible)
				})
			}
		}
	}
	r.Ack, r.Visible = ack.latency(), visible.latency()
	return r
}

func per(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// WriteTo prints the report as a table.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	row := func(name, format string, values ...any) {
		fmt.Fprintf(&b, "%-28s %s\n", name, fmt.Sprintf(format, values...))
	}
	seconds := max(r.Seconds, 1e-9)
	row("documents x clients", "%d x (%d writers + %d readers)", r.Config.Documents, r.Config.Writers, r.Config.Readers)
	if r.Config.Trace == "" {
		row("seed", "%d", r.Config.Seed)
	}
	row("edits made", "%d in %.1f s, %.0f/s", r.Edits, r.Seconds, float64(r.Edits)/seconds)
	row("changes acknowledged", "%d, %.0f/s while writing", r.Acked, float64(r.AckedBy)/seconds)
	row("changes seen by others", "%d, %.0f/s while writing", r.Delivered, float64(r.DeliveredBy)/seconds)
	row("edit to ack", "%s", r.Ack)
	row("edit to others' screens", "%s", r.Visible)
	row("bytes sent per change", "%.0f", per(r.BytesUp, r.Acked))
	row("bytes received per change", "%.0f (%.1f changes per frame)", per(r.BytesDown, r.Delivered+r.Acked), per(r.Delivered+r.Acked, r.Frames))
	row("reconnects, rejects", "%d, %d", r.Reconnects, r.Rejected)
	if r.PutOff > 0 {
		row("refused for now", "%d, more than the server takes at once: raise its --limit- rates to measure beyond", r.PutOff)
	}
	if r.Converged {
		row("replicas", "all equal, on the server too")
	} else {
		row("replicas", "NOT shown to be equal")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// String is "p50 0.62 ms  p95 1.1 ms  p99 2.3 ms".
func (l Latency) String() string {
	ms := func(d time.Duration) string { return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000) }
	return fmt.Sprintf("p50 %s  p95 %s  p99 %s  (%d samples)", ms(l.P50), ms(l.P95), ms(l.P99), l.Samples)
}

// narrate prints a line each second until the returned function is called.
func (l *load) narrate(w io.Writer) (stop func()) {
	if w == nil {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		var edits, acked, delivered int64
		for second := 1; ; second++ {
			over := false
			select {
			case <-quit:
				over = true
			case <-tick.C:
			}
			if over && second > 1 {
				return
			}
			e, a, d := l.edits.Load(), l.acked.Load(), l.delivered.Load()
			fmt.Fprintf(w, "%4d s  %7d edits/s  %7d acknowledged/s  %8d seen/s  %d reconnects\n",
				second, e-edits, a-acked, d-delivered, l.reconnects.Load())
			if edits, acked, delivered = e, a, d; over {
				return // before its first second was
			}
		}
	}()
	return func() { close(quit); <-ended }
}
