//go:build unix

package transport

import "syscall"

// writeNow writes what the kernel takes without waiting and returns how much
// that was. The descriptor is one of the network poller's, which are set not
// to block. Errors show at the next write that waits.
func writeNow(fd uintptr, b []byte) int {
	for {
		n, err := syscall.Write(int(fd), b)
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}
