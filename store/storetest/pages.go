package storetest

import (
	"time"

	"aminobridge/core"
)

func (w *world) open(id core.InvitationID) {
	w.t.Helper()
	w.must(w.Open(w.ctx, w.seen(id)))
}

func review(text string) core.Review {
	return core.Review{Rating: 4, Title: "A title", Text: text, DisplayName: "Ada"}
}

func (w *world) complete(id core.InvitationID, text string) {
	w.t.Helper()
	w.must(w.Complete(w.ctx, w.seen(id), review(text)))
}

// suppress is a customer's no that meets no lease.
func (w *world) suppress(id core.InvitationID) {
	w.t.Helper()
	w.free(w.SuppressRecipient(w.ctx, w.seen(id), core.OptedOut))
}

func (w *world) suppressed(id core.InvitationID) core.Reason {
	w.t.Helper()
	why, err := w.Suppressed(w.ctx, w.vendor.ID, id)
	w.must(err)
	return why
}

var openStories = []story{
	{promise: "a visit is counted, by whomever, and changes nothing else", tell: func(w *world) {
		id := w.sent()
		for range 3 {
			w.must(w.Visit(w.ctx, w.seen(id)))
		}
		w.is(id, core.Sent, "")
		equal(w, "visits", w.invitation(id).Visits, 3)
		equal(w, "visits counted", w.counters().Visits, 3)
		w.counts(1, 0, 0, 0)
	}},
	{promise: "an open is recorded and counted once", tell: func(w *world) {
		id := w.sent()
		w.pass(time.Minute)
		w.open(id)
		first := w.now()
		w.pass(time.Minute)
		w.open(id)
		w.is(id, core.Opened, "")
		equal(w, "opened at", w.invitation(id).OpenedAt.Equal(first), true)
		w.counts(1, 1, 0, 0)
	}},
	{promise: "an open before the mail is kept, and counted once it is sent", tell: func(w *world) {
		id := w.invite()
		w.open(id)
		opened := w.now()
		w.is(id, core.Scheduled, "")
		w.counts(0, 0, 0, 0)
		w.restart()
		w.pass(time.Minute)
		w.send(id)
		w.is(id, core.Opened, "")
		equal(w, "opened at", w.invitation(id).OpenedAt.Equal(opened), true)
		w.counts(1, 1, 0, 0)
		w.open(id)
		w.counts(1, 1, 0, 0)
	}},
	{promise: "an open during the lease does not disturb it", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.open(id)
		w.settle(c, yes("mail"))
		w.is(id, core.Opened, "")
		w.counts(1, 1, 0, 0)
	}},
	{promise: "on an unknown invitation an open proves the mail", tell: func(w *world) {
		id := w.unknown()
		w.open(id)
		w.is(id, core.Opened, "")
		equal(w, "expires", w.invitation(id).ExpiresAt.IsZero(), false)
		w.counts(1, 1, 0, 0)
	}},
	{promise: "an open on what was never sent counts nothing", tell: func(w *world) {
		id := w.invite()
		w.cancel(id)
		w.open(id)
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.counts(0, 0, 0, 0)
	}},
	{promise: "an open of a completed invitation changes nothing", tell: func(w *world) {
		id := w.sent()
		w.complete(id, "good")
		w.open(id)
		w.is(id, core.Completed, "")
		w.counts(1, 1, 1, 0)
	}},
	{promise: "another vendor's invitation is not there", tell: func(w *world) {
		s := w.seen(w.sent())
		s.Vendor = w.newVendor("second", "").ID
		w.wants(w.Visit(w.ctx, s), core.ErrNotFound)
		w.wants(w.Open(w.ctx, s), core.ErrNotFound)
		w.wants(w.Complete(w.ctx, s, review("good")), core.ErrNotFound)
		_, err := w.SuppressRecipient(w.ctx, s, core.OptedOut)
		w.wants(err, core.ErrNotFound)
		_, err = w.Suppressed(w.ctx, s.Vendor, s.Invitation)
		w.wants(err, core.ErrNotFound)
		_, err = w.Review(w.ctx, s.Vendor, s.Invitation)
		w.wants(err, core.ErrNotFound)
		w.counts(1, 0, 0, 0)
	}},
}

// byLink is a state from which a review by the link completes.
func byLink(where string, bring func(w *world) core.InvitationID) story {
	return story{promise: "one not yet sent (" + where + ") counts as sent, opened and completed by link", tell: func(w *world) {
		id := bring(w)
		w.complete(id, "good")
		inv := w.invitation(id)
		equal(w, "state", inv.State, core.Completed)
		equal(w, "by link", inv.ByLink, true)
		w.counts(1, 1, 1, 0)
		w.gone(id)
		w.pass(day)
		w.idle()
	}}
}

