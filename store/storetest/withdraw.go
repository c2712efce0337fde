package storetest

import (
	"time"

	"aminobridge/core"
)

var withdrawStories = []story{
	{promise: "an event that withdraws is applied and given its verdict in the same transaction", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		w.is(id, core.Cancelled, core.OrderCancelled)
		w.gone(id)
		w.idle()
	}},
	{promise: "if a letter of the order is leased, it ends with that lease", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		refs, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		w.stopped(refs, c)
		w.settle(c, ended(core.Unreachable))
		if w.live(refs...) {
			w.t.Error("the lease is live after its settling")
		}
		w.is(id, core.Cancelled, core.OrderCancelled)
		w.gone(id)
	}},
	{promise: "the ref is returned for a repeat too", tell: func(w *world) {
		c := w.take(w.order("1"))
		no := w.cancelled("1")
		for range 2 {
			refs, err := w.Append(w.ctx, []core.Event{no})
			w.must(err)
			w.stopped(refs, c)
		}
		w.restart()
		refs, err := w.Append(w.ctx, []core.Event{no})
		w.must(err)
		w.stopped(refs, c)
		w.settle(c, ended(core.Lost))
		w.hear(no)
		equal(w, "verdicts of the one cancellation", w.counters().Verdicts[core.OrderCancelled], 1)
	}},
	{promise: "a withdrawal whose lease ran out waits no more, and the letter is not tried again", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		refs, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		w.stopped(refs, c)
		w.pass(lease)
		if w.live(refs...) {
			w.t.Error("the lease is live after its end")
		}
		w.hear(w.cancelled("1"))
		w.pass(hour)
		w.idle()
		w.is(id, core.Cancelled, core.OrderCancelled)
		w.gone(id)
	}},
	{promise: "a withdrawal during a lease that ends sent comes too late", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		_, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		w.settle(c, yes("mail"))
		w.is(id, core.Sent, "")
		w.counts(1, 0, 0, 0)
	}},
	{promise: "a withdrawal after the mail changes nothing", tell: func(w *world) {
		id := w.order("1")
		w.send(id)
		w.withdrawn(w.cancelled("1"), core.WithdrawnTooLate)
		w.is(id, core.Sent, "")
	}},
	{promise: "a withdrawal heard before the fulfilment refuses it, and one fulfilled later is invited", tell: func(w *world) {
		older := w.fulfilled("1")
		w.pass(time.Minute)
		w.withdrawn(w.cancelled("1"), core.WithdrawalNoted)
		w.rules(older, core.WithdrawnBefore)
		w.rules(w.fulfilled("1"), core.WithdrawnBefore)
		w.pass(tick)
		w.rules(w.fulfilled("1"), core.Invited)
	}},
	{promise: "a withdrawal older than the fulfilment changes nothing", tell: func(w *world) {
		older := w.cancelled("1")
		w.pass(time.Minute)
		id := w.order("1")
		w.withdrawn(older, core.WithdrawalIsStale)
		w.is(id, core.Scheduled, "")
	}},
	{promise: "a newer fulfilment reschedules the same invitation under another send key", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		w.settle(c, ended(core.Unreachable))
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		w.pass(time.Second)
		equal(w, "invitation", w.rules(w.fulfilled("1"), core.Rescheduled), id)
		w.is(id, core.Scheduled, "")
		again := w.take(id)
		if again.Entry.SendKey() == c.Entry.SendKey() {
			w.t.Error("the same send key after a revival")
		}
		equal(w, "attempt", again.Entry.Attempt, 1)
		equal(w, "accepted", w.counters().Accepted, 1)
	}},
	{promise: "a person's cancel is never undone by a shop", tell: func(w *world) {
		id := w.order("1")
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, false, w.now()))
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.PersonCancelled)
		w.withdrawn(w.cancelled("1"), core.WithdrawalNoted)
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.PersonCancelled)
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.gone(id)
	}},
	{promise: "a shop's withdrawal takes nothing back of a person's cancel in the same lease", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		refs, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.stopped(refs, c)
		refs, err = w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		w.stopped(refs, c)
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.AlreadyInvited)
		w.settle(c, ended(core.Unreachable))
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.PersonCancelled)
		w.gone(id)
		w.pass(hour)
		w.idle()
	}},
	{promise: "a person's cancel stands over a shop's withdrawal in the same lease", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		_, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		_, err = w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.settle(c, ended(core.Unreachable))
		w.is(id, core.Cancelled, core.PersonCancelled)
	}},
	{promise: "a newer fulfilment in the same lease takes the shop's withdrawal back", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		refs, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
		w.stopped(refs, c)
		w.pass(time.Second)
		equal(w, "invitation", w.rules(w.fulfilled("1"), core.Rescheduled), id)
		w.settle(c, ended(core.Unreachable))
		w.is(id, core.Scheduled, "")
		again := w.firstAt(backoff, id)
		equal(w, "the same letter", again.Entry.SendKey(), c.Entry.SendKey())
		w.settle(again, yes("mail"))
		w.is(id, core.Sent, "")
		w.pass(hour)
		w.idle()
		w.counts(1, 0, 0, 0)
	}},
	{promise: "a letter with a maybe that meets a no is never revived", tell: func(w *world) {
		id := w.order("1")
		w.settle(w.take(id), ended(core.Lost))
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		w.is(id, core.Cancelled, core.OrderCancelled)
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.AlreadyInvited)
		w.is(id, core.Cancelled, core.OrderCancelled)
		w.gone(id)
	}},
	{promise: "refunds by id withdraw once they sum to the total", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.refunded("1", "r1", euros(30)), core.PartialRefund)
		w.withdrawn(w.refunded("1", "r2", euros(19)), core.PartialRefund)
		w.is(id, core.Scheduled, "")
		w.withdrawn(w.refunded("1", "r3", euros(1)), core.OrderRefunded)
		w.is(id, core.Cancelled, core.OrderRefunded)
	}},
	{promise: "refunds are kept over a restart", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.refunded("1", "r1", euros(30)), core.PartialRefund)
		w.restart()
		w.withdrawn(w.refunded("1", "r2", euros(20)), core.OrderRefunded)
		w.is(id, core.Cancelled, core.OrderRefunded)
	}},
	{promise: "a body that says refunded withdraws at once", tell: func(w *world) {
		id := w.order("1")
		e := w.refunded("1", "r1", 0)
		e.FullyRefunded = true
		w.withdrawn(e, core.OrderRefunded)
		w.is(id, core.Cancelled, core.OrderRefunded)
	}},
	{promise: "an order is withdrawn in its own namespace only", tell: func(w *world) {
		id := w.order("1")
		no := w.cancelled("1")
		no.Order.Namespace = "woo:shop.example"
		w.withdrawn(no, core.WithdrawalNoted)
		w.is(id, core.Scheduled, "")
	}},
	{promise: "uninstalled marks the shop, which every claim checks", tell: func(w *world) {
		id, direct := w.order("1"), w.invite()
		w.withdrawn(w.event(core.Uninstalled, "app/uninstalled", ""), core.ShopUninstalled)
		shop, err := w.Shop(w.ctx, w.shop.ID)
		w.must(err)
		equal(w, "marked", shop.UninstalledAt.IsZero(), false)
		w.send(direct)
		w.idle()
		w.is(id, core.Cancelled, core.ShopUninstalled)
		w.gone(id)
		w.rules(w.fulfilled("2"), core.ShopUninstalled)
	}},
	{promise: "an uninstalled shop's letter is not tried again after its lease", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		_, err := w.Append(w.ctx, []core.Event{w.event(core.Uninstalled, "app/uninstalled", "")})
		w.must(err)
		w.settle(c, ended(core.Unreachable))
		w.pass(hour)
		w.idle()
		w.is(id, core.Cancelled, core.ShopUninstalled)
	}},
	{promise: "one shop's removal leaves the vendor's other shop alone", tell: func(w *world) {
		gone := w.shop
		w.shop = w.newShop(w.vendor.ID, "second.example")
		id := w.order("1")
		no := w.event(core.Uninstalled, "app/uninstalled", "")
		no.Shop = gone.ID
		w.withdrawn(no, core.ShopUninstalled)
		w.send(id)
	}},
}

