package storetest

import (
	"aminobridge/core"
)

func (w *world) event(kind core.EventKind, topic, id string) core.Event {
	return core.Event{
		ID: core.NewEventID(w.now()), Vendor: w.vendor.ID, Shop: w.shop.ID, Topic: topic, Kind: kind,
		ReceivedAt: w.now(), NotBefore: w.now(), At: w.now(),
		Order: core.OrderKey{Namespace: "shopify", ID: id}, OrderName: "#" + id,
	}
}

// fulfilled says that the order was fulfilled just now. Its customer is its own.
func (w *world) fulfilled(id string) core.Event {
	e := w.event(core.Fulfilled, "orders/fulfilled", id)
	e.Email, e.Name, e.Locale = "c"+id+"@example.com", "Customer "+id, "de"
	e.IsFulfilled, e.Total = true, euros(50)
	return e
}

// cancelled says that the order was cancelled just now.
func (w *world) cancelled(id string) core.Event {
	e := w.event(core.Cancellation, "orders/cancelled", id)
	e.CancelledAt = w.now()
	return e
}

// refunded says that a part of the order's total was paid back just now.
func (w *world) refunded(id, refund string, amount core.Amount) core.Event {
	e := w.event(core.Refund, "refunds/create", id)
	e.Refunds = map[string]core.Amount{refund: amount}
	return e
}

func euros(n int64) core.Amount { return core.Amount(n * 10_000) }

// hear appends events; no lease may stand in their way.
func (w *world) hear(events ...core.Event) {
	w.t.Helper()
	refs, err := w.Append(w.ctx, events)
	w.free(refs, err)
}

func (w *world) pending() []core.Event {
	w.t.Helper()
	events, err := w.Pending(w.ctx, w.now(), 1000)
	w.must(err)
	return events
}

// decide gives every ready event its verdict.
func (w *world) decide() []core.Verdict {
	w.t.Helper()
	verdicts, err := w.Decide(w.ctx, w.pending(), w.now())
	w.must(err)
	if left := w.pending(); len(left) > 0 {
		w.t.Fatalf("%d events have no verdict after Decide", len(left))
	}
	return verdicts
}

// verdict appends an inviting event and decides it, alone.
func (w *world) verdict(e core.Event) core.Verdict {
	w.t.Helper()
	w.hear(e)
	verdicts := w.decide()
	if len(verdicts) != 1 {
		w.t.Fatalf("%d verdicts for one event", len(verdicts))
	}
	return verdicts[0]
}

// rules fails the story unless the event gets the reason; it returns the
// invitation of the verdict.
func (w *world) rules(e core.Event, want core.Reason) core.InvitationID {
	w.t.Helper()
	v := w.verdict(e)
	if v.Reason != want {
		w.t.Fatalf("verdict %s, want %s", v.Reason, want)
	}
	return v.Invitation
}

// order is a fulfilled order's invitation.
func (w *world) order(id string) core.InvitationID {
	w.t.Helper()
	inv := w.rules(w.fulfilled(id), core.Invited)
	if inv.IsZero() {
		w.t.Fatal("invited, and the verdict names no invitation")
	}
	return inv
}

// logged is the event's verdict in the vendor's log.
func (w *world) logged(e core.Event) core.Verdict {
	w.t.Helper()
	verdicts, _, err := w.Verdicts(w.ctx, w.vendor.ID, "", 1000)
	w.must(err)
	for _, v := range verdicts {
		if v.Event == e.ID {
			return v
		}
	}
	w.t.Fatalf("the log has no verdict of the event, and %d others", len(verdicts))
	return core.Verdict{}
}

// withdrawn appends an event that withdraws and fails the story unless it has
// its verdict at once.
func (w *world) withdrawn(e core.Event, want core.Reason) {
	w.t.Helper()
	w.hear(e)
	equal(w, "the withdrawal's verdict", w.logged(e).Reason, want)
	if left := w.pending(); len(left) > 0 {
		w.t.Error("a withdrawal waits for a verdict")
	}
}
