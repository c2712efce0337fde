package storetest

import (
	"slices"
	"sync"
	"time"

	"aminobridge/core"
)

var appendStories = []story{
	{promise: "what it returned nil for is never lost", tell: func(w *world) {
		want := w.fulfilled("1")
		want.Detail, want.Locale = "a detail", "fr"
		w.hear(want, w.fulfilled("2"))
		w.restart()
		got := w.pending()
		if len(got) != 2 {
			w.t.Fatalf("%d events after a restart, want 2", len(got))
		}
		e := got[slices.IndexFunc(got, func(e core.Event) bool { return e.Order == want.Order })]
		equal(w, "email", e.Email, want.Email)
		equal(w, "name", e.Name, want.Name)
		equal(w, "locale", e.Locale, want.Locale)
		equal(w, "order's name", e.OrderName, want.OrderName)
		equal(w, "total", e.Total, want.Total)
		equal(w, "fulfilled", e.IsFulfilled, true)
		equal(w, "kind", e.Kind, want.Kind)
		equal(w, "topic", e.Topic, want.Topic)
		equal(w, "shop", e.Shop, want.Shop)
		equal(w, "detail", e.Detail, want.Detail)
		equal(w, "time", e.At.Equal(want.At), true)
		equal(w, "received", e.ReceivedAt.Equal(want.ReceivedAt), true)
	}},
	{promise: "a repeat is not kept again", tell: func(w *world) {
		e := w.fulfilled("1")
		w.hear(e, e)
		again := e
		again.ID, again.ReceivedAt = core.NewEventID(w.now()), w.now()
		w.hear(again)
		equal(w, "events waiting", len(w.pending()), 1)
		equal(w, "verdicts", len(w.decide()), 1)
		w.hear(again)
		equal(w, "events waiting after the verdict", len(w.pending()), 0)
		w.restart()
		w.hear(again)
		equal(w, "events waiting after a restart", len(w.pending()), 0)
	}},
	{promise: "what differs in time, kind, order, namespace or vendor is no repeat", tell: func(w *world) {
		e := w.fulfilled("1")
		later, kind, order, space, other := e, e, e, e, e
		later.At = e.At.Add(time.Second)
		kind.Kind = core.Ignored
		order.Order.ID = "2"
		space.Order.Namespace = "woo:shop.example"
		second := w.newVendor("second", "")
		other.Vendor, other.Shop = second.ID, w.newShop(second.ID, "second.example").ID
		for _, e := range []core.Event{e, later, kind, order, space, other} {
			e.ID = core.NewEventID(w.now())
			w.hear(e)
		}
		equal(w, "events waiting", len(w.pending()), 6)
	}},
	{promise: "what names no order is no repeat", tell: func(w *world) {
		e := w.event(core.Unreadable, "orders/fulfilled", "")
		w.hear(e)
		e.ID = core.NewEventID(w.now())
		w.hear(e)
		equal(w, "events waiting", len(w.pending()), 2)
	}},
	{promise: "each refund of an order is an event of its own", tell: func(w *world) {
		w.order("1")
		w.hear(w.refunded("1", "r1", euros(1)), w.refunded("1", "r2", euros(1)), w.refunded("1", "r1", euros(1)))
		verdicts, _, err := w.Verdicts(w.ctx, w.vendor.ID, "", 10)
		w.must(err)
		equal(w, "verdicts", len(verdicts), 3)
	}},
	{promise: "with too much undecided, inviting events are refused, withdrawing ones never", tell: func(w *world) {
		w.hear(w.fulfilled("1"))
		w.pass(10*time.Minute + time.Second)
		_, err := w.Append(w.ctx, []core.Event{w.fulfilled("2")})
		w.wants(err, core.ErrBusy)
		equal(w, "events waiting", len(w.pending()), 1)
		w.hear(w.cancelled("3"), w.refunded("4", "r", euros(1)), w.event(core.Uninstalled, "app/uninstalled", ""))
		w.decide()
		w.hear(w.fulfilled("2"))
	}},
	{promise: "a context that is done appends nothing", tell: func(w *world) {
		_, err := w.Append(done(), []core.Event{w.fulfilled("1")})
		w.wants(err, done().Err())
		equal(w, "events waiting", len(w.pending()), 0)
	}},
	{promise: "many at once are all kept", tell: func(w *world) {
		var all sync.WaitGroup
		for i := range 40 {
			e := w.fulfilled(string(rune('A'+i%26)) + string(rune('a'+i/26)))
			all.Go(func() {
				if _, err := w.Append(w.ctx, []core.Event{e}); err != nil {
					w.t.Errorf("Append: %v", err)
				}
			})
		}
		all.Wait()
		equal(w, "events waiting", len(w.pending()), 40)
	}},
	{promise: "pending lists what is ready, oldest first, up to n", tell: func(w *world) {
		late := w.fulfilled("1")
		late.NotBefore = w.now().Add(time.Minute)
		w.hear(late)
		w.pass(time.Second)
		w.hear(w.fulfilled("2"))
		w.pass(time.Second)
		w.hear(w.fulfilled("3"))
		equal(w, "ready", orders(w.pending()), "23")
		first, err := w.Pending(w.ctx, w.now(), 1)
		w.must(err)
		equal(w, "the first", orders(first), "2")
		w.pass(58*time.Second - tick)
		equal(w, "ready a moment before its time", orders(w.pending()), "23")
		w.pass(tick)
		equal(w, "ready in its time", orders(w.pending()), "231")
	}},
}

