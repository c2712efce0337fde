package main_test

import (
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/resend/resendtest"
)

// The same order_ref again mails nobody and costs nothing: every row of that rule
// of DESIGN section 4.

// again posts an order_ref once more and expects the link of before.
func again(v *vendor, p person, ref string, first answer) answer {
	v.w.t.Helper()
	a := v.invite(p, ref).is(200).keys("ok", "review_url")
	v.w.same("the link of the repeat", a.link(), first.link())
	v.w.same("the invitation of the repeat", a.id(), first.id())
	return a
}

// costsNothing repeats an order for somebody else, and sees that no admission is
// taken and nobody mailed.
func costsNothing(v *vendor, ref string, first answer) answer {
	v.w.t.Helper()
	mails, stranger := len(v.w.provider.Mails()), v.w.person(999)
	before := left(v)
	a := again(v, stranger, ref, first)
	v.w.same("admissions left", left(v), before)
	v.w.idle()
	v.w.same("mails", len(v.w.provider.Mails()), mails)
	v.w.same("mails to whom the repeat named", len(v.w.mails(stranger)), 0)
	return a
}

// left is how many direct calls would be admitted now.
func left(v *vendor) int {
	v.w.t.Helper()
	return v.stats().Budget.Left
}

func TestRepeatOfScheduledCorrectsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("correct", "paused=true")
	wrong, right := w.person(1), w.person(2)
	first := v.invite(wrong, "ORD-1").is(200)

	before := left(v)
	again(v, right, "ORD-1", first).says("Amino-Duplicate", "").says("Amino-Status", "")
	w.same("admissions left", left(v), before)
	v.set("paused=false")
	mail := w.mailTo(right)
	w.same("the link in the mail", mail.Link("/review/"), first.link())
	if !strings.Contains(mail.Text, right.first) || strings.Contains(mail.Text, wrong.first) {
		t.Error("the letter greets by the name of before")
	}
	w.same("mails to the wrong address", len(w.mails(wrong)), 0)
}

// isFor sees whom an invitation is for, by what the API tells of it.
func isFor(v *vendor, a answer, p person) {
	v.w.t.Helper()
	one, _ := v.call("GET", "/"+a.id(), "").is(200).object()["invitation"].(map[string]any)
	v.w.same("the address", one["email"], p.email)
	v.w.same("the name", one["name"], p.name())
}

func TestRepeatDoesNotCorrectWhatMayHaveLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("too-late")
	anna, other := w.person(1), w.person(2)

	release := make(chan struct{})
	w.provider.Script(resendtest.Hang(release))
	leased := v.invite(anna, "ORD-1").is(200)
	w.eventually("the letter is on its way", func() bool { return len(w.provider.Calls()) == 1 })
	again(v, other, "ORD-1", leased).says("Amino-Duplicate", "")
	isFor(v, leased, anna)
	close(release)
	v.becomes(leased.id(), "sent")

	w.provider.Script(resendtest.FailBefore())
	maybe := v.invite(anna, "ORD-2").is(200)
	w.eventually("the answer is lost", func() bool { return len(w.provider.Calls()) == 2 })
	w.idle()
	again(v, other, "ORD-2", maybe).says("Amino-Duplicate", "")
	isFor(v, maybe, anna)
	w.advance(time.Minute)
	w.same("mails to the first address", len(w.mails(anna)), 2)
	w.same("mails to the other", len(w.mails(other)), 0)
}

func TestRepeatOfSentOpenedCompletedExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("lasting")
	first := v.invite(w.person(1), "ORD-1").is(200)
	v.becomes(first.id(), "sent")
	costsNothing(v, "ORD-1", first).says("Amino-Duplicate", "true")

	w.opens(first.link())
	w.same("state", v.state(first.id()), "opened")
	costsNothing(v, "ORD-1", first).says("Amino-Duplicate", "true")

	w.reviews(first.link())
	w.same("state", v.state(first.id()), "completed")
	costsNothing(v, "ORD-1", first).says("Amino-Duplicate", "true")

	second := v.invite(w.person(2), "ORD-2").is(200)
	v.becomes(second.id(), "sent")
	w.advance(91 * day)
	w.same("state", v.state(second.id()), "expired")
	costsNothing(v, "ORD-2", second).says("Amino-Duplicate", "true")
	w.same("opened and completed", []int64{v.stats().Opened, v.stats().Completed}, []int64{1, 1})
}

func TestRepeatOfUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("in-doubt")
	w.provider.Script(resendtest.DropBefore())
	first := v.invite(w.person(1), "ORD-1").is(200)
	w.eventually("the answer is lost", func() bool { return len(w.provider.Calls()) == 1 })
	w.idle()
	w.advance(25 * time.Hour)
	w.same("state", v.state(first.id()), "unknown")
	costsNothing(v, "ORD-1", first).says("Amino-Duplicate", "true")
}

func TestRepeatOfSuppressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("stopped")
	anna := w.person(1)
	v.invite(anna, "ORD-1").is(200)
	if _, err := w.optOut(w.mailTo(anna).Link("/u/")); err != nil {
		t.Fatal(err)
	}
	before := left(v)
	first := v.invite(anna, "ORD-2").is(200).says("Amino-Status", "suppressed")
	w.same("admissions left", left(v), before)
	costsNothing(v, "ORD-2", first).says("Amino-Status", "suppressed").says("Amino-Duplicate", "")
	w.do("GET", first.link(), "").is(200) // the link works all the same
}

func TestRepeatRevivesCancelledAndFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("revival", "paused=true")
	anna, ben := w.person(1), w.person(2)
	cancelled := v.invite(anna, "ORD-1").is(200)
	v.call("DELETE", "/"+cancelled.id(), "").is(200)
	before := left(v)
	again(v, anna, "ORD-1", cancelled).says("Amino-Duplicate", "")
	w.same("admissions left", left(v), before-1)
	v.set("paused=false")
	w.same("the link in the mail", w.mailTo(anna).Link("/review/"), cancelled.link())

	w.provider.Script(resendtest.WrongField())
	failed := v.invite(ben, "ORD-2").is(200)
	v.becomes(failed.id(), "failed")
	again(v, ben, "ORD-2", failed).says("Amino-Duplicate", "")
	w.same("the link in the mail", w.mailTo(ben).Link("/review/"), failed.link())
}

func TestRepeatOfCancelledOverTheCapIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("full", "cap=1", "reserve=0", "paused=true")
	first := v.invite(w.person(1), "ORD-1").is(200)
	v.call("DELETE", "/"+first.id(), "").is(200)
	v.invite(w.person(1), "ORD-1").is(429)
	w.advance(time.Hour + time.Second)
	again(v, w.person(1), "ORD-1", first)
}

func TestRepeatNeverRevivesWhatMayHaveLeftOrWasRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("never")
	w.provider.Script(resendtest.FailBefore())
	maybe := v.invite(w.person(1), "ORD-1").is(200)
	w.eventually("the answer is lost", func() bool { return len(w.provider.Calls()) == 1 })
	w.idle()
	v.call("DELETE", "/"+maybe.id(), "").is(200)
	costsNothing(v, "ORD-1", maybe).says("Amino-Duplicate", "true")

	v.set("paused=true")
	revoked := v.invite(w.person(2), "ORD-2").is(200)
	v.call("DELETE", "/"+revoked.id()+"?revoke=true", "").is(200)
	v.set("paused=false")
	costsNothing(v, "ORD-2", revoked).says("Amino-Duplicate", "true")
	w.do("GET", revoked.link(), "").is(404)
}

func TestRepeatWithoutOrderRef(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("nameless")
	anna := w.person(1)
	first := v.invite(anna, "").is(200)
	v.becomes(first.id(), "sent")
	again(v, anna, "", first)

	renamed := anna
	renamed.last = w.person(2).last
	if v.invite(renamed, "").is(200).link() == first.link() {
		t.Error("another name is taken for a retry")
	}
	w.advance(9 * time.Minute)
	again(v, anna, "", first)
	w.advance(2 * time.Minute)
	if v.invite(anna, "").is(200).link() == first.link() {
		t.Error("after ten minutes the same call is taken for a retry")
	}
	w.idle()
	w.same("mails", len(w.mails(anna)), 3)
}

func TestRepeatUnderAnIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("idempotent")
	anna := w.person(1)
	key := []string{"Idempotency-Key", "order-77"}
	first := v.invite(anna, "", key...).is(200)
	v.becomes(first.id(), "sent")
	w.advance(23 * time.Hour)
	kept := v.invite(anna, "", key...).is(200).keys("ok", "review_url")
	w.same("the kept link", kept.link(), first.link())

	w.same("another body", v.invite(w.person(2), "", key...).is(422).text("code"), "idempotency_mismatch")
	v.invite(anna, "", "Idempotency-Key", "a b").is(400)
	w.advance(2 * time.Hour)
	if v.invite(w.person(2), "", key...).is(200).link() == first.link() {
		t.Error("after 24 h the key still counts")
	}
	w.idle()
	w.same("mails", len(w.provider.Mails()), 2)
}
