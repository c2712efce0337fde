package shopify

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aminobridge/core"
)

// namespace of order ids: they are unique over all of Shopify, so that an order
// replayed at another shop is still the same order.
const namespace = "shopify"

// Decode turns a signed body into the event it tells of. It never fails: a topic
// without use is Ignored, a body that names no order is Unreadable, and every
// other fault of the body costs one field, not the order. Nothing in the event
// aliases the body.
func (Source) Decode(topic string, header func(string) string, body []byte) core.Event {
	e := decode(topic, body)
	names := familyOf(header)
	e.Topic = topic
	e.Test = e.Test || strings.EqualFold(header(names.test), "true")
	if e.Kind == core.Uninstalled {
		// The body is the shop, whose last change may be years before its removal.
		e.At = later(e.At, parseTime(header(names.triggeredAt)))
	}
	return e
}

func decode(topic string, body []byte) core.Event {
	switch topic {
	case "orders/fulfilled":
		return order(core.Fulfilled, body)
	case "orders/cancelled":
		return order(core.Cancellation, body)
	case "refunds/create":
		return refund(body)
	case "app/uninstalled":
		return uninstalled(body)
	}
	return core.Event{Kind: core.Ignored}
}

func order(kind core.EventKind, body []byte) core.Event {
	var o orderBody
	if !o.read(read(body)) {
		return unreadable("the body is not JSON")
	}
	id := orderID(&o)
	if id == "" && o.Order != nil {
		o = *o.Order // the form of the REST API
		id = orderID(&o)
	}
	if id == "" {
		return unreadable("the body has no order id")
	}
	name := o.Customer.name()
	if name == "" {
		name = o.Billing.name()
	}
	e := core.Event{
		Kind:      kind,
		Order:     core.OrderKey{Namespace: namespace, ID: id},
		OrderName: clip(string(o.Name), 128),
		Email:     clip(first(o.ContactEmail, o.Email, o.Customer.Email), 1000),
		Name:      clip(name, 200),
		Locale:    locale(o.Locale),
		Test:      string(o.Test) == "true",

		IsFulfilled:   string(o.FulfillmentStatus) == "fulfilled",
		CancelledAt:   o.CancelledAt,
		FullyRefunded: string(o.FinancialStatus) == "refunded",
		Total:         o.total(),
		Refunds:       o.Refunds,
	}
	e.At = o.fulfilledAt()
	if kind == core.Cancellation {
		if e.At = o.CancelledAt; e.At.IsZero() {
			e.At = o.UpdatedAt
		}
	}
	return e
}

func orderID(o *orderBody) string { return id(o.ID, o.GID, "gid://shopify/Order/") }

func refund(body []byte) core.Event {
	var r refundBody
	if !r.read(read(body)) {
		return unreadable("the body is not JSON")
	}
	order := id(r.OrderID, nil, "")
	if order == "" {
		return unreadable("the body has no order id")
	}
	e := core.Event{
		Kind:  core.Refund,
		Order: core.OrderKey{Namespace: namespace, ID: order},
		// processed_at may be set to a day in the past; the refund itself was not
		// made before created_at.
		At: later(r.CreatedAt, r.ProcessedAt),
	}
	if key := id(r.ID, r.GID, "gid://shopify/Refund/"); key != "" {
		e.Refunds = map[string]core.Amount{key: r.Amount}
	}
	return e
}

func uninstalled(body []byte) core.Event {
	var s shopBody
	if !s.read(read(body)) {
		return unreadable("the body is not JSON")
	}
	return core.Event{Kind: core.Uninstalled, At: s.UpdatedAt}
}

func unreadable(why string) core.Event { return core.Event{Kind: core.Unreadable, Detail: why} }

// id is a positive number as decimal text. Where the number and the one in the
// gid differ, the number went through a float, and the gid is right.
func id(number, gid []byte, prefix string) string {
	if digits, ok := bytes.CutPrefix(gid, []byte(prefix)); ok {
		digits, _, _ = bytes.Cut(digits, []byte{'?'})
		if n, err := strconv.ParseUint(string(digits), 10, 64); err == nil && n > 0 {
			return strconv.FormatUint(n, 10)
		}
	}
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil || n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func locale(t []byte) string {
	if len(t) > 35 || !localeForm.Match(t) {
		return ""
	}
	return string(t)
}

// first is the first text that is not blank.
func first(texts ...[]byte) string {
	for _, t := range texts {
		if t = bytes.TrimSpace(t); len(t) > 0 {
			return string(t)
		}
	}
	return ""
}

// clip keeps a megabyte of order name out of the store, and what is no UTF-8.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	n := 0
	for i := range s {
		if n == most {
			return strings.Clone(s[:i])
		}
		n++
	}
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
