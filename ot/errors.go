package ot

import "fmt"

// Error says what is wrong with a delta or a document and where. It is what
// every check of this package returns; use errors.As to reach it.
type Error struct {
	Op     int    // index of the offending op, or -1 when no single op is to blame
	Reason string // what is wrong, for a person; names keys, but holds no text
}

// Error implements error. It is shown to whoever sent the delta as it is.
func (e *Error) Error() string {
	if e.Op < 0 {
		return e.Reason
	}
	return fmt.Sprintf("op %d: %s", e.Op, e.Reason)
}

func errorAt(op int, reason string) *Error { return &Error{Op: op, Reason: reason} }
