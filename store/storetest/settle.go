package storetest

import (
	"time"

	"aminobridge/core"
)

var settleStories = []story{
	{promise: "2xx: sent, with the provider's id, once, and it expires", settings: "expiry=30d", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.pass(3 * time.Second)
		w.settle(c, yes("mail-1"))
		inv := w.invitation(id)
		equal(w, "state", inv.State, core.Sent)
		equal(w, "provider's id", inv.ProviderID, "mail-1")
		equal(w, "sent at", inv.SentAt.Equal(w.now()), true)
		equal(w, "expires", inv.ExpiresAt.Sub(inv.SentAt), 30*day)
		equal(w, "attempts", inv.Attempts, 1)
		w.gone(id)
		w.counts(1, 0, 0, 0)
		w.wants(w.Settle(w.ctx, c.Ref, yes("mail-1"), w.now()), core.ErrLeaseLost)
		w.counts(1, 0, 0, 0)
	}},
	retried("network error", core.Unreachable, false),
	retried("429 rate", core.RateLimited, false),
	retried("timeout, 408, 5xx, any other status", core.Lost, true),
	retried("409 in flight", core.InFlight, true),
	{promise: "the wait is random in [5 s, 5 s · 2ⁿ], at most 10 h", tell: func(w *world) {
		id := w.invite()
		o := ended(core.Unreachable)
		o.Jitter = 0.999999
		for n := 1; n <= 14; n++ {
			w.settle(w.take(id), o)
			wait := w.letter(id).RetryAt.Sub(w.now())
			most := min(10*hour, 5*time.Second<<n)
			if wait > most || wait < most-most/1000 {
				w.t.Errorf("after attempt %d: %v, want just under %v", n, wait, most)
			}
			w.pass(wait)
		}
	}},
	{promise: "never sooner than Retry-After", tell: func(w *world) {
		id := w.invite()
		o := ended(core.RateLimited)
		o.Err.RetryAfter = 17 * time.Minute
		w.settle(w.take(id), o)
		w.firstAt(17*time.Minute, id)
	}},
	uncounted("429 quota", core.QuotaUsed),
	uncounted("401", core.SenderShut),
	uncounted("403 of the domain", core.DomainShut),
	{promise: "not begun: tried again at once, and not counted", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), core.Outcome{})
		c := w.take(id)
		equal(w, "attempt", c.Entry.Attempt, 1)
		equal(w, "maybe", c.Entry.MaybeSent(), false)
	}},
	{promise: "400, 413, 422: failed with the reason", tell: func(w *world) {
		id := w.invite()
		o := ended(core.Rejected)
		o.Err.Detail = "validation_error"
		w.settle(w.take(id), o)
		w.is(id, core.Failed, core.Refused)
		equal(w, "detail", w.invitation(id).Detail, "validation_error")
		w.gone(id)
		w.counts(0, 0, 0, 0)
	}},
	{promise: "400, 413, 422 after a maybe: unknown", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.pass(backoff)
		w.settle(w.take(id), ended(core.Rejected))
		w.is(id, core.Unknown, core.AnswerLost)
		w.gone(id)
	}},
	{promise: "409 other body: unknown", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.KeyMismatch))
		w.is(id, core.Unknown, core.KeyCollision)
		w.gone(id)
	}},
	{promise: "a lease that is not the letter's any more settles nothing but a yes", tell: func(w *world) {
		id := w.invite()
		old := w.take(id)
		w.pass(lease)
		w.idle()
		w.pass(backoff)
		live := w.take(id)
		w.wants(w.Settle(w.ctx, old.Ref, ended(core.Rejected), w.now()), core.ErrLeaseLost)
		w.is(id, core.Scheduled, "")
		if !w.live(live.Ref) {
			w.t.Error("a stranger ended the lease")
		}
		w.settle(live, yes("mail"))
		w.is(id, core.Sent, "")
	}},
	{promise: "a lease that ran out, with no claim since, settles nothing but a yes", tell: func(w *world) {
		id := w.invite()
		old := w.take(id)
		w.pass(lease)
		w.wants(w.Settle(w.ctx, old.Ref, ended(core.Unreachable), w.now()), core.ErrLeaseLost)
		w.idle()
		equal(w, "maybe", w.letter(id).MaybeSent(), true)
	}},
	{promise: "a yes of a lost lease is recorded, once", tell: func(w *world) {
		id := w.invite()
		old := w.take(id)
		w.pass(lease)
		w.idle()
		w.settle(old, yes("mail-1"))
		w.is(id, core.Sent, "")
		equal(w, "provider's id", w.invitation(id).ProviderID, "mail-1")
		w.gone(id)
		w.wants(w.Settle(w.ctx, old.Ref, yes("mail-1"), w.now()), core.ErrLeaseLost)
		w.counts(1, 0, 0, 0)
	}},
	overtaken("is taken for a repeat", yes("mail-1")),
	overtaken("is lost", ended(core.Lost)),
	overtaken("did not leave", ended(core.Unreachable)),
	{promise: "a yes counts out of unknown", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.settle(c, ended(core.Lost))
		w.pass(window)
		w.idle()
		w.is(id, core.Unknown, core.AnswerLost)
		w.settle(c, yes("mail-1"))
		inv := w.invitation(id)
		equal(w, "state", inv.State, core.Sent)
		equal(w, "reason", inv.Reason, "")
		equal(w, "expires", inv.ExpiresAt.IsZero(), false)
		w.counts(1, 0, 0, 0)
		w.wants(w.Settle(w.ctx, c.Ref, yes("mail-1"), w.now()), core.ErrLeaseLost)
		w.counts(1, 0, 0, 0)
	}},
	{promise: "a yes for a letter that a no ended is counted, once", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		w.settle(c, ended(core.Lost))
		w.cancel(id)
		w.settle(c, yes("mail-1"))
		w.counts(1, 0, 0, 0)
		equal(w, "sent at", w.invitation(id).SentAt.IsZero(), false)
		w.wants(w.Settle(w.ctx, c.Ref, yes("mail-1"), w.now()), core.ErrLeaseLost)
		w.counts(1, 0, 0, 0)
	}},
	{promise: "a lease of another vendor's, or of nobody's, settles nothing", tell: func(w *world) {
		id := w.invite()
		c := w.take(id)
		for _, change := range []func(*core.LeaseRef){
			func(r *core.LeaseRef) { r.Vendor = w.newVendor("second", "").ID },
			func(r *core.LeaseRef) { r.Invitation = core.NewInvitationID(w.now()) },
			func(r *core.LeaseRef) { r.Kind = core.Reminder },
		} {
			ref := c.Ref
			change(&ref)
			if err := w.Settle(w.ctx, ref, yes("mail"), w.now()); err == nil {
				w.t.Error("settled a lease that nobody gave out")
			}
		}
		w.is(id, core.Scheduled, "")
		w.counts(0, 0, 0, 0)
		w.settle(c, yes("mail"))
	}},
	{promise: "the attempts of a letter are counted over its retries", tell: func(w *world) {
		id := w.invite()
		for range 3 {
			w.settle(w.take(id), ended(core.Unreachable))
			w.pass(hour)
		}
		w.send(id)
		equal(w, "attempts", w.invitation(id).Attempts, 4)
	}},
	{promise: "what is settled is settled after a restart", tell: func(w *world) {
		id := w.sent()
		next := w.invite()
		w.settle(w.take(next), ended(core.Lost))
		w.restart()
		w.is(id, core.Sent, "")
		equal(w, "maybe", w.letter(next).MaybeSent(), true)
		w.pass(backoff)
		w.send(next)
		w.counts(2, 0, 0, 0)
	}},
}

