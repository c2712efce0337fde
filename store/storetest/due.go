package storetest

import (
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
	closings("a close that waits for a person stands over a later one with an end", "key refused", 0,
		closing{"key refused", 0}, closing{"quota", hour}),
	closings("a close that waits for a person takes the place of one with an end", "key refused", 0,
		closing{"quota", hour}, closing{"key refused", 0}),
	closings("a shorter close does not take the place of a longer", "quota", day,
		closing{"quota", day}, closing{"no answer", hour}),
	closings("a longer close takes the place of a shorter", "quota", day,
		closing{"no answer", hour}, closing{"quota", day}),
	{promise: "domains closed one after the other are both closed, and the sender with them", tell: func(w *world) {
		for _, s := range []core.SenderState{
			{Cause: "quota", Until: w.now().Add(hour)},
			{Domains: map[string]string{"a.example": "not verified"}},
			{Domains: map[string]string{"b.example": "not verified either"}},
		} {
			s.Name = sender
			w.must(w.CloseSender(w.ctx, s))
		}
		got, err := w.Sender(w.ctx, sender)
		w.must(err)
		equal(w, "cause", got.Cause, "quota")
		equal(w, "a.example", got.Domains["a.example"], "not verified")
		equal(w, "b.example", got.Domains["b.example"], "not verified either")
		w.must(w.CloseSender(w.ctx, core.SenderState{Name: sender}))
		got, err = w.Sender(w.ctx, sender)
		w.must(err)
		equal(w, "cause once opened", got.Cause, "")
		equal(w, "domains once opened", len(got.Domains), 0)
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

// closing is a cause to close the sender, for a time; 0 is until a person acts.
type closing struct {
	cause string
	last  time.Duration
}

// closings tells that of two closings one stands, which lasts as long as it says.
func closings(promise, cause string, lasts time.Duration, all ...closing) story {
	return story{promise: promise, tell: func(w *world) {
		for _, c := range all {
			s := core.SenderState{Name: sender, Cause: c.cause}
			if c.last > 0 {
				s.Until = w.now().Add(c.last)
			}
			w.must(w.CloseSender(w.ctx, s))
		}
		begun := w.now()
		w.pass(2 * hour)
		got, err := w.Sender(w.ctx, sender)
		w.must(err)
		equal(w, "cause", got.Cause, cause)
		equal(w, "closed", got.Closed(w.now()), true)
		equal(w, "has an end", got.Until.IsZero(), lasts == 0)
		if lasts > 0 {
			equal(w, "end", got.Until.Sub(begun), lasts)
		}
	}}
}
