//go:build !linux

package main

import "time"

// began stands in for the boot: every start counts as a boot of its own, which
// the store takes for the careful case.
var began = time.Now()

func bootID() string { return "start-" + began.UTC().Format(time.RFC3339Nano) }

func bootTime() time.Duration { return time.Since(began) }
