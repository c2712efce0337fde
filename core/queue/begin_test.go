package queue_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
)

// crowded is an office whose workers are all busy while more letters are claimed
// already; queued are those that wait for a worker.
func crowded(t *testing.T) (o *office, queued []core.InvitationID) {
	t.Helper()
	o = open(t, "cap", "100")
	for n := range 12 {
		o.invite(n, core.Direct)
	}
	time.Sleep(50 * time.Millisecond) // the provider needs 100 ms
	began := map[core.InvitationID]bool{}
	for _, r := range o.requests() {
		text, _, _ := strings.Cut(r.key, "/")
		id, err := core.ParseInvitationID(text)
		o.must(err)
		began[id] = true
	}
	entries, err := o.store.Letters(context.Background(), o.vendor.ID, 100)
	o.must(err)
	for _, e := range entries {
		if !e.LeaseUntil.IsZero() && !began[e.Invitation] {
			queued = append(queued, e.Invitation)
		}
	}
	if len(began) != o.loop.Workers || len(queued) == 0 {
		t.Errorf("%d attempts have begun and %d letters wait for a worker, want %d and some", len(began), len(queued), o.loop.Workers)
	}
	return o, queued
}

// TestLoopHoldsWhatWaitsForAWorker: a pause holds letters that are claimed and
// not begun, and they go on when it ends.
func TestLoopHoldsWhatWaitsForAWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _ := crowded(t)
		defer o.close()
		o.set("paused", "true")
		time.Sleep(time.Hour)
		if got := len(o.requests()); got != o.loop.Workers {
			t.Errorf("asked %d times, want %d: the others had not begun when the vendor was paused", got, o.loop.Workers)
		}
		o.set("paused", "false")
		time.Sleep(5 * time.Minute)
		if mails, asked := len(o.sentAt()), len(o.requests()); mails != 12 || asked != 12 {
			t.Errorf("%d mails of %d requests after the pause, want 12 of 12", mails, asked)
		}
	})
}

// TestLoopDropsWhatMetANo: a letter that meets a no before its worker takes it is
// not begun.
func TestLoopDropsWhatMetANo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, queued := crowded(t)
		defer o.close()
		for _, id := range queued {
			refs, err := o.store.Cancel(context.Background(), o.vendor.ID, id, false, time.Now())
			o.must(err)
			if len(refs) != 1 {
				t.Errorf("%d leases in the way, want 1", len(refs))
			}
		}
		time.Sleep(time.Hour)
		for _, id := range queued {
			if got := o.state(id); got != core.Cancelled {
				t.Errorf("%v, want cancelled", got)
			}
		}
		want := 12 - len(queued)
		if mails, asked := len(o.sentAt()), len(o.requests()); mails != want || asked != want {
			t.Errorf("%d mails of %d requests, want %d of as many", mails, asked, want)
		}
	})
}
