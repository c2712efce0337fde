package main

import (
	"sync/atomic"
	"time"
)

// clock is the machine's: the wall, and the time since the boot with suspend
// counted in. For trying things both can be moved ahead together, by what the
// store keeps (`amino clock`).
type clock struct {
	boot  string
	moved atomic.Int64 // time.Duration
}

func newClock() *clock { return &clock{boot: bootID()} }

// Now is the wall, moved.
func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.moved.Load())).UTC() }

// Boot names the boot, and tells how long it has lasted, moved.
func (c *clock) Boot() (id string, up time.Duration) {
	return c.boot, bootTime() + time.Duration(c.moved.Load())
}

// move advances both times.
func (c *clock) move(by time.Duration) { c.moved.Add(int64(by)) }
