package storetest

import (
	"context"
	"time"

	"aminobridge/core"
)

// done is a context that was over before the call.
func done() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

var acceptStories = []story{
	{promise: "a direct call is a scheduled invitation, first in line at once", settings: "delay=7d hours=20-21 cooldown=30d", tell: func(w *world) {
		ask := w.asks("1001")
		ask.Locale = "fr"
		a := w.accept(ask)
		inv := a.Invitation
		equal(w, "state", inv.State, core.Scheduled)
		equal(w, "email", inv.Email, ask.Email)
		equal(w, "name", inv.Name, ask.Name)
		equal(w, "order_ref", inv.OrderRef, "1001")
		equal(w, "lane", inv.Lane, core.Direct)
		equal(w, "locale", inv.Locale, "fr")
		equal(w, "created", inv.CreatedAt.Equal(w.now()), true)
		equal(w, "duplicate", a.Duplicate, false)
		equal(w, "known", a.Known, false)
		equal(w, "admissions left", a.Budget.Left, 99)
		equal(w, "accepted", w.counters().Accepted, 1)
		w.restart()
		got := w.invitation(inv.ID)
		equal(w, "email after a restart", got.Email, ask.Email)
		equal(w, "name after a restart", got.Name, ask.Name)
		w.send(inv.ID)
	}},
	{promise: "a suppressed address: a suppressed invitation, no admission, no mail", tell: func(w *world) {
		ask := w.ask()
		w.suppress(w.accept(ask).Invitation.ID)
		left := w.budget().Left
		ask.OrderRef = "1001"
		a := w.accept(ask)
		w.is(a.Invitation.ID, core.Suppressed, core.OptedOut)
		equal(w, "admissions left", w.budget().Left, left)
		w.idle()
		w.gone(a.Invitation.ID)
	}},
	{promise: "a suppressed address is answered even with the cap used up", settings: "cap=1", tell: func(w *world) {
		ask := w.ask()
		w.suppress(w.accept(ask).Invitation.ID)
		ask.OrderRef = "1001"
		w.is(w.accept(ask).Invitation.ID, core.Suppressed, core.OptedOut)
	}},
	{promise: "a paused vendor's call is accepted, and the mail waits", settings: "paused=true", tell: func(w *world) {
		id := w.invite()
		w.is(id, core.Scheduled, "")
		w.idle()
	}},
	{promise: "a closed sender's call is accepted, and the mail waits", tell: func(w *world) {
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Cause: "key refused"}))
		w.is(w.invite(), core.Scheduled, "")
	}},
	{promise: "a call that asked to wait is paced, after its own delay", settings: "delay=7d", tell: func(w *world) {
		ask := w.paced(core.Orders)
		ask.Delay = 2 * day
		a := w.accept(ask)
		equal(w, "due", a.Invitation.DueAt.Sub(w.now()), 2*day)
		equal(w, "expected", a.ExpectedAt.Before(a.Invitation.DueAt), false)
		equal(w, "admissions left", w.budget().Left, 100)
		w.firstAt(2*day, a.Invitation.ID)
	}},
	{promise: "a call that asked to wait, without a delay, waits the vendor's", settings: "delay=7d", tell: func(w *world) {
		ask := w.paced(core.Bulk)
		ask.Delay = -1
		w.firstAt(7*day, w.accept(ask).Invitation.ID)
	}},
	{promise: "send_at replaces the delay", settings: "delay=7d", tell: func(w *world) {
		ask := w.paced(core.Orders)
		ask.Delay, ask.SendAt = -1, w.now().Add(time.Minute)
		w.firstAt(time.Minute, w.accept(ask).Invitation.ID)
	}},
	{promise: "inside the cooldown a paced call is cancelled, a direct one accepted", settings: "cooldown=30d", tell: func(w *world) {
		first := w.ask()
		w.send(w.accept(first).Invitation.ID)
		paced := w.paced(core.Orders)
		paced.Email = first.Email
		a := w.accept(paced)
		w.is(a.Invitation.ID, core.Cancelled, core.InCooldown)
		w.gone(a.Invitation.ID)
		direct := w.asks("1001")
		direct.Email = first.Email
		w.send(w.accept(direct).Invitation.ID)
	}},
	{promise: "a paced call waits for no other scheduled one of the customer: it is cancelled", settings: "cooldown=30d", tell: func(w *world) {
		first, second := w.paced(core.Orders), w.paced(core.Orders)
		second.Email = first.Email
		w.is(w.accept(first).Invitation.ID, core.Scheduled, "")
		w.is(w.accept(second).Invitation.ID, core.Cancelled, core.InCooldown)
	}},
	{promise: "a vendor that is not there", tell: func(w *world) {
		ask := w.ask()
		ask.Vendor = core.NewVendorID(w.now())
		_, err := w.Accept(w.ctx, ask)
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "a context that is done changes nothing", tell: func(w *world) {
		_, err := w.Accept(done(), w.ask())
		w.wants(err, context.Canceled)
		equal(w, "accepted", w.counters().Accepted, 0)
	}},
	{promise: "an invitation has a token of its own and leads back to itself", tell: func(w *world) {
		id := w.invite()
		keys := w.Keys()
		token := keys.ReviewToken(keys.TokenVersion(), w.vendor.ID, id)
		w.restart()
		vendor, got, err := w.Keys().ParseReview(token)
		w.must(err)
		equal(w, "vendor", vendor, w.vendor.ID)
		equal(w, "invitation", got, id)
	}},
}

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
		equal(w, "invitation", w.accept(again).Invitation.ID, id)
		w.idle()
		w.is(id, core.Suppressed, core.OptedOut)
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

