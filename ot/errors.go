package ot

import "fmt"

// Error says what is wrong with a delta or a document and where. It is what
// every check of this package returns; use errors.As to reach it.
type Error struct {
	Op     int    // index of the offending op, or -1 when no single op is to blame
	Reason string // what is wrong, for a person; holds no document content
}

// Error implements error.
func (e *Error) Error() string {
	if e.Op < 0 {
		return "ot: " + e.Reason
	}
	return fmt.Sprintf("ot: op %d: %s", e.Op, e.Reason)
}

func errorAt(op int, reason string) *Error { return &Error{Op: op, Reason: reason} }
