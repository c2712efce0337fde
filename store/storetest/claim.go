package storetest

import (
	"sync"
	"time"

	"aminobridge/core"
)

var claimStories = []story{
	{promise: "a claim leases a letter with all that its bytes are made of", tell: func(w *world) {
		w.change("website=https://first.example reply_to=help@first.example locale=fr")
		ask := w.ask()
		id := w.accept(ask).Invitation.ID
		c := w.take(id)
		equal(w, "vendor", c.Ref.Vendor, w.vendor.ID)
		equal(w, "kind", c.Ref.Kind, core.First)
		equal(w, "remaining", c.Remaining, lease)
		equal(w, "attempt", c.Entry.Attempt, 1)
		equal(w, "email", c.Invitation.Email, ask.Email)
		equal(w, "name", c.Invitation.Name, ask.Name)
		equal(w, "bytes", len(c.Bytes), 0)
		want := process
		want.VendorName, want.Website, want.ReplyTo, want.Locale = w.vendor.Name, "https://first.example", "help@first.example", "fr"
		equal(w, "inputs", c.Entry.Frozen, want)
		if c.Ref.Token == ([16]byte{}) || c.Ref.Token != c.Entry.LeaseToken {
			w.t.Error("the lease has no token of its own")
		}
	}},
	{promise: "up to N letters", tell: func(w *world) {
		for range 5 {
			w.invite()
		}
		equal(w, "claimed", len(w.claim(3)), 3)
		equal(w, "claimed then", len(w.claim(3)), 2)
		w.idle()
	}},
	{promise: "no two claims lease the same letter at once", tell: func(w *world) {
		for range 30 {
			w.invite()
		}
		var all sync.WaitGroup
		claimed := make(chan core.Claimed, 100)
		for range 6 {
			all.Go(func() {
				for range 4 {
					got, _ := w.Claim(w.ctx, func() core.ClaimAsk { a := w.claimAsk(2); a.Now = w.now(); return a }())
					for _, c := range got {
						claimed <- c
					}
				}
			})
		}
		all.Wait()
		close(claimed)
		seen := map[core.InvitationID]bool{}
		for c := range claimed {
			if seen[c.Ref.Invitation] {
				w.t.Errorf("two leases of %s", c.Ref.Invitation)
			}
			seen[c.Ref.Invitation] = true
		}
		equal(w, "leased", len(seen), 30)
	}},
	{promise: "a lease outlives a restart", tell: func(w *world) {
		c := w.take(w.invite())
		w.restart()
		w.pass(lease - tick)
		w.idle()
		if !w.live(c.Ref) {
			w.t.Error("the lease is not live after a restart")
		}
		w.pass(tick)
		if w.live(c.Ref) {
			w.t.Error("the lease is live after its end")
		}
	}},
	{promise: "a letter of another vendor is not claimed", tell: func(w *world) {
		second := w.newVendor("second", "")
		ask := w.ask()
		ask.Vendor = second.ID
		w.accept(ask)
		w.idle()
	}},
	{promise: "a paused vendor's letters wait, and none ends", settings: "paused=true", tell: func(w *world) {
		direct, paced := w.invite(), w.accept(w.paced(core.Orders)).Invitation.ID
		w.pass(day)
		w.idle()
		w.is(direct, core.Scheduled, "")
		w.is(paced, core.Scheduled, "")
		w.change("paused=false")
		w.send(direct)
		w.send(paced)
	}},
	{promise: "paced letters wait for the vendor's hours, direct ones do not", settings: "hours=09-21 zone=Europe/Berlin", tell: func(w *world) {
		w.pass(10*hour + time.Minute) // 21:01 in Berlin
		paced, direct := w.accept(w.paced(core.Orders)).Invitation.ID, w.invite()
		w.send(direct)
		w.firstAt(12*hour-time.Minute, paced)
	}},
	{promise: "a lapsed lease is a maybe end, always", tell: func(w *world) {
		id := w.invite()
		w.take(id)
		w.pass(lease)
		w.idle()
		letter := w.letter(id)
		equal(w, "maybe", letter.MaybeSent(), true)
		equal(w, "the invitation's maybe", w.invitation(id).Maybe, true)
		equal(w, "first maybe", letter.FirstMaybe.Wall.Equal(w.now()), true)
		c := w.firstAt(backoff, id)
		equal(w, "attempt", c.Entry.Attempt, 2)
	}},
	{promise: "a lapsed lease under another renderer and without bytes is unknown", tell: func(w *world) {
		id := w.invite()
		w.take(id)
		w.pass(lease)
		w.idle()
		w.pass(backoff)
		ask := w.claimAsk(1)
		ask.Frozen.Renderer++
		equal(w, "claimed", len(w.claimAs(ask)), 0)
		w.is(id, core.Unknown, core.RendererGone)
	}},
	{promise: "a letter that waited longer than max_age is ended", settings: "max_age=2d delay=1d", tell: func(w *world) {
		id := w.order("1")
		w.pass(3*day + tick)
		w.idle()
		w.is(id, core.Cancelled, core.Stale)
		w.gone(id)
	}},
	{promise: "a letter asked for later than max_age is sent at its time", settings: "max_age=2d", tell: func(w *world) {
		delayed, timed := w.paced(core.Orders), w.paced(core.Bulk)
		delayed.Delay, timed.SendAt = 5*day, w.now().Add(6*day)
		first, second := w.accept(delayed).Invitation.ID, w.accept(timed).Invitation.ID
		w.settle(w.firstAt(5*day, first), yes("mail"))
		w.settle(w.firstAt(day, second), yes("mail"))
	}},
	{promise: "a claim that ended many letters and leased none says that there may be more", settings: "max_age=1d", tell: func(w *world) {
		for range 65 {
			w.accept(w.paced(core.Bulk))
		}
		w.pass(day + tick)
		ask := w.claimAsk(1)
		ask.Now = w.now()
		claimed, err := w.Claim(w.ctx, ask)
		w.must(err)
		equal(w, "claimed", len(claimed), 0)
		equal(w, "letters left", len(w.letters()), 1)
		w.idle()
		equal(w, "letters left then", len(w.letters()), 0)
	}},
	{promise: "a customer mailed meanwhile is in cooldown for paced letters only", tell: func(w *world) {
		same := func(ask core.Ask) core.InvitationID {
			ask.Email = "same@example.com"
			w.pass(time.Millisecond)
			return w.accept(ask).Invitation.ID
		}
		paced := same(w.paced(core.Bulk))
		first, second := same(w.asks("1")), same(w.asks("2"))
		w.change("cooldown=30d")
		w.send(first)
		w.send(second)
		w.idle()
		w.is(paced, core.Cancelled, core.InCooldown)
		w.gone(paced)
	}},
	{promise: "what waits for the same customer is no cooldown at a claim", tell: func(w *world) {
		ask := w.paced(core.Orders)
		first := w.accept(ask).Invitation.ID
		other := w.paced(core.Orders)
		other.Email, other.SendAt = ask.Email, w.now().Add(day)
		w.accept(other)
		w.change("cooldown=30d")
		w.send(first)
	}},
	{promise: "an invitation revoked while it waits is not mailed", tell: func(w *world) {
		id := w.invite()
		w.free(w.Cancel(w.ctx, w.vendor.ID, id, true, w.now()))
		w.idle()
		w.gone(id)
		w.counts(0, 0, 0, 0)
	}},
}
