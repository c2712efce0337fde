package storetest

import (
	"time"

	"aminobridge/core"
)

var admitStories = []story{
	{promise: "a direct call is admitted while those of the last hour are below the cap", settings: "cap=3", tell: func(w *world) {
		for i := range 3 {
			a := w.accept(w.ask())
			equal(w, "admissions left", a.Budget.Left, 2-i)
			w.pass(time.Minute)
		}
		ask := w.ask()
		equal(w, "come again in", w.overCap(ask), 57*time.Minute)
		w.pass(57*time.Minute - tick)
		w.overCap(ask)
		w.pass(tick)
		w.accept(ask)
		w.overCap(w.ask())
	}},
	{promise: "paced letters on their way count against the cap", settings: "cap=3 reserve=1", tell: func(w *world) {
		for range 2 {
			w.send(w.accept(w.paced(core.Orders)).Invitation.ID)
		}
		w.invite()
		equal(w, "come again in", w.overCap(w.ask()), hour)
		w.pass(hour)
		w.invite()
		w.overCap(w.ask())
		w.pass(2 * time.Second)
		w.invite()
		w.invite()
		w.overCap(w.ask())
	}},
	{promise: "paced letters that wait do not", settings: "cap=1", tell: func(w *world) {
		w.accept(w.paced(core.Orders))
		w.invite()
	}},
	{promise: "the reserve is always admitted", settings: "cap=10 reserve=2", tell: func(w *world) {
		for range 10 {
			w.accept(w.paced(core.Orders))
		}
		equal(w, "paced claims", len(w.claim(10)), 8)
		w.invite()
		w.invite()
		w.overCap(w.ask())
	}},
	{promise: "one call every 3600/cap s is never refused, whatever becomes of the mails", settings: "cap=10", tell: func(w *world) {
		for i := range 31 {
			w.invite()
			var claimed []core.Claimed
			if i > 10 { // the sender was closed until here
				claimed = w.claim(1)
			}
			w.pass(5 * time.Second)
			for _, c := range claimed {
				w.settle(c, yes("mail"))
			}
			w.pass(6*time.Minute - 5*time.Second)
		}
	}},
	{promise: "what was admitted counts its hour though it was cancelled", settings: "cap=1", tell: func(w *world) {
		w.cancel(w.invite())
		equal(w, "come again in", w.overCap(w.ask()), hour)
	}},
	{promise: "a vendor that chose so queues what is over its cap", settings: "cap=1 over_cap=queue delay=7d", tell: func(w *world) {
		first := w.accept(w.ask()).Invitation
		equal(w, "lane within the cap", first.Lane, core.Direct)
		over := w.accept(w.ask()).Invitation
		equal(w, "lane over the cap", over.Lane, core.Orders)
		equal(w, "due", over.DueAt.Equal(w.now()), true)
		w.send(first.ID)
		w.firstAt(charge, over.ID)
	}},
	{promise: "a refused call leaves nothing behind", settings: "cap=1", tell: func(w *world) {
		w.invite()
		ask := w.asks("1001")
		w.overCap(ask)
		equal(w, "accepted", w.counters().Accepted, 1)
		equal(w, "listed", len(w.list(core.Filter{})), 1)
		w.pass(hour)
		a := w.accept(ask)
		equal(w, "known", a.Known, false)
	}},
	{promise: "an admission is held over a restart", settings: "cap=1", tell: func(w *world) {
		w.invite()
		w.restart()
		equal(w, "come again in", w.overCap(w.ask()), hour)
	}},
	{promise: "one vendor's calls are not another's", settings: "cap=1", tell: func(w *world) {
		w.invite()
		w.vendor = w.newVendor("second", "cap=1")
		w.invite()
	}},
	{promise: "the budget tells cap, places left, the next one, slots and letters", settings: "cap=10", tell: func(w *world) {
		b := w.budget()
		equal(w, "cap", b.Cap, 10)
		equal(w, "left", b.Left, 10)
		equal(w, "reset with nothing taken", b.Reset, 0)
		w.invite()
		w.pass(time.Minute)
		w.invite()
		w.accept(w.paced(core.Bulk))
		w.claim(1)
		b = w.budget()
		equal(w, "left", b.Left, 8)
		equal(w, "reset", b.Reset, 59*time.Minute)
		equal(w, "slots", b.Live, 1)
		equal(w, "direct letters waiting", b.Queue[core.Direct], 1)
		equal(w, "bulk letters waiting", b.Queue[core.Bulk], 1)
		w.pass(59 * time.Minute)
		equal(w, "left later", w.budget().Left, 9)
	}},
	{promise: "many at once: exactly the cap is admitted", settings: "cap=5", tell: func(w *world) {
		results := make(chan error, 20)
		for range cap(results) {
			ask := w.ask()
			go func() {
				_, err := w.Accept(w.ctx, ask)
				results <- err
			}()
		}
		admitted := 0
		for range cap(results) {
			if <-results == nil {
				admitted++
			}
		}
		equal(w, "admitted", admitted, 5)
	}},
}
