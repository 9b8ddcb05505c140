package collabtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkFigures measures the whole program against the bare server in one
// run and prints a Markdown table of medians:
//
//	go test ./collab/collabtest -run '^$' -bench Figures -benchtime 3x -timeout 60m
//
// One scenario alone: -bench 'Figures/hot100'. Both servers are children of
// their own; CPU and memory are the operating system's count for each alone.
// Clients share the machine with them.
func BenchmarkFigures(b *testing.B) {
	benchScenarios(b, []scenario{
		{"writers20", (*figures).writers20},
		{"docs50x4", (*figures).docs50x4},
		{"hot100", (*figures).hot100},
		{"readers1000", (*figures).readers1000},
		{"idleConnections", (*figures).idleConnections},
		{"idleDocuments", (*figures).idleDocuments},
		{"emptyServer", (*figures).emptyServer},
	})
}

// scenario is one load, by the name under which it can be asked for alone.
type scenario struct {
	name string
	run  func(*figures, *testing.B)
}

// benchScenarios builds the program and runs each scenario b.N times.
func benchScenarios(b *testing.B, all []scenario) {
	if runtime.GOOS != "linux" {
		b.Skip("figures are read from /proc: this benchmark runs on Linux")
	}
	debug.SetGCPercent(LoadGCPercent)
	binary := filepath.Join(b.TempDir(), "coscribe")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "github.com/coscribe/coscribe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("building: %v\n%s", err, out)
	}
	f := &figures{binary: binary}
	for _, s := range all {
		b.Run(s.name, func(b *testing.B) {
			f.scenario, f.order, f.values = s.name, nil, map[string][]float64{}
			for range b.N {
				s.run(f, b)
			}
			f.table(b)
		})
	}
}

// figures collects the values of one scenario, one of each name per round.
type figures struct {
	binary   string
	scenario string
	order    []string
	values   map[string][]float64
}

func (f *figures) add(name string, value float64) {
	if f.values[name] == nil {
		f.order = append(f.order, name)
	}
	f.values[name] = append(f.values[name], value)
}

func (f *figures) latency(name string, l Latency) {
	f.add(name+" p50, ms", float64(l.P50.Microseconds())/1000)
	f.add(name+" p99, ms", float64(l.P99.Microseconds())/1000)
}

// table prints the medians and their ranges.
func (f *figures) table(b *testing.B) {
	var out strings.Builder
	for _, name := range f.order {
		v := slices.Sorted(slices.Values(f.values[name]))
		fmt.Fprintf(&out, "| %s | %s | %.3g | %.3g … %.3g |\n", f.scenario, name, v[len(v)/2], v[0], v[len(v)-1])
	}
	b.ReportMetric(0, "ns/op") // a round's own time says nothing
	fmt.Printf("\n| scenario | figure | median of %d | range |\n|---|---|---|---|\n%s", b.N, out.String())
}

// child is a server process of its own.
type child struct {
	b       *testing.B
	command *exec.Cmd
	url     string
}

// coscribe starts the program on a fresh data folder.
func (f *figures) coscribe(b *testing.B) *child {
	command := exec.Command(f.binary, "serve", "--listen", "127.0.0.1:0", "--access", "open", "--data", b.TempDir())
	return start(b, command, func(c *exec.Cmd) (*bufio.Scanner, error) {
		err, failure := c.StderrPipe()
		return bufio.NewScanner(err), failure
	})
}

// bare starts the baseline.
func (f *figures) bare(b *testing.B) *child {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), bareEnvironment+"=1")
	return start(b, command, func(c *exec.Cmd) (*bufio.Scanner, error) {
		out, failure := c.StdoutPipe()
		return bufio.NewScanner(out), failure
	})
}

func start(b *testing.B, command *exec.Cmd, output func(*exec.Cmd) (*bufio.Scanner, error)) *child {
	b.Helper()
	lines, err := output(command)
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	c := &child{b: b, command: command}
	for c.url == "" && lines.Scan() {
		if _, after, found := strings.Cut(lines.Text(), "http://"); found {
			c.url = "http://" + strings.Fields(after)[0]
		}
	}
	if c.url == "" {
		b.Fatalf("%s said no address: %v", command.Path, lines.Err())
	}
	go func() { // a full pipe would stop the child
		for lines.Scan() {
		}
	}()
	b.Cleanup(c.stop)
	return c
}

func (c *child) stop() {
	if c.command.ProcessState == nil {
		_ = c.command.Process.Kill()
		_ = c.command.Wait()
	}
}

