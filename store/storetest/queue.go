package storetest

import (
	"bytes"
	"sync"
	"time"

	"aminobridge/core"
)

// due asks for one vendor of the sender.
func (w *world) due() (bool, time.Duration) {
	w.t.Helper()
	vendors, wait, err := w.Due(w.ctx, sender, w.now(), 10)
	w.must(err)
	for _, v := range vendors {
		if v == w.vendor.ID {
			return true, wait
		}
	}
	return false, wait
}

// waits goes from wait to wait until the vendor is due, and returns how long
// that took.
func (w *world) waits() time.Duration {
	w.t.Helper()
	begun := w.now()
	for range 1000 {
		due, wait := w.due()
		if due {
			return w.now().Sub(begun)
		}
		if wait < 0 {
			w.t.Fatal("nothing will ever be due")
		}
		w.pass(max(tick, wait))
	}
	w.t.Fatal("a thousand waits, and nothing is due")
	return 0
}

var dueStories = []story{
	{promise: "a vendor with a letter ready is named, one without is not", tell: func(w *world) {
		w.idle() // it was new, and may have been named for that
		if due, wait := w.due(); due || wait >= 0 {
			w.t.Errorf("due %v, wait %v of a vendor without letters", due, wait)
		}
		w.invite()
		if due, _ := w.due(); !due {
			w.t.Error("not due with a letter ready")
		}
		w.restart()
		if due, _ := w.due(); !due {
			w.t.Error("not due after a restart")
		}
	}},
	{promise: "it may name a vendor too early, never too late: for a delay", settings: "delay=3d", tell: func(w *world) {
		w.order("1")
		if d := w.waits(); d > 3*day {
			w.t.Errorf("due after %v, want at most 3 days", d)
		}
	}},
	{promise: "it may name a vendor too early, never too late: for opening hours", settings: "hours=09-21", tell: func(w *world) {
		w.pass(12 * hour)
		w.accept(w.paced(core.Orders))
		if d := w.waits(); d > 11*hour {
			w.t.Errorf("due after %v, want at most 11 hours", d)
		}
	}},
	{promise: "it may name a vendor too early, never too late: for a slot", settings: "cap=1", tell: func(w *world) {
		id, next := w.invite(), w.accept(w.paced(core.Orders)).Invitation.ID
		w.send(id)
		begun := w.now()
		for range 100 {
			w.waits()
			if c := w.claim(1); len(c) > 0 {
				equal(w, "claimed after", w.now().Sub(begun), charge)
				equal(w, "claimed", c[0].Ref.Invitation, next)
				return
			}
		}
		w.t.Error("named a hundred times, and nothing to claim")
	}},
	{promise: "it may name a vendor too early, never too late: for a retry", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Unreachable))
		w.idle()
		if d := w.waits(); d > backoff {
			w.t.Errorf("due after %v, want at most %v", d, backoff)
		}
	}},
	{promise: "it may name a vendor too early, never too late: for a lapsed lease", tell: func(w *world) {
		w.take(w.invite())
		if d := w.waits(); d > lease {
			w.t.Errorf("due after %v, want at most %v", d, lease)
		}
	}},
	{promise: "it names a vendor at once when its settings let it send", settings: "paused=true", tell: func(w *world) {
		w.invite()
		w.idle()
		w.change("paused=false")
		if due, _ := w.due(); !due {
			w.t.Error("not due after the pause")
		}
	}},
	{promise: "it follows a vendor to another sender", tell: func(w *world) {
		w.invite()
		w.change("sender=mailbox")
		if due, _ := w.due(); due {
			w.t.Error("due at the sender it left")
		}
		vendors, _, err := w.Due(w.ctx, "mailbox", w.now(), 10)
		w.must(err)
		equal(w, "vendors of the other sender", len(vendors), 1)
	}},
	{promise: "none while the sender is closed, and the other sender is not touched", tell: func(w *world) {
		w.invite()
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: "mailbox", Cause: "key refused"}))
		if due, _ := w.due(); !due {
			w.t.Error("closed with another sender")
		}
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Cause: "key refused"}))
		w.pass(100 * day)
		if due, _ := w.due(); due {
			w.t.Error("due at a closed sender")
		}
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender}))
		if due, _ := w.due(); !due {
			w.t.Error("not due at a sender opened again")
		}
	}},
	{promise: "a sender closed until a time opens by itself", tell: func(w *world) {
		w.invite()
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Cause: "quota", Until: w.now().Add(hour)}))
		w.restart()
		w.pass(hour - tick)
		if due, _ := w.due(); due {
			w.t.Error("due before the reset")
		}
		w.pass(tick)
		if due, _ := w.due(); !due {
			w.t.Error("not due at the reset")
		}
	}},
	{promise: "a claim at a closed sender, or at one that is not the vendor's, gets nothing", tell: func(w *world) {
		id := w.invite()
		other := w.claimAsk(1)
		other.Sender = "mailbox"
		equal(w, "claimed at another sender", len(w.claimAs(other)), 0)
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Cause: "quota", Until: w.now().Add(hour)}))
		w.idle()
		w.pass(hour)
		w.waits()
		w.send(id)
	}},
	{promise: "a closed domain stops the vendors that send from it, and no others", settings: "from=mail@first.example", tell: func(w *world) {
		first := w.vendor
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender, Domains: map[string]string{"first.example": "not verified"}}))
		id := w.invite()
		w.idle()
		w.vendor = w.newVendor("second", "from=mail@second.example")
		w.send(w.invite())
		w.vendor = first
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender}))
		w.waits()
		w.send(id)
	}},
	{promise: "a sender's state is kept", tell: func(w *world) {
		state, err := w.Sender(w.ctx, "never heard of")
		w.must(err)
		equal(w, "closed without a cause", state.Closed(w.now()), false)
		want := core.SenderState{Name: sender, Cause: "quota", Until: w.now().Add(hour), Domains: map[string]string{"a.example": "not verified"}}
		w.must(w.CloseSender(w.ctx, want))
		w.restart()
		got, err := w.Sender(w.ctx, sender)
		w.must(err)
		equal(w, "name", got.Name, want.Name)
		equal(w, "cause", got.Cause, want.Cause)
		equal(w, "until", got.Until.Equal(want.Until), true)
		equal(w, "domain", got.Domains["a.example"], "not verified")
	}},
	{promise: "those that wait longest come first, up to n", tell: func(w *world) {
		second := w.newVendor("second", "")
		ask := w.ask()
		ask.Vendor = second.ID
		w.accept(ask)
		w.pass(time.Minute)
		w.invite()
		w.pass(time.Minute)
		vendors, _, err := w.Due(w.ctx, sender, w.now(), 1)
		w.must(err)
		if len(vendors) != 1 || vendors[0] != second.ID {
			w.t.Errorf("got %v, want the second vendor alone", vendors)
		}
	}},
}

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
	{promise: "an order older than max_age when its letter is due is ended", settings: "max_age=2d delay=3d", tell: func(w *world) {
		id := w.order("1")
		w.pass(3 * day)
		w.idle()
		w.is(id, core.Cancelled, core.Stale)
		w.gone(id)
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

var laneStories = []story{
	{promise: "direct before orders before bulk", tell: func(w *world) {
		bulk := w.accept(w.paced(core.Bulk)).Invitation.ID
		w.pass(time.Second)
		order := w.accept(w.paced(core.Orders)).Invitation.ID
		w.pass(time.Second)
		direct := w.invite()
		w.send(direct)
		w.send(order)
		w.send(bulk)
	}},
	{promise: "while orders and bulk both wait, every fourth paced claim is bulk", tell: func(w *world) {
		for range 9 {
			w.accept(w.paced(core.Orders))
			w.accept(w.paced(core.Bulk))
		}
		for range 3 {
			bulk := 0
			for range 4 {
				if c := w.claim(1); len(c) == 1 && c[0].Entry.Lane == core.Bulk {
					bulk++
				}
			}
			equal(w, "bulk among four", bulk, 1)
		}
	}},
	{promise: "inside a lane retries go first, then by due", tell: func(w *world) {
		later, sooner := w.paced(core.Orders), w.paced(core.Orders)
		later.SendAt, sooner.SendAt = w.now().Add(2*time.Minute), w.now().Add(time.Minute)
		third, second := w.accept(later).Invitation.ID, w.accept(sooner).Invitation.ID
		first := w.accept(w.paced(core.Orders)).Invitation.ID
		w.settle(w.take(first), ended(core.Unreachable))
		w.pass(hour)
		w.send(first)
		w.send(second)
		w.send(third)
	}},
	{promise: "paced lanes leave the reserve to direct calls", settings: "cap=3 reserve=1", tell: func(w *world) {
		for range 4 {
			w.accept(w.paced(core.Orders))
		}
		equal(w, "paced claims", len(w.claim(4)), 2)
		direct := w.invite()
		w.take(direct)
		w.idle()
	}},
	{promise: "direct calls may take the whole cap, and then paced lanes wait", settings: "cap=3 reserve=1", tell: func(w *world) {
		for range 3 {
			w.invite()
		}
		w.accept(w.paced(core.Orders))
		equal(w, "direct claims", len(w.claim(4)), 3)
		w.idle()
	}},
	{promise: "smooth pacing spaces paced letters evenly, direct ones not", settings: "cap=60 pacing=smooth", tell: func(w *world) {
		var ids []core.InvitationID
		for range 4 {
			ids = append(ids, w.accept(w.paced(core.Orders)).Invitation.ID)
			w.pass(time.Millisecond)
		}
		// One step of lateness is made up, so the second may follow the first at once.
		w.send(ids[0])
		w.send(ids[1])
		w.idle()
		w.send(w.invite())
		w.firstAt(time.Minute, ids[2])
		w.firstAt(time.Minute, ids[3])
	}},
	{promise: "smooth pacing makes up no more than one step after a rest", settings: "cap=60 pacing=smooth", tell: func(w *world) {
		w.send(w.accept(w.paced(core.Orders)).Invitation.ID)
		w.pass(30 * time.Minute)
		for range 5 {
			w.accept(w.paced(core.Orders))
		}
		equal(w, "claimed at once", len(w.claim(5)), 2)
	}},
	{promise: "a cap raised shortens the wait of smooth pacing", settings: "cap=2 pacing=smooth", tell: func(w *world) {
		for range 2 {
			w.send(w.accept(w.paced(core.Orders)).Invitation.ID)
		}
		id := w.accept(w.paced(core.Orders)).Invitation.ID
		w.change("cap=60")
		w.firstAt(time.Minute, id)
	}},
	{promise: "burst pacing knows slots alone", settings: "cap=60 pacing=burst", tell: func(w *world) {
		for range 60 {
			w.accept(w.paced(core.Orders))
		}
		equal(w, "claimed at once", len(w.claim(60)), 60)
	}},
}

var roundStories = []story{
	{promise: "a retry repeats the send key, and another letter has another", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(core.Lost))
		w.pass(backoff)
		again := w.take(id)
		equal(w, "send key", again.Entry.SendKey(), first.Entry.SendKey())
		if again.Ref.Token == first.Ref.Token {
			w.t.Error("two leases with one token")
		}
		if other := w.take(w.invite()); other.Entry.SendKey() == first.Entry.SendKey() {
			w.t.Error("two letters with one send key")
		}
	}},
	{promise: "after a maybe the inputs stay frozen", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(core.Lost))
		w.change("reply_to=new@first.example")
		w.pass(backoff)
		equal(w, "inputs", w.take(id).Entry.Frozen, first.Entry.Frozen)
	}},
	{promise: "without a maybe new inputs are taken, under a new send key", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(core.Unreachable))
		w.pass(backoff)
		same := w.take(id)
		equal(w, "send key with the same inputs", same.Entry.SendKey(), first.Entry.SendKey())
		w.settle(same, ended(core.Unreachable))
		w.change("reply_to=new@first.example")
		w.pass(backoff)
		c := w.take(id)
		equal(w, "reply_to", c.Entry.Frozen.ReplyTo, "new@first.example")
		if c.Entry.SendKey() == first.Entry.SendKey() {
			w.t.Error("other bytes under the same send key")
		}
	}},
	{promise: "an attempt that did not count used up its send key for other bytes", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(core.QuotaUsed))
		w.change("reply_to=new@first.example")
		w.pass(backoff)
		if c := w.take(id); c.Entry.SendKey() == first.Entry.SendKey() {
			w.t.Error("other bytes under a send key that the provider has seen")
		}
	}},
	{promise: "a correction after an attempt takes a new send key", tell: func(w *world) {
		for _, f := range []core.SendFault{core.Unreachable, core.QuotaUsed} {
			ref := string(rune('a' + f))
			id := w.accept(w.asks(ref)).Invitation.ID
			first := w.take(id)
			w.settle(first, ended(f))
			w.accept(w.asks(ref))
			w.pass(backoff)
			c := w.take(id)
			if c.Entry.SendKey() == first.Entry.SendKey() {
				w.t.Error("another recipient under the same send key")
			}
			w.settle(c, yes("mail"))
		}
	}},
	{promise: "a revival takes a send key that no attempt had", tell: func(w *world) {
		seen := map[string]bool{}
		id := w.accept(w.asks("1001")).Invitation.ID
		for _, f := range []core.SendFault{core.QuotaUsed, core.Unreachable, core.QuotaUsed, core.Rejected, core.Unreachable} {
			c := w.take(id)
			if seen[c.Entry.SendKey()] {
				w.t.Error("a send key of an earlier life")
			}
			seen[c.Entry.SendKey()] = true
			w.settle(c, ended(f))
			w.accept(w.asks("1001")) // a correction, if it is scheduled still
			if f != core.Rejected {
				w.cancel(id)
				w.pass(time.Second)
				w.accept(w.asks("1001"))
			}
		}
	}},
	{promise: "a maybe end keeps the bytes until the letter ends", tell: func(w *world) {
		id := w.invite()
		o := ended(core.Lost)
		o.Bytes = []byte("what was sent")
		w.settle(w.take(id), o)
		w.restart()
		w.pass(backoff)
		ask := w.claimAsk(1)
		ask.Frozen.Renderer++ // the bytes are there, so another renderer does not matter
		claimed := w.claimAs(ask)
		if len(claimed) != 1 || !bytes.Equal(claimed[0].Bytes, o.Bytes) {
			w.t.Fatalf("got %d letters, want one with the bytes of before", len(claimed))
		}
		w.settle(claimed[0], yes("mail"))
	}},
	{promise: "with the window over since the first maybe, the letter is unknown", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.pass(window - tick)
		w.settle(w.take(id), ended(core.Lost)) // a later maybe begins no other window
		w.pass(tick)
		w.pass(2 * backoff)
		w.idle()
		w.is(id, core.Unknown, core.AnswerLost)
		w.gone(id)
		w.counts(0, 0, 0, 0)
	}},
	{promise: "a window counts from the first maybe, not the first attempt", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Unreachable))
		w.pass(window / 2)
		w.settle(w.take(id), ended(core.Lost))
		w.pass(window - tick)
		w.take(id)
	}},
	{promise: "a window without limit never ends", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.pass(100 * day)
		ask := w.claimAsk(1)
		ask.Window = core.Forever
		equal(w, "claimed", len(w.claimAs(ask)), 1)
	}},
	{promise: "a window counts by the wall too, if that went further", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.pass(backoff)
		w.clock.JumpWall(window)
		w.idle()
		w.is(id, core.Unknown, core.AnswerLost)
	}},
	{promise: "a window counts by pace time too, if that went further", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.pass(window)
		w.clock.JumpWall(-window + time.Minute)
		w.idle()
		w.is(id, core.Unknown, core.AnswerLost)
	}},
	{promise: "a wall behind the stored one after a new boot counts as over", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.must(w.Close())
		w.clock.Reboot(-time.Minute)
		w.Store = w.again()
		w.pass(backoff)
		w.idle()
		w.is(id, core.Unknown, core.AnswerLost)
	}},
	{promise: "a wall set back within one boot is no reason to give up", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.clock.JumpWall(-hour)
		w.firstAt(backoff, id)
	}},
	{promise: "a new boot within the window, by the wall, is no reason to give up", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Lost))
		w.must(w.Close())
		w.clock.Reboot(time.Minute)
		w.Store = w.again()
		w.pass(backoff)
		w.take(id)
	}},
	{promise: "with the window over and never a maybe, it goes on with the next round", tell: func(w *world) {
		id := w.invite()
		first := w.take(id)
		w.settle(first, ended(core.Unreachable))
		w.pass(window - tick)
		early := w.take(id)
		equal(w, "send key within the window", early.Entry.SendKey(), first.Entry.SendKey())
		w.settle(early, ended(core.Unreachable))
		w.pass(hour)
		c := w.take(id)
		if c.Entry.SendKey() == first.Entry.SendKey() {
			w.t.Error("the send key is older than the window")
		}
		w.settle(c, yes("mail"))
	}},
}
