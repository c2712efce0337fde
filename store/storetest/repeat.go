package storetest

import (
	"time"

	"aminobridge/core"
)

// repeated is one row of the repeat rules: what a second call with the same
// order_ref does when the invitation is where the row brings it.
func repeated(where string, bring func(w *world, id core.InvitationID)) story {
	return story{promise: "order_ref of one " + where + ": the same link, marked as duplicate", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		bring(w, id)
		before, left := w.invitation(id), w.budget().Left
		again := w.asks("1001")
		a := w.accept(again)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "duplicate", a.Duplicate, true)
		equal(w, "known", a.Known, true)
		equal(w, "admissions left", w.budget().Left, left)
		after := w.invitation(id)
		equal(w, "state", after.State, before.State)
		equal(w, "email", after.Email, before.Email)
		equal(w, "accepted", w.counters().Accepted, 1)
		w.idle()
	}}
}

// kept is a row in which the invitation may not be corrected.
func kept(where string, bring func(w *world, id core.InvitationID)) story {
	return story{promise: "order_ref of one scheduled and " + where + ": the same link, nothing corrected", tell: func(w *world) {
		first := w.asks("1001")
		id := w.accept(first).Invitation.ID
		bring(w, id)
		a := w.accept(w.asks("1001"))
		equal(w, "invitation", a.Invitation.ID, id)
		inv := w.invitation(id)
		equal(w, "email", inv.Email, first.Email)
		equal(w, "name", inv.Name, first.Name)
	}}
}

// rested is a row in which the invitation stays at rest.
func rested(where string, bring func(w *world, id core.InvitationID)) story {
	return story{promise: "order_ref of one " + where + ": the same link, never revived", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		bring(w, id)
		before, left := w.invitation(id), w.budget().Left
		a := w.accept(w.asks("1001"))
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "admissions left", w.budget().Left, left)
		w.is(id, before.State, before.Reason)
		w.gone(id)
		w.pass(hour)
		w.idle()
	}}
}

