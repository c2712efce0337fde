package storetest

import (
	"time"

	"aminobridge/core"
)

// With a cap of one, when the next letter leaves tells exactly how long the slot
// of the one before was held. What held it is cancelled where it would otherwise
// go first itself.

// cancel ends a letter for good.
func (w *world) cancel(id core.InvitationID) {
	w.t.Helper()
	w.free(w.Cancel(w.ctx, w.vendor.ID, id, false, w.now()))
}

// two are a letter about to be claimed and the one behind it.
func (w *world) two() (first, second core.InvitationID) {
	w.t.Helper()
	first = w.accept(w.paced(core.Orders)).Invitation.ID
	w.pass(time.Millisecond)
	return first, w.accept(w.paced(core.Orders)).Invitation.ID
}

var slotStories = []story{
	{promise: "a taken slot is charged to the end of the lease, so that a crash needs no repair", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.take(first)
		w.restart()
		w.pass(lease)
		w.idle()
		w.cancel(first)
		w.firstAt(charge, second)
	}},
	{promise: "left: an hour and two seconds from the settling", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		c := w.take(first)
		w.pass(10 * time.Second)
		w.settle(c, yes("mail"))
		w.firstAt(charge, second)
	}},
	{promise: "left: the hour counts in another lane too", settings: "cap=1", tell: func(w *world) {
		direct := w.invite()
		paced := w.accept(w.paced(core.Orders)).Invitation.ID
		w.send(direct)
		w.firstAt(charge, paced)
	}},
	{promise: "not left: given back at once", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Unreachable))
		equal(w, "slots taken", w.budget().Live, 0)
		w.take(second)
	}},
	{promise: "not begun: given back at once", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), core.Outcome{})
		equal(w, "slots taken", w.budget().Live, 0)
		w.cancel(first)
		w.take(second)
	}},
	{promise: "maybe: stays as the claim wrote it", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		c := w.take(first)
		w.pass(time.Second)
		w.settle(c, ended(core.Lost))
		w.cancel(first)
		w.firstAt(lease+charge-time.Second, second)
	}},
	{promise: "a retry whose slot is held extends it", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Lost))
		w.pass(30 * time.Second)
		w.take(first)
		equal(w, "slots taken", w.budget().Live, 1)
		w.pass(lease)
		w.idle()
		w.cancel(first)
		w.firstAt(charge, second)
	}},
	{promise: "a retry whose slot is held and that leaves holds it an hour from then", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Lost))
		w.pass(30 * time.Second)
		w.send(first)
		equal(w, "slots taken", w.budget().Live, 1)
		w.firstAt(charge, second)
	}},
	{promise: "a retry whose slot is free claims like any due letter", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Unreachable))
		w.send(second)
		w.pass(charge - tick)
		w.idle()
		w.pass(tick)
		w.take(first)
	}},
	{promise: "not left after a maybe goes back to what that one set", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Lost))
		w.pass(30 * time.Second)
		w.settle(w.take(first), ended(core.Unreachable))
		equal(w, "slots taken", w.budget().Live, 1)
		w.cancel(first)
		w.firstAt(lease+charge-30*time.Second, second)
	}},
	{promise: "not left after a maybe whose hour is over is given back", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.settle(w.take(first), ended(core.Lost))
		w.pass(lease + charge)
		w.settle(w.take(first), ended(core.Unreachable))
		w.take(second)
	}},
	{promise: "a lapsed lease is charged as the claim wrote it, and its retry extends it", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.take(first)
		w.pass(lease + backoff)
		w.idle()
		w.pass(backoff)
		w.send(first)
		w.firstAt(charge, second)
	}},
	{promise: "a no that meets a lease leaves its slot to how the attempt ends", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		c := w.take(first)
		refs, err := w.Cancel(w.ctx, w.vendor.ID, first, false, w.now())
		w.must(err)
		w.stopped(refs, c)
		w.settle(c, ended(core.Lost))
		w.firstAt(lease+charge, second)
	}},
	{promise: "a late yes of a lapsed lease keeps the slot taken for its hour", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		c := w.take(first)
		w.pass(lease + time.Second)
		w.settle(c, yes("mail"))
		w.pass(charge - time.Second - tick)
		w.idle()
		w.pass(time.Second)
		w.pass(tick)
		w.take(second)
	}},
	{promise: "a cap lowered below what is taken lets nothing leave until enough is free", settings: "cap=3", tell: func(w *world) {
		for range 3 {
			w.sent()
			w.pass(time.Minute)
		}
		next := w.accept(w.paced(core.Orders)).Invitation.ID
		w.change("cap=1")
		w.firstAt(charge-time.Minute, next)
	}},
	{promise: "a cap lowered below the slots of lost answers lets no retry use its own", settings: "cap=3", tell: func(w *world) {
		for range 3 {
			w.accept(w.paced(core.Orders))
		}
		for _, c := range w.claim(3) {
			w.settle(c, ended(core.Lost))
		}
		w.change("cap=1")
		w.pass(backoff)
		w.idle()
		w.pass(lease + charge - backoff)
		equal(w, "claimed an hour on", len(w.claim(3)), 1)
	}},
	{promise: "a cap raised lets the next letter leave at once", settings: "cap=1", tell: func(w *world) {
		first, second := w.two()
		w.send(first)
		w.idle()
		w.change("cap=2")
		if due, _ := w.due(); !due {
			w.t.Error("not due with a slot free")
		}
		w.take(second)
	}},
	{promise: "one vendor's slots are not another's", settings: "cap=1", tell: func(w *world) {
		w.sent()
		w.vendor = w.newVendor("second", "cap=1")
		w.sent()
	}},
}
