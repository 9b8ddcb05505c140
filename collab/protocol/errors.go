package protocol

import "fmt"

// FrameError says that a frame could not be read as a message. Its connection
// is closed with Close and Reason; neither holds anything the frame said.
type FrameError struct {
	Close  CloseCode // CloseProtocol, or 1007 for invalid UTF-8
	Reason string    // at most 123 bytes
	Offset int       // bytes into the frame
}

// Error implements error.
func (e *FrameError) Error() string {
	return fmt.Sprintf("frame, byte %d: %s", e.Offset, e.Reason)
}
