package transport

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/coscribe/coscribe/collab/protocol"
)

// problem answers a request that opens no pipe, or polls none, as the HTTP API
// answers (RFC 9457): code is stable, detail tells a person what to do.
func problem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
	})
}

// CrossSite is what a browser is told that asks for another site.
const CrossSite = "Another site may not do this here. An operator can allow it with --allowed-origin."

// otherSite refuses what a browser asks for another site.
func otherSite(w http.ResponseWriter) {
	problem(w, http.StatusForbidden, "cross_site", CrossSite)
}

// stopping refuses a new pipe while the server drains.
func stopping(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	problem(w, http.StatusServiceUnavailable, "unavailable", "The server is stopping; come back in a moment.")
}

// full refuses a new pipe for a limit of their number.
func full(w http.ResponseWriter, limit string) {
	w.Header().Set("Retry-After", "5")
	if limit == "address_connections" {
		problem(w, http.StatusTooManyRequests, "rate_limited", "Your network has as many connections here as one may have; close some, or try again later.")
		return
	}
	problem(w, http.StatusServiceUnavailable, "unavailable", "The server has as many connections as it takes; try again later.")
}

// speaks reports whether the client can speak our subprotocol, or answers that
// it has to.
func speaks(w http.ResponseWriter, r *http.Request) bool {
	offered := websocket.Subprotocols(r)
	if len(offered) == 0 || slices.Contains(offered, protocol.Subprotocol) {
		return true
	}
	problem(w, http.StatusBadRequest, "unsupported_subprotocol", "The subprotocol spoken here is "+protocol.Subprotocol+"; offer that one.")
	return false
}

// webSocketVersion is that of RFC 6455, the only one there is.
const webSocketVersion = "13"

// notUpgraded answers for the upgrader, which says by status what is wrong.
func notUpgraded(w http.ResponseWriter, r *http.Request, status int, _ error) {
	w.Header().Set("Sec-WebSocket-Version", webSocketVersion) // RFC 6455, section 4.4
	versioned := strings.TrimSpace(r.Header.Get("Sec-WebSocket-Version")) == webSocketVersion
	switch {
	case status == http.StatusForbidden:
		otherSite(w)
	case status >= http.StatusInternalServerError:
		problem(w, http.StatusInternalServerError, "internal_error", "The connection could not be taken over. Try again, over HTTP/1.1.")
	case websocket.IsWebSocketUpgrade(r) && versioned:
		problem(w, http.StatusBadRequest, "invalid_handshake", "Sec-WebSocket-Key is not 16 bytes in Base64; let a WebSocket library open the connection.")
	default:
		if r.ProtoMajor == 1 {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket") // RFC 9110, section 15.5.22
		}
		problem(w, http.StatusUpgradeRequired, "upgrade_required", "Open this address as a WebSocket (RFC 6455, version "+webSocketVersion+", over HTTP/1.1), or poll beside it.")
	}
}
