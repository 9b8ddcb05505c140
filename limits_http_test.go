package main

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coscribe/coscribe/server"
)

// A script that writes all at once is held back, then told when to come back;
// whoever else writes is answered as ever (laws S9, R5).
func TestFloodOverHTTP(t *testing.T) {
	config := testConfig(t)
	// Two at once, one more within the wait, and the rest is refused for now.
	config.Limits.UserChanges, config.Limits.RateBurst, config.Limits.RateWait = 10, 200*time.Millisecond, 100*time.Millisecond
	program := start(t, config)
	script := browse(t, program)
	flooded := browse(t, program).create("Flooded", "")
	script.send("GET", "/api/me", nil) // one user for all that follows
	const flood = 12
	var all sync.WaitGroup
	var refused atomic.Int64
	// write sends a change until it is taken.
	write := func(text string) {
		for {
			a := script.send("POST", "/api/documents/"+flooded.ID+"/changes",
				map[string]any{"delta": []any{map[string]string{"insert": text}}}, "Idempotency-Key", text)
			if a.status == http.StatusOK {
				return
			}
			wait, err := strconv.Atoi(a.header.Get("Retry-After"))
			if a.status != http.StatusTooManyRequests || err != nil || !strings.Contains(string(a.body), `"rate_limited"`) {
				t.Errorf("answered %d, Retry-After %q: %s", a.status, a.header.Get("Retry-After"), a.body)
				return
			}
			refused.Add(1)
			time.Sleep(time.Duration(wait) * time.Second)
		}
	}
	gate := make(chan struct{})
	var wrote [flood]int // changes, by who wrote them
	for i := range flood {
		all.Go(func() {
			<-gate
			// A machine slower than the rate refuses nobody at first.
			for wrote[i] == 0 || refused.Load() == 0 && wrote[i] < 50 {
				write(fmt.Sprintf("<%d.%d>", i, wrote[i]))
				wrote[i]++
			}
		})
	}
	close(gate)
	t.Run("[S9][R6] others are not refused meanwhile", func(t *testing.T) {
		for range 5 {
			other := browse(t, program)
			d := other.create("Calm", "")
			if revision := other.insert(d.ID, "calm "); revision != 1 {
				t.Errorf("revision %d", revision)
			}
		}
	})
	all.Wait()
	t.Run("[S9] every change is in the document once", func(t *testing.T) {
		c := script.content(flooded.ID, "")
		total := 0
		for i, times := range wrote {
			total += times
			for n := range times {
				if text := fmt.Sprintf("<%d.%d>", i, n); strings.Count(string(c.Content), text) != 1 {
					t.Errorf("%s is there %d times", text, strings.Count(string(c.Content), text))
				}
			}
		}
		if c.Revision != int64(total) || refused.Load() == 0 {
			t.Errorf("revision %d of %d, %d refused", c.Revision, total, refused.Load())
		}
	})
	t.Run("delays and refusals are counted, without naming anybody", func(t *testing.T) {
		response, err := http.Get("http://" + program.metricsAt.Addr().String() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{`coscribe_rate_delays_total{scope="user"}`, `coscribe_rate_delay_seconds_total{scope="user"}`, `coscribe_limit_refusals_total{limit="user_rate"}`} {
			if !strings.Contains(string(text), name) {
				t.Errorf("the metrics lack %s", name)
			}
		}
		if strings.Contains(string(text), flooded.ID) {
			t.Error("the metrics name a document")
		}
	})
}

// readUntilRefused reads at a limit of one read a second, of which ten may come at
// once.
func readUntilRefused(t *testing.T, read func() answer) {
	t.Helper()
	for n := range 1000 {
		a := read()
		if a.status == http.StatusOK {
			continue
		}
		if (&browser{t: t}).problem(http.StatusTooManyRequests, "rate_limited", a); n < 10 || a.header.Get("Retry-After") == "" {
			t.Errorf("refused after %d, with Retry-After %q", n, a.header.Get("Retry-After"))
		}
		return
	}
	t.Error("a thousand reads, and none refused")
}

// requestLimits has a test at the limit and one above for every field of
// server.Limits.
var requestLimits = map[string]func(t *testing.T){
	"EventStreams": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.EventStreams = 2
		program := start(t, config)
		_, stop := browse(t, program).follow("/api/documents/events")
		b := browse(t, program)
		d := b.create("Followed", "")
		_, stopToo := b.follow("/api/documents/" + d.ID + "/changes")
		defer stopToo()
		above := func() answer { return browse(t, program).send("GET", "/api/documents/events", nil) }
		a := above()
		b.problem(http.StatusServiceUnavailable, "unavailable", a)
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		stop()
		again(t, func() (func(), bool) { return tryStream(browse(t, program), "/api/documents/events") })
	},
	"UserReads": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.UserReads = 1
		program := start(t, config)
		b, other := browse(t, program), browse(t, program)
		b.send("GET", "/api/me", nil) // is somebody from now on
		other.send("GET", "/api/me", nil)
		readUntilRefused(t, func() answer { return b.send("GET", "/api/documents", nil) })
		other.want(http.StatusOK, other.send("GET", "/api/documents", nil), nil)
		b.create("Writing is no reading", "")
	},
	"AddressReads": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.AddressReads = 1
		config.TrustedProxy = []string{"127.0.0.1"}
		program := start(t, config)
		from := func(address string) answer {
			return browse(t, program).send("GET", "/api/documents", nil, "X-Forwarded-For", address)
		}
		readUntilRefused(t, func() answer { return from("198.51.100.7") })
		browse(t, program).want(http.StatusOK, from("198.51.100.8"), nil)
	},
	"UserEventStreams": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.UserEventStreams = 2
		program := start(t, config)
		b := browse(t, program)
		b.send("GET", "/api/me", nil)
		_, stop := b.follow("/api/documents/events")
		_, stopToo := b.follow("/api/documents/events")
		defer stopToo()
		b.problem(http.StatusTooManyRequests, "rate_limited", b.send("GET", "/api/documents/events", nil))
		_, stopOther := browse(t, program).follow("/api/documents/events")
		stopOther()
		stop()
		again(t, func() (func(), bool) { return tryStream(b, "/api/documents/events") })
	},
	"ContentBytes": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.ContentBody = 100_000
		b := browse(t, start(t, config))
		create := func(n int) answer {
			return b.send("POST", "/api/documents", strings.Repeat("x", n), "Content-Type", "text/plain")
		}
		b.want(http.StatusCreated, create(100_000), nil)
		b.problem(http.StatusRequestEntityTooLarge, "body_too_large", create(100_001))
	},
	"ChangeBytes": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.ChangeBody = 100_000
		b := browse(t, start(t, config))
		d := b.create("Changed", "")
		change := func(n int) answer {
			const around = `{"delta":[{"insert":""}]}`
			return b.send("POST", "/api/documents/"+d.ID+"/changes", strings.Replace(around, `""`, `"`+strings.Repeat("x", n-len(around))+`"`, 1))
		}
		b.want(http.StatusOK, change(100_000), nil)
		b.problem(http.StatusRequestEntityTooLarge, "body_too_large", change(100_001))
	},
	"BodyBytes": func(t *testing.T) {
		config := testConfig(t)
		config.Limits.AnyBody = 100_000
		b := browse(t, start(t, config))
		create := func(n int) answer {
			return b.send("POST", "/api/documents", strings.Repeat("x", n), "Content-Type", "text/plain")
		}
		b.want(http.StatusCreated, create(100_000), nil)
		b.problem(http.StatusRequestEntityTooLarge, "body_too_large", create(100_001))
	},
}

func TestEveryRequestLimit(t *testing.T) {
	fields := reflect.TypeFor[server.Limits]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		test := requestLimits[name]
		if test == nil {
			t.Errorf("%s has no test at the limit and above it: add one to requestLimits", name)
			continue
		}
		t.Run("[R5] "+name, test)
	}
}

// tryStream opens an event stream if there is room.
func tryStream(b *browser, path string) (stop func(), ok bool) {
	response, err := (&http.Client{Jar: b.http.Jar}).Get(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	return func() { _ = response.Body.Close() }, response.StatusCode == http.StatusOK
}

// again asks until a place that was left has been noticed as free.
func again(t *testing.T, try func() (func(), bool)) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		stop, ok := try()
		stop()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of one who left is not given to another")
		}
	}
}