var completeStories = []story{
	{promise: "a review is kept, pending moderation, and completes the invitation", tell: func(w *world) {
		id := w.sent()
		_, err := w.Review(w.ctx, w.vendor.ID, id)
		w.wants(err, core.ErrNotFound)
		w.pass(time.Minute)
		w.complete(id, "Very good.")
		inv := w.invitation(id)
		equal(w, "state", inv.State, core.Completed)
		equal(w, "completed at", inv.CompletedAt.Equal(w.now()), true)
		equal(w, "by link", inv.ByLink, false)
		w.counts(1, 1, 1, 0)
		w.restart()
		r, err := w.Review(w.ctx, w.vendor.ID, id)
		w.must(err)
		equal(w, "rating", r.Rating, 4)
		equal(w, "title", r.Title, "A title")
		equal(w, "text", r.Text, "Very good.")
		equal(w, "name", r.DisplayName, "Ada")
		equal(w, "moderation", r.Moderation, "pending")
		equal(w, "created", r.CreatedAt.Equal(inv.CompletedAt), true)
		equal(w, "edited", r.EditedAt.IsZero(), true)
	}},
	{promise: "the same link edits it, and counts nothing", tell: func(w *world) {
		id := w.sent()
		w.complete(id, "Very good.")
		first := w.now()
		w.pass(day)
		w.complete(id, "Not so good after all.")
		r, err := w.Review(w.ctx, w.vendor.ID, id)
		w.must(err)
		equal(w, "text", r.Text, "Not so good after all.")
		equal(w, "created", r.CreatedAt.Equal(first), true)
		equal(w, "edited", r.EditedAt.Equal(w.now()), true)
		equal(w, "completed at", w.invitation(id).CompletedAt.Equal(first), true)
		w.counts(1, 1, 1, 0)
	}},
	{promise: "an opened one is counted opened once", tell: func(w *world) {
		id := w.sent()
		w.open(id)
		w.complete(id, "good")
		w.counts(1, 1, 1, 0)
	}},
	byLink("scheduled", (*world).invite),
	byLink("cancelled", func(w *world) core.InvitationID { id := w.invite(); w.cancel(id); return id }),
	byLink("suppressed", func(w *world) core.InvitationID { id := w.invite(); w.suppress(id); return id }),
	byLink("failed", (*world).failed),
	byLink("unknown", (*world).unknown),
	{promise: "a review by the link is no mail, and begins no cooldown", settings: "cooldown=30d", tell: func(w *world) {
		ask := w.asks("1")
		w.complete(w.accept(ask).Invitation.ID, "good")
		next := w.paced(core.Orders)
		next.Email = ask.Email
		w.send(w.accept(next).Invitation.ID)
	}},
	{promise: "a mail that left though its customer had reviewed begins the cooldown", settings: "cooldown=30d", tell: func(w *world) {
		ask := w.asks("1")
		id := w.accept(ask).Invitation.ID
		c := w.take(id)
		w.complete(id, "good")
		w.settle(c, yes("mail"))
		next := w.paced(core.Orders)
		next.Email = ask.Email
		equal(w, "the next one's reason", w.accept(next).Invitation.Reason, core.InCooldown)
	}},
	{promise: "a leased letter is not withdrawn, and counted sent once", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.complete(id, "good")
		w.settle(c, yes("mail"))
		w.is(id, core.Completed, "")
		w.counts(1, 1, 1, 0)
		w.gone(id)
	}},
	{promise: "a leased letter whose attempt fails is not tried again", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.complete(id, "good")
		w.settle(c, ended(core.Unreachable))
		w.is(id, core.Completed, "")
		w.gone(id)
		w.pass(day)
		w.idle()
		w.counts(1, 1, 1, 0)
	}},
	{promise: "a leased letter whose lease lapses is not tried again", tell: func(w *world) {
		id := w.invite()
		w.take(id)
		w.complete(id, "good")
		w.pass(day)
		w.idle()
		w.is(id, core.Completed, "")
		w.gone(id)
		w.counts(1, 1, 1, 0)
	}},
	{promise: "after revocation the link is refused, sent or not", tell: func(w *world) {
		sent := w.sent()
		w.free(w.Cancel(w.ctx, w.vendor.ID, sent, true, w.now()))
		w.wants(w.Complete(w.ctx, w.seen(sent), review("good")), core.ErrRefusedLink)
		w.is(sent, core.Sent, "")
		waiting := w.invite()
		w.cancel(waiting)
		w.free(w.Cancel(w.ctx, w.vendor.ID, waiting, true, w.now()))
		w.wants(w.Complete(w.ctx, w.seen(waiting), review("good")), core.ErrRefusedLink)
		_, err := w.Review(w.ctx, w.vendor.ID, waiting)
		w.wants(err, core.ErrNotFound)
		w.counts(1, 0, 0, 0)
	}},
	{promise: "after expiry the link is refused, counted by cron or not", settings: "expiry=7d", tell: func(w *world) {
		late, intime := w.sent(), w.sent()
		w.pass(7*day - tick)
		w.complete(intime, "good")
		w.pass(tick)
		w.wants(w.Complete(w.ctx, w.seen(late), review("good")), core.ErrRefusedLink)
		w.is(late, core.Sent, "")
		w.expire(1)
		w.wants(w.Complete(w.ctx, w.seen(late), review("good")), core.ErrRefusedLink)
		w.is(late, core.Expired, "")
		w.wants(w.Complete(w.ctx, w.seen(intime), review("too late to change")), core.ErrRefusedLink)
		w.counts(2, 1, 1, 1)
	}},
}

