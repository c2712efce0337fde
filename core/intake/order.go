package intake

import (
	"maps"
	"time"

	"aminobridge/core"
)

// note adds to an order's record what an event tells of it. Every part of the
// record moves one way only (times and refunds up, the total down), so that the
// record is the same whatever the order of arrival, and an order once refunded in
// full stays so.
func note(o core.Order, e core.Event) core.Order {
	o.Refunds = maps.Clone(o.Refunds)
	if e.OrderName != "" {
		o.Name = e.OrderName
	}
	if e.Kind == core.Fulfilled && e.IsFulfilled {
		o.FulfilledAt = later(o.FulfilledAt, e.At)
	}
	if o.Total == 0 || e.Total != 0 && e.Total < o.Total {
		o.Total = e.Total
	}
	noteRefunds(&o, e)
	switch {
	case e.Kind == core.Cancellation:
		withdraw(&o, core.OrderCancelled, told(e))
	case e.FullyRefunded:
		withdraw(&o, core.OrderRefunded, told(e))
	}
	withdraw(&o, core.OrderCancelled, e.CancelledAt)
	return o
}

// noteRefunds keeps each refund once, by its id. Once they sum to the total the
// order is withdrawn from the latest time at which a body told of a refund.
func noteRefunds(o *core.Order, e core.Event) {
	if len(e.Refunds) > 0 {
		o.RefundedAt = later(o.RefundedAt, told(e))
	}
	if o.Refunds == nil {
		o.Refunds = make(map[string]core.Amount, len(e.Refunds))
	}
	for id, amount := range e.Refunds {
		o.Refunds[id] = max(o.Refunds[id], amount)
	}
	if o.RefundedInFull() {
		withdraw(o, core.OrderRefunded, o.RefundedAt)
	}
}

// withdraw moves the order's withdrawal to at, if that is later. At the same
// moment a cancellation is named before the refund that comes with it.
func withdraw(o *core.Order, by core.Reason, at time.Time) {
	if at.After(o.WithdrawnAt) || !at.IsZero() && at.Equal(o.WithdrawnAt) && by == core.OrderCancelled {
		o.WithdrawnAt, o.WithdrawnBy = at, by
	}
}

// Timely is the event with a fulfilment more than a day ahead of its receipt taken
// for a slip of the shop's clock: an order of the year 9999 would never be due and
// never be withdrawn. A withdrawal keeps its time, however late: to write to nobody
// is the safe side. The repeat key keeps the body's own time.
func Timely(e core.Event) core.Event {
	if e.Kind == core.Fulfilled && e.At.Sub(e.ReceivedAt) > 24*time.Hour {
		e.At = e.ReceivedAt
	}
	return e
}

// told is the body's own time, or else when we heard of it.
func told(e core.Event) time.Time {
	if e.At.IsZero() {
		return e.ReceivedAt
	}
	return e.At
}
