// Package tune sets Go's runtime for a server, here and where it is measured.
package tune

import (
	"runtime"
	"runtime/debug"
)

// Nearly all of our memory is the file, mapped. What lives beside it is so little
// that the collector, at its usual pace, would run all the time under load.
const (
	collectAt  = 400       // per cent of what lives
	collectMax = 160 << 20 // bytes, from where on it runs as often as it must
)

// Runtime sets what Go leaves to the program, unless the operator did.
func Runtime(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(collectMax)
	}
	// Under load one thread nearly always waits for the disk, which keeps a
	// processor's place that somebody else could use.
	if getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