// retried is a row of the table in DESIGN section 7 that goes on.
func retried(what string, f core.SendFault, maybe bool) story {
	return story{promise: what + ": the same key, after the backoff", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(f))
		w.is(id, core.Scheduled, "")
		equal(w, "maybe", w.letter(id).MaybeSent(), maybe)
		equal(w, "the invitation's maybe", w.invitation(id).Maybe, maybe)
		if w.live(first.Ref) {
			w.t.Error("the lease is live after its settling")
		}
		again := w.firstAt(backoff, id)
		equal(w, "attempt", again.Entry.Attempt, 2)
		equal(w, "send key", again.Entry.SendKey(), first.Entry.SendKey())
	}}
}

// overtaken is a yes of a lost lease that comes while the next attempt is on its
// way. How that one ends changes nothing any more.
func overtaken(how string, next core.Outcome) story {
	return story{promise: "a yes of a lost lease counts once, when the next attempt " + how, tell: func(w *world) {
		id := w.invite()
		old := w.take(id)
		w.pass(lease)
		w.idle()
		w.pass(backoff)
		c := w.take(id)
		w.settle(old, yes("mail-1"))
		w.is(id, core.Sent, "")
		if err := w.Settle(w.ctx, c.Ref, next, w.now()); err != nil {
			w.wants(err, core.ErrLeaseLost)
		}
		w.is(id, core.Sent, "")
		w.gone(id)
		w.counts(1, 0, 0, 0)
		w.pass(day)
		w.idle()
	}}
}

// uncounted is a row that closes the sender, and is no fault of the letter.
func uncounted(what string, f core.SendFault) story {
	return story{promise: what + ": the letter waits, and the attempt does not count", settings: "cap=1", tell: func(w *world) {
		id := w.invite()
		for range 20 {
			w.settle(w.take(id), ended(f))
			w.is(id, core.Scheduled, "")
			equal(w, "slots taken", w.budget().Live, 0)
			w.pass(10 * time.Minute)
		}
		c := w.take(id)
		equal(w, "attempt", c.Entry.Attempt, 1)
		equal(w, "maybe", c.Entry.MaybeSent(), false)
		w.settle(c, yes("mail"))
	}}
}
