package bolt

import (
	"testing"
	"time"
)

// TestTurn: work goes with requests until they are a flood; then with one group in
// many, and again with all once an interval was quiet.
func TestTurn(t *testing.T) {
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	turn := turn{since: now}
	groups := func(requests int, apart time.Duration, n int) (worked int) {
		for range n {
			now = now.Add(apart)
			if turn.work(requests, now) > 0 {
				worked++
			}
		}
		return worked
	}
	if got := groups(5, time.Millisecond, 300); got != 300 {
		t.Errorf("at 5,000 requests a second %d of 300 groups took work, want all", got)
	}
	groups(20, time.Millisecond, 200) // the flood has begun
	if got := groups(20, time.Millisecond, 10*everyNth); got != 10 {
		t.Errorf("in a flood %d of %d groups took work, want 10", got, 10*everyNth)
	}
	groups(5, time.Millisecond, 200)
	if got := groups(5, time.Millisecond, 100); got != 100 {
		t.Errorf("after the flood %d of 100 groups took work, want all", got)
	}
}