// clockTicks is USER_HZ, the unit of times in /proc, on every Linux we know.
const clockTicks = 100

// cpu is the time this process has had, user and system.
func (c *child) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.command.Process.Pid))
	if err != nil {
		c.b.Error(err)
		return 0
	}
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		c.b.Error(err1, err2)
	}
	return time.Duration(user+system) * time.Second / clockTicks
}

// memory is the resident size in bytes.
func (c *child) memory() float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.command.Process.Pid))
	if err != nil {
		c.b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		c.b.Fatal(err)
	}
	return float64(kilobytes) * 1024
}

// settled is the resident size once garbage has been given back: the least of
// some seconds.
func (c *child) settled() float64 {
	least := c.memory()
	for range 10 {
		time.Sleep(time.Second)
		least = min(least, c.memory())
	}
	return least
}

// calm is the time between joining and measuring: a thousand readers who join
// are announced to each other.
const calm = 3 * time.Second

// measured runs a load against a program and reports it with its CPU time
// while the writing lasted.
func (c *child) measured(config LoadConfig) (Report, time.Duration) {
	c.b.Helper()
	config.URL = c.url
	l := &load{config: config.withDefaults()}
	var took time.Duration
	report, err := l.run(context.Background(), nil, func(ctx context.Context) error {
		time.Sleep(calm)
		l.start()
		before := c.cpu()
		err := l.write(ctx)
		took = c.cpu() - before
		return err
	})
	if err != nil { // not Fatal: also called beside the benchmark's goroutine
		c.b.Errorf("%v\n%+v", err, report)
	}
	return report, took
}

func (c *child) measuredBare(l *bareLoad) time.Duration {
	c.b.Helper()
	l.url = c.url
	var took time.Duration
	err := l.run(context.Background(), func(work func()) {
		time.Sleep(calm)
		before := c.cpu()
		work()
		took = c.cpu() - before
	})
	if err != nil {
		c.b.Error(err)
	}
	return took
}

func micros(cpu time.Duration, n int64) float64 {
	return float64(cpu.Microseconds()) / float64(max(n, 1))
}

// compare runs one shape of load on both servers.
func (f *figures) compare(b *testing.B, config LoadConfig) (real Report, server *child) {
	server = f.coscribe(b)
	real, cpu := server.measured(config)
	size := int(per(real.BytesDown, real.Delivered+real.Acked))
	bare := f.bare(b)
	defer bare.stop()
	base := &bareLoad{documents: max(1, config.Documents), writers: config.Writers, readers: config.Readers, rate: config.Rate, duration: config.Duration, size: size}
	baseCPU := bare.measuredBare(base)
	ack, visible := base.latencies()
	f.latency("ack", real.Ack)
	f.latency("ack, bare", ack)
	f.latency("visible", real.Visible)
	f.latency("visible, bare", visible)
	f.add("visible p99, ratio", float64(real.Visible.P99)/float64(max(visible.P99, 1)))
	f.add("CPU per delivered change, µs", micros(cpu, real.Delivered))
	f.add("CPU per delivered change, bare, µs", micros(baseCPU, base.delivered.Load()))
	f.add("CPU per delivered change, ratio", micros(cpu, real.Delivered)/micros(baseCPU, base.delivered.Load()))
	f.add("bytes per delivered change", float64(size))
	return real, server
}

func (f *figures) writers20(b *testing.B) {
	_, server := f.compare(b, LoadConfig{Writers: 20, Rate: 5, Duration: 20 * time.Second})
	server.stop()
}

func (f *figures) docs50x4(b *testing.B) {
	_, server := f.compare(b, LoadConfig{Documents: 50, Writers: 4, Rate: 5, Duration: 20 * time.Second})
	f.add("resident, MB", server.memory()/1e6)
	server.stop()
}

func (f *figures) readers1000(b *testing.B) {
	_, server := f.compare(b, LoadConfig{Writers: 1, Readers: 1000, Rate: 10, Duration: 20 * time.Second})
	server.stop()
}

