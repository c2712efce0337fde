package storetest

import (
	"bytes"
	"time"

	"aminobridge/core"
)

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
