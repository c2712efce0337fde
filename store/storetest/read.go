package storetest

import (
	"fmt"
	"time"

	"aminobridge/core"
)

// list walks all pages of a list, two at a time.
func (w *world) list(f core.Filter) []core.InvitationID {
	w.t.Helper()
	var ids []core.InvitationID
	for cursor, pages := "", 0; ; pages++ {
		p, err := w.List(w.ctx, w.vendor.ID, f, cursor, 2)
		w.must(err)
		for _, inv := range p.Invitations {
			ids = append(ids, inv.ID)
		}
		if cursor = p.Next; cursor == "" || pages > 1000 {
			return ids
		}
	}
}

var readStories = []story{
	{promise: "an invitation is found by its own vendor only", tell: func(w *world) {
		id := w.invite()
		_, err := w.Invitation(w.ctx, w.newVendor("second", "").ID, id)
		w.wants(err, core.ErrNotFound)
		_, err = w.Invitation(w.ctx, w.vendor.ID, core.NewInvitationID(w.now()))
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "a list pages through a vendor's invitations, newest first", tell: func(w *world) {
		var want []core.InvitationID
		for range 7 {
			want = append([]core.InvitationID{w.invite()}, want...)
			w.pass(time.Second)
		}
		ask := w.ask()
		ask.Vendor = w.newVendor("second", "").ID
		w.accept(ask)
		equal(w, "listed", fmt.Sprint(w.list(core.Filter{})), fmt.Sprint(want))
	}},
	{promise: "a list keeps to its filter", tell: func(w *world) {
		sent := w.sent()
		w.pass(time.Second)
		cancelled := w.invite()
		w.cancel(cancelled)
		w.pass(time.Second)
		ask := w.asks("1001")
		waiting := w.accept(ask).Invitation.ID
		for what, c := range map[string]struct {
			f    core.Filter
			want []core.InvitationID
		}{
			"sent":          {core.Filter{State: core.Sent}, []core.InvitationID{sent}},
			"cancelled":     {core.Filter{State: core.Cancelled}, []core.InvitationID{cancelled}},
			"scheduled":     {core.Filter{State: core.Scheduled}, []core.InvitationID{waiting}},
			"unknown":       {core.Filter{State: core.Unknown}, nil},
			"email":         {core.Filter{Email: ask.Email}, []core.InvitationID{waiting}},
			"no such email": {core.Filter{Email: "nobody@example.com"}, nil},
			"order_ref":     {core.Filter{OrderRef: "1001"}, []core.InvitationID{waiting}},
			"no such ref":   {core.Filter{OrderRef: "100"}, nil},
			"two":           {core.Filter{State: core.Sent, Email: ask.Email}, nil},
		} {
			equal(w, what, fmt.Sprint(w.list(c.f)), fmt.Sprint(c.want))
		}
	}},
	{promise: "a list finds a shop's orders by the name of the order", tell: func(w *world) {
		id := w.order("1")
		equal(w, "found", fmt.Sprint(w.list(core.Filter{OrderRef: "#1"})), fmt.Sprint([]core.InvitationID{id}))
	}},
	{promise: "a cursor that no list gave out is refused", tell: func(w *world) {
		_, err := w.List(w.ctx, w.vendor.ID, core.Filter{}, "not a cursor", 2)
		w.wants(err, core.ErrInvalid)
		_, _, err = w.Verdicts(w.ctx, w.vendor.ID, "not a cursor", 2)
		w.wants(err, core.ErrInvalid)
	}},
	{promise: "the letters of a queue are listed by lane, then due", tell: func(w *world) {
		ask := w.paced(core.Orders)
		ask.SendAt = w.now().Add(2 * hour)
		third := w.accept(ask).Invitation.ID
		fourth := w.accept(w.paced(core.Bulk)).Invitation.ID
		ask = w.paced(core.Orders)
		ask.SendAt = w.now().Add(hour)
		second := w.accept(ask).Invitation.ID
		first := w.invite()
		var got []core.InvitationID
		for _, e := range w.letters() {
			got = append(got, e.Invitation)
		}
		equal(w, "letters", fmt.Sprint(got), fmt.Sprint([]core.InvitationID{first, second, third, fourth}))
		some, err := w.Letters(w.ctx, w.vendor.ID, 3)
		w.must(err)
		equal(w, "up to n", len(some), 3)
	}},
	{promise: "a leased letter is in the list of the queue", tell: func(w *world) {
		c := w.take(w.invite())
		equal(w, "leased until", w.letter(c.Ref.Invitation).LeaseUntil.Equal(c.Entry.LeaseUntil), true)
	}},
	{promise: "a forecast is an estimate of when the mail leaves", settings: "delay=7d", tell: func(w *world) {
		id := w.order("1")
		equal(w, "not before it is due", w.forecast(id).Before(w.invitation(id).DueAt), false)
		direct := w.invite()
		if at := w.forecast(direct); at.Before(w.now()) || at.After(w.now().Add(time.Minute)) {
			w.t.Errorf("a direct letter first in line leaves in %v", at.Sub(w.now()))
		}
	}},
	{promise: "a forecast keeps to the vendor's hours", settings: "hours=09-21 delay=12h", tell: func(w *world) {
		id := w.order("1")
		equal(w, "hours from now", w.forecast(id).Sub(w.now()), 23*hour)
	}},
	{promise: "a forecast grows with the letters before it", settings: "cap=10", tell: func(w *world) {
		for range 50 {
			w.accept(w.paced(core.Orders))
		}
		last := w.accept(w.paced(core.Bulk)).Invitation.ID
		if in := w.forecast(last).Sub(w.now()); in < 4*hour || in > 7*hour {
			w.t.Errorf("behind fifty letters under a cap of ten: %v, want about five hours", in)
		}
	}},
	{promise: "no forecast while the sender is closed or the vendor paused", tell: func(w *world) {
		id := w.invite()
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Cause: "key refused"}))
		equal(w, "with the sender closed", w.forecast(id).IsZero(), true)
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender}))
		equal(w, "with the sender open", w.forecast(id).IsZero(), false)
		w.change("paused=true")
		equal(w, "with the vendor paused", w.forecast(id).IsZero(), true)
	}},
	{promise: "counters tell every state, and days what happened on them", settings: "expiry=7d", tell: func(w *world) {
		a := w.sent()
		w.pass(day)
		w.open(a)
		w.complete(a, "good")
		w.sent()
		w.pass(7 * day)
		w.expire(1)
		w.failed()
		c := w.counters()
		equal(w, "completed", c.ByState[core.Completed], 1)
		equal(w, "expired", c.ByState[core.Expired], 1)
		equal(w, "failed", c.ByState[core.Failed], 1)
		equal(w, "scheduled", c.ByState[core.Scheduled], 0)
		equal(w, "accepted", c.Accepted, 3)
		w.counts(2, 1, 1, 1)
		days, err := w.Series(w.ctx, w.vendor.ID, w.now().Add(-30*day), w.now())
		w.must(err)
		want := []core.Day{
			{Date: "2026-03-02", Sent: 1},
			{Date: "2026-03-03", Sent: 1, Opened: 1, Completed: 1},
			{Date: "2026-03-10", Expired: 1},
		}
		equal(w, "days", fmt.Sprint(days), fmt.Sprint(want))
		days, err = w.Series(w.ctx, w.vendor.ID, w.now().Add(-8*day), w.now().Add(-7*day))
		w.must(err)
		equal(w, "from and to are included", fmt.Sprint(days), fmt.Sprint(want[:2]))
	}},
	{promise: "what is asked of a vendor that is not there", tell: func(w *world) {
		nobody := core.NewVendorID(w.now())
		_, err := w.Counters(w.ctx, nobody)
		w.wants(err, core.ErrNotFound)
		_, err = w.Budget(w.ctx, nobody)
		w.wants(err, core.ErrNotFound)
		_, err = w.List(w.ctx, nobody, core.Filter{}, "", 2)
		w.wants(err, core.ErrNotFound)
		_, err = w.Letters(w.ctx, nobody, 2)
		w.wants(err, core.ErrNotFound)
		_, _, err = w.Verdicts(w.ctx, nobody, "", 2)
		w.wants(err, core.ErrNotFound)
		_, err = w.Series(w.ctx, nobody, w.now(), w.now())
		w.wants(err, core.ErrNotFound)
		_, err = w.Claim(w.ctx, core.ClaimAsk{Vendor: nobody, Sender: sender, Window: window, N: 1, Now: w.now(), Frozen: process})
		w.wants(err, core.ErrNotFound)
	}},
}

