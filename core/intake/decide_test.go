package intake_test

import (
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
)

var (
	now  = at(1000)
	shop = core.Shop{Platform: "shopify", CreatedAt: at(0), Since: at(0), ConnectedAt: at(1)}
)

// at is n hours into the test's calendar.
func at(n int) time.Time { return time.Date(2026, 1, 1, n, 0, 0, 0, time.UTC) }

func facts(change ...func(*intake.Facts)) intake.Facts {
	f := intake.Facts{Settings: core.DefaultSettings(), Shop: shop}
	for _, c := range change {
		c(&f)
	}
	return f
}

func event(kind core.EventKind, hour int, change ...func(*core.Event)) core.Event {
	e := core.Event{
		Kind: kind, At: at(hour), ReceivedAt: now, Order: core.OrderKey{Namespace: "shopify", ID: "1"},
		OrderName: "#1001", Email: "kim@shop.example", IsFulfilled: kind == core.Fulfilled,
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func fulfilled(hour int, change ...func(*core.Event)) core.Event {
	return event(core.Fulfilled, hour, append([]func(*core.Event){total(100)}, change...)...)
}

func total(a core.Amount) func(*core.Event) { return func(e *core.Event) { e.Total = a } }

func refund(hour int, id string, a core.Amount) core.Event {
	return event(core.Refund, hour, refunds(id, a))
}

func refunds(id string, a core.Amount) func(*core.Event) {
	return func(e *core.Event) { e.Refunds = map[string]core.Amount{id: a} }
}

func order(o core.Order) func(*intake.Facts) { return func(f *intake.Facts) { f.Order = o } }

func invitation(state core.State, why core.Reason, change ...func(*core.Invitation)) func(*intake.Facts) {
	i := core.Invitation{State: state, Reason: why}
	for _, c := range change {
		c(&i)
	}
	return func(f *intake.Facts) { f.Invitation = &i }
}

func test(e *core.Event)        { e.Test = true }
func poison(e *core.Event)      { e.Poison = true }
func unfulfilled(e *core.Event) { e.IsFulfilled = false }
func refunded(e *core.Event)    { e.FullyRefunded = true }
func timeless(e *core.Event)    { e.At = time.Time{} }
func email(text string) func(*core.Event) {
	return func(e *core.Event) { e.Email = text }
}
func cancelledAt(hour int) func(*core.Event) {
	return func(e *core.Event) { e.CancelledAt = at(hour) }
}

func uninstalledShop(f *intake.Facts) { f.Shop.UninstalledAt = at(2) }
func badAddress(f *intake.Facts)      { f.BadAddress = true }
func since(hour int) func(*intake.Facts) {
	return func(f *intake.Facts) { f.Shop.Since = at(hour) }
}
func stop(why core.Reason) func(*intake.Facts) { return func(f *intake.Facts) { f.Stop = why } }
func suppressed(f *intake.Facts)               { f.Suppressed = core.OptedOut }
func noCooldown(f *intake.Facts)               { f.Settings.Cooldown = 0 }
func otherScheduled(f *intake.Facts)           { f.Recipient.Scheduled = 1 }
func lastSent(ago time.Duration) func(*intake.Facts) {
	return func(f *intake.Facts) { f.Recipient.LastSent = now.Add(-ago) }
}

func TestDecide(t *testing.T) {
	cancelledOrder := order(core.Order{FulfilledAt: at(800), WithdrawnAt: at(900), WithdrawnBy: core.OrderCancelled, Total: 100})
	fulfilledOrder := order(core.Order{FulfilledAt: at(900), Total: 100})
	halfRefunded := order(core.Order{FulfilledAt: at(900), Total: 100, Refunds: map[string]core.Amount{"a": 50}})
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		facts  intake.Facts
		event  core.Event
		reason core.Reason
		would  core.Reason
		cancel core.Reason
	}{
		{"invites", facts(), fulfilled(990), core.Invited, "", ""},
		{"no name is still invited", facts(), fulfilled(990, func(e *core.Event) { e.Name = "" }), core.Invited, "", ""},
		{"poison", facts(), fulfilled(990, poison), core.Poison, "", ""},
		{"poison before test", facts(), fulfilled(990, poison, test), core.Poison, "", ""},
		{"ignored topic", facts(), event(core.Ignored, 990), core.IgnoredTopic, "", ""},
		{"ignored test", facts(), event(core.Ignored, 990, test), core.IgnoredTopic, "", ""},
		{"unreadable", facts(), event(core.Unreadable, 990), core.Unmapped, "", ""},
		{"unreadable test", facts(), event(core.Unreadable, 990, test), core.Unmapped, "", ""},
		{"kind unheard of", facts(), event(0, 990), core.Unmapped, "", ""},

		{"test order", facts(), fulfilled(990, test), core.TestOrder, core.Invited, ""},
		{"test of a shop that is gone", facts(uninstalledShop), fulfilled(990, test), core.TestOrder, core.ShopUninstalled, ""},
		{"test cancellation", facts(invitation(core.Scheduled, "")), event(core.Cancellation, 990, test), core.TestOrder, core.OrderCancelled, ""},
		{"test removal", facts(), event(core.Uninstalled, 990, test), core.TestOrder, core.ShopUninstalled, ""},

		{"shop is gone", facts(uninstalledShop), fulfilled(990), core.ShopUninstalled, "", ""},
		{"not fulfilled", facts(), fulfilled(990, unfulfilled), core.NotFulfilled, "", ""},
		{"no time", facts(), fulfilled(0, timeless), core.NoTime, "", ""},
		{"no address", facts(), fulfilled(990, email("")), core.NoAddress, "", ""},
		{"blank address", facts(), fulfilled(990, email(" \t")), core.NoAddress, "", ""},
		{"bad address", facts(badAddress), fulfilled(990), core.BadAddress, "", ""},
		{"suppressed", facts(suppressed), fulfilled(990), core.OnSuppression, "", ""},
		{"at max_age", facts(func(f *intake.Facts) { f.Settings.MaxAge = 10 * time.Hour }), fulfilled(990), core.Invited, "", ""},
		{"over max_age", facts(func(f *intake.Facts) { f.Settings.MaxAge = 10*time.Hour - 1 }), fulfilled(990), core.Stale, "", ""},
		{"another scheduled", facts(otherScheduled), fulfilled(990), core.InCooldown, "", ""},
		{"sent within the cooldown", facts(lastSent(30*day - 1)), fulfilled(990), core.InCooldown, "", ""},
		{"sent before the cooldown", facts(lastSent(30 * day)), fulfilled(990), core.Invited, "", ""},
		{"cooldown off", facts(noCooldown, otherScheduled, lastSent(0)), fulfilled(990), core.Invited, "", ""},

		{"body cancelled at its fulfilment", facts(), fulfilled(990, cancelledAt(990)), core.WithdrawnBefore, "", ""},
		{"body cancelled before its fulfilment", facts(), fulfilled(990, cancelledAt(989)), core.Invited, "", ""},
		{"body refunded in full", facts(), fulfilled(990, refunded), core.WithdrawnBefore, "", ""},
		{"body with refunds to the total", facts(), fulfilled(990, refunds("a", 100)), core.WithdrawnBefore, "", ""},
		{"body with refunds below the total", facts(), fulfilled(990, refunds("a", 99)), core.Invited, "", ""},
		{"refunds heard of before the total", facts(order(record(refund(995, "a", 100)))), fulfilled(990), core.WithdrawnBefore, "", ""},
		{"fulfilled again after such refunds", facts(order(record(refund(985, "a", 100)))), fulfilled(990), core.Invited, "", ""},
		{"body tells of a withdrawal not heard of", facts(fulfilledOrder, invitation(core.Scheduled, "")), fulfilled(900, refunded), core.WithdrawnBefore, "", core.OrderRefunded},
		{"unfulfilled body tells of a cancellation", facts(fulfilledOrder, invitation(core.Scheduled, "")), fulfilled(900, unfulfilled, cancelledAt(901)), core.WithdrawnBefore, "", core.OrderCancelled},

		{"older than the withdrawal", facts(cancelledOrder), fulfilled(899), core.WithdrawnBefore, "", ""},
		{"as old as the withdrawal", facts(cancelledOrder), fulfilled(900), core.WithdrawnBefore, "", ""},
		{"newer than the withdrawal, never invited", facts(cancelledOrder), fulfilled(901), core.Invited, "", ""},
		{"newer, cancelled by the shop", facts(cancelledOrder, invitation(core.Cancelled, core.OrderCancelled)), fulfilled(901), core.Rescheduled, "", ""},
		{"newer, refunded by the shop", facts(cancelledOrder, invitation(core.Cancelled, core.OrderRefunded)), fulfilled(901), core.Rescheduled, "", ""},
		{"newer, but in cooldown", facts(cancelledOrder, otherScheduled, invitation(core.Cancelled, core.OrderCancelled)), fulfilled(901), core.InCooldown, "", ""},
		{"newer, but maybe sent", facts(cancelledOrder, invitation(core.Cancelled, core.OrderCancelled, maybe)), fulfilled(901), core.AlreadyInvited, "", ""},
		{"newer, but sent once", facts(cancelledOrder, invitation(core.Cancelled, core.OrderCancelled, sent)), fulfilled(901), core.AlreadyInvited, "", ""},
		{"newer, but reviewed by the link", facts(cancelledOrder, invitation(core.Completed, core.OrderCancelled)), fulfilled(901), core.AlreadyInvited, "", ""},
		{"newer, but revoked", facts(cancelledOrder, invitation(core.Cancelled, core.OrderCancelled, revoked)), fulfilled(901), core.Revoked, "", ""},
		{"newer, but a person cancelled", facts(cancelledOrder, invitation(core.Cancelled, core.PersonCancelled)), fulfilled(901), core.PersonCancelled, "", ""},
		{"newer, but the claim found it stale", facts(invitation(core.Cancelled, core.Stale)), fulfilled(901), core.Stale, "", ""},
		{"scheduled", facts(fulfilledOrder, invitation(core.Scheduled, "")), fulfilled(901), core.AlreadyInvited, "", ""},
		{"newer, while the shop's cancel meets a lease", facts(cancelledOrder, invitation(core.Scheduled, ""), stop(core.OrderCancelled)), fulfilled(901), core.Rescheduled, "", ""},
		{"newer, while the shop's refund meets a lease", facts(cancelledOrder, invitation(core.Scheduled, ""), stop(core.OrderRefunded)), fulfilled(901), core.Rescheduled, "", ""},
		{"newer, while a person's cancel meets a lease", facts(cancelledOrder, invitation(core.Scheduled, ""), stop(core.PersonCancelled)), fulfilled(901), core.AlreadyInvited, "", ""},
		{"newer, while an opt-out meets a lease", facts(cancelledOrder, invitation(core.Scheduled, ""), stop(core.OptedOut)), fulfilled(901), core.AlreadyInvited, "", ""},
		{"failed", facts(fulfilledOrder, invitation(core.Failed, core.Refused)), fulfilled(901), core.AlreadyInvited, "", ""},

		{"cancellation", facts(fulfilledOrder, invitation(core.Scheduled, "")), event(core.Cancellation, 950), core.OrderCancelled, "", core.OrderCancelled},
		{"cancellation without a time", facts(fulfilledOrder, invitation(core.Scheduled, "")), event(core.Cancellation, 0, timeless), core.OrderCancelled, "", core.OrderCancelled},
		{"cancellation, shop is gone", facts(uninstalledShop, fulfilledOrder, invitation(core.Scheduled, "")), event(core.Cancellation, 950), core.OrderCancelled, "", core.OrderCancelled},
		{"cancellation before the fulfilment", facts(), event(core.Cancellation, 950), core.WithdrawalNoted, "", ""},
		{"cancellation outdated", facts(fulfilledOrder, invitation(core.Scheduled, "")), event(core.Cancellation, 899), core.WithdrawalIsStale, "", ""},
		{"cancellation twice", facts(cancelledOrder, invitation(core.Cancelled, core.OrderCancelled)), event(core.Cancellation, 900), core.OrderCancelled, "", ""},
		{"cancellation after a person's", facts(fulfilledOrder, invitation(core.Cancelled, core.PersonCancelled)), event(core.Cancellation, 950), core.WithdrawalNoted, "", ""},
		{"cancellation of a suppressed one", facts(fulfilledOrder, invitation(core.Suppressed, core.OptedOut)), event(core.Cancellation, 950), core.WithdrawalNoted, "", ""},
		{"too late: sent", facts(fulfilledOrder, invitation(core.Sent, "")), event(core.Cancellation, 950), core.WithdrawnTooLate, "", ""},
		{"too late: completed", facts(fulfilledOrder, invitation(core.Completed, "")), event(core.Cancellation, 950), core.WithdrawnTooLate, "", ""},
		{"too late: unknown", facts(fulfilledOrder, invitation(core.Unknown, core.AnswerLost)), event(core.Cancellation, 950), core.WithdrawnTooLate, "", ""},
		{"too late: cancelled by a person, maybe sent", facts(fulfilledOrder, invitation(core.Cancelled, core.PersonCancelled, maybe)), event(core.Cancellation, 950), core.WithdrawnTooLate, "", ""},
		{"full refund by its flag", facts(fulfilledOrder, invitation(core.Scheduled, "")), event(core.Refund, 950, refunded), core.OrderRefunded, "", core.OrderRefunded},
		{"full refund by sum", facts(fulfilledOrder, invitation(core.Scheduled, "")), refund(950, "a", 100), core.OrderRefunded, "", core.OrderRefunded},
		{"full refund outdated", facts(fulfilledOrder, invitation(core.Scheduled, "")), refund(899, "a", 100), core.WithdrawalIsStale, "", ""},
		{"partial refund", facts(fulfilledOrder, invitation(core.Scheduled, "")), refund(950, "a", 99), core.PartialRefund, "", ""},
		{"second half", facts(halfRefunded, invitation(core.Scheduled, "")), refund(950, "b", 50), core.OrderRefunded, "", core.OrderRefunded},
		{"first half twice", facts(halfRefunded, invitation(core.Scheduled, "")), refund(950, "a", 50), core.PartialRefund, "", ""},
		{"the smaller of two totals", facts(halfRefunded, invitation(core.Scheduled, "")), fulfilled(900, total(50), refunds("a", 50)), core.WithdrawnBefore, "", core.OrderRefunded},
		{"the larger of two totals", facts(order(record(fulfilled(900, total(50)), fulfilled(900, total(100)))), invitation(core.Scheduled, "")), refund(950, "a", 50), core.OrderRefunded, "", core.OrderRefunded},
		{"refund of an order with no total", facts(), refund(950, "a", 50), core.PartialRefund, "", ""},

		{"uninstalled", facts(), event(core.Uninstalled, 990), core.ShopUninstalled, "", ""},
		{"uninstalled, no time", facts(), event(core.Uninstalled, 0, timeless), core.ShopUninstalled, "", ""},
		{"uninstalled before it was created", facts(), event(core.Uninstalled, -1), core.UninstallStale, "", ""},
		{"uninstalled before it was connected again", facts(since(500)), event(core.Uninstalled, 499), core.UninstallStale, "", ""},
		{"uninstalled as it was connected again", facts(since(500)), event(core.Uninstalled, 500), core.ShopUninstalled, "", ""},
		{"uninstalled before its first webhook", facts(), event(core.Uninstalled, 0), core.ShopUninstalled, "", ""},
		{"its removal is its first webhook", facts(func(f *intake.Facts) { f.Shop.ConnectedAt = now }), event(core.Uninstalled, 990), core.ShopUninstalled, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := intake.Decide(c.facts, c.event, now)
			if got.Reason != c.reason || got.Would != c.would || got.Cancel != c.cancel {
				t.Errorf("got %s, would %q, cancel %q; want %s, %q, %q", got.Reason, got.Would, got.Cancel, c.reason, c.would, c.cancel)
			}
			if invites := c.reason == core.Invited || c.reason == core.Rescheduled; got.Schedule != invites {
				t.Errorf("Schedule is %v for %s", got.Schedule, got.Reason)
			}
			if removes := c.reason == core.ShopUninstalled && c.event.Kind == core.Uninstalled; got.Uninstall != removes {
				t.Errorf("Uninstall is %v for %s", got.Uninstall, got.Reason)
			}
			if c.event.Test && got.Order != nil {
				t.Error("a test changes the order's record")
			}
		})
	}
}

