package main_test

import (
	"testing"
	"time"

	"aminobridge/adapters/resend/resendtest"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// tenOrders fulfils ten orders at once at a vendor that may mail three an hour,
// and lets hours go by, in parts of step. before is called before each. Judge
// sees to it that there never was a fourth in any hour; here it is counted
// how long it took.
func tenOrders(t *testing.T, pacing string, step time.Duration, before func(w *world)) (took time.Duration) {
	w := newWorld(t)
	v := w.vendor("cap-"+pacing, append(atOnce, "cap=3", "pacing="+pacing)...)
	s := v.shop("cap-shop-" + pacing)
	for n := range 10 {
		s.tells(shopifytest.Fulfilled, w.order(n, w.person(n))).is(200)
	}
	begin := w.now()
	w.idle()
	for len(w.provider.Mails()) < 10 && w.now().Sub(begin) < 6*time.Hour {
		before(w)
		w.move(step)
	}
	w.idle()
	w.same("mails", len(w.provider.Mails()), 10)
	w.same("the most in an hour", w.provider.MaxInHour(), 3)
	return w.provider.Mails()[9].At.Sub(begin)
}

func nothing(*world) {}

// drained is how long ten letters may take under a cap of three (I6): four hours,
// two seconds and an attempt each, and a minute.
const drained = 4*(time.Hour+3*time.Second) + time.Minute

func TestCapNeverAFourthInAnyHour(t *testing.T) {
	t.Parallel()
	for _, pacing := range []string{"burst", "smooth"} {
		t.Run(pacing, func(t *testing.T) {
			if took := tenOrders(t, pacing, time.Minute, nothing); took > drained {
				t.Errorf("the last of ten left after %s, want at most %s", took, drained)
			}
		})
	}
}

// TestCapHoldsOverCrashes kills the program again and again, with letters taken
// and answers unread.
func TestCapHoldsOverCrashes(t *testing.T) {
	t.Parallel()
	took := tenOrders(t, "burst", 10*time.Minute, func(w *world) {
		w.kill()
		w.start()
	})
	if took > 5*time.Hour {
		t.Errorf("the last of ten left after %s", took)
	}
}

// TestCapHoldsOverLostAnswers lets the answer to every other letter get lost.
func TestCapHoldsOverLostAnswers(t *testing.T) {
	t.Parallel()
	took := tenOrders(t, "burst", 10*time.Minute, func(w *world) {
		w.provider.Script(resendtest.DropAnswer())
	})
	if took > 5*time.Hour {
		t.Errorf("the last of ten left after %s", took)
	}
}

// TestCapCountsDirectCallsAndOrdersTogether: orders leave the reserve to direct
// calls, which come first, and neither makes a fourth mail.
func TestCapCountsDirectCallsAndOrdersTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("together", append(atOnce, "cap=3", "reserve=1")...)
	s := v.shop("together-shop")
	for n := range 4 {
		s.tells(shopifytest.Fulfilled, w.order(n, w.person(n))).is(200)
	}
	v.decided(core.Invited, core.Invited, core.Invited, core.Invited)
	w.idle()
	w.same("mails for orders", len(w.provider.Mails()), 2)
	v.invite(w.person(10), "").is(200)
	w.mailTo(w.person(10))
	v.invite(w.person(11), "").is(429)
	w.advance(time.Hour + 3*time.Second)
	v.invite(w.person(12), "").is(200)
	w.mailTo(w.person(12))
	w.same("mails", len(w.provider.Mails()), 6)
}
