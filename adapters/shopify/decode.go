package shopify

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/buger/jsonparser"

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
	if err := o.read(root(body)); err != nil {
		return unreadable("the body is not JSON")
	}
	id := orderID(o)
	if id == "" && o.Order != nil {
		o = *o.Order // the form of the REST API
		id = orderID(o)
	}
	if id == "" {
		return unreadable("the body has no order id")
	}
	e := core.Event{
		Kind:      kind,
		Order:     core.OrderKey{Namespace: namespace, ID: id},
		OrderName: clip(o.Name, 128),
		Email:     clip(first(o.ContactEmail, o.Email, o.Customer.Email), 1000),
		Name:      clip(first(o.Customer.name(), o.Billing.name()), 200),
		Locale:    locale(o.Locale),
		Test:      o.Test == "true",

		IsFulfilled:   o.FulfillmentStatus == "fulfilled",
		CancelledAt:   o.CancelledAt,
		FullyRefunded: o.FinancialStatus == "refunded",
		Total:         o.total(),
		Refunds:       amounts(o.Refunds),
	}
	e.At = o.fulfilledAt()
	if kind == core.Cancellation {
		if e.At = o.CancelledAt; e.At.IsZero() {
			e.At = o.UpdatedAt
		}
	}
	return e
}

func orderID(o orderBody) string { return id(o.ID, o.GID, "Order") }

func refund(body []byte) core.Event {
	var r refundBody
	if err := r.read(root(body)); err != nil {
		return unreadable("the body is not JSON")
	}
	order := id(r.OrderID, "", "")
	if order == "" {
		return unreadable("the body has no order id")
	}
	return core.Event{
		Kind:  core.Refund,
		Order: core.OrderKey{Namespace: namespace, ID: order},
		// processed_at may be set to a day in the past; the refund itself was not
		// made before created_at.
		At:      later(r.CreatedAt, r.ProcessedAt),
		Refunds: amounts([]refundBody{r}),
	}
}

func uninstalled(body []byte) core.Event {
	var s shopBody
	if err := s.read(root(body)); err != nil {
		return unreadable("the body is not JSON")
	}
	return core.Event{Kind: core.Uninstalled, At: s.UpdatedAt}
}

func unreadable(why string) core.Event { return core.Event{Kind: core.Unreadable, Detail: why} }

// root is the body as an object, which all bodies are.
func root(body []byte) value { return value{jsonparser.Object, body} }

// id is a positive number as decimal text. Where the number and the one in the
// gid differ, the number went through a float, and the gid is right.
func id(number, gid text, kind string) string {
	if digits, ok := strings.CutPrefix(string(gid), "gid://shopify/"+kind+"/"); ok {
		digits, _, _ = strings.Cut(digits, "?")
		if n, err := strconv.ParseUint(digits, 10, 64); err == nil && n > 0 {
			return strconv.FormatUint(n, 10)
		}
	}
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil || n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// amounts are the refunds by id, each with what was really paid back.
func amounts(refunds []refundBody) map[string]core.Amount {
	var out map[string]core.Amount
	for _, r := range refunds {
		key := id(r.ID, r.GID, "Refund")
		if key == "" {
			continue
		}
		if out == nil {
			out = make(map[string]core.Amount, len(refunds))
		}
		out[key] = r.amount()
	}
	return out
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func locale(t text) string {
	if len(t) > 35 || !localeForm.MatchString(string(t)) {
		return ""
	}
	return string(t)
}

// first is the first text that is not blank.
func first(texts ...text) text {
	for _, t := range texts {
		if t := strings.TrimSpace(string(t)); t != "" {
			return text(t)
		}
	}
	return ""
}

// clip keeps a megabyte of order name out of the store.
func clip(t text, most int) string {
	n := 0
	for i := range t {
		if n == most {
			return string(t[:i])
		}
		n++
	}
	return string(t)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
