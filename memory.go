package main

import (
	"os"
	"runtime/debug"

	"github.com/coscribe/coscribe/collab/collabtest"
)

// limitMemory makes the collector run more often than Go's default, which
// trades memory for speed. Whoever sets GOGC or GOMEMLIMIT decides instead.
func limitMemory() { collectAt(calmPercent) }

// spendMemory makes the collector run seldom: a load generator is to take as
// little as it can from the server beside it.
func spendMemory() { collectAt(collabtest.LoadGCPercent) }

func collectAt(percent int) {
	if !collectorIsSet() {
		debug.SetGCPercent(percent)
	}
}

// collectorIsSet reports whether the operator has decided.
func collectorIsSet() bool { return os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" }

// settle gives back what only starting needed: garbage, and the code of
// migrations, option parsing and package initialisation, which the kernel maps
// in 64 KiB at a time and counts as resident. Code that runs again comes back
// from the page cache.
func settle() {
	debug.FreeOSMemory()
	releaseCode()
}