var admitStories = []story{
	{promise: "a direct call is admitted while those of the last hour are below the cap", settings: "cap=3", tell: func(w *world) {
		for i := range 3 {
			a := w.accept(w.ask())
			equal(w, "admissions left", a.Budget.Left, 2-i)
			w.pass(time.Minute)
		}
		ask := w.ask()
		equal(w, "come again in", w.overCap(ask), 57*time.Minute)
		w.pass(57*time.Minute - tick)
		w.overCap(ask)
		w.pass(tick)
		w.accept(ask)
		w.overCap(w.ask())
	}},
	{promise: "paced letters on their way count against the cap", settings: "cap=3 reserve=1", tell: func(w *world) {
		for range 2 {
			w.send(w.accept(w.paced(core.Orders)).Invitation.ID)
		}
		w.invite()
		equal(w, "come again in", w.overCap(w.ask()), hour)
		w.pass(hour)
		w.invite()
		w.overCap(w.ask())
		w.pass(2 * time.Second)
		w.invite()
		w.invite()
		w.overCap(w.ask())
	}},
	{promise: "paced letters that wait do not", settings: "cap=1", tell: func(w *world) {
		w.accept(w.paced(core.Orders))
		w.invite()
	}},
	{promise: "the reserve is always admitted", settings: "cap=10 reserve=2", tell: func(w *world) {
		for range 10 {
			w.accept(w.paced(core.Orders))
		}
		equal(w, "paced claims", len(w.claim(10)), 8)
		w.invite()
		w.invite()
		w.overCap(w.ask())
	}},
	{promise: "one call every 3600/cap s is never refused, whatever becomes of the mails", settings: "cap=10", tell: func(w *world) {
		for i := range 31 {
			w.invite()
			var claimed []core.Claimed
			if i > 10 { // the sender was closed until here
				claimed = w.claim(1)
			}
			w.pass(5 * time.Second)
			for _, c := range claimed {
				w.settle(c, yes("mail"))
			}
			w.pass(6*time.Minute - 5*time.Second)
		}
	}},
	{promise: "what was admitted counts its hour though it was cancelled", settings: "cap=1", tell: func(w *world) {
		w.cancel(w.invite())
		equal(w, "come again in", w.overCap(w.ask()), hour)
	}},
	{promise: "a vendor that chose so queues what is over its cap", settings: "cap=1 over_cap=queue delay=7d", tell: func(w *world) {
		first := w.accept(w.ask()).Invitation
		equal(w, "lane within the cap", first.Lane, core.Direct)
		over := w.accept(w.ask()).Invitation
		equal(w, "lane over the cap", over.Lane, core.Orders)
		equal(w, "due", over.DueAt.Equal(w.now()), true)
		w.send(first.ID)
		w.firstAt(charge, over.ID)
	}},
	{promise: "a refused call leaves nothing behind", settings: "cap=1", tell: func(w *world) {
		w.invite()
		ask := w.asks("1001")
		w.overCap(ask)
		equal(w, "accepted", w.counters().Accepted, 1)
		equal(w, "listed", len(w.list(core.Filter{})), 1)
		w.pass(hour)
		a := w.accept(ask)
		equal(w, "known", a.Known, false)
	}},
	{promise: "an admission is held over a restart", settings: "cap=1", tell: func(w *world) {
		w.invite()
		w.restart()
		equal(w, "come again in", w.overCap(w.ask()), hour)
	}},
	{promise: "one vendor's calls are not another's", settings: "cap=1", tell: func(w *world) {
		w.invite()
		w.vendor = w.newVendor("second", "cap=1")
		w.invite()
	}},
	{promise: "the budget tells cap, places left, the next one, slots and letters", settings: "cap=10", tell: func(w *world) {
		b := w.budget()
		equal(w, "cap", b.Cap, 10)
		equal(w, "left", b.Left, 10)
		equal(w, "reset with nothing taken", b.Reset, 0)
		w.invite()
		w.pass(time.Minute)
		w.invite()
		w.accept(w.paced(core.Bulk))
		w.claim(1)
		b = w.budget()
		equal(w, "left", b.Left, 8)
		equal(w, "reset", b.Reset, 59*time.Minute)
		equal(w, "slots", b.Live, 1)
		equal(w, "direct letters waiting", b.Queue[core.Direct], 1)
		equal(w, "bulk letters waiting", b.Queue[core.Bulk], 1)
		w.pass(59 * time.Minute)
		equal(w, "left later", w.budget().Left, 9)
	}},
	{promise: "many at once: exactly the cap is admitted", settings: "cap=5", tell: func(w *world) {
		results := make(chan error, 20)
		for range cap(results) {
			ask := w.ask()
			go func() {
				_, err := w.Accept(w.ctx, ask)
				results <- err
			}()
		}
		admitted := 0
		for range cap(results) {
			if <-results == nil {
				admitted++
			}
		}
		equal(w, "admitted", admitted, 5)
	}},
}
