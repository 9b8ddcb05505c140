package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coscribe/coscribe/ot"
)

// The campaigns of `npm run faults`: the real program under faults from
// outside, which only a process of its own can be given. `go test` runs a
// sample of each; COSCRIBE_FAULTS=1 the counts that docs/reliability.md names.
var (
	faultSeed = flag.Uint64("faults.seed", 0, "seed of the fault campaigns; 0 is a fresh one")
	// Each 0 is the default: a few in a sample, many in a campaign.
	faultKills   = flag.Int("faults.kills", 0, "how often the server is killed")
	faultStates  = flag.Int("faults.states", 0, "how many states of the disk after a power cut are rebuilt")
	faultErrors  = flag.Int("faults.errors", 0, "how many failures of the disk are injected, of each kind")
	faultResends = flag.Int("faults.resends", 0, "how many histories of resends are played")
	faultDamages = flag.Int("faults.damages", 0, "how often the database is damaged, in each way")
	faultCrowd   = flag.Int("faults.crowd", 0, "how many connections lose their server at once")
	faultSoak    = flag.Duration("faults.soak", 0, "how long the soak lasts")
)

// campaign says whether the long counts are wanted.
func campaign() bool { return os.Getenv("COSCRIBE_FAULTS") == "1" }

// count is the number of rounds: what a flag says, else the campaign's or the
// sample's, of which -short takes the least.
func count(chosen, long, sample int) int {
	switch {
	case chosen > 0:
		return chosen
	case campaign():
		return long
	case testing.Short():
		return min(sample, 1)
	}
	return sample
}

// seeded gives a test its randomness, and says how to play it again.
func seeded(t *testing.T) (*rand.Rand, uint64) {
	t.Helper()
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("replay: COSCRIBE_FAULTS=%s go test . -run '^%s$' -v -faults.seed=%d", os.Getenv("COSCRIBE_FAULTS"), regexp.QuoteMeta(t.Name()), seed)
	return rand.New(rand.NewPCG(seed, 0)), seed
}

// lack ends a test that this machine cannot run: a sample is skipped with the
// reason, a campaign fails.
func lack(t *testing.T, sentence string) {
	t.Helper()
	if campaign() {
		t.Fatal(sentence)
	}
	t.Skip(sentence)
}

// served is the program as a process of its own, which can be killed and
// started again on the same port and data.
type served struct {
	t       testing.TB
	program string // path of the binary
	listen  string
	metrics string
	data    string
	before  []string // a command that the program is started under
	beside  []string // a command that other commands of it are started under
	process *exec.Cmd
	log     *logTail
}

func serveProcess(t testing.TB, data string) *served {
	t.Helper()
	s := &served{t: t, program: binary, listen: freeAddress(t), metrics: freeAddress(t), data: data}
	t.Cleanup(s.kill)
	return s
}

// Ports that a server keeps when it is started again. They are below those that
// systems give to whoever asks for any port, so that nobody else is given one
// meanwhile.
const keptPorts, keptPortsEnd = 18_000, 30_000

// keptPort is the last one given; each is given once.
var keptPort = rand.IntN(keptPortsEnd - keptPorts)

// freeAddress is a loopback address that nobody listens on now.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range keptPortsEnd - keptPorts {
		keptPort = (keptPort + 1) % (keptPortsEnd - keptPorts)
		address := fmt.Sprintf("127.0.0.1:%d", keptPorts+keptPort)
		if listener, err := net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

func (s *served) url() string { return "http://" + s.listen }

// launch starts the process and does not wait for it.
func (s *served) launch() {
	s.t.Helper()
	line := append([]string{}, s.before...)
	line = append(line, s.program, "serve", "--access", "open", "--listen", s.listen, "--metrics-listen", s.metrics, "--data", s.data, "--log-level", "warn")
	if !campaign() {
		line = append(line, "--limit-drain", "200ms")
	}
	s.log = &logTail{}
	s.process = exec.Command(line[0], line[1:]...)
	s.process.Stderr, s.process.Stdout = s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
}

// start launches and waits until the server is ready.
func (s *served) start() (took time.Duration) {
	s.t.Helper()
	began := time.Now()
	s.launch()
	if err := s.ready(patience); err != nil {
		s.t.Fatalf("%v; the server says:\n%s", err, s.log)
	}
	return time.Since(began)
}

