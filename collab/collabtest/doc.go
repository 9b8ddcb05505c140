// Package collabtest stands on the client's side of the protocol: the Go twin
// of the browser's client, a connection between it and the engine that is
// flushed by hand, and the load generator behind `coscribe load`.
//
// Client is a pure state machine (laws C1, C2, C4, C5, C8 and S7's reset); what
// it does, frontend/client does. Pair connects one to a Hub without sockets, so
// that a test decides the order of everything. Socket connects one over a real
// WebSocket. Load drives many of them and measures. Local is the least server
// around an engine, for tests of what stands on either side of the wire.
//
// The package serves a command too, so nothing here but its tests imports
// testing. Of HTTP it knows the three routes that Local also serves: creating a
// document, its content, its socket.
package collabtest
