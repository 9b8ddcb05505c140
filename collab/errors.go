package collab

import (
	"errors"
	"fmt"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
)

// Sentinel errors of the engine's face. They come wrapped with context.
var (
	// ErrEpoch: the log is another one than the caller named (law S7).
	ErrEpoch = errors.New("epoch changed")
	// ErrMoved: onConflict was "fail" and the base is not the head.
	ErrMoved = errors.New("document moved on")
	// ErrStopped: the hub is closing.
	ErrStopped = errors.New("engine is stopping")
	// ErrUnavailable: the document cannot be served now; try again.
	ErrUnavailable = errors.New("document is unavailable")
	// ErrRevision: a revision that is negative or past the head.
	ErrRevision = errors.New("no such revision")
	// ErrUnauthorized: who came is not known, or the credential has been ended.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrTokenExpired: the credential was good once and has ended by itself.
	ErrTokenExpired = errors.New("token expired")
)

// CloseError says why a connection is refused or ended.
type CloseError struct {
	Code   protocol.CloseCode
	Reason string // at most 123 bytes, safe to show
}

// Error implements error.
func (e *CloseError) Error() string { return fmt.Sprintf("close %d: %s", e.Code, e.Reason) }

// RejectError says why a change is not in the log.
type RejectError struct {
	Code       protocol.Code
	Reason     string // safe to show
	RetryAfter int    // ms; 0 for a final reject, or one that may be retried at once
}

// Error implements error.
func (e *RejectError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Reason) }

// Retry says whether the same change may be sent again.
func (e *RejectError) Retry() bool {
	switch e.Code {
	case protocol.CodeRateLimited, protocol.CodeStorageFull, protocol.CodeUnavailable:
		return true
	}
	return false
}

// tooFast refuses a change that would have to wait for longer than may be, of
// which Limits.RateWait is over.
func (c *Config) tooFast(s scope, wait time.Duration) *RejectError {
	c.Metrics.Refused(s.String() + "_rate")
	reason := [...]string{
		"this connection sends more than is taken at once",
		"you send more at once than is taken from one person",
		"more is being written in this document than is taken at once",
	}[s]
	return &RejectError{protocol.CodeRateLimited, reason, int(max(1, (wait - c.Limits.RateWait).Milliseconds()))}
}

// crowded refuses a connection for a bound of their number.
func (c *Config) crowded(bound, reason string) *CloseError {
	c.Metrics.Refused(bound)
	return &CloseError{protocol.CloseRate, reason}
}

func reject(code protocol.Code, format string, args ...any) *RejectError {
	return &RejectError{Code: code, Reason: fmt.Sprintf(format, args...)}
}
