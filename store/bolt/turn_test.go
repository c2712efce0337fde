package bolt

import (
	"testing"
	"time"
)

// TestTurn: work waits for nothing until webhooks are a flood; then it has one
// group in each interval, and all of them again once an interval was quiet.
func TestTurn(t *testing.T) {
	now, taken := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), int64(0)
	turn := turn{since: now}
	// pass lets time go on, with so many webhooks in each millisecond of it.
	pass := func(d time.Duration, webhooks int64) (worked int) {
		for range d / time.Millisecond {
			now, taken = now.Add(time.Millisecond), taken+webhooks
			if turn.wait(taken, now) <= 0 {
				turn.worked = now
				worked++
			}
		}
		return worked
	}
	if got := pass(300*time.Millisecond, 5); got != 300 {
		t.Errorf("at 5,000 webhooks a second work had %d of 300 turns, want all", got)
	}
	pass(2*interval, 20) // the flood has begun
	if got := pass(10*interval, 20); got != 10 {
		t.Errorf("in a flood work had %d turns in ten intervals, want 10", got)
	}
	pass(2*interval, 5)
	if got := pass(interval, 5); got != 100 {
		t.Errorf("after the flood work had %d of 100 turns, want all", got)
	}
}