var repeatStories = []story{
	{promise: "order_ref of one scheduled: address and name are corrected, nobody else is mailed", tell: func(w *world) {
		first := w.asks("1001")
		id := w.accept(first).Invitation.ID
		left := w.budget().Left
		again := w.asks("1001")
		a := w.accept(again)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "answered with the email", a.Invitation.Email, again.Email)
		equal(w, "known", a.Known, true)
		equal(w, "duplicate", a.Duplicate, false)
		equal(w, "admissions left", w.budget().Left, left)
		equal(w, "letters", len(w.letters()), 1)
		equal(w, "found by the new address", len(w.list(core.Filter{Email: again.Email})), 1)
		equal(w, "found by the old address", len(w.list(core.Filter{Email: first.Email})), 0)
		c := w.take(id)
		equal(w, "mailed to", c.Invitation.Email, again.Email)
		equal(w, "greeted as", c.Invitation.Name, again.Name)
		equal(w, "accepted", w.counters().Accepted, 1)
	}},
	{promise: "order_ref of one scheduled: with the cap used up as well", settings: "cap=1", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		equal(w, "invitation", w.accept(w.asks("1001")).Invitation.ID, id)
	}},
	{promise: "order_ref of one scheduled, corrected to a suppressed address: no mail", tell: func(w *world) {
		no := w.ask()
		w.suppress(w.accept(no).Invitation.ID)
		id := w.accept(w.asks("1001")).Invitation.ID
		again := w.asks("1001")
		again.Email = no.Email
		a := w.accept(again)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "answered with the state", a.Invitation.State, core.Suppressed)
		w.is(id, core.Suppressed, core.OptedOut)
		w.gone(id)
		w.idle()
	}},
	{promise: "order_ref of one scheduled, corrected: the old address is in no cooldown", settings: "cooldown=30d", tell: func(w *world) {
		wrong, right, other := w.paced(core.Orders), w.paced(core.Orders), w.paced(core.Orders)
		wrong.OrderRef, right.OrderRef, other.Email = "1001", "1001", wrong.Email
		w.accept(wrong)
		w.accept(right)
		w.is(w.accept(other).Invitation.ID, core.Scheduled, "")
	}},
	kept("leased", func(w *world, id core.InvitationID) { w.take(id) }),
	kept("with a lapsed lease", func(w *world, id core.InvitationID) { w.take(id); w.pass(lease) }),
	kept("after a maybe", func(w *world, id core.InvitationID) { w.settle(w.take(id), ended(core.Lost)) }),
	repeated("sent", func(w *world, id core.InvitationID) { w.send(id) }),
	repeated("opened", func(w *world, id core.InvitationID) { w.send(id); w.open(id) }),
	repeated("completed", func(w *world, id core.InvitationID) { w.send(id); w.complete(id, "good") }),
	repeated("expired", func(w *world, id core.InvitationID) { w.send(id); w.pass(91 * day); w.expire(1) }),
	repeated("unknown", func(w *world, id core.InvitationID) {
		w.settle(w.take(id), ended(core.Lost))
		w.pass(window)
		w.idle()
	}),
	rested("suppressed", func(w *world, id core.InvitationID) { w.suppress(id) }),
	rested("cancelled after a maybe", func(w *world, id core.InvitationID) {
		w.settle(w.take(id), ended(core.Lost))
		w.cancel(id)
	}),
	rested("cancelled after a lapsed lease", func(w *world, id core.InvitationID) {
		w.take(id)
		w.pass(lease)
		w.cancel(id)
	}),
	rested("cancelled and revoked", func(w *world, id core.InvitationID) {
		w.cancel(id)
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, true, w.now()))
	}),
	revived("cancelled", func(w *world, id core.InvitationID) { w.cancel(id) }),
	revived("failed", func(w *world, id core.InvitationID) { w.settle(w.take(id), ended(core.Rejected)) }),
	{promise: "order_ref of one cancelled, with the cap used up: refused, and it stays cancelled", settings: "cap=2", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		w.cancel(id)
		w.invite()
		w.overCap(w.asks("1001"))
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.gone(id)
	}},
	{promise: "another vendor's order_ref is another order", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		ask := w.asks("1001")
		ask.Vendor = w.newVendor("second", "").ID
		if w.accept(ask).Invitation.ID == id {
			w.t.Error("one invitation for two vendors")
		}
	}},
	{promise: "another order_ref of the same person is another order", tell: func(w *world) {
		ask := w.asks("1001")
		id := w.accept(ask).Invitation.ID
		ask.OrderRef = "1002"
		if w.accept(ask).Invitation.ID == id {
			w.t.Error("one invitation for two orders")
		}
	}},
	{promise: "many calls with one order_ref at once are one invitation", tell: func(w *world) {
		asks := make(chan core.Accepted, 8)
		for range cap(asks) {
			ask := w.asks("1001")
			go func() {
				a, err := w.Accept(w.ctx, ask)
				if err != nil {
					w.t.Errorf("Accept: %v", err)
				}
				asks <- a
			}()
		}
		first := (<-asks).Invitation.ID
		for range cap(asks) - 1 {
			equal(w, "invitation", (<-asks).Invitation.ID, first)
		}
		equal(w, "letters", len(w.letters()), 1)
		equal(w, "admissions left", w.budget().Left, 99)
	}},
	{promise: "without order_ref, the same key, address and name within ten minutes is a retry", tell: func(w *world) {
		ask := w.ask()
		id := w.accept(ask).Invitation.ID
		left := w.budget().Left
		w.pass(10*time.Minute - tick)
		a := w.accept(ask)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "known", a.Known, true)
		equal(w, "admissions left", w.budget().Left, left)
		equal(w, "letters", len(w.letters()), 1)
		w.pass(tick)
		if w.accept(ask).Invitation.ID == id {
			w.t.Error("a retry after ten minutes")
		}
	}},
	{promise: "a retry after the mail left is marked as duplicate", tell: func(w *world) {
		ask := w.ask()
		w.send(w.accept(ask).Invitation.ID)
		equal(w, "duplicate", w.accept(ask).Duplicate, true)
		w.idle()
	}},
	{promise: "another key, address, name or vendor is no retry", tell: func(w *world) {
		ask := w.ask()
		seen := map[core.InvitationID]bool{w.accept(ask).Invitation.ID: true}
		second := w.newVendor("second", "")
		for what, change := range map[string]func(*core.Ask){
			"key":     func(a *core.Ask) { a.Key = core.NewKeyID(w.now()) },
			"address": func(a *core.Ask) { a.Email = "other@example.com" },
			"name":    func(a *core.Ask) { a.Name = "Other" },
			"vendor":  func(a *core.Ask) { a.Vendor = second.ID },
		} {
			other := ask
			change(&other)
			id := w.accept(other).Invitation.ID
			if seen[id] {
				w.t.Errorf("another %s is taken for a retry", what)
			}
			seen[id] = true
		}
	}},
	{promise: "the same Idempotency-Key gets the kept answer for 24 hours", tell: func(w *world) {
		ask := w.asks("1001")
		ask.IdempotencyKey, ask.BodyHash = "key-1", hash("body")
		id := w.accept(ask).Invitation.ID
		left := w.budget().Left
		// Nothing else could join these two calls: the body is the same only by
		// its hash.
		again := w.asks("1002")
		again.IdempotencyKey, again.BodyHash = ask.IdempotencyKey, ask.BodyHash
		w.restart()
		w.pass(day - tick)
		a := w.accept(again)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "known", a.Known, true)
		equal(w, "admissions left", w.budget().Left, left+1) // the first one's hour is over
		w.pass(tick)
		if w.accept(again).Invitation.ID == id {
			w.t.Error("the answer is kept longer than 24 hours")
		}
	}},
	{promise: "the same Idempotency-Key with another body is refused", tell: func(w *world) {
		ask := w.asks("1001")
		ask.IdempotencyKey, ask.BodyHash = "key-1", hash("body")
		w.accept(ask)
		ask.BodyHash = hash("another body")
		ask.Now = w.now()
		_, err := w.Accept(w.ctx, ask)
		w.wants(err, core.ErrMismatch)
		equal(w, "accepted", w.counters().Accepted, 1)
	}},
	{promise: "the kept answer goes before everything else", settings: "cap=1", tell: func(w *world) {
		ask := w.asks("1001")
		ask.IdempotencyKey, ask.BodyHash = "key-1", hash("body")
		a := w.accept(ask)
		w.send(a.Invitation.ID)
		again := w.accept(ask)
		equal(w, "invitation", again.Invitation.ID, a.Invitation.ID)
		equal(w, "duplicate, as in the first answer", again.Duplicate, false)
	}},
	{promise: "a kept answer tells the state and the reason of its time", settings: "cooldown=30d", tell: func(w *world) {
		keyed := func(ask core.Ask, key string) core.Ask {
			ask.IdempotencyKey, ask.BodyHash = key, hash("body")
			return ask
		}
		mailed := w.ask()
		w.send(w.accept(mailed).Invitation.ID)
		scheduled, cooling := keyed(w.asks("1"), "key-1"), keyed(w.paced(core.Orders), "key-2")
		cooling.OrderRef, cooling.Email = "2", mailed.Email
		w.cancel(w.accept(scheduled).Invitation.ID)
		again := w.asks("2")
		again.Email = mailed.Email
		id := w.accept(cooling).Invitation.ID
		equal(w, "brought back", w.accept(again).Invitation.ID, id)
		w.send(id)
		first, second := w.accept(scheduled).Invitation, w.accept(cooling).Invitation
		equal(w, "state of the one cancelled since", first.State, core.Scheduled)
		equal(w, "reason of the one cancelled since", first.Reason, "")
		equal(w, "state of the one sent since", second.State, core.Cancelled)
		equal(w, "reason of the one sent since", second.Reason, core.InCooldown)
	}},
	{promise: "a refusal for the cap is not kept as an answer", settings: "cap=1", tell: func(w *world) {
		w.invite()
		ask := w.ask()
		ask.IdempotencyKey, ask.BodyHash = "key-1", hash("body")
		w.pass(w.overCap(ask))
		w.is(w.accept(ask).Invitation.ID, core.Scheduled, "")
	}},
	{promise: "another vendor's Idempotency-Key is another", tell: func(w *world) {
		ask := w.ask()
		ask.IdempotencyKey, ask.BodyHash = "key-1", hash("body")
		id := w.accept(ask).Invitation.ID
		ask.Vendor, ask.BodyHash = w.newVendor("second", "").ID, hash("another body")
		if w.accept(ask).Invitation.ID == id {
			w.t.Error("one invitation for two vendors")
		}
	}},
}

// revived is a row in which a new call brings the invitation back.
func revived(where string, bring func(w *world, id core.InvitationID)) story {
	return story{promise: "order_ref of one " + where + " that never left: revived, with a new admission", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		bring(w, id)
		w.pass(time.Second)
		left := w.budget().Left
		again := w.asks("1001")
		a := w.accept(again)
		equal(w, "invitation", a.Invitation.ID, id)
		equal(w, "duplicate", a.Duplicate, false)
		equal(w, "admissions left", w.budget().Left, left-1)
		w.is(id, core.Scheduled, "")
		c := w.take(id)
		equal(w, "mailed to", c.Invitation.Email, again.Email)
		w.settle(c, yes("mail"))
		equal(w, "accepted", w.counters().Accepted, 1)
	}}
}
