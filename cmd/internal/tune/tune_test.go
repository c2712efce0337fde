package tune

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestRuntime: the runtime is tuned once, and what an operator sets stands.
func TestRuntime(t *testing.T) {
	percent, limit, procs := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64), runtime.GOMAXPROCS(0)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
		runtime.GOMAXPROCS(procs)
	}()
	check := func(name string, percent int, limit int64, procs int) {
		t.Helper()
		if got := debug.SetGCPercent(percent); got != percent {
			t.Errorf("%s: GC at %d %%, want %d", name, got, percent)
		}
		if got := debug.SetMemoryLimit(-1); got != limit {
			t.Errorf("%s: a limit of %d bytes, want %d", name, got, limit)
		}
		if got := runtime.GOMAXPROCS(0); got != procs {
			t.Errorf("%s: %d processors, want %d", name, got, procs)
		}
	}
	Runtime(func(string) string { return "7" })
	check("set by the operator", 100, math.MaxInt64, procs)
	Runtime(func(string) string { return "" })
	check("not set", collectAt, collectMax, procs+1)
}