// ready waits for 200 from /readyz.
func (s *served) ready(most time.Duration) error {
	deadline := time.Now().Add(most)
	for {
		status, said := s.readyNow()
		if status == http.StatusOK {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %v: status %d %s", most, status, said)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// readyNow is the status of /readyz, 0 if nobody answers.
func (s *served) readyNow() (status int, said string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	status, body, err := get(ctx, s.url()+"/readyz")
	if err != nil {
		return 0, err.Error()
	}
	return status, string(body)
}

// kill is kill -9; nothing happens to a server that does not run.
func (s *served) kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
	s.search()
}

// search fails the test if the end of the server's log holds a secret.
func (s *served) search() {
	s.t.Helper()
	if found := leaks.searched([]byte(s.log.String())); found != "" {
		s.t.Errorf("[ASVS 16.2.5] the log holds %s", found)
	}
}

// stop asks the server to stop, and waits for the end.
func (s *served) stop() {
	s.t.Helper()
	_ = s.process.Process.Signal(syscall.SIGTERM)
	if err := s.process.Wait(); err != nil {
		s.t.Errorf("the server did not stop in peace: %v\n%s", err, s.log)
	}
	s.process = nil
	s.search()
}

// document makes one through the API and returns its id.
func (s *served) document(title string) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"title": title})
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.Post(s.url()+"/api/documents", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var made struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&made); err != nil || response.StatusCode != http.StatusCreated {
		s.t.Fatalf("creating a document: %s, %v", response.Status, err)
	}
	return made.ID
}

// logged is a change as the API lists it.
type logged struct {
	Revision int64
	Delta    ot.Delta
}

// changes reads the log after a revision.
func (s *served) changes(document string, after int64) (epoch string, all []logged, err error) {
	for {
		var page struct {
			Epoch   string
			Changes []logged
			Next    *int64
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		status, body, err := get(ctx, fmt.Sprintf("%s/api/documents/%s/changes?after=%d&limit=1000", s.url(), document, after))
		cancel()
		if err != nil {
			return "", nil, err
		}
		if status != http.StatusOK {
			return "", nil, fmt.Errorf("changes of %s: status %d: %s", document, status, body)
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return "", nil, err
		}
		all = append(all, page.Changes...)
		if page.Next == nil {
			return page.Epoch, all, nil
		}
		after = *page.Next
	}
}

func get(ctx context.Context, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// run runs a command of the program on the server's data.
func (s *served) run(args ...string) (output string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	line := append(append(append([]string{}, s.beside...), s.program), append(args, "--data", s.data)...)
	command := exec.CommandContext(ctx, line[0], line[1:]...)
	out, err := command.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.t.Fatal(err)
	}
	return string(out), command.ProcessState.ExitCode()
}

// verify fails the test unless `coscribe verify` finds nothing.
func (s *served) verify() {
	s.t.Helper()
	if output, code := s.run("verify"); code != 0 {
		s.t.Errorf("verify: exit %d\n%s", code, output)
	}
}

// logTail keeps the last lines that a server wrote. Any goroutine.
type logTail struct {
	mu   sync.Mutex
	last []byte
}

// Write implements io.Writer.
func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, p...)
	if over := len(l.last) - 8<<10; over > 0 {
		l.last = append(l.last[:0], l.last[over:]...)
	}
	return len(p), nil
}

// String is what was written last.
func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.last)
}

// measured reads the server's metrics; names without labels only.
func (s *served) measured(names ...string) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, body, err := get(ctx, "http://"+s.metrics+"/metrics")
	if err != nil {
		return nil, err
	}
	found := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		for _, wanted := range names {
			if name == wanted {
				var number float64
				if _, err := fmt.Sscan(value, &number); err != nil {
					return nil, err
				}
				found[name] = number
			}
		}
	}
	if len(found) != len(names) {
		return nil, fmt.Errorf("of the metrics %v only %v are there", names, found)
	}
	return found, nil
}

// tool is the path of strace or another tool, or the test ends.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lack(t, fmt.Sprintf("this needs %s: type: sudo apt-get install %s", name, map[string]string{"strace": "strace", "unshare": "util-linux", "nsenter": "util-linux"}[name]))
	}
	return filepath.Clean(path)
}
