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
