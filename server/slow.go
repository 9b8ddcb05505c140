package server

import (
	"net/http"
	"time"
)

// answerWait is how long an answer may take to leave before its reader is given
// up: one who never reads would hold it in memory for ever. Event streams, which
// last, set a wait for each event; sockets and polls have their own.
const answerWait = 5 * time.Minute

// bounded gives up readers who do not take an answer.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if control.SetWriteDeadline(time.Now().Add(answerWait)) == nil {
			defer func() { _ = control.SetWriteDeadline(time.Time{}) }() // the connection goes on to other requests
		}
		next.ServeHTTP(w, r)
	})
}
