package intake_test

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aminobridge/core"
	"aminobridge/core/intake"
)

// end is what a run of events leaves behind.
type end struct {
	fulfilled, withdrawn time.Time
	by                   core.Reason
	refunds              map[string]core.Amount
	invited              bool
}

func run(events []core.Event) end {
	f := facts(noCooldown)
	for _, e := range events {
		c := intake.Decide(f, e, now)
		if c.Order != nil {
			f.Order = *c.Order
		}
		switch {
		case c.Schedule:
			f.Invitation = &core.Invitation{State: core.Scheduled}
		case c.Cancel != "":
			f.Invitation = &core.Invitation{State: core.Cancelled, Reason: c.Cancel}
		}
	}
	o := f.Order
	return end{o.FulfilledAt, o.WithdrawnAt, o.WithdrawnBy, o.Refunds, f.Invitation != nil && f.Invitation.State == core.Scheduled}
}

func same(a, b end) bool {
	return a.fulfilled.Equal(b.fulfilled) && a.withdrawn.Equal(b.withdrawn) && a.by == b.by && a.invited == b.invited && maps.Equal(a.refunds, b.refunds)
}

// Whatever the order of arrival, the same events end the same: webhooks of one
// order overtake each other by up to a day.
func TestOrderOfArrivalDoesNotMatter(t *testing.T) {
	hour := rapid.IntRange(980, 986)
	one := rapid.Custom(func(t *rapid.T) core.Event {
		id, part := rapid.SampledFrom([]string{"a", "b"}), rapid.SampledFrom([]core.Amount{0, 50, 100})
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return event(core.Cancellation, hour.Draw(t, "at"))
		case 1:
			return event(core.Refund, hour.Draw(t, "at"), refunded)
		case 2, 3:
			return refund(hour.Draw(t, "at"), id.Draw(t, "id"), part.Draw(t, "amount"))
		case 4:
			return fulfilled(hour.Draw(t, "at"), refunds(id.Draw(t, "id"), part.Draw(t, "amount")))
		}
		return fulfilled(hour.Draw(t, "at"), total(part.Draw(t, "total")))
	})
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(one, 1, 5).Draw(t, "events")
		want := run(events)
		got := run(rapid.Permutation(events).Draw(t, "arrival"))
		if !same(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if want.invited != (!want.fulfilled.IsZero() && want.fulfilled.After(want.withdrawn)) {
			t.Fatalf("invited is %v: %+v", want.invited, want)
		}
	})
}

// A repeat of any event changes nothing.
func TestRepeatIsHarmless(t *testing.T) {
	all := []core.Event{fulfilled(980), refund(981, "a", 50), event(core.Cancellation, 982), fulfilled(983), refund(984, "b", 50)}
	for i := range all {
		once := run(all[:i+1])
		for _, again := range all[:i+1] {
			if twice := run(append(append([]core.Event{}, all[:i+1]...), again)); !same(once, twice) {
				t.Errorf("after %d events and a repeat: %+v, want %+v", i+1, twice, once)
			}
		}
	}
}