func orders(events []core.Event) (ids string) {
	for _, e := range events {
		ids += e.Order.ID
	}
	return ids
}

var decideStories = []story{
	{promise: "a fulfilled order becomes one scheduled invitation, due after the delay", settings: "delay=7d", tell: func(w *world) {
		e := w.fulfilled("1")
		w.pass(hour)
		inv := w.invitation(w.rules(e, core.Invited))
		equal(w, "state", inv.State, core.Scheduled)
		equal(w, "due", inv.DueAt.Sub(e.At), 7*day)
		equal(w, "fulfilled", inv.FulfilledAt.Equal(e.At), true)
		equal(w, "email", inv.Email, e.Email)
		equal(w, "name", inv.Name, e.Name)
		equal(w, "locale", inv.Locale, e.Locale)
		equal(w, "lane", inv.Lane, core.Orders)
		equal(w, "shop", inv.Shop, w.shop.ID)
		equal(w, "order", inv.Order, e.Order)
		equal(w, "order_ref", inv.OrderRef, e.OrderName)
		letter := w.letter(inv.ID)
		equal(w, "letter's due", letter.Due.Equal(inv.DueAt), true)
		equal(w, "letter's lane", letter.Lane, core.Orders)
		equal(w, "accepted", w.counters().Accepted, 1)
		w.pass(7*day - hour - tick)
		w.idle()
		w.pass(tick)
		w.send(inv.ID)
	}},
	{promise: "one verdict per event, ever", tell: func(w *world) {
		w.hear(w.fulfilled("1"))
		events := w.pending()
		for i, want := range []int{1, 0} {
			verdicts, err := w.Decide(w.ctx, events, w.now())
			w.must(err)
			if len(verdicts) != want {
				w.t.Errorf("round %d: %d verdicts, want %d", i, len(verdicts), want)
			}
		}
		equal(w, "counted", w.counters().Verdicts[core.Invited], 1)
		equal(w, "accepted", w.counters().Accepted, 1)
	}},
	{promise: "one verdict per event, whoever decides at the same time", tell: func(w *world) {
		w.hear(w.fulfilled("1"), w.fulfilled("2"), w.fulfilled("3"))
		events := w.pending()
		var all sync.WaitGroup
		given := make(chan int, 4)
		for range cap(given) {
			all.Go(func() {
				verdicts, err := w.Decide(w.ctx, events, w.now())
				if err != nil {
					w.t.Errorf("Decide: %v", err)
				}
				given <- len(verdicts)
			})
		}
		all.Wait()
		close(given)
		sum := 0
		for n := range given {
			sum += n
		}
		equal(w, "verdicts", sum, 3)
		equal(w, "letters", len(w.letters()), 3)
	}},
	{promise: "events of one order are decided in the order given", tell: func(w *world) {
		e := w.fulfilled("1")
		e.At = w.now().Add(-time.Minute)
		w.hear(e, w.fulfilled("1"))
		got := w.decide()
		if len(got) != 2 || got[0].Reason != core.Invited || got[1].Reason != core.AlreadyInvited {
			w.t.Errorf("got %v", got)
		}
		equal(w, "letters", len(w.letters()), 1)
	}},
	{promise: "the log lists verdicts newest first, in pages, each vendor its own", tell: func(w *world) {
		second := w.newVendor("second", "")
		other := w.fulfilled("other")
		other.Vendor, other.Shop = second.ID, w.newShop(second.ID, "second.example").ID
		w.verdict(other)
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			w.verdict(w.fulfilled(id))
			w.pass(time.Second)
		}
		var seen string
		cursor, pages := "", 0
		for {
			verdicts, next, err := w.Verdicts(w.ctx, w.vendor.ID, cursor, 2)
			w.must(err)
			for _, v := range verdicts {
				seen += v.Order.ID
			}
			if pages++; next == "" || pages > 9 {
				break
			}
			cursor = next
		}
		equal(w, "the log", seen, "54321")
	}},
	{promise: "the log tells what was decided about what", tell: func(w *world) {
		e := w.fulfilled("1")
		w.hear(e)
		w.pass(time.Minute)
		id := w.decide()[0].Invitation
		v := w.logged(e)
		equal(w, "invitation", v.Invitation, id)
		equal(w, "order", v.Order, e.Order)
		equal(w, "order's name", v.OrderName, e.OrderName)
		equal(w, "topic", v.Topic, e.Topic)
		equal(w, "shop", v.Shop, e.Shop)
		equal(w, "reason", v.Reason, core.Invited)
		equal(w, "received", v.ReceivedAt.Equal(e.ReceivedAt), true)
		equal(w, "decided", v.DecidedAt.Equal(w.now()), true)
	}},
	{promise: "a test order invites nobody and says what a real one would have got", tell: func(w *world) {
		e := w.fulfilled("1")
		e.Test = true
		v := w.verdict(e)
		equal(w, "verdict", v.Reason, core.TestOrder)
		equal(w, "would be", v.Would, core.Invited)
		equal(w, "in the log", w.logged(e).Would, core.Invited)
		equal(w, "letters", len(w.letters()), 0)
		equal(w, "accepted", w.counters().Accepted, 0)
		w.rules(w.fulfilledAt("1", time.Second), core.Invited)
	}},
	{promise: "an order without a name is invited", tell: func(w *world) {
		e := w.fulfilled("1")
		e.Name = ""
		w.send(w.rules(e, core.Invited))
	}},
	{promise: "an address that no mail can be sent to is told from none", tell: func(w *world) {
		e := w.fulfilled("1")
		e.Email = "not an address"
		w.rules(e, core.BadAddress)
		e = w.fulfilled("2")
		e.Email = ""
		w.rules(e, core.NoAddress)
	}},
	{promise: "an event that failed alone gets the verdict poison, the rest theirs", tell: func(w *world) {
		w.hear(w.fulfilled("1"), w.fulfilled("2"))
		events := w.pending()
		events[0].Poison = true
		verdicts, err := w.Decide(w.ctx, events, w.now())
		w.must(err)
		if len(verdicts) != 2 || verdicts[0].Reason != core.Poison || verdicts[1].Reason != core.Invited {
			w.t.Errorf("got %v", verdicts)
		}
		equal(w, "events waiting", len(w.pending()), 0)
	}},
	{promise: "what cannot be read or used has its verdict too", tell: func(w *world) {
		e := w.event(core.Unreadable, "orders/fulfilled", "")
		e.Detail = "the body is no object"
		v := w.verdict(e)
		equal(w, "verdict", v.Reason, core.Unmapped)
		equal(w, "detail", w.logged(e).Detail, e.Detail)
		w.rules(w.event(core.Ignored, "carts/update", ""), core.IgnoredTopic)
	}},
	{promise: "a suppressed address is not invited", tell: func(w *world) {
		ask := w.ask()
		ask.Email = "C1@Example.com"
		w.suppress(w.accept(ask).Invitation.ID)
		w.rules(w.fulfilled("1"), core.OnSuppression)
		w.rules(w.fulfilled("2"), core.Invited)
	}},
	{promise: "a customer with another scheduled invitation is in cooldown", settings: "cooldown=30d", tell: func(w *world) {
		w.order("1")
		e := w.fulfilled("2")
		e.Email = "c1@example.com"
		w.rules(e, core.InCooldown)
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		e = w.fulfilledAt("2", time.Second)
		e.Email = "c1@example.com"
		w.rules(e, core.Invited)
	}},
	{promise: "a customer mailed within the cooldown is not invited again, and after it is", settings: "cooldown=30d", tell: func(w *world) {
		w.send(w.order("1"))
		w.pass(30*day - tick)
		e := w.fulfilled("2")
		e.Email = "c1@example.com"
		w.rules(e, core.InCooldown)
		w.pass(tick)
		e = w.fulfilled("3")
		e.Email = "c1@example.com"
		w.rules(e, core.Invited)
	}},
	{promise: "another vendor's mail is no cooldown of ours", settings: "cooldown=30d", tell: func(w *world) {
		w.send(w.order("1"))
		second := w.newVendor("second", "cooldown=30d")
		e := w.fulfilled("2")
		e.Vendor, e.Shop, e.Email = second.ID, w.newShop(second.ID, "second.example").ID, "c1@example.com"
		w.rules(e, core.Invited)
	}},
	{promise: "an order older than max_age is stale", settings: "max_age=10d", tell: func(w *world) {
		old, young := w.fulfilled("1"), w.fulfilled("2")
		w.pass(10 * day)
		w.rules(young, core.Invited)
		w.pass(tick)
		w.rules(old, core.Stale)
	}},
}

func (w *world) fulfilledAt(id string, after time.Duration) core.Event {
	e := w.fulfilled(id)
	e.At = e.At.Add(after)
	return e
}
