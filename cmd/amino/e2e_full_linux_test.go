package main_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// fill takes the running program's room on the disk away: no file of its may grow
// or be written from now on.
func (w *world) fill() {
	w.t.Helper()
	none := &unix.Rlimit{Cur: 0, Max: 0}
	if err := unix.Prlimit(w.program.cmd.Process.Pid, unix.RLIMIT_FSIZE, none, nil); err != nil {
		w.t.Fatal(err)
	}
}

func TestAFullDiskIsToldAndNothingIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("full-disk", append(atOnce, "paused=true")...)
	s := v.shop("full-disk-shop")
	kept, refused := w.order(1, w.person(1)), w.order(2, w.person(2))
	s.tells(shopifytest.Fulfilled, kept).is(200)
	w.idle()

	w.fill()
	a := s.tells(shopifytest.Fulfilled, refused).is(503)
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.same("the exit code", w.program.code(), 1)

	w.start()
	s.tells(shopifytest.Fulfilled, refused).is(200)
	v.decided(core.Invited, core.Invited)
	v.set("paused=false")
	w.mailTo(w.person(1))
	w.mailTo(w.person(2))
	w.same("mails", len(w.provider.Mails()), 2)
}

func TestAFullDiskRefusesACall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("full-call")
	w.idle()
	w.fill()
	a := v.invite(w.person(1), "ORD-1").is(503)
	a.says("Content-Type", "application/problem+json").says("Retry-After", "5")
	w.same("the exit code", w.program.code(), 1)
	w.start()
	sent := v.invite(w.person(1), "ORD-1").is(200)
	v.becomes(sent.id(), "sent")
}
