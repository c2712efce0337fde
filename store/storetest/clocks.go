package storetest

import (
	"slices"
	"time"

	"aminobridge/core"
)

// decade is a little less than ten years, so that no setting but max_age minds.
const decade = 3600 * day

// With a cap of one and a direct letter that waits, neither the calendar nor
// opening hours can decide when it leaves: only the slot.

// blocked is a letter that waits for the slot of one just sent.
func (w *world) blocked() core.InvitationID {
	w.t.Helper()
	w.sent()
	w.change("cap=2") // so that a second call is admitted
	id := w.invite()
	w.change("cap=1")
	return id
}

var clockStories = []story{
	{promise: "a wall ten years ahead makes no burst, and no stall", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.clock.JumpWall(decade)
		w.change("max_age=3650d") // or the jump alone would end the letter
		w.firstAt(charge, id)
	}},
	{promise: "a wall ten years back makes no burst, and no stall", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.clock.JumpWall(-decade)
		w.firstAt(charge, id)
	}},
	{promise: "no jump of the wall keeps a vendor from being named", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.clock.JumpWall(-decade)
		var waited time.Duration
		for range 100 {
			waited += w.waits()
			if c := w.claim(1); len(c) > 0 {
				equal(w, "claimed", c[0].Ref.Invitation, id)
				equal(w, "after", waited, charge)
				return
			}
		}
		w.t.Error("named a hundred times, and nothing to claim")
	}},
	{promise: "a jump of the wall neither frees nor holds an admission", settings: "cap=1", tell: func(w *world) {
		w.invite()
		w.clock.JumpWall(decade)
		equal(w, "come again in", w.overCap(w.ask()), hour)
		w.clock.JumpWall(-2 * decade)
		equal(w, "come again in", w.overCap(w.ask()), hour)
		w.pass(hour)
		w.invite()
	}},
	{promise: "a lease does not know the wall", tell: func(w *world) {
		c := w.take(w.invite())
		w.clock.JumpWall(decade)
		if !w.live(c.Ref) {
			w.t.Error("a jump ended the lease")
		}
		w.pass(lease)
		if w.live(c.Ref) {
			w.t.Error("a jump kept the lease")
		}
	}},
	{promise: "a retry does not know the wall", tell: func(w *world) {
		id := w.invite()
		w.settle(w.take(id), ended(core.Unreachable))
		w.clock.JumpWall(-decade)
		w.firstAt(backoff, id)
	}},
	{promise: "however often it is written, time does not fall behind", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		for range 10 {
			w.pass(tick + tick/2)
			w.change("cap=1")
		}
		w.firstAt(charge-15*tick, id)
	}},
	{promise: "a restart within one boot goes on with the time that passed", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.must(w.Close())
		w.pass(30 * time.Minute)
		w.Store = w.again()
		w.firstAt(charge-30*time.Minute, id)
	}},
	{promise: "a restart within one boot does not read the wall", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.must(w.Close())
		w.clock.JumpWall(decade)
		w.Store = w.again()
		w.change("max_age=3650d")
		w.firstAt(charge, id)
	}},
	{promise: "a new boot goes on from the time that was kept, whatever the wall says", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		w.must(w.Close())
		w.clock.Reboot(5 * hour)
		w.Store = w.again()
		w.idle()
		w.pass(charge)
		w.take(id)
	}},
	{promise: "after a new boot time goes on though nobody writes", settings: "cap=1", tell: func(w *world) {
		w.sent()
		w.must(w.Close())
		w.clock.Reboot(time.Minute)
		w.Store = w.again()
		w.pass(charge - tick)
		equal(w, "slots taken", w.budget().Live, 1)
		w.pass(tick)
		equal(w, "slots taken an hour on", w.budget().Live, 0)
	}},
	{promise: "many boots in a row neither free a slot nor hold it for ever", settings: "cap=1", tell: func(w *world) {
		id := w.blocked()
		for range 5 {
			w.must(w.Close())
			w.clock.Reboot(time.Minute)
			w.Store = w.again()
			w.idle()
		}
		w.pass(charge)
		w.take(id)
	}},
	{promise: "a boot clock that runs backwards stalls nobody for longer than an hour", settings: "cap=1", tell: func(w *world) {
		w.pass(10 * hour)
		id := w.blocked()
		w.must(w.Close())
		w.clock.JumpUp(-10 * hour)
		w.Store = w.again()
		w.pass(lease + charge)
		w.take(id)
	}},
}

