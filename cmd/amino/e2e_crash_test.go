package main_test

import (
	"testing"
	"time"

	"aminobridge/adapters/resend/resendtest"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// What was acknowledged survives the end of the process at any moment, and
// nobody is mailed twice for it.

func TestKilledRightAfterTheWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("killed", atOnce...)
	s := v.shop("killed-shop")
	anna := w.person(1)
	o := w.order(1001, anna)
	s.tells(shopifytest.Fulfilled, o).is(200)
	w.kill()
	w.start()
	s.tells(shopifytest.Fulfilled, o).is(200)
	// The kill may have met the letter on its way: then its lease has to lapse, and
	// the wait before the next attempt to end.
	w.move(2 * time.Minute)
	w.move(2 * time.Minute)
	w.mailTo(anna)
	w.idle()
	v.decided(core.Invited)
	w.same("mails", len(w.provider.Mails()), 1)
	w.same("sent", v.stats().Sent, 1)
}

// TestKilledWhileTheLetterIsOnItsWay kills with the mail taken and its answer
// unread.
func TestKilledWhileTheLetterIsOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("halfway", atOnce...)
	release := make(chan struct{})
	w.provider.Script(resendtest.TakeAndHang(release))
	v.shop("halfway-shop").tells(shopifytest.Fulfilled, w.order(1001, w.person(1))).is(200)
	w.eventually("the mail is taken", func() bool { return len(w.provider.Mails()) == 1 })
	w.kill()
	close(release)
	w.start()
	w.move(2 * time.Minute) // over the lease
	w.move(2 * time.Minute) // over the wait before the next attempt
	w.same("sent", v.stats().Sent, 1)
	w.same("mails", len(w.provider.Mails()), 1)
	calls := w.provider.Calls()
	w.same("requests", len(calls), 2)
	w.same("their keys are the same", calls[0].Key == calls[1].Key, true)
}

func TestKilledRightAfterACall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("killed-call", "paused=true")
	anna := w.person(1)
	first := v.invite(anna, "ORD-1").is(200)
	w.kill()
	w.start()
	again(v, anna, "ORD-1", first)
	v.set("paused=false")
	w.same("the link in the mail", w.mailTo(anna).Link("/review/"), first.link())
	v.becomes(first.id(), "sent")
}

func TestAnAnswerThatIsLostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("lost")
	w.provider.Script(resendtest.DropAnswer(), resendtest.Truncated(), resendtest.FailAfter())
	sent := v.invite(w.person(1), "ORD-1").is(200)
	w.eventually("the first attempt ends", func() bool { return len(w.provider.Calls()) == 1 })
	for range 4 {
		w.same("state", v.state(sent.id()), "scheduled")
		w.advance(2 * time.Minute) // longer than the wait after the third attempt
		if v.state(sent.id()) == "sent" {
			break
		}
	}
	w.same("state", v.state(sent.id()), "sent")
	w.same("requests", len(w.provider.Calls()), 4)
	w.same("mails", len(w.provider.Mails()), 1)
	w.same("sent", v.stats().Sent, 1)
}

// TestAnAnswerIsLostAndADayGoesBy: after 24 hours the provider has forgotten the
// key, and would make a second mail.
func TestAnAnswerIsLostAndADayGoesBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("a-day")
	w.provider.Script(resendtest.DropAnswer())
	anna := w.person(1)
	lost := v.invite(anna, "ORD-1").is(200)
	w.eventually("the mail is taken", func() bool { return len(w.provider.Mails()) == 1 })
	w.idle()
	w.stop()
	began := time.Now()
	w.advance(25 * time.Hour)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("without a server the clock took %s to move: it waits for what only a server does", took)
	}
	w.start()
	v.becomes(lost.id(), "unknown")
	w.advance(48 * time.Hour)
	w.same("state", v.state(lost.id()), "unknown")
	w.same("requests", len(w.provider.Calls()), 1)
	w.same("sent", v.stats().Sent, 0)

	w.opens(w.mailTo(anna).Link("/review/")) // which proves the mail
	w.same("state", v.state(lost.id()), "opened")
	w.same("sent", v.stats().Sent, 1)
}

func TestExpiredOnceAndAgainAfterAKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("expiry")
	sent := v.invite(w.person(1), "ORD-1").is(200)
	v.becomes(sent.id(), "sent")
	w.advance(89 * day)
	w.same("expired", v.stats().Expired, 0)
	w.do("GET", sent.link(), "").is(200)
	w.advance(2 * day)
	w.same("expired", v.stats().Expired, 1)
	w.do("GET", sent.link(), "").is(410)
	w.kill()
	w.start()
	w.advance(day)
	w.same("expired", v.stats().Expired, 1)
	w.same("state", v.state(sent.id()), "expired")
	w.do("GET", sent.link(), "").is(410)
}

// TestKilledBeforeTheExpiryIsCounted lets the time run out while the program is
// off, and kills it as soon as it is back.
func TestKilledBeforeTheExpiryIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("expiry-off")
	sent := v.invite(w.person(1), "ORD-1").is(200)
	v.becomes(sent.id(), "sent")
	w.kill()
	w.advance(91 * day)
	for range 3 {
		w.start()
		w.kill()
	}
	w.start()
	v.becomes(sent.id(), "expired")
	w.advance(day)
	w.same("expired", v.stats().Expired, 1)
}

func TestASecondServerOnAFolderIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.launch("serve", "--addr", "127.0.0.1:0", "--data", w.data)
	w.same("the exit code", second.code(), 1)
	w.same("what it says", second.log.String(), "amino: amino.db is held by another process; stop it, or give this one another --data\n")
	w.do("GET", publicURL+"/healthz", "").is(200)
	w.amino("clock", "show")
}
