package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// releaseCode unmaps the resident pages of files mapped to be run or read: code,
// constants, the runtime's tables. They are clean, so the next use reads them
// from the page cache (madvise(2), MADV_DONTNEED). A mapping with even one page
// of its own, such as relocated data, is left alone: it would lose what was
// written. Failure costs nothing but the memory.
func releaseCode() {
	maps, err := os.Open("/proc/self/smaps") // proc(5): each mapping's line, then its counts
	if err != nil {
		return
	}
	defer maps.Close()
	var from, to uintptr // of a mapping that may be released; equal: none
	rows := bufio.NewScanner(maps)
	for rows.Scan() {
		fields := strings.Fields(rows.Text())
		switch {
		case len(fields) >= 5 && strings.Contains(fields[0], "-"):
			from, to = 0, 0
			if read := fields[1] == "r-xp" || fields[1] == "r--p"; read && len(fields) == 6 && strings.HasPrefix(fields[5], "/") {
				if _, err := fmt.Sscanf(fields[0], "%x-%x", &from, &to); err != nil {
					from, to = 0, 0
				}
			}
		case len(fields) == 3 && (fields[0] == "Anonymous:" || fields[0] == "Swap:") && fields[1] != "0":
			from, to = 0, 0
		case fields[0] == "VmFlags:" && from < to: // the last of a mapping
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}
