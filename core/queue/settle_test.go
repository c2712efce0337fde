package queue_test

import (
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/queue"
)

func failed(f core.SendFault) core.Outcome {
	return core.Outcome{Begun: true, Err: &core.SendError{Fault: f}}
}

// TestSettle is the table of DESIGN section 7, row by row.
func TestSettle(t *testing.T) {
	fresh := core.Entry{Attempt: 1}
	maybe := core.Entry{Attempt: 2, FirstMaybe: core.Moment{Pace: time.Unix(1, 0)}}
	stopped := core.Entry{Attempt: 1, Stop: core.Cancelled, StopCause: core.OrderCancelled}
	retry := func(slot queue.SlotEnd, counted bool) queue.Ending {
		return queue.Ending{Slot: slot, Wait: 5 * time.Second, Counted: counted}
	}
	ended := func(slot queue.SlotEnd, s core.State, why core.Reason) queue.Ending {
		return queue.Ending{Slot: slot, State: s, Reason: why, Counted: true}
	}
	for _, c := range []struct {
		name    string
		entry   core.Entry
		outcome core.Outcome
		want    queue.Ending
	}{
		{"taken", fresh, core.Outcome{Begun: true}, ended(queue.Left, core.Sent, "")},
		{"given back", fresh, core.Outcome{}, queue.Ending{Slot: queue.NotLeft}},
		{"answer lost", fresh, failed(core.Lost), retry(queue.Maybe, true)},
		{"in flight", fresh, failed(core.InFlight), retry(queue.Maybe, true)},
		{"not reached", fresh, failed(core.Unreachable), retry(queue.NotLeft, true)},
		{"too fast", fresh, failed(core.RateLimited), retry(queue.NotLeft, true)},
		{"quota", fresh, failed(core.QuotaUsed), retry(queue.NotLeft, false)},
		{"account refused", fresh, failed(core.SenderShut), retry(queue.NotLeft, false)},
		{"domain refused", fresh, failed(core.DomainShut), retry(queue.NotLeft, false)},
		{"domain refused after a maybe", maybe, failed(core.DomainShut), queue.Ending{Slot: queue.NotLeft, Wait: 10 * time.Minute}},
		{"cannot be made", fresh, failed(core.Unmade), ended(queue.NotLeft, core.Failed, core.Unmakeable)},
		{"cannot be made after a maybe", maybe, failed(core.Unmade), ended(queue.NotLeft, core.Unknown, core.AnswerLost)},
		{"letter refused", fresh, failed(core.Rejected), ended(queue.NotLeft, core.Failed, core.Refused)},
		{"letter refused after a maybe", maybe, failed(core.Rejected), ended(queue.NotLeft, core.Unknown, core.AnswerLost)},
		{"key known with another body", fresh, failed(core.KeyMismatch), ended(queue.Maybe, core.Unknown, core.KeyCollision)},
		{"a fault nobody knows", fresh, failed(200), retry(queue.Maybe, true)},
		{"taken though a no came", stopped, core.Outcome{Begun: true}, ended(queue.Left, core.Sent, "")},
		{"lost and a no came", stopped, failed(core.Lost), ended(queue.Maybe, core.Cancelled, core.OrderCancelled)},
		{"not reached and a no came", stopped, failed(core.Unreachable), ended(queue.NotLeft, core.Cancelled, core.OrderCancelled)},
		{"given back and a no came", stopped, core.Outcome{}, queue.Ending{Slot: queue.NotLeft, State: core.Cancelled, Reason: core.OrderCancelled}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := queue.Settle(c.entry, c.outcome); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSettleWaitsAsToldOrLonger(t *testing.T) {
	o := failed(core.RateLimited)
	o.Err.RetryAfter = time.Hour
	if got := queue.Settle(core.Entry{Attempt: 1}, o).Wait; got != time.Hour {
		t.Errorf("waits %s, told an hour", got)
	}
	o.Err.RetryAfter = time.Second
	if got := queue.Settle(core.Entry{Attempt: 1}, o).Wait; got != 5*time.Second {
		t.Errorf("waits %s, want 5s at least", got)
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		n    int
		most time.Duration
	}{{0, 5 * time.Second}, {1, 10 * time.Second}, {4, 80 * time.Second}, {12, 5 * 4096 * time.Second}, {13, 10 * time.Hour}, {1000, 10 * time.Hour}} {
		if got := queue.Backoff(c.n, 0); got != 5*time.Second {
			t.Errorf("attempt %d: waits %s at least, want 5s", c.n, got)
		}
		if got := queue.Backoff(c.n, 0.999999999); got > c.most || got < c.most-time.Second {
			t.Errorf("attempt %d: waits %s at most, want %s", c.n, got, c.most)
		}
	}
}

var (
	noon   = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	window = 23 * time.Hour
)

func at(pace, wall time.Duration, boot string) core.Moment {
	return core.Moment{Pace: noon.Add(pace), Wall: noon.Add(wall), Boot: boot}
}

// TestWindow: a letter that may have left is asked again only while its send key
// is surely known.
func TestWindow(t *testing.T) {
	e := core.Entry{Lane: core.Direct, Attempt: 1, FirstMaybe: at(0, 0, "a")}
	f := queue.Facts{Settings: core.DefaultSettings(), HasBytes: true}
	for _, c := range []struct {
		name string
		now  core.Moment
		over bool
	}{
		{"within", at(window-1, window-1, "a"), false},
		{"over by both", at(window, window, "a"), true},
		{"over by pace alone", at(window, 0, "a"), true},
		{"over by the wall alone", at(0, window, "a"), true},
		{"the wall back in the same boot", at(time.Hour, -time.Hour, "a"), false},
		{"the wall back over a boot", at(time.Hour, -time.Hour, "b"), true},
		{"another boot, the wall ahead", at(time.Hour, 2*time.Hour, "b"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			state, why := queue.Refuse(e, f, c.now, window, core.Frozen{})
			if got := state == core.Unknown && why == core.AnswerLost; got != c.over {
				t.Errorf("got %v %s, over want %t", state, why, c.over)
			}
		})
	}
}

// TestWindowWithoutLimit: of a sender that knows every key for ever, no clock can
// end the window.
func TestWindowWithoutLimit(t *testing.T) {
	maybe := core.Entry{Lane: core.Direct, Attempt: 1, FirstTry: at(0, 0, "a"), FirstMaybe: at(0, 0, "a")}
	tried := core.Entry{Lane: core.Direct, Attempt: 1, FirstTry: at(0, 0, "a")}
	f := queue.Facts{Settings: core.DefaultSettings(), HasBytes: true}
	const years = 10 * 365 * 24 * time.Hour
	for name, now := range map[string]core.Moment{
		"years on":                  at(years, years, "a"),
		"the wall back over a boot": at(time.Hour, -time.Hour, "b"),
	} {
		if state, why := queue.Refuse(maybe, f, now, core.Forever, core.Frozen{}); state != 0 {
			t.Errorf("%s: %v %s, want another attempt", name, state, why)
		}
		if got := queue.Begin(tried, core.Frozen{}, now, core.Forever); got.Round != 0 {
			t.Errorf("%s: round %d, want the same send key", name, got.Round)
		}
	}
}

// TestRefuse: each row can be refused for its one reason only.
func TestRefuse(t *testing.T) {
	now := at(0, 0, "a")
	old := now.Wall.Add(-181 * 24 * time.Hour)
	yesterday := now.Wall.Add(-24 * time.Hour)
	for _, c := range []struct {
		name  string
		lane  core.Lane
		facts queue.Facts
		state core.State
		why   core.Reason
	}{
		{"nothing", core.Orders, queue.Facts{}, 0, ""},
		{"suppressed", core.Direct, queue.Facts{Suppressed: core.OptedOut}, core.Suppressed, core.OptedOut},
		{"revoked", core.Direct, queue.Facts{Invitation: core.Invitation{RevokedAt: yesterday}}, core.Cancelled, core.Revoked},
		{"shop gone", core.Orders, queue.Facts{ShopGone: true}, core.Cancelled, core.ShopUninstalled},
		{"shop gone, direct call", core.Direct, queue.Facts{ShopGone: true}, 0, ""},
		{"order withdrawn", core.Orders, queue.Facts{Withdrawn: core.OrderRefunded}, core.Cancelled, core.OrderRefunded},
		{"order withdrawn, direct call", core.Direct, queue.Facts{Withdrawn: core.OrderRefunded}, 0, ""},
		{"too old", core.Bulk, queue.Facts{Invitation: core.Invitation{DueAt: old}}, core.Cancelled, core.Stale},
		{"an old order whose letter is due now", core.Orders, queue.Facts{Invitation: core.Invitation{FulfilledAt: old}}, 0, ""},
		{"too old, direct call", core.Direct, queue.Facts{Invitation: core.Invitation{DueAt: old}}, 0, ""},
		{"cooldown", core.Orders, queue.Facts{LastSent: yesterday}, core.Cancelled, core.InCooldown},
		{"cooldown, direct call", core.Direct, queue.Facts{LastSent: yesterday}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := c.facts
			f.Settings = core.DefaultSettings()
			if f.Invitation.DueAt.IsZero() {
				f.Invitation.DueAt = now.Wall
			}
			if state, why := queue.Refuse(core.Entry{Lane: c.lane}, f, now, window, core.Frozen{}); state != c.state || why != c.why {
				t.Errorf("got %v %s, want %v %s", state, why, c.state, c.why)
			}
		})
	}
}

func TestRefuseWhatCannotBeMadeAgain(t *testing.T) {
	e := core.Entry{Lane: core.Direct, FirstMaybe: at(0, 0, "a"), Frozen: core.Frozen{Renderer: 1}}
	f := queue.Facts{Settings: core.DefaultSettings()}
	if state, why := queue.Refuse(e, f, at(0, 0, "a"), window, core.Frozen{Renderer: 2}); state != core.Unknown || why != core.RendererGone {
		t.Errorf("got %v %s, want unknown: another renderer makes other bytes", state, why)
	}
	f.HasBytes = true
	if state, _ := queue.Refuse(e, f, at(0, 0, "a"), window, core.Frozen{Renderer: 2}); state != 0 {
		t.Errorf("got %v with the bytes kept, want a repeat of them", state)
	}
}

// TestRefuseWhatAnotherSenderMayHave: no other sender knows the send key of a
// letter that may have left.
func TestRefuseWhatAnotherSenderMayHave(t *testing.T) {
	now := at(0, 0, "a")
	lost := core.Entry{Lane: core.Direct, FirstMaybe: now, Frozen: core.Frozen{Sender: "resend"}}
	tried := core.Entry{Lane: core.Direct, FirstTry: now, Frozen: core.Frozen{Sender: "resend"}}
	for _, c := range []struct {
		name   string
		entry  core.Entry
		sender string
		state  core.State
		why    core.Reason
	}{
		{"a maybe at another sender", lost, "mailbox", core.Unknown, core.AnswerLost},
		{"a maybe at the same sender", lost, "resend", 0, ""},
		{"no maybe, another sender", tried, "mailbox", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := queue.Facts{Settings: core.DefaultSettings(), HasBytes: true}
			if state, why := queue.Refuse(c.entry, f, now, window, core.Frozen{Sender: c.sender}); state != c.state || why != c.why {
				t.Errorf("got %v %s, want %v %s", state, why, c.state, c.why)
			}
		})
	}
}

func TestBegin(t *testing.T) {
	now, later := at(0, 0, "a"), at(time.Hour, time.Hour, "a")
	old, fresh := core.Frozen{From: "old"}, core.Frozen{From: "new"}
	tried := core.Entry{Attempt: 1, Frozen: old, FirstTry: now}
	lost := tried
	lost.FirstMaybe = now
	for _, c := range []struct {
		name   string
		entry  core.Entry
		inputs core.Frozen
		now    core.Moment
		round  int
		from   string
	}{
		{"the first attempt freezes", core.Entry{}, fresh, now, 0, "new"},
		{"the same inputs keep the key", tried, old, later, 0, "old"},
		{"new inputs begin a round", tried, fresh, later, 1, "new"},
		{"a key too old begins a round", tried, old, at(window, window, "a"), 1, "old"},
		{"after a maybe all stays", lost, fresh, later, 0, "old"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := queue.Begin(c.entry, c.inputs, c.now, window)
			if got.Round != c.round || got.Frozen.From != c.from || got.Attempt != c.entry.Attempt+1 || got.FirstTry.Pace.IsZero() {
				t.Errorf("got %+v, want round %d and inputs %q", got, c.round, c.from)
			}
		})
	}
}
