package main

import (
	"testing"
	"time"

	"aminobridge/core"
)

var _ core.Clock = (*clock)(nil)

func TestClockMovesBothTimes(t *testing.T) {
	c := newClock()
	boot, up := c.Boot()
	wall := c.Now()
	c.move(8 * 24 * time.Hour)
	c.move(time.Hour)
	again, later := c.Boot()
	if again != boot || boot == "" {
		t.Errorf("the boot changed from %q to %q", boot, again)
	}
	const by = 8*24*time.Hour + time.Hour
	if d := later - up - by; d < 0 || d > time.Minute {
		t.Errorf("the time since the boot moved by %v, want %v", later-up, by)
	}
	if d := c.Now().Sub(wall) - by; d < 0 || d > time.Minute {
		t.Errorf("the wall moved by %v, want %v", c.Now().Sub(wall), by)
	}
	if c.Now().Location() != time.UTC {
		t.Error("the wall is not UTC")
	}
}
