package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// releaseCode unmaps the resident pages of executable mappings of files. They
// are read-only and clean, so the next use reads them from the page cache
// (madvise(2), MADV_DONTNEED); mappings that were ever written, such as
// relocated data, are left alone. Failure costs nothing but the memory.
func releaseCode() {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer maps.Close()
	rows := bufio.NewScanner(maps)
	for rows.Scan() {
		fields := strings.Fields(rows.Text())
		if len(fields) < 6 || fields[1] != "r-xp" || !strings.HasPrefix(fields[5], "/") {
			continue
		}
		var from, to uintptr
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &from, &to); err == nil {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}