var suppressStories = []story{
	{promise: "a no ends all that is scheduled for the address, and nothing of other people", tell: func(w *world) {
		one, two := w.asks("1"), w.asks("2")
		two.Email = "P1@EXAMPLE.com"
		first, second, other := w.accept(one).Invitation.ID, w.accept(two).Invitation.ID, w.invite()
		equal(w, "before", w.suppressed(first), "")
		w.suppress(first)
		for _, id := range []core.InvitationID{first, second} {
			w.is(id, core.Suppressed, core.OptedOut)
			w.gone(id)
			equal(w, "after", w.suppressed(id), core.OptedOut)
		}
		equal(w, "somebody else", w.suppressed(other), "")
		w.send(other)
		w.idle()
	}},
	{promise: "a no holds for the vendor, over restarts, and not for other vendors", tell: func(w *world) {
		ask := w.ask()
		w.suppress(w.accept(ask).Invitation.ID)
		w.restart()
		w.pass(1000 * day)
		w.is(w.accept(ask).Invitation.ID, core.Suppressed, core.OptedOut)
		w.vendor = w.newVendor("second", "")
		ask.Vendor = w.vendor.ID
		w.send(w.accept(ask).Invitation.ID)
	}},
	{promise: "the first reason stays", tell: func(w *world) {
		id := w.invite()
		w.suppress(id)
		w.free(w.SuppressRecipient(w.ctx, w.seen(id), core.SuppressedHand))
		equal(w, "why", w.suppressed(id), core.OptedOut)
		w.is(id, core.Suppressed, core.OptedOut)
	}},
	{promise: "leased letters end with their lease and are returned", tell: func(w *world) {
		one, two := w.asks("1"), w.asks("2")
		two.Email = one.Email
		leased := w.accept(one).Invitation.ID
		c := w.take(leased)
		waiting := w.accept(two).Invitation.ID
		refs, err := w.SuppressRecipient(w.ctx, w.seen(waiting), core.OptedOut)
		w.must(err)
		w.stopped(refs, c)
		w.is(waiting, core.Suppressed, core.OptedOut)
		refs, err = w.SuppressRecipient(w.ctx, w.seen(waiting), core.OptedOut)
		w.must(err)
		w.stopped(refs, c) // told again, it waits again
		w.settle(c, ended(core.Lost))
		w.is(leased, core.Suppressed, core.OptedOut)
		w.gone(leased)
		w.suppress(waiting)
		w.pass(day)
		w.idle()
	}},
	{promise: "a leased letter that left is sent, and the no holds for the next", tell: func(w *world) {
		ask := w.asks("1")
		id := w.accept(ask).Invitation.ID
		c := w.take(id)
		_, err := w.SuppressRecipient(w.ctx, w.seen(id), core.OptedOut)
		w.must(err)
		w.settle(c, yes("mail"))
		w.is(id, core.Sent, "")
		w.counts(1, 0, 0, 0)
		ask.OrderRef = "2"
		w.is(w.accept(ask).Invitation.ID, core.Suppressed, core.OptedOut)
	}},
	{promise: "a no after the mail leaves the invitation as it is", tell: func(w *world) {
		id := w.sent()
		w.suppress(id)
		w.is(id, core.Sent, "")
		equal(w, "why", w.suppressed(id), core.OptedOut)
		w.complete(id, "good all the same")
		w.counts(1, 1, 1, 0)
	}},
	{promise: "a letter with a maybe that meets the no ends without retry", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.suppress(id)
		w.is(id, core.Suppressed, core.OptedOut)
		w.gone(id)
	}},
	{promise: "a no holds even after the address was erased", settings: "retention=1d", tell: func(w *world) {
		ask := w.ask()
		id := w.accept(ask).Invitation.ID
		w.cancel(id)
		w.pass(day)
		w.retain()
		equal(w, "address", w.invitation(id).Email, "")
		w.suppress(id)
		ask.OrderRef = "1"
		w.is(w.accept(ask).Invitation.ID, core.Suppressed, core.OptedOut)
	}},
}
