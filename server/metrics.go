package server

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are what an operator watches, in a registry of their own. No label
// names a document, a user or an address. A nil *Metrics counts nothing. Any
// goroutine.
type Metrics struct {
	registry *prometheus.Registry

	requests     *prometheus.CounterVec
	requestTime  *prometheus.HistogramVec
	changes      prometheus.Counter
	commitTime   prometheus.Histogram
	commitFailed prometheus.Counter
	rejected     *prometheus.CounterVec
	closed       *prometheus.CounterVec
	mismatches   prometheus.Counter
	panics       prometheus.Counter
	openTime     prometheus.Histogram
	snapshots    prometheus.Counter
	snapshotSize prometheus.Counter
	delays       *prometheus.CounterVec
	delayTime    *prometheus.CounterVec
	refused      *prometheus.CounterVec
}

// latencies are the buckets of all histograms, in seconds: from a quick fsync
// to a stalled disk.
var latencies = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// NewMetrics makes the metrics and their registry.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "coscribe_" + name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "coscribe_" + name, Help: help}, labels)
	}
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "coscribe_" + name, Help: help, Buckets: latencies})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("http_requests_total", "HTTP requests answered.", "method", "route", "status"),
		requestTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "coscribe_http_request_seconds",
			Help: "Time to answer an HTTP request; streams, sockets and polls not counted.", Buckets: latencies}, []string{"route"}),
		changes:      counter("changes_committed_total", "Changes made durable."),
		commitTime:   histogram("commit_seconds", "Time from handing a batch to the store until it is durable."),
		commitFailed: counter("commits_failed_total", "Batches whose commit failed or has an unknown outcome."),
		rejected:     counters("changes_rejected_total", "Changes refused, by code.", "code"),
		closed:       counters("connections_closed_total", "Connections ended by the engine, by close code.", "code"),
		mismatches:   counter("content_mismatches_total", "Clients found to hold another document than the server."),
		panics:       counter("session_panics_total", "Documents reloaded after a panic."),
		openTime:     histogram("document_open_seconds", "Time to load a document into memory."),
		snapshots:    counter("snapshots_total", "Snapshots stored."),
		snapshotSize: counter("snapshot_bytes_total", "Compressed bytes of snapshots stored."),
		delays:       counters("rate_delays_total", "Messages and requests held back by a rate, by what it counts over.", "scope"),
		delayTime:    counters("rate_delay_seconds_total", "Time for which they were held back.", "scope"),
		refused:      counters("limit_refusals_total", "Changes, connections and streams turned away by a limit.", "limit"),
	}
	m.registry.MustRegister(m.requests, m.requestTime, m.changes, m.commitTime, m.commitFailed, m.rejected, m.closed, m.mismatches,
		m.panics, m.openTime, m.snapshots, m.snapshotSize, m.delays, m.delayTime, m.refused,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Watch adds gauges that are read from the hub when somebody looks.
func (m *Metrics) Watch(stats func() collab.Stats, ready func(context.Context) error) {
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "coscribe_" + name, Help: help}, read)
	}
	m.registry.MustRegister(
		gauge("documents_live", "Documents in memory.", func() float64 { return float64(stats().Documents) }),
		gauge("documents_live_bytes", "Memory that they take, about.", func() float64 { return float64(stats().Bytes) }),
		gauge("peers", "Connections attached to documents.", func() float64 { return float64(stats().Peers) }),
		gauge("store_ready", "1 while the store accepts writes.", func() float64 {
			if ready(context.Background()) != nil {
				return 0
			}
			return 1
		}))
}

// WatchConnections adds a gauge of the connections open by a transport.
func (m *Metrics) WatchConnections(transport string, count func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "coscribe_connections", Help: "Real-time connections open, by transport.",
		ConstLabels: prometheus.Labels{"transport": transport},
	}, func() float64 { return float64(count()) }))
}

// Hub returns the hooks through which the engine counts.
func (m *Metrics) Hub() collab.Metrics {
	if m == nil {
		return collab.Metrics{}
	}
	return collab.Metrics{
		Committed: func(changes int, took time.Duration) {
			m.changes.Add(float64(changes))
			m.commitTime.Observe(took.Seconds())
		},
		CommitFailed: func(error) { m.commitFailed.Inc() },
		Rejected:     func(code protocol.Code) { m.rejected.WithLabelValues(string(code)).Inc() },
		Closed:       func(code protocol.CloseCode) { m.closed.WithLabelValues(strconv.Itoa(int(code))).Inc() },
		HashMismatch: m.mismatches.Inc,
		Panicked:     m.panics.Inc,
		Opened:       func(took time.Duration) { m.openTime.Observe(took.Seconds()) },
		Snapshot: func(bytes int) {
			m.snapshots.Inc()
			m.snapshotSize.Add(float64(bytes))
		},
		Delayed: func(scope string, wait time.Duration) {
			m.delays.WithLabelValues(scope).Inc()
			m.delayTime.WithLabelValues(scope).Add(wait.Seconds())
		},
		Refused: m.Refused,
	}
}

// Refused counts what a limit turned away.
func (m *Metrics) Refused(limit string) {
	if m != nil {
		m.refused.WithLabelValues(limit).Inc()
	}
}

// Handler serves the metrics in Prometheus' text format.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

func (m *Metrics) request(method, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	if route != routeSocket && route != routePoll && route != routeStream {
		m.requestTime.WithLabelValues(route).Observe(took.Seconds())
	}
}

type routeKey struct{}

// Routes that last as long as their caller likes.
const (
	routeSocket = "/api/documents/{id}/socket"
	routePoll   = "/api/documents/{id}/poll"
	routeStream = "stream"
)

func withRoute(ctx context.Context, route *string) context.Context {
	return context.WithValue(ctx, routeKey{}, route)
}

// setRoute names the route of a request for metrics and the log.
func setRoute(ctx context.Context, name string) {
	if route, ok := ctx.Value(routeKey{}).(*string); ok {
		*route = name
	}
}
