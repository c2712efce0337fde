package storetest

import (
	"time"

	"aminobridge/core"
)

func (w *world) wanted(ref core.LeaseRef) bool {
	w.t.Helper()
	wanted, err := w.Wanted(w.ctx, ref)
	w.must(err)
	return wanted
}

// held fails the story unless the worker is told not to begin the leased letter,
// which then leaves the queue for good without an attempt.
func (w *world) held(c core.Claimed) {
	w.t.Helper()
	if w.wanted(c.Ref) {
		w.t.Error("a letter that met a no may still be begun")
	}
	w.settle(c, core.Outcome{})
	w.gone(c.Ref.Invitation)
	w.pass(day)
	w.idle()
}

// A letter may be leased though its invitation was at its end: a review completes
// it meanwhile, or its shop has brought it back. A no has that lease in its way all
// the same (I4).
var reviewedStories = []story{
	{promise: "reviewed during the lease, then opted out: the no waits for the letter", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.complete(id, "good")
		for range 2 {
			refs, err := w.SuppressRecipient(w.ctx, w.seen(id), core.OptedOut)
			w.must(err)
			w.stopped(refs, c)
		}
		w.held(c)
		w.suppress(id)
		w.is(id, core.Completed, "")
		w.counts(1, 1, 1, 0)
	}},
	{promise: "reviewed during the lease, then opted out by another letter's link", tell: func(w *world) {
		ask := w.ask()
		other := w.accept(ask).Invitation.ID
		w.send(other)
		ask.OrderRef = "again"
		id := w.accept(ask).Invitation.ID
		c := w.take(id)
		w.complete(id, "good")
		w.restart()
		refs, err := w.SuppressRecipient(w.ctx, w.seen(other), core.OptedOut)
		w.must(err)
		w.stopped(refs, c)
		w.held(c)
		w.suppress(other)
	}},
	{promise: "reviewed during the lease, then revoked: the no waits for the letter", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.complete(id, "good")
		for range 2 {
			refs, err := w.Cancel(w.ctx, w.vendor.ID, id, true, w.now())
			w.must(err)
			w.stopped(refs, c)
		}
		w.held(c)
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, true, w.now()))
		w.is(id, core.Completed, "")
		equal(w, "revoked", w.invitation(id).RevokedAt.IsZero(), false)
	}},
	{promise: "reviewed during the lease, then withdrawn by its shop: the no waits for the letter", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		w.complete(id, "good")
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
		w.held(c)
		w.hear(no)
		w.is(id, core.Completed, "")
		equal(w, "the withdrawal's verdict", w.logged(no).Reason, core.WithdrawnTooLate)
	}},
	{promise: "reviewed during the lease, then refunded: the no waits for the letter", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		w.complete(id, "good")
		refs, err := w.Append(w.ctx, []core.Event{w.refunded("1", "r1", euros(50))})
		w.must(err)
		w.stopped(refs, c)
		w.held(c)
	}},
	{promise: "withdrawn, brought back and leased, then opted out: the no waits for the letter", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		w.pass(time.Second)
		w.rules(w.fulfilled("1"), core.Rescheduled)
		c := w.take(id)
		refs, err := w.SuppressRecipient(w.ctx, w.seen(id), core.OptedOut)
		w.must(err)
		w.stopped(refs, c)
		w.held(c)
		w.is(id, core.Suppressed, core.OptedOut)
	}},
	{promise: "reviewed during the lease, and the mail left: a no waits for nothing", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		w.complete(id, "good")
		w.settle(c, yes("mail"))
		w.suppress(id)
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, true, w.now()))
		w.withdrawn(w.cancelled("1"), core.WithdrawnTooLate)
		w.is(id, core.Completed, "")
		w.counts(1, 1, 1, 0)
	}},
	{promise: "reviewed during the lease, which lapsed: a no waits for nothing", tell: func(w *world) {
		id := w.order("1")
		w.take(id)
		w.complete(id, "good")
		w.pass(lease)
		w.suppress(id)
		w.withdrawn(w.cancelled("1"), core.WithdrawnTooLate)
		w.is(id, core.Completed, "")
		w.gone(id)
	}},
	{promise: "reviewed during the lease: the cooldown holds while the letter is on its way, and not after it was held back", settings: "cooldown=30d", tell: func(w *world) {
		c := w.take(w.order("1"))
		w.complete(c.Ref.Invitation, "good")
		second, third := w.fulfilled("2"), w.fulfilled("3")
		second.Email, third.Email = "c1@example.com", "c1@example.com"
		w.rules(second, core.InCooldown)
		w.settle(c, core.Outcome{})
		w.rules(third, core.Invited)
	}},
	{promise: "a withdrawal that comes too late leaves what rests as it is", tell: func(w *world) {
		id := w.order("1")
		w.settle(w.take(id), ended(core.Lost))
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, false, w.now()))
		w.withdrawn(w.cancelled("1"), core.WithdrawnTooLate)
		w.is(id, core.Cancelled, core.PersonCancelled)
	}},
	{promise: "revocation leaves the state of what rests as it is", tell: func(w *world) {
		failed := w.failed()
		w.free(w.Cancel(w.ctx, w.vendor.ID, failed, true, w.now()))
		w.is(failed, core.Failed, core.Refused)
		unknown := w.unknown()
		w.free(w.Cancel(w.ctx, w.vendor.ID, unknown, true, w.now()))
		w.is(unknown, core.Unknown, core.AnswerLost)
		suppressed := w.invite()
		w.suppress(suppressed)
		w.free(w.Cancel(w.ctx, w.vendor.ID, suppressed, true, w.now()))
		w.is(suppressed, core.Suppressed, core.OptedOut)
	}},
}

