package pace_test

import (
	"fmt"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
)

// TestSlotsAreUsed is the other half of I6: under a backlog that never ends,
// with attempts of a second, no more than a thousandth of the slots that an hour
// has is wasted. A thousand hours, so that the rounding to whole letters is
// smaller than that.
func TestSlotsAreUsed(t *testing.T) {
	const hours, d = 1000, time.Second
	for _, rule := range []pace.Rule{{Cap: 100, Reserve: 10}, {Cap: 50, Reserve: 25}, {Cap: 3}, {Cap: 1}} {
		for _, smooth := range []bool{true, false} {
			rule.Smooth = smooth
			t.Run(fmt.Sprintf("cap %d reserve %d smooth %t", rule.Cap, rule.Reserve, rule.Smooth), func(t *testing.T) {
				full := float64(rule.Cap-rule.Reserve) * float64(time.Hour) / float64(hour+d)
				used := float64(backlog(rule, hours*time.Hour, d)) / hours
				if used < 0.999*full {
					t.Errorf("%.2f slots an hour, want 99.9 %% of %.2f", used, full)
				}
			})
		}
	}
}

// backlog counts the letters that leave in a span of time, from a moment on at
// which all slots have been in use.
func backlog(rule pace.Rule, span, d time.Duration) (n int) {
	desk := deskWith(rule, nil)
	from := epoch.Add(10 * time.Hour)
	var taken int
	for now := epoch; now.Before(from.Add(span)); {
		desk.Sweep(now)
		at, ok := desk.Next(core.Orders, now)
		if !ok {
			now = at
			continue
		}
		taken++
		h := pace.Holder{Invitation: core.InvitationID{byte(taken), byte(taken >> 8), byte(taken >> 16)}, Kind: core.First}
		desk.Left(core.Orders, h, desk.Take(core.Orders, h, now), now.Add(d))
		if !now.Before(from) {
			n++
		}
	}
	return n
}
