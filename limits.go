package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/server"
)

// size is a number of bytes; an operator may write 512KiB or 4MiB.
type size int

var units = [...]struct {
	name  string
	bytes int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	for _, unit := range units {
		if number, ok := strings.CutSuffix(string(text), unit.name); ok {
			n, err := strconv.Atoi(number)
			if err != nil || n > 1<<40/unit.bytes {
				break
			}
			*s = size(n * unit.bytes)
			return nil
		}
	}
	return fmt.Errorf("%q is no size: write 65536, 64KiB or 4MiB", text)
}

// String is the size in the largest unit that it is whole in.
func (s size) String() string {
	for _, unit := range units[:3] {
		if s != 0 && int(s)%unit.bytes == 0 {
			return strconv.Itoa(int(s)/unit.bytes) + unit.name
		}
	}
	return strconv.Itoa(int(s))
}

// Limits are the bounds of law R5 that an operator can move, each --limit-… and
// COSCRIBE_LIMIT_…. The tag least is the smallest that leaves the product
// usable; zero values mean the default. docs/operations.md lists them.
type Limits struct {
	Connections        int  `default:"10000" least:"10" help:"Connections open in this process."`
	AddressConnections int  `default:"5000" least:"10" help:"Connections from one address; see --trusted-proxy."`
	UserConnections    int  `default:"1000" least:"10" help:"Connections of one user."`
	Strangers          int  `default:"2000" least:"10" help:"Connections that have not said hello."`
	Documents          int  `default:"20000" least:"10" help:"Documents in memory."`
	DocumentsBytes     size `default:"1GiB" least:"16MiB" help:"And the memory they take; those that nobody is in make room first."`
	IssuedClients      int  `default:"16384" least:"100" help:"Client ids remembered that have not written yet."`
	EventStreams       int  `default:"2000" least:"10" help:"Event streams open."`
	UserEventStreams   int  `default:"100" least:"4" help:"Event streams of one user."`

	ConnectionChanges  int           `default:"2000" least:"10" help:"Changes a second over one connection; more wait."`
	ConnectionBytes    size          `default:"4MiB" least:"16KiB" help:"Bytes a second over one connection."`
	ConnectionMessages int           `default:"100" least:"10" help:"Other messages a second over one connection."`
	UserChanges        int           `default:"5000" least:"10" help:"Changes a second by one user."`
	UserBytes          size          `default:"16MiB" least:"16KiB" help:"Bytes a second by one user."`
	UserReads          int           `default:"100" least:"10" help:"Requests a second by one user that only read."`
	AddressReads       int           `default:"500" least:"10" help:"Requests a second from one address that only read, by people who are nobody yet."`
	DocumentChanges    int           `default:"10000" least:"10" help:"Changes a second in one document."`
	DocumentBytes      size          `default:"16MiB" least:"16KiB" help:"Bytes a second in one document."`
	RateBurst          time.Duration `default:"2s" least:"100ms" help:"Worth of each rate that may come at once."`
	RateWait           time.Duration `default:"2s" least:"10ms" most:"10s" help:"Longest that a change waits before it is refused for now."`

	DocumentConnections int           `default:"4096" least:"2" help:"Connections to one document."`
	DocumentLength      int           `default:"10000000" least:"1000" help:"UTF-16 units of a document."`
	Inbox               int           `default:"32" least:"1" help:"Messages that wait for one document."`
	WindowChanges       int           `default:"2048" least:"1" help:"Recent changes in memory, of one document."`
	WindowBytes         size          `default:"1MiB" least:"4KiB" help:"And their bytes."`
	SnapshotBytes       size          `default:"64KiB" least:"4KiB" help:"Bytes of log between two snapshots, at least."`
	Idle                time.Duration `default:"1m" least:"1s" help:"That a document without people stays in memory."`
	PresencePace        time.Duration `default:"50ms" least:"1ms" most:"10s" help:"Between two rounds of carets."`

	ChangeBytes   size          `default:"512KiB" least:"1KiB" help:"Bytes of one change."`
	ChangeOps     int           `default:"5000" least:"10" help:"Ops of one change."`
	PresenceBytes size          `default:"2KiB" least:"64" help:"Bytes of an embedder's presence state."`
	Pending       int           `default:"64" least:"1" help:"Changes of one connection on their way to the disk."`
	Invalid       int           `default:"10" least:"1" help:"Invalid changes in a row that end a connection."`
	OutboxBytes   size          `default:"1MiB" least:"64KiB" help:"Bytes not yet sent to one connection; more and it is cut, and resumes."`
	OutboxFrames  int           `default:"1024" least:"16" help:"And messages."`
	JoinedBytes   size          `default:"256KiB" least:"4KiB" help:"Bytes of messages joined into one frame."`
	HelloWait     time.Duration `default:"10s" least:"1s" help:"Until a connection has said hello."`
	HelloBytes    size          `default:"16KiB" least:"4KiB" help:"Bytes of a hello."`
	FrameBytes    size          `default:"1088KiB" least:"8KiB" help:"Bytes of any later message."`
	PingPeriod    time.Duration `default:"15s" least:"1s" help:"Between two pings."`
	PongWait      time.Duration `default:"33s" least:"2s" help:"Without a pong until a connection is given up."`
	WriteWait     time.Duration `default:"10s" least:"1s" help:"For one frame to leave."`
	CloseWait     time.Duration `default:"1s" least:"10ms" most:"10s" help:"For a close to be said and answered."`
	PollHold      time.Duration `default:"25s" least:"1s" help:"That a long-poll waits for something to say."`
	PollExpiry    time.Duration `default:"35s" least:"2s" help:"Without a poll until a connection is given up."`
	Drain         time.Duration `default:"2s" least:"1ms" most:"20s" help:"Over which people are spread when the server stops."`

	ContentBody size `default:"5MiB" least:"16KiB" help:"Bytes of a request that creates a document."`
	ChangeBody  size `default:"2MiB" least:"16KiB" help:"Bytes of a request that changes one."`
	AnyBody     size `default:"8MiB" least:"64KiB" help:"Bytes of any request."`
}

