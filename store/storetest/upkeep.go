package storetest

import (
	"time"

	"aminobridge/core"
)

// expire runs cron's expiry to its end and holds it to how many it counts.
func (w *world) expire(want int) {
	w.t.Helper()
	sum := 0
	for range 1000 {
		done, more, err := w.Expire(w.ctx, w.now(), 100)
		w.must(err)
		sum += done
		if !more {
			equal(w, "expired", sum, want)
			return
		}
	}
	w.t.Error("expiry never ends")
}

// retain runs cron's retention to its end.
func (w *world) retain() {
	w.t.Helper()
	for range 1000 {
		_, more, err := w.Retain(w.ctx, w.now(), 100)
		w.must(err)
		if !more {
			return
		}
	}
	w.t.Error("retention never ends")
}

func (w *world) steady() bool {
	w.t.Helper()
	steady, err := w.WallChecked(w.ctx)
	w.must(err)
	return steady
}

func (w *world) withKey(ref, idempotencyKey string) core.Ask {
	ask := w.asks(ref)
	ask.IdempotencyKey = idempotencyKey
	return ask
}

var upkeepStories = []story{
	{promise: "what is past its time expires, exactly once", settings: "expiry=30d", tell: func(w *world) {
		id := w.sent()
		w.pass(30*day - tick)
		w.expire(0)
		w.is(id, core.Sent, "")
		w.pass(tick)
		w.expire(1)
		w.is(id, core.Expired, "")
		equal(w, "expired at", w.invitation(id).ExpiredAt.IsZero(), false)
		w.expire(0)
		w.restart()
		w.pass(91 * day)
		w.expire(0)
		w.counts(1, 0, 0, 1)
	}},
	{promise: "opened ones expire, completed and unsent ones never", settings: "expiry=7d", tell: func(w *world) {
		opened, completed := w.sent(), w.sent()
		w.open(opened)
		w.complete(completed, "good")
		w.failed()
		w.unknown()
		w.accept(w.paced(core.Bulk))
		w.pass(100 * day)
		w.expire(1)
		w.is(opened, core.Expired, "")
		w.is(completed, core.Completed, "")
		w.counts(2, 2, 1, 1)
	}},
	{promise: "what was opened or proved by the link expires too", settings: "expiry=7d", tell: func(w *world) {
		id := w.unknown()
		w.open(id)
		w.pass(7 * day)
		w.expire(1)
		w.is(id, core.Expired, "")
	}},
	{promise: "a step of expiry is bounded and tells whether there is more", settings: "expiry=7d", tell: func(w *world) {
		for range 3 {
			w.sent()
		}
		w.pass(7 * day)
		for _, want := range []struct {
			done int
			more bool
		}{{2, true}, {1, false}, {0, false}} {
			done, more, err := w.Expire(w.ctx, w.now(), 2)
			w.must(err)
			equal(w, "done", done, want.done)
			equal(w, "more", more, want.more)
		}
		w.counts(3, 0, 0, 3)
	}},
	{promise: "retention forgets address and name, and keeps the rest", settings: "retention=10d expiry=7d", tell: func(w *world) {
		ask := w.asks("1001")
		id := w.accept(ask).Invitation.ID
		w.send(id)
		w.complete(id, "good")
		before := w.invitation(id)
		w.pass(10*day - tick)
		w.retain()
		equal(w, "email before its time", w.invitation(id).Email, ask.Email)
		w.pass(tick)
		w.retain()
		got := w.invitation(id)
		equal(w, "email", got.Email, "")
		equal(w, "name", got.Name, "")
		equal(w, "hash", string(got.AddressHash), string(before.AddressHash))
		equal(w, "state", got.State, core.Completed)
		equal(w, "sent at", got.SentAt.Equal(before.SentAt), true)
		equal(w, "order_ref's invitation", w.accept(w.asks("1001")).Invitation.ID, id)
		w.counts(1, 1, 1, 0)
	}},
	{promise: "retention leaves alone what is not finished", settings: "retention=10d expiry=365d", tell: func(w *world) {
		sent := w.sent()
		ask := w.paced(core.Orders)
		ask.Delay = 100 * day
		waiting := w.accept(ask).Invitation.ID
		w.pass(50 * day)
		w.retain()
		equal(w, "sent: email", w.invitation(sent).Email != "", true)
		equal(w, "scheduled: email", w.invitation(waiting).Email, ask.Email)
	}},
	{promise: "retention counts from the resting state, and not after a revival", settings: "retention=10d", tell: func(w *world) {
		id := w.accept(w.asks("1001")).Invitation.ID
		w.cancel(id)
		w.pass(5 * day)
		ask := w.asks("1001")
		w.accept(ask)
		w.pass(50 * day)
		w.retain()
		equal(w, "revived: email", w.invitation(id).Email, ask.Email)
		w.cancel(id)
		w.pass(10*day - tick)
		w.retain()
		equal(w, "resting: email", w.invitation(id).Email, ask.Email)
		w.pass(tick)
		w.retain()
		equal(w, "after its time: email", w.invitation(id).Email, "")
	}},
	{promise: "retention of expired ones counts from the end", settings: "retention=10d expiry=7d", tell: func(w *world) {
		id := w.sent()
		w.pass(7 * day)
		w.expire(1)
		w.pass(10 * day)
		w.retain()
		equal(w, "email", w.invitation(id).Email, "")
	}},
	{promise: "a cooldown holds after the address is forgotten", settings: "retention=0s cooldown=30d", tell: func(w *world) {
		id := w.order("1")
		w.send(id)
		w.complete(id, "good")
		w.pass(time.Second)
		w.retain()
		equal(w, "email", w.invitation(id).Email, "")
		e := w.fulfilled("2")
		e.Email = "c1@example.com"
		w.rules(e, core.InCooldown)
	}},
	{promise: "retention forgets a kept answer, not the one that took its place", tell: func(w *world) {
		w.accept(w.withKey("1", "key-1"))
		w.pass(day)
		id := w.accept(w.withKey("2", "key-1")).Invitation.ID
		w.retain()
		equal(w, "the kept answer", w.accept(w.withKey("3", "key-1")).Invitation.ID, id)
	}},
	{promise: "retention forgets the verdicts of the log", settings: "retention=10d", tell: func(w *world) {
		log := func() int {
			verdicts, _, err := w.Verdicts(w.ctx, w.vendor.ID, "", 10)
			w.must(err)
			return len(verdicts)
		}
		id := w.order("1")
		w.withdrawn(w.cancelled("2"), core.WithdrawalNoted)
		w.pass(10*day - tick)
		w.rules(w.fulfilled("3"), core.Invited)
		w.retain()
		equal(w, "verdicts before their time", log(), 3)
		w.pass(tick)
		w.retain()
		equal(w, "verdicts in their time", log(), 1)
		equal(w, "verdicts ever given", w.counters().Verdicts[core.Invited], 2)
		w.is(id, core.Scheduled, "")
	}},
	{promise: "retention is bounded and may be repeated", settings: "retention=1d", tell: func(w *world) {
		for range 5 {
			w.cancel(w.invite())
		}
		w.pass(day)
		first, more, err := w.Retain(w.ctx, w.now(), 2)
		w.must(err)
		equal(w, "done", first, 2)
		equal(w, "more", more, true)
		w.retain()
		for _, id := range w.list(core.Filter{}) {
			equal(w, "email", w.invitation(id).Email, "")
		}
		done, more, err := w.Retain(w.ctx, w.now(), 2)
		w.must(err)
		equal(w, "done again", done, 0)
		equal(w, "more again", more, false)
	}},
	{promise: "a wall that runs with the boot clock is steady, over restarts and boots", tell: func(w *world) {
		equal(w, "at first", w.steady(), true)
		w.pass(day)
		equal(w, "a day on", w.steady(), true)
		w.restart()
		w.pass(hour)
		equal(w, "after a restart", w.steady(), true)
		w.must(w.Close())
		w.clock.Reboot(hour)
		w.Store = w.again()
		equal(w, "after a boot", w.steady(), true)
	}},
	unsteady("went back", func(w *world) { w.clock.JumpWall(-time.Minute) }),
	unsteady("went more than a day further", func(w *world) { w.clock.JumpWall(day + time.Minute) }),
	unsteady("went back over a restart", func(w *world) {
		w.must(w.Close())
		w.clock.JumpWall(-time.Minute)
		w.Store = w.again()
	}),
	unsteady("went back over a boot", func(w *world) {
		w.must(w.Close())
		w.clock.Reboot(-time.Minute)
		w.Store = w.again()
	}),
	unsteady("went more than a day further over a boot", func(w *world) {
		w.must(w.Close())
		w.clock.Reboot(day + time.Minute)
		w.Store = w.again()
	}),
	{promise: "a wall that went less than a day further is steady", tell: func(w *world) {
		w.steady()
		w.clock.JumpWall(day - time.Minute)
		equal(w, "steady", w.steady(), true)
	}},
	{promise: "a person who says that the wall is right ends the wait at once", tell: func(w *world) {
		w.steady()
		w.clock.JumpWall(-time.Minute)
		equal(w, "after the jump", w.steady(), false)
		w.must(w.TrustWall(w.ctx))
		equal(w, "trusted", w.steady(), true)
		w.restart()
		w.pass(hour)
		equal(w, "trusted still", w.steady(), true)
		w.clock.JumpWall(-time.Minute)
		equal(w, "after another jump", w.steady(), false)
	}},
	{promise: "the clock's moves add up and are kept", tell: func(w *world) {
		moved := func() time.Duration {
			d, err := w.ClockMoved(w.ctx)
			w.must(err)
			return d
		}
		equal(w, "at first", moved(), 0)
		w.must(w.MoveClock(w.ctx, 8*day))
		w.must(w.MoveClock(w.ctx, time.Hour))
		w.restart()
		equal(w, "moved", moved(), 8*day+time.Hour)
	}},
}

// unsteady is a jump of the wall, after which it must run for a day.
func unsteady(how string, jump func(w *world)) story {
	return story{promise: "a wall that " + how + " is not steady until it ran for a day", tell: func(w *world) {
		w.steady()
		w.pass(hour)
		equal(w, "before", w.steady(), true)
		jump(w)
		equal(w, "after", w.steady(), false)
		for range 23 {
			w.pass(hour)
			equal(w, "within a day", w.steady(), false)
		}
		w.restart()
		equal(w, "after a restart within the day", w.steady(), false)
		w.pass(hour)
		equal(w, "a day on", w.steady(), true)
	}}
}