var joinStories = []story{
	{promise: "the same order name at two shops is two invitations", tell: func(w *world) {
		a, b := w.fulfilled("1"), w.fulfilled("1")
		a.Order.Namespace, b.Order.Namespace = "woo:a.example", "woo:b.example"
		b.Shop = w.newShop(w.vendor.ID, "b.example").ID
		first, second := w.rules(a, core.Invited), w.rules(b, core.Invited)
		if first == second {
			w.t.Error("one invitation for two shops' orders")
		}
		equal(w, "letters", len(w.letters()), 2)
	}},
	{promise: "a call joins a shop's order by name or id, if the address is the same", tell: func(w *world) {
		id := w.order("1")
		left := w.budget().Left
		for _, ref := range []string{"#1", "1"} {
			ask := w.asks(ref)
			ask.Email = "C1@Example.com"
			a := w.accept(ask)
			equal(w, ref+" joins", a.Invitation.ID, id)
			equal(w, ref+" is known", a.Known, true)
		}
		equal(w, "letters", len(w.letters()), 1)
		equal(w, "admissions left", w.budget().Left, left)
	}},
	{promise: "what its shop withdrew a direct call brings back, a paced one does not", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		again := func(ask core.Ask) {
			ask.OrderRef, ask.Email = "#1", "c1@example.com"
			equal(w, "invitation", w.accept(ask).Invitation.ID, id)
		}
		again(w.paced(core.Orders))
		w.idle()
		w.is(id, core.Cancelled, core.OrderCancelled)
		again(w.ask())
		w.send(id)
	}},
	{promise: "a direct call brings an order back, and it is sent though the shop is gone", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		ask := w.asks("#1")
		ask.Email = "c1@example.com"
		equal(w, "invitation", w.accept(ask).Invitation.ID, id)
		w.withdrawn(w.event(core.Uninstalled, "app/uninstalled", ""), core.ShopUninstalled)
		w.send(id)
		w.is(id, core.Sent, "")
	}},
	{promise: "what a direct call made and its shop brings back waits with the orders", tell: func(w *world) {
		ask := w.asks("#1")
		ask.Email = "c1@example.com"
		id := w.accept(ask).Invitation.ID
		w.rules(w.fulfilled("1"), core.AlreadyInvited)
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		w.pass(time.Second)
		equal(w, "invitation", w.rules(w.fulfilled("1"), core.Rescheduled), id)
		equal(w, "lane of the letter", w.letter(id).Lane, core.Orders)
		equal(w, "lane of the invitation", w.invitation(id).Lane, core.Orders)
	}},
	{promise: "a call with another address joins no shop's order", tell: func(w *world) {
		id := w.order("1")
		if a := w.accept(w.asks("#1")); a.Known || a.Invitation.ID == id {
			w.t.Error("joined an order of another address")
		}
		equal(w, "its address", w.invitation(id).Email, "c1@example.com")
	}},
	{promise: "if several orders match, a call joins none", tell: func(w *world) {
		a, b := w.fulfilled("1"), w.fulfilled("1")
		a.Order.Namespace, b.Order.Namespace = "woo:a.example", "woo:b.example"
		first, second := w.rules(a, core.Invited), w.rules(b, core.Invited)
		ask := w.asks("#1")
		ask.Email = "c1@example.com"
		got := w.accept(ask).Invitation.ID
		if got == first || got == second {
			w.t.Error("joined one of two orders")
		}
	}},
	{promise: "another vendor's order is never joined", tell: func(w *world) {
		w.order("1")
		second := w.newVendor("second", "")
		ask := w.asks("#1")
		ask.Vendor, ask.Email = second.ID, "c1@example.com"
		equal(w, "known", w.accept(ask).Known, false)
	}},
	{promise: "a shop's order that a call asked for before has its invitation already", tell: func(w *world) {
		ask := w.asks("#1")
		ask.Email = "c1@example.com"
		id := w.accept(ask).Invitation.ID
		w.rules(w.fulfilled("1"), core.AlreadyInvited)
		equal(w, "letters", len(w.letters()), 1)
		w.send(id)
		w.rules(w.fulfilledAt("1", time.Second), core.AlreadyInvited)
	}},
	{promise: "a call's invitation belongs to the first order it is of, and to no other shop's", tell: func(w *world) {
		ask := w.asks("#1")
		ask.Email = "c1@example.com"
		id := w.accept(ask).Invitation.ID
		a, b := w.fulfilled("1"), w.fulfilled("1")
		a.Order.Namespace, b.Order.Namespace = "woo:a.example", "woo:b.example"
		b.Shop = w.newShop(w.vendor.ID, "b.example").ID
		equal(w, "invitation of the first order", w.rules(a, core.AlreadyInvited), id)
		other := w.rules(b, core.Invited)
		no := w.cancelled("1")
		no.Order, no.Shop = b.Order, b.Shop
		w.withdrawn(no, core.OrderCancelled)
		w.is(other, core.Cancelled, core.OrderCancelled)
		w.is(id, core.Scheduled, "")
		no = w.cancelled("1")
		no.Order = a.Order
		w.withdrawn(no, core.OrderCancelled)
		w.is(id, core.Cancelled, core.OrderCancelled)
	}},
	{promise: "an order whose name and id are of two calls is of neither", tell: func(w *world) {
		for _, ref := range []string{"#1", "1"} {
			ask := w.asks(ref)
			ask.Email = "c1@example.com"
			w.accept(ask)
		}
		w.rules(w.fulfilled("1"), core.Invited)
		equal(w, "letters", len(w.letters()), 3)
	}},
	{promise: "a shop's order is not taken for a call's with another address", tell: func(w *world) {
		w.accept(w.asks("#1"))
		w.rules(w.fulfilled("1"), core.Invited)
		equal(w, "letters", len(w.letters()), 2)
	}},
}