// unwanted is something that happens to a leased letter, or to its vendor, after
// which its worker must not begin.
func unwanted(after string, happen func(w *world, c core.Claimed)) story {
	return story{promise: "a leased letter may not be begun after " + after, tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		if !w.wanted(c.Ref) {
			w.t.Fatal("a letter just leased may not be begun")
		}
		happen(w, c)
		if w.wanted(c.Ref) {
			w.t.Error("it may still be begun")
		}
	}}
}

var wantedStories = []story{
	unwanted("its vendor was paused", func(w *world, _ core.Claimed) { w.change("paused=true") }),
	unwanted("its shop was uninstalled", func(w *world, _ core.Claimed) {
		w.withdrawn(w.event(core.Uninstalled, "app/uninstalled", ""), core.ShopUninstalled)
	}),
	unwanted("a person cancelled it", func(w *world, c core.Claimed) {
		_, err := w.Cancel(w.ctx, w.vendor.ID, c.Ref.Invitation, false, w.now())
		w.must(err)
	}),
	unwanted("its shop withdrew the order", func(w *world, _ core.Claimed) {
		_, err := w.Append(w.ctx, []core.Event{w.cancelled("1")})
		w.must(err)
	}),
	unwanted("its customer opted out", func(w *world, c core.Claimed) {
		_, err := w.SuppressRecipient(w.ctx, w.seen(c.Ref.Invitation), core.OptedOut)
		w.must(err)
	}),
	unwanted("a review", func(w *world, c core.Claimed) { w.complete(c.Ref.Invitation, "good") }),
	unwanted("its end", func(w *world, _ core.Claimed) { w.pass(lease) }),
	unwanted("its settling", func(w *world, c core.Claimed) { w.settle(c, yes("mail")) }),
	unwanted("another lease of the same letter", func(w *world, c core.Claimed) {
		w.settle(c, ended(core.Unreachable))
		w.pass(backoff)
		if again := w.take(c.Ref.Invitation); !w.wanted(again.Ref) {
			w.t.Error("the later lease may not be begun")
		}
	}),
	{promise: "a leased letter may be begun until its lease is over", tell: func(w *world) {
		c := w.take(w.invite())
		w.restart()
		w.pass(lease - tick)
		if !w.wanted(c.Ref) {
			w.t.Error("it may not be begun a moment before the end of its lease")
		}
	}},
	{promise: "a leased letter of a vendor paused and let go again may be begun", tell: func(w *world) {
		c := w.take(w.invite())
		w.change("paused=true")
		w.change("paused=false")
		if !w.wanted(c.Ref) {
			w.t.Error("it may not be begun")
		}
	}},
	{promise: "a direct letter does not ask for the shop of the order it joined", tell: func(w *world) {
		id := w.order("1")
		w.withdrawn(w.cancelled("1"), core.OrderCancelled)
		ask := w.ask()
		ask.OrderRef, ask.Email = "#1", "c1@example.com"
		equal(w, "invitation", w.accept(ask).Invitation.ID, id)
		c := w.take(id)
		w.withdrawn(w.event(core.Uninstalled, "app/uninstalled", ""), core.ShopUninstalled)
		if !w.wanted(c.Ref) {
			w.t.Error("it may not be begun")
		}
	}},
	{promise: "a letter given back while its vendor is paused waits, and takes no slot", settings: "cap=1", tell: func(w *world) {
		id := w.order("1")
		c := w.take(id)
		w.change("paused=true")
		w.settle(c, core.Outcome{})
		w.pass(time.Minute)
		w.idle()
		w.change("paused=false")
		equal(w, "attempt", w.send(id).Entry.Attempt, 1)
	}},
	{promise: "a letter of another vendor may not be begun", tell: func(w *world) {
		ref := w.take(w.invite()).Ref
		ref.Vendor = w.newVendor("second", "").ID
		if w.wanted(ref) {
			w.t.Error("it may be begun")
		}
		ref.Vendor = core.NewVendorID(w.now())
		_, err := w.Wanted(w.ctx, ref)
		w.wants(err, core.ErrNotFound)
	}},
}
