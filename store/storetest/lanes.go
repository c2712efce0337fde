package storetest

import (
	"time"

	"aminobridge/core"
)

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
