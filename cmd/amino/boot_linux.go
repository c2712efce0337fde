package main

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// bootID names this boot. Where the kernel does not tell, every start counts as a
// boot of its own, which the store takes for the careful case.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "start-" + time.Now().UTC().Format(time.RFC3339Nano)
	}
	return strings.TrimSpace(string(id))
}

// bootTime is CLOCK_BOOTTIME, which runs on while the machine sleeps. The call
// cannot fail on a Linux that runs Go.
func bootTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("CLOCK_BOOTTIME: " + err.Error())
	}
	return time.Duration(ts.Nano())
}