func (w *world) forecast(id core.InvitationID) time.Time {
	w.t.Helper()
	at, err := w.Forecast(w.ctx, w.vendor.ID, id, w.now())
	w.must(err)
	return at
}

var cancelStories = []story{
	{promise: "a scheduled invitation is ended for good", tell: func(w *world) {
		id := w.invite()
		w.cancel(id)
		w.is(id, core.Cancelled, core.PersonCancelled)
		equal(w, "rested", w.invitation(id).RestedAt.Equal(w.now()), true)
		w.gone(id)
		w.idle()
		w.restart()
		w.is(id, core.Cancelled, core.PersonCancelled)
	}},
	{promise: "if its letter is leased, it ends with the lease", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		refs, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.stopped(refs, c)
		w.settle(c, ended(core.Lost))
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.gone(id)
	}},
	{promise: "if its letter is leased, it may have been sent", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		_, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.settle(c, yes("mail"))
		w.is(id, core.Sent, "")
		w.counts(1, 0, 0, 0)
	}},
	{promise: "if it left before, it is too late", tell: func(w *world) {
		id := w.sent()
		_, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.wants(err, core.ErrAlreadySent)
		w.is(id, core.Sent, "")
		w.open(id)
		_, err = w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.wants(err, core.ErrAlreadySent)
	}},
	{promise: "with revoke the link closes, and the state stays", tell: func(w *world) {
		id := w.sent()
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, true, w.now()))
		inv := w.invitation(id)
		equal(w, "state", inv.State, core.Sent)
		equal(w, "revoked", inv.RevokedAt.Equal(w.now()), true)
		w.wants(w.Complete(w.ctx, w.seen(id), review("good")), core.ErrRefusedLink)
		w.counts(1, 0, 0, 0)
	}},
	{promise: "one invitation's end is not another's", tell: func(w *world) {
		first := w.invite()
		w.pass(time.Millisecond)
		second := w.invite()
		w.cancel(first)
		w.send(second)
	}},
	{promise: "an invitation that is not there, or another vendor's", tell: func(w *world) {
		id := w.invite()
		_, err := w.Cancel(w.ctx, w.vendor.ID, core.NewInvitationID(w.now()), false, w.now())
		w.wants(err, core.ErrNotFound)
		_, err = w.Cancel(w.ctx, w.newVendor("second", "").ID, id, false, w.now())
		w.wants(err, core.ErrNotFound)
		w.is(id, core.Scheduled, "")
	}},
}
