package main_test

import (
	"testing"
	"time"

	"aminobridge/adapters/resend/resendtest"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// After a no is acknowledged, no request begins at the provider (I4).

// waits says no while a letter is on its way, sees that the no is not acknowledged
// until the letter is released, and returns the answer.
func (w *world) waits(release chan<- struct{}, say func() (answer, error)) answer {
	w.t.Helper()
	var a answer
	var err error
	said := make(chan struct{})
	go func() {
		defer close(said)
		a, err = say()
	}()
	early := time.NewTimer(500 * time.Millisecond)
	defer early.Stop()
	select {
	case <-said:
		w.t.Errorf("the no is answered %d while a letter is on its way", a.status)
	case <-early.C:
	}
	close(release)
	<-said
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestWithdrawnBeforeTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("before", append(atOnce, "delay=7d")...)
	s := v.shop("before-shop")
	cancelled, refunded, half := w.order(1, w.person(1)), w.order(2, w.person(2)), w.order(3, w.person(3))
	for _, o := range []shopifytest.Order{cancelled, refunded, half} {
		s.tells(shopifytest.Fulfilled, o).is(200)
	}
	v.decided(core.Invited, core.Invited, core.Invited)
	w.advance(time.Hour)
	refunded.RefundID, half.RefundID, half.Refund = 71, 72, "10.00"
	for _, o := range []*shopifytest.Order{&cancelled, &refunded, &half} {
		o.At = w.now()
	}
	s.tells(shopifytest.Cancelled, cancelled).is(200)
	s.tells(shopifytest.Refunded, refunded).is(200)
	s.tells(shopifytest.Refunded, half).is(200)
	s.tells(shopifytest.Cancelled, cancelled).is(200) // once more
	v.decided(core.Invited, core.Invited, core.Invited, core.OrderCancelled, core.OrderRefunded, core.PartialRefund)
	w.advance(8 * day)
	w.same("mails", len(w.provider.Mails()), 1)
	w.mailTo(w.person(3))
	w.same("cancelled", v.stats().ByState[core.Cancelled], 2)

	cancelled.At = w.now() // fulfilled anew, after the withdrawal
	s.tells(shopifytest.Fulfilled, cancelled).is(200)
	w.advance(8 * day)
	w.mailTo(w.person(1))
}

func TestWithdrawnBeforeItWasFulfilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("out-of-order", atOnce...)
	s := v.shop("out-of-order-shop")
	o := w.order(1, w.person(1))
	w.advance(time.Minute)
	gone := o
	gone.At = w.now()
	s.tells(shopifytest.Cancelled, gone).is(200)
	s.tells(shopifytest.Fulfilled, o).is(200)
	v.decided(core.WithdrawalNoted, core.WithdrawnBefore)
	w.advance(day)
	w.same("requests", len(w.provider.Calls()), 0)
}

func TestWithdrawnAfterTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("after", atOnce...)
	s := v.shop("after-shop")
	o := w.order(1, w.person(1))
	s.tells(shopifytest.Fulfilled, o).is(200)
	link := w.mailTo(w.person(1)).Link("/review/")
	w.advance(time.Minute)
	o.At = w.now()
	s.tells(shopifytest.Cancelled, o).is(200)
	v.decided(core.Invited, core.WithdrawnTooLate)
	w.reviews(link) // the link of a mail that arrived goes on
	w.same("sent and completed", []int64{v.stats().Sent, v.stats().Completed}, []int64{1, 1})
	w.same("requests", len(w.provider.Calls()), 1)
}

// TestWithdrawnDuringALease holds the letter at the provider: the webhook is told
// to come again, and its repeat waits again, until the attempt has ended.
func TestWithdrawnDuringALease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("during", atOnce...)
	s := v.shop("during-shop")
	release := make(chan struct{})
	w.provider.Script(resendtest.Hang(release))
	o := w.order(1, w.person(1))
	s.tells(shopifytest.Fulfilled, o).is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 1 })

	o.At = w.now()
	a := s.tells(shopifytest.Cancelled, o).is(503)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.waits(release, func() (answer, error) { return s.tries(shopifytest.Cancelled, o) }).is(200)
	w.idle()
	w.same("mails", len(w.provider.Mails()), 1) // it had begun before the no
	w.same("sent", v.stats().Sent, 1)
	w.advance(day)
	w.same("requests", len(w.provider.Calls()), 1)
}

