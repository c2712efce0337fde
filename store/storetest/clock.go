package storetest

import (
	"strconv"
	"sync"
	"time"
)

// Clock is a machine's clock under the hand of a test. It stands still until it
// is moved; the wall and the time since boot move apart when told to.
type Clock struct {
	mu    sync.Mutex
	wall  time.Time
	up    time.Duration
	boots int
}

// NewClock returns a clock that shows wall, an hour after a boot.
func NewClock(wall time.Time) *Clock { return &Clock{wall: wall, up: time.Hour, boots: 1} }

// Now is the wall.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall
}

// Boot is the current boot and how long it has lasted.
func (c *Clock) Boot() (id string, up time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return "boot-" + strconv.Itoa(c.boots), c.up
}

// Pass lets d go by.
func (c *Clock) Pass(d time.Duration) { c.shift(d, d) }

// JumpWall moves the wall alone, as a person or a time server does.
func (c *Clock) JumpWall(d time.Duration) { c.shift(d, 0) }

// JumpUp moves the time since boot alone, which no sane machine does.
func (c *Clock) JumpUp(d time.Duration) { c.shift(0, d) }

// Reboot begins a new boot, off being how far the wall moves meanwhile.
func (c *Clock) Reboot(off time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boots++
	c.up = 0
	c.wall = c.wall.Add(off)
}

func (c *Clock) shift(wall, up time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(wall)
	c.up += up
}
