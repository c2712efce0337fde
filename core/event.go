package core

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventKind is what an order event means to us, whatever its platform calls it.
type EventKind uint8

const (
	Fulfilled    EventKind = iota + 1 // invites
	Cancellation                      // withdraws
	Refund                            // withdraws, if it is a full one
	Uninstalled                       // the shop is gone
	Ignored                           // a topic we have no use for
	Unreadable                        // signed, but not an order we can read
)

// Withdraws reports whether the event is applied in the transaction that appends it.
func (k EventKind) Withdraws() bool { return k == Cancellation || k == Refund || k == Uninstalled }

// OrderKey names an order: ids are unique in a namespace, which the platform's
// adapter chooses.
type OrderKey struct{ Namespace, ID string }

// Event is an order event: what a shop told us about one order, with only the
// fields we need. Email and Name are sealed wherever an event is stored.
type Event struct {
	ID         EventID
	Vendor     VendorID
	Shop       ShopID
	Topic      string // the platform's spelling
	Kind       EventKind
	ReceivedAt time.Time // civil
	NotBefore  time.Time // civil; a verdict waits for it
	At         time.Time // the signed body's own time; zero if it has none
	Test       bool      // a test order, or a test delivery
	Poison     bool      // it failed alone; the verdict is Poison

	Order         OrderKey
	OrderName     string // as people call it, "#1001"
	Email         string
	Name          string
	Locale        string
	IsFulfilled   bool // the body itself says so
	CancelledAt   time.Time
	FullyRefunded bool // the body itself says so
	Total         Amount
	Refunds       map[string]Amount // by the refund's id
	Detail        string            // why Unreadable; never a value from the body
}

// RepeatKey is what makes two tellings of an event the same, beside the order:
// kind and body time, or refund id. "" means that each counts as new: where
// nothing tells them apart, and for tests, whose body is always the same while
// the person who sends one again wants to see it.
func (e Event) RepeatKey() string {
	if e.Order.ID == "" && e.Kind != Uninstalled || e.Test {
		return ""
	}
	if e.Kind == Refund {
		if ids := slices.Sorted(maps.Keys(e.Refunds)); len(ids) > 0 {
			return "r" + strings.Join(ids, "+")
		}
	}
	return strconv.Itoa(int(e.Kind)) + "@" + strconv.FormatInt(unixMicro(e.At), 36)
}

func unixMicro(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMicro()
}

// Verdict is what intake decided about an event. Would is, for a test, what a
// real event would have got. Email and Name are not in it.
type Verdict struct {
	Event      EventID
	Vendor     VendorID
	Shop       ShopID
	Topic      string
	ReceivedAt time.Time
	DecidedAt  time.Time
	Order      OrderKey
	OrderName  string
	Reason     Reason
	Would      Reason
	Detail     string
	Invitation InvitationID
}

// Order is what is kept of an order beside its invitation.
type Order struct {
	Invitation  InvitationID
	Name        string
	FulfilledAt time.Time
	WithdrawnAt time.Time
	WithdrawnBy Reason // OrderCancelled or OrderRefunded
	Total       Amount
	Refunds     map[string]Amount
	RefundedAt  time.Time // the latest refund
}

// Withdrawn reports whether the order was withdrawn and not fulfilled since.
func (o Order) Withdrawn() bool {
	return !o.WithdrawnAt.IsZero() && !o.FulfilledAt.After(o.WithdrawnAt)
}

// RefundedInFull reports whether the distinct refunds sum to the total. An order
// without a total is never refunded in full by sums.
func (o Order) RefundedInFull() bool {
	sum := Amount(0)
	for _, a := range o.Refunds {
		sum += a
	}
	return o.Total > 0 && sum >= o.Total
}

// Amount is money in ten-thousandths of the shop's currency, which is finer than
// any currency in use; 0 is "not told".
type Amount int64

// ParseAmount reads decimal text such as "10.50". It reports false for anything
// else, and for what does not fit.
func ParseAmount(text string) (Amount, bool) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 4 || len(whole) > 13 || whole == "" || strings.ContainsAny(part, "+-") {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+(part + "0000")[:4], 10, 64)
	return Amount(n), err == nil
}
