// Package server is the edge: HTTP routes, people, and what operators look at.
//
// It owns the REST API with its OpenAPI description and problem documents, the
// live lists and changes as event streams, the identity of callers and the
// check of their role, security headers, the embedded front end, health and
// metrics. It must not know how changes are sequenced or stored: documents are
// read and written through collab.Hub, the catalogue through
// persistence.Documents, so an HTTP writer and a person typing are treated
// alike.
//
// # Laws
//
// S8: every change of rights goes through Server.revise, which runs it inside
// the engine's revocation; who may what is read from the store each time.
// S5: only what is durable is shown, since every read goes through the hub's
// durable state or the log. P3: every route asks for a role before it acts.
// A4: deltas that come by HTTP are canonicalised instead of refused. R5: bodies,
// pages and event queues are bounded. R7: Server.Drain flips readiness and ends
// event streams before the hub closes.
//
// # Failure modes
//
// Whatever goes wrong is answered with a problem document (RFC 9457) that has a
// stable code; unexpected errors and panics are logged here, once, without
// content or credentials. An event stream that is read too slowly is ended; its
// reader comes back and catches up.
package server