var drainStories = []story{
	{promise: "cap 3 and ten orders: never a fourth in any hour, by bursts", settings: "cap=3", tell: func(w *world) { w.drain(10, 3, time.Second) }},
	{promise: "cap 3 and ten orders: never a fourth in any hour, smoothly", settings: "cap=3 pacing=smooth", tell: func(w *world) { w.drain(10, 3, time.Second) }},
	{promise: "a reserve is not used by a backlog", settings: "cap=10 reserve=4", tell: func(w *world) { w.drain(20, 6, time.Second) }},
	{promise: "attempts that take their time", settings: "cap=4 pacing=smooth", tell: func(w *world) { w.drain(13, 4, 900*time.Millisecond) }},
	{promise: "crashes, lost answers and jumps of the wall: never a fourth in any hour", settings: "cap=3", tell: faultyDrain},
}

// drain sends a backlog of n as a loop would, and holds it to I3 and I6: p is the
// paced part of the cap, each attempt takes d.
func (w *world) drain(n, p int, d time.Duration) {
	w.t.Helper()
	for range n {
		w.accept(w.paced(core.Orders))
	}
	begun := w.now()
	var left []time.Time
	for step := 0; len(left) < n; step++ {
		if step > 100*n {
			w.t.Fatalf("%d of %d left after %v", len(left), n, w.now().Sub(begun))
		}
		if w.waits(); w.t.Failed() {
			return
		}
		for _, c := range w.claim(1) {
			w.pass(d)
			left = append(left, w.now())
			w.settle(c, yes("mail"))
		}
	}
	w.pacedBelow(left, p)
	hours := time.Duration((n + p - 1) / p)
	if took, most := w.now().Sub(begun), hours*(charge+d)+time.Minute; took > most {
		w.t.Errorf("drained in %v, want at most %v", took, most)
	}
}

// pacedBelow holds a provider's log to I3: at most most in any (t − 1 h, t].
func (w *world) pacedBelow(log []time.Time, most int) {
	w.t.Helper()
	slices.SortFunc(log, time.Time.Compare)
	for i := most; i < len(log); i++ {
		if gap := log[i].Sub(log[i-most]); gap < hour {
			w.t.Errorf("mails %d to %d within %v", i-most, i, gap)
		}
	}
}

// faultyDrain is ten letters through everything that may befall an attempt. The
// provider keeps each mail once, by its send key, at the time it first came.
func faultyDrain(w *world) {
	for range 10 {
		w.accept(w.paced(core.Orders))
	}
	up := func() time.Duration { _, up := w.clock.Boot(); return up }
	mails := map[string]time.Duration{}
	for turn := 0; len(mails) < 10; turn++ {
		if turn > 2000 {
			w.t.Fatalf("%d of 10 left", len(mails))
		}
		w.pass(20 * time.Second)
		for _, c := range w.claim(1) {
			if _, known := mails[c.Entry.SendKey()]; !known && turn%5 != 0 {
				mails[c.Entry.SendKey()] = up()
			}
			switch turn % 5 {
			case 0:
				w.settle(c, ended(core.Unreachable))
			case 1:
				w.settle(c, ended(core.Lost))
			case 2:
				w.restart() // nobody settles
			case 3:
				w.clock.JumpWall(time.Duration(turn%3-1) * time.Minute)
				w.settle(c, yes("mail"))
			default:
				w.settle(c, yes("mail"))
			}
		}
	}
	var log []time.Time
	for _, at := range mails {
		log = append(log, time.Time{}.Add(at))
	}
	w.pacedBelow(log, 3)
	equal(w, "letters sent or to be asked again", int(w.counters().Sent)+len(w.letters()), 10)
}
