package bolt

import (
	"time"

	"aminobridge/core"
)

type eventRec struct {
	Vendor        core.VendorID    `cbor:"1,keyasint"`
	Shop          core.ShopID      `cbor:"2,keyasint"`
	Topic         string           `cbor:"3,keyasint"`
	Kind          uint8            `cbor:"4,keyasint"`
	ReceivedAt    int64            `cbor:"5,keyasint"`
	At            int64            `cbor:"6,keyasint,omitempty"`
	Test          bool             `cbor:"7,keyasint,omitempty"`
	Namespace     string           `cbor:"8,keyasint,omitempty"`
	OrderID       string           `cbor:"9,keyasint,omitempty"`
	OrderName     string           `cbor:"10,keyasint,omitempty"`
	Email         []byte           `cbor:"11,keyasint,omitempty"` // sealed
	Name          []byte           `cbor:"12,keyasint,omitempty"` // sealed
	Locale        string           `cbor:"13,keyasint,omitempty"`
	IsFulfilled   bool             `cbor:"14,keyasint,omitempty"`
	CancelledAt   int64            `cbor:"15,keyasint,omitempty"`
	FullyRefunded bool             `cbor:"16,keyasint,omitempty"`
	Total         int64            `cbor:"17,keyasint,omitempty"`
	Refunds       map[string]int64 `cbor:"18,keyasint,omitempty"`
	Detail        string           `cbor:"19,keyasint,omitempty"`
}

func (s *Store) eventRec(e core.Event) eventRec {
	return eventRec{
		Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, Kind: uint8(e.Kind), ReceivedAt: micros(e.ReceivedAt), At: micros(e.At), Test: e.Test,
		Namespace: e.Order.Namespace, OrderID: e.Order.ID, OrderName: e.OrderName,
		Email: s.seal(e.Vendor, e.ID, "email", e.Email), Name: s.seal(e.Vendor, e.ID, "name", e.Name), Locale: e.Locale,
		IsFulfilled: e.IsFulfilled, CancelledAt: micros(e.CancelledAt), FullyRefunded: e.FullyRefunded,
		Total: int64(e.Total), Refunds: amounts[int64](e.Refunds), Detail: e.Detail,
	}
}

func (s *Store) event(id core.EventID, notBefore time.Time, r eventRec) (core.Event, error) {
	e := core.Event{
		ID: id, Vendor: r.Vendor, Shop: r.Shop, Topic: r.Topic, Kind: core.EventKind(r.Kind), ReceivedAt: moment(r.ReceivedAt), NotBefore: notBefore,
		At: moment(r.At), Test: r.Test, Order: core.OrderKey{Namespace: r.Namespace, ID: r.OrderID}, OrderName: r.OrderName, Locale: r.Locale,
		IsFulfilled: r.IsFulfilled, CancelledAt: moment(r.CancelledAt), FullyRefunded: r.FullyRefunded,
		Total: core.Amount(r.Total), Refunds: amounts[core.Amount](r.Refunds), Detail: r.Detail,
	}
	var err error
	if e.Email, err = s.unseal(r.Vendor, id, "email", r.Email); err != nil {
		return e, err
	}
	e.Name, err = s.unseal(r.Vendor, id, "name", r.Name)
	return e, err
}

func amounts[To, From ~int64](in map[string]From) map[string]To {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]To, len(in))
	for id, a := range in {
		out[id] = To(a)
	}
	return out
}

type orderRec struct {
	Invitation  core.InvitationID `cbor:"1,keyasint"`
	Name        string            `cbor:"2,keyasint,omitempty"`
	FulfilledAt int64             `cbor:"3,keyasint,omitempty"`
	WithdrawnAt int64             `cbor:"4,keyasint,omitempty"`
	WithdrawnBy string            `cbor:"5,keyasint,omitempty"`
	Total       int64             `cbor:"6,keyasint,omitempty"`
	Refunds     map[string]int64  `cbor:"7,keyasint,omitempty"`
	RefundedAt  int64             `cbor:"8,keyasint,omitempty"`
}

func orderRecOf(o core.Order) orderRec {
	return orderRec{o.Invitation, o.Name, micros(o.FulfilledAt), micros(o.WithdrawnAt), string(o.WithdrawnBy), int64(o.Total), amounts[int64](o.Refunds), micros(o.RefundedAt)}
}

func (r orderRec) order() core.Order {
	return core.Order{Invitation: r.Invitation, Name: r.Name, FulfilledAt: moment(r.FulfilledAt), WithdrawnAt: moment(r.WithdrawnAt),
		WithdrawnBy: core.Reason(r.WithdrawnBy), Total: core.Amount(r.Total), Refunds: amounts[core.Amount](r.Refunds), RefundedAt: moment(r.RefundedAt)}
}

type verdictRec struct {
	Shop       core.ShopID       `cbor:"1,keyasint"`
	Topic      string            `cbor:"2,keyasint"`
	ReceivedAt int64             `cbor:"3,keyasint"`
	DecidedAt  int64             `cbor:"4,keyasint"`
	Namespace  string            `cbor:"5,keyasint,omitempty"`
	OrderID    string            `cbor:"6,keyasint,omitempty"`
	OrderName  string            `cbor:"7,keyasint,omitempty"`
	Reason     string            `cbor:"8,keyasint"`
	Would      string            `cbor:"9,keyasint,omitempty"`
	Detail     string            `cbor:"10,keyasint,omitempty"`
	Invitation core.InvitationID `cbor:"11,keyasint"`
	Event      core.EventID      `cbor:"12,keyasint"`
}

func verdictRecOf(v core.Verdict) verdictRec {
	return verdictRec{v.Shop, v.Topic, micros(v.ReceivedAt), micros(v.DecidedAt), v.Order.Namespace, v.Order.ID, v.OrderName, string(v.Reason), string(v.Would), v.Detail, v.Invitation, v.Event}
}

func (r verdictRec) verdict(v core.VendorID) core.Verdict {
	return core.Verdict{Event: r.Event, Vendor: v, Shop: r.Shop, Topic: r.Topic, ReceivedAt: moment(r.ReceivedAt), DecidedAt: moment(r.DecidedAt),
		Order: core.OrderKey{Namespace: r.Namespace, ID: r.OrderID}, OrderName: r.OrderName, Reason: core.Reason(r.Reason), Would: core.Reason(r.Would), Detail: r.Detail, Invitation: r.Invitation}
}

type recipientRec struct {
	LastSent int64 `cbor:"1,keyasint,omitempty"`
}

type stopRec struct {
	Reason string `cbor:"1,keyasint"`
	At     int64  `cbor:"2,keyasint"`
}