// engine, connections and requests are the limits by who keeps them.
func (l *Limits) engine() collab.Limits {
	return collab.Limits{
		ChangeBytes: int(l.ChangeBytes), ChangeOps: l.ChangeOps, DocumentLength: l.DocumentLength, PresenceBytes: int(l.PresenceBytes),
		Inbox: l.Inbox, OutboxBytes: int(l.OutboxBytes), OutboxFrames: l.OutboxFrames, FrameBytes: int(l.JoinedBytes),
		Peers: l.DocumentConnections, Pending: l.Pending, WindowChanges: l.WindowChanges, WindowBytes: int(l.WindowBytes),
		Documents: l.Documents, DocumentsBytes: int(l.DocumentsBytes), Invalid: l.Invalid, IssuedClients: l.IssuedClients, SnapshotBytes: int(l.SnapshotBytes),
		Idle: l.Idle, Drain: l.Drain, PresencePace: l.PresencePace, UserConnections: l.UserConnections,
		ConnectionChanges: l.ConnectionChanges, ConnectionBytes: int(l.ConnectionBytes), ConnectionMessages: l.ConnectionMessages,
		UserChanges: l.UserChanges, UserBytes: int(l.UserBytes), DocumentChanges: l.DocumentChanges, DocumentBytes: int(l.DocumentBytes),
		RateBurst: l.RateBurst, RateWait: l.RateWait,
	}
}

func (l *Limits) connections() transport.Limits {
	return transport.Limits{
		Connections: l.Connections, AddressConnections: l.AddressConnections, Strangers: l.Strangers,
		HelloWait: l.HelloWait, HelloBytes: int(l.HelloBytes), FrameBytes: int(l.FrameBytes),
		PingPeriod: l.PingPeriod, PongWait: l.PongWait, WriteWait: l.WriteWait, CloseWait: l.CloseWait,
		PollHold: l.PollHold, PollExpiry: l.PollExpiry,
	}
}

func (l *Limits) requests() server.Limits {
	return server.Limits{
		EventStreams: l.EventStreams, UserEventStreams: l.UserEventStreams,
		UserReads: l.UserReads, AddressReads: l.AddressReads,
		ContentBytes: int(l.ContentBody), ChangeBytes: int(l.ChangeBody), BodyBytes: int(l.AnyBody),
	}
}

// Validate says what is wrong with limits that an operator chose; options are
// parsed by kong, which calls it.
func (l *Limits) Validate() error {
	fields := reflect.ValueOf(l).Elem()
	for i := range fields.NumField() {
		field, tag := fields.Type().Field(i), fields.Type().Field(i).Tag
		for _, bound := range [...]struct {
			name   string
			broken func(value, bound int64) bool
			words  string
		}{
			{"least", func(value, bound int64) bool { return value < bound }, "too little: it would get in the way of ordinary use; choose at least"},
			{"most", func(value, bound int64) bool { return value > bound }, "too much; choose at most"},
		} {
			text, ok := tag.Lookup(bound.name)
			if !ok {
				continue
			}
			limit, err := numberOf(field.Type, text)
			if err != nil {
				return err
			}
			if bound.broken(fields.Field(i).Int(), limit) {
				return fmt.Errorf("--limit-%s=%v is %s %s", flagOf(field.Name), fields.Field(i).Interface(), bound.words, text)
			}
		}
	}
	for _, pair := range [...]struct {
		low, high   string
		least, most int64
	}{
		{"change-bytes", "frame-bytes", int64(l.ChangeBytes) + 1<<10, int64(l.FrameBytes)},
		{"hello-bytes", "frame-bytes", int64(l.HelloBytes), int64(l.FrameBytes)},
		{"change-bytes", "change-body", int64(l.ChangeBytes), int64(l.ChangeBody)},
		{"change-body", "any-body", int64(l.ChangeBody), int64(l.AnyBody)},
		{"content-body", "any-body", int64(l.ContentBody), int64(l.AnyBody)},
		{"ping-period", "pong-wait", int64(l.PingPeriod) + 1, int64(l.PongWait)},
		{"poll-hold", "poll-expiry", int64(l.PollHold) + 1, int64(l.PollExpiry)},
	} {
		if pair.least > pair.most {
			return fmt.Errorf("--limit-%s leaves no room for --limit-%s: raise the first or lower the second", pair.high, pair.low)
		}
	}
	return nil
}

// numberOf reads a bound from a tag, in the field's unit.
func numberOf(kind reflect.Type, text string) (int64, error) {
	switch kind {
	case reflect.TypeFor[size]():
		var s size
		err := s.UnmarshalText([]byte(text))
		return int64(s), err
	case reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		return int64(d), err
	}
	return strconv.ParseInt(text, 10, 64)
}

// flagOf is how kong writes a field's name: UserBytes is user-bytes.
func flagOf(field string) string {
	var b strings.Builder
	for i, r := range field {
		if r >= 'A' && r <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