func maybe(i *core.Invitation)   { i.Maybe = true }
func sent(i *core.Invitation)    { i.SentAt = at(850) }
func revoked(i *core.Invitation) { i.RevokedAt = at(850) }

// record is what is kept of an order after these events.
func record(events ...core.Event) core.Order {
	var o core.Order
	for _, e := range events {
		o = *intake.Decide(facts(order(o)), e, now).Order
	}
	return o
}

func TestDueCountsFromTheBody(t *testing.T) {
	f := facts(func(f *intake.Facts) { f.Settings.Delay = 20 * time.Hour })
	if got, want := intake.Decide(f, fulfilled(990), now).Due, at(1010); !got.Equal(want) {
		t.Errorf("due %s, want %s", got, want)
	}
	if got := intake.Decide(f, fulfilled(970), now).Due; !got.Equal(now) {
		t.Errorf("due %s for a delay that is over, want now", got)
	}
}

// What nobody is invited for is remembered all the same.
func TestRecordIsKeptWithoutAnInvitation(t *testing.T) {
	id := core.NewInvitationID(now)
	before := core.Order{Invitation: id, Refunds: map[string]core.Amount{"a": 1}}
	e := fulfilled(990, email(""), refunds("b", 2))
	got := *intake.Decide(facts(order(before)), e, now).Order
	if got.Invitation != id || got.Name != "#1001" || got.Total != 100 || !got.FulfilledAt.Equal(at(990)) {
		t.Errorf("got %+v", got)
	}
	if got.Refunds["a"] != 1 || got.Refunds["b"] != 2 {
		t.Errorf("refunds are %v", got.Refunds)
	}
	if len(before.Refunds) != 1 {
		t.Error("Decide wrote into the facts")
	}
	if got := record(fulfilled(990, unfulfilled)); !got.FulfilledAt.IsZero() {
		t.Errorf("an order not fulfilled has the time %s", got.FulfilledAt)
	}
}
