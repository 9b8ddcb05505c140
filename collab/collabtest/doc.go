// Package collabtest stands on the client's side of the protocol: the Go twin
// of the browser's client, a connection between it and the engine that is
// flushed by hand, and the load generator behind `coscribe load`.
//
// Client is a pure state machine (laws C1, C2, C4, C5, C8 and S7's reset); what
// it does, frontend/client does. Pair connects one to a Hub without sockets, so
// that a test decides the order of everything. Runner connects one over a real
// WebSocket. Load drives many of them and measures.
//
// The package serves a command too, so nothing here but its tests imports
// testing. It must not know stores or HTTP routes beyond the ones the protocol
// names.
package collabtest
