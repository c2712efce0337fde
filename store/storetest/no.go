package storetest

import (
	"aminobridge/core"
)

var noStories = []story{
	{promise: "a lease is live until it is settled or over", tell: func(w *world) {
		if w.live() {
			w.t.Error("no lease at all is live")
		}
		settled, over := w.take(w.invite()), w.take(w.invite())
		if !w.live(settled.Ref, over.Ref) {
			w.t.Error("two leases, none is live")
		}
		w.settle(settled, yes("mail"))
		if w.live(settled.Ref) || !w.live(settled.Ref, over.Ref) {
			w.t.Error("a settled lease is live, or one that is not settled is not")
		}
		w.pass(lease - tick)
		if !w.live(over.Ref) {
			w.t.Error("not live a moment before its end")
		}
		w.pass(tick)
		if w.live(over.Ref) {
			w.t.Error("live at its end")
		}
	}},
	{promise: "an earlier lease is not live because a later one is", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.settle(c, ended(core.Unreachable))
		w.pass(backoff)
		w.take(id)
		if w.live(c.Ref) {
			w.t.Error("an ended lease is live")
		}
	}},
	{promise: "a no that met the lease outlives a restart", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		refs, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.stopped(refs, c)
		w.restart()
		w.stopped(refs, c)
		w.settle(c, ended(core.RateLimited))
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.gone(id)
	}},
	ending("unreachable", core.Unreachable), ending("lost", core.Lost), ending("over quota", core.QuotaUsed), ending("rejected", core.Rejected),
	{promise: "a letter with a maybe that meets a no ends without retry", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.cancel(id)
		w.gone(id)
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.pass(hour)
		w.idle()
	}},
}

// ending is a no that meets a lease whose attempt does not get the letter out.
func ending(how string, f core.SendFault) story {
	return story{promise: "cancelled during a lease that ends " + how + ": not tried again", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		refs, err := w.Cancel(w.ctx, w.vendor.ID, id, false, w.now())
		w.must(err)
		w.stopped(refs, c)
		w.settle(c, ended(f))
		w.is(id, core.Cancelled, core.PersonCancelled)
		w.gone(id)
		w.pass(day)
		w.idle()
	}}
}
