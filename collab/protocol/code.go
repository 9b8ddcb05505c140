package protocol

// Code says in one stable word why a change was rejected.
type Code string

// Reject codes. The first five are final, the last three may be retried with
// the same body.
const (
	CodeInvalidChange    Code = "invalid_change"
	CodeChangeTooLarge   Code = "change_too_large"
	CodeDocumentTooLarge Code = "document_too_large"
	CodeReadOnly         Code = "read_only"
	CodeIDConflict       Code = "id_conflict"
	CodeRateLimited      Code = "rate_limited"
	CodeStorageFull      Code = "storage_full"
	CodeUnavailable      Code = "unavailable"
)

// CloseCode ends a connection and carries policy (law P5): 4000-4499 the
// client reconnects, 4500-4999 it does not.
type CloseCode int

// Close codes. Reasons sent with them are at most 123 bytes (RFC 6455 5.5).
const (
	CloseGeneric       CloseCode = 4000 // also: session poisoned
	CloseGoAway        CloseCode = 4001
	CloseSlow          CloseCode = 4002
	CloseTokenExpired  CloseCode = 4006
	CloseRate          CloseCode = 4029
	CloseProtocol      CloseCode = 4500
	CloseUnauthorized  CloseCode = 4501
	CloseForbidden     CloseCode = 4503
	CloseNotFound      CloseCode = 4504
	CloseInvalidChange CloseCode = 4505 // repeated invalid changes
	CloseClientTooOld  CloseCode = 4506
	CloseServerTooOld  CloseCode = 4507
	CloseReplaced      CloseCode = 4508
	CloseDamaged       CloseCode = 4509 // the document's log is not what was written
)

// Close codes of RFC 6455 section 7.4.1 that we send.
const (
	CloseGoingAway   CloseCode = 1001
	CloseInvalidText CloseCode = 1007 // a text frame that is not UTF-8
	CloseTooBig      CloseCode = 1009
	CloseInternal    CloseCode = 1011
	CloseRestart     CloseCode = 1012
	CloseTryLater    CloseCode = 1013
)

// MaxCloseReason is the room for a reason in a close frame, in bytes.
const MaxCloseReason = 123

// Reconnect reports whether a client should come back after this code.
func (c CloseCode) Reconnect() bool { return c < 4500 && c != 1007 && c != 1009 }