// TestWithdrawnDuringALeaseWhoseAnswerIsLost: the letter may have left or not; it
// is not tried again.
func TestWithdrawnDuringALeaseWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("during-lost", atOnce...)
	s := v.shop("during-lost-shop")
	w.provider.Script(resendtest.FailBefore().Slow(time.Second))
	o := w.order(1, w.person(1))
	s.tells(shopifytest.Fulfilled, o).is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 1 })
	o.At = w.now()
	s.tells(shopifytest.Cancelled, o).is(200)
	w.same("the attempt has ended", w.provider.Calls()[0].Status, 500)
	w.same("cancelled", v.stats().ByState[core.Cancelled], 1)
	w.advance(day)
	w.same("requests", len(w.provider.Calls()), 1)

	o.At = w.now() // fulfilled anew: but the mail may be there already
	s.tells(shopifytest.Fulfilled, o).is(200)
	w.advance(day)
	w.same("requests", len(w.provider.Calls()), 1)
}

// TestOptOutDuringALease: the customer says no by the link of an earlier mail
// while another is on its way.
func TestOptOutDuringALease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("opt-out")
	s := v.shop("opt-out-shop")
	anna := w.person(1)
	v.invite(anna, "ORD-1").is(200)
	no := w.mailTo(anna).Link("/u/")
	w.do("GET", no, "").is(200) // looking is not saying
	v.set("paused=true")
	waiting := v.invite(anna, "ORD-2").is(200)
	v.set("paused=false")
	v.becomes(waiting.id(), "sent")

	release := make(chan struct{})
	w.provider.Script(resendtest.Hang(release))
	v.invite(anna, "ORD-3").is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 3 })
	w.waits(release, func() (answer, error) { return w.optOut(no) }).is(200)

	v.invite(anna, "ORD-4").is(200).says("Amino-Status", "suppressed")
	s.tells(shopifytest.Fulfilled, w.order(5, anna)).is(200)
	v.decided(core.OnSuppression)
	w.advance(30 * day)
	w.same("requests", len(w.provider.Calls()), 3)
	w.same("the page remembers", w.do("GET", no, "").is(200).status, 200)
}

// TestOptOutEndsWhatWaits: letters that wait for their time or for a retry do not
// leave after the no, not even after a crash.
func TestOptOutEndsWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("waits", "cooldown=0s")
	anna := w.person(1)
	v.invite(anna, "ORD-1").is(200)
	no := w.mailTo(anna).Link("/u/")
	later := v.invite(anna, "ORD-2", "Prefer", "respond-async").is(202)
	w.provider.Script(resendtest.FailBefore())
	retried := v.invite(anna, "ORD-3").is(200)
	w.eventually("an attempt fails", func() bool { return len(w.provider.Calls()) == 2 })
	w.idle()
	if a, err := w.optOut(no); err != nil || a.status != 200 {
		t.Fatalf("the no: %d, %v", a.status, err)
	}
	w.kill()
	w.start()
	w.advance(30 * day)
	w.same("requests", len(w.provider.Calls()), 2)
	w.same("state of what waited", v.state(later.id()), "suppressed")
	w.same("state of what was to be tried again", v.state(retried.id()), "suppressed")
}

func TestCancelDuringALeaseSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("cancel")
	w.provider.Script(resendtest.OK().Slow(700 * time.Millisecond))
	sent := v.invite(w.person(1), "ORD-1").is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 1 })
	w.same("it left", v.call("DELETE", "/"+sent.id(), "").is(409).text("code"), "already_sent")

	w.provider.Script(resendtest.FailBefore().Slow(700 * time.Millisecond))
	lost := v.invite(w.person(2), "ORD-2").is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 2 })
	v.call("DELETE", "/"+lost.id(), "").is(200)
	w.advance(day)
	w.same("state", v.state(lost.id()), "cancelled")
	w.same("requests", len(w.provider.Calls()), 2)
}

func TestAReviewByTheLinkWithdrawsTheMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("by-link", "cooldown=0s")
	a := v.invite(w.person(1), "ORD-1", "Prefer", "respond-async").is(202)
	w.reviews(a.link())
	w.same("state", v.state(a.id()), "completed")
	w.advance(30 * day)
	w.same("requests", len(w.provider.Calls()), 0)
	s := v.stats()
	w.same("sent, opened, completed", []int64{s.Sent, s.Opened, s.Completed}, []int64{1, 1, 1})
}