// hot100 types 6,400 characters a second into one document, then asks how a
// second document fares beside it, and beside a bare broadcast of as many bytes
// to as many connections, whose clients do the same with them.
func (f *figures) hot100(b *testing.B) {
	const writers, rate = 100, 64
	const duration = besideDuration
	server := f.coscribe(b)
	defer server.stop()
	hot, cpu := server.measured(LoadConfig{Writers: writers, Rate: rate, Duration: duration})
	f.add("edits made per second", float64(hot.Edits)/hot.Seconds)
	f.latency("ack", hot.Ack)
	f.latency("visible", hot.Visible)
	f.add("changes per frame", per(hot.Delivered+hot.Acked, hot.Frames))
	f.add("server CPU, cores", cpu.Seconds()/hot.Seconds)

	beside := func(noise func()) Latency {
		var wait sync.WaitGroup
		wait.Go(noise)
		time.Sleep(calm + 2*time.Second) // the noise is on
		ack := f.ackBeside(b, server.url)
		wait.Wait()
		return ack
	}
	besideHot := beside(func() {
		server.measured(LoadConfig{Writers: writers, Rate: rate, Duration: duration + 6*time.Second})
	})
	bare := f.bare(b)
	defer bare.stop()
	frames := float64(hot.Frames) / hot.Seconds / writers // per second and connection
	changes := int(per(hot.Delivered+hot.Acked, hot.Frames))
	besideBare := beside(func() {
		bare.measuredBare(&bareLoad{documents: 1, writers: 1, readers: writers - 1, rate: frames, duration: duration + 6*time.Second, size: int(per(hot.BytesDown, hot.Frames)), changes: changes})
	})
	f.latency("ack of a second document", besideHot)
	f.latency("ack of a second document beside bare", besideBare)
	f.add("ack p99 of a second document, ratio", float64(besideHot.P99)/float64(max(besideBare.P99, 1)))
}

// besideEnvironment, when set to a server's URL, turns the test binary into two
// people who write in a document of their own there. They run in a process of
// their own, since in that of a hundred busy clients they would wait for these.
const besideEnvironment = "COSCRIBE_LOAD_BESIDE"

// besideDuration is for how long they write.
const besideDuration = 15 * time.Second

// loadBeside prints the latency of their acks as JSON.
func loadBeside(url string) error {
	report, err := Load(context.Background(), LoadConfig{URL: url, Writers: 2, Rate: 5, Duration: besideDuration}, nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report.Ack)
}

func (f *figures) ackBeside(b *testing.B, url string) (ack Latency) {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), besideEnvironment+"="+url)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err == nil {
		err = json.Unmarshal(out, &ack)
	}
	if err != nil {
		b.Errorf("the second document's writers: %v", err)
	}
	return ack
}

// connections and crowd shape the idle scenarios: so many connections, so many
// to a document.
const connections, crowd = 2000, 40

// idle opens connections in so many documents, which say nothing, and tells the
// resident bytes they cost.
func (f *figures) idle(b *testing.B, documents int) (bytes float64) {
	return f.idleBy(b, documents, WebSocket)
}

// idleBy opens connections and tells what more is resident then. Some others
// come and go before: the code that connecting runs is read from the file then,
// once for all, and is no connection's.
func (f *figures) idleBy(b *testing.B, documents int, transport string) (bytes float64) {
	server := f.coscribe(b)
	defer server.stop()
	open := func(documents, connections int) *load {
		l := &load{config: LoadConfig{URL: server.url, Documents: documents, Readers: connections / documents, Transport: transport}}
		if err := l.connect(context.Background()); err != nil {
			l.close()
			b.Fatal(err)
		}
		return l
	}
	open(1, crowd).close()
	empty := server.settled()
	defer open(documents, connections).close()
	return server.settled() - empty
}

func (f *figures) idleBare(b *testing.B) (bytes float64) {
	bare := f.bare(b)
	defer bare.stop()
	open := func(documents int, then func()) {
		l := &bareLoad{url: bare.url, documents: documents, readers: crowd}
		if err := l.run(context.Background(), func(func()) { then() }); err != nil {
			b.Fatal(err)
		}
	}
	open(1, func() {})
	empty := bare.settled()
	open(connections/crowd, func() { bytes = bare.settled() - empty })
	return bytes
}

func (f *figures) idleConnections(b *testing.B) {
	real, bare := f.idle(b, connections/crowd), f.idleBare(b)
	f.add("resident per idle connection, KB", real/connections/1e3)
	f.add("resident per idle connection, bare, KB", bare/connections/1e3)
	f.add("resident per idle connection, ratio", real/bare)
}

func (f *figures) idleDocuments(b *testing.B) {
	few, many := f.idle(b, connections/crowd), f.idle(b, connections)
	f.add("resident per idle live document, KB", (many-few)/(connections-connections/crowd)/1e3)
}

func (f *figures) emptyServer(b *testing.B) {
	server := f.coscribe(b)
	defer server.stop()
	f.add("resident, empty server, MB", server.settled()/1e6)
}
