package shopify

import (
	"strings"
	"time"

	"github.com/buger/jsonparser"

	"aminobridge/core"
)

// The bodies, with the fields we need and no more: what is not named here is
// passed over. Any of them may be absent, null or "": Shopify leaves out what an
// app may not see. Of a key that comes twice the last one counts; two objects
// under one key are read as one.
//
// Each is read in one pass. The bytes were signed, so that what is passed over
// need not be valid. There is no early way out: fulfilments and refunds come late
// in a body, and may be missing.

type orderBody struct {
	ID                text
	GID               text
	Name              text
	ContactEmail      text
	Email             text
	Customer          personBody
	Billing           personBody // never the shipping address: a gift goes to somebody else
	Locale            text
	Test              text
	FulfillmentStatus text
	FinancialStatus   text
	CancelledAt       time.Time
	ClosedAt          time.Time
	UpdatedAt         time.Time
	TotalPrice        text
	TotalPriceSet     priceBody
	Fulfillments      []fulfillmentBody
	Refunds           []refundBody
	Order             *orderBody
}

func (o *orderBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "id":
			o.ID = textOf(v)
		case "admin_graphql_api_id":
			o.GID = textOf(v)
		case "name":
			o.Name = textOf(v)
		case "contact_email":
			o.ContactEmail = textOf(v)
		case "email":
			o.Email = textOf(v)
		case "customer":
			err = o.Customer.read(v)
		case "billing_address":
			err = o.Billing.read(v)
		case "customer_locale":
			o.Locale = textOf(v)
		case "test":
			o.Test = textOf(v)
		case "fulfillment_status":
			o.FulfillmentStatus = textOf(v)
		case "financial_status":
			o.FinancialStatus = textOf(v)
		case "cancelled_at":
			o.CancelledAt = timeOf(v)
		case "closed_at":
			o.ClosedAt = timeOf(v)
		case "updated_at":
			o.UpdatedAt = timeOf(v)
		case "total_price":
			o.TotalPrice = textOf(v)
		case "total_price_set":
			err = o.TotalPriceSet.read(v)
		case "fulfillments":
			o.Fulfillments = list(v, (*fulfillmentBody).read)
		case "refunds":
			o.Refunds = list(v, (*refundBody).read)
		case "order":
			o.Order = &orderBody{}
			err = o.Order.read(v)
		}
		return err
	})
}

type personBody struct {
	Email     text
	FirstName text
	LastName  text
	Name      text
}

func (p *personBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "email":
			p.Email = textOf(v)
		case "first_name":
			p.FirstName = textOf(v)
		case "last_name":
			p.LastName = textOf(v)
		case "name":
			p.Name = textOf(v)
		}
		return err
	})
}

func (p personBody) name() text {
	return first(text(strings.TrimSpace(string(p.FirstName))+" "+strings.TrimSpace(string(p.LastName))), p.Name)
}

type fulfillmentBody struct {
	Status    text
	CreatedAt time.Time
}

func (f *fulfillmentBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "status":
			f.Status = textOf(v)
		case "created_at":
			f.CreatedAt = timeOf(v)
		}
		return err
	})
}

// fulfilledAt is when the last parcel was handed over. A fulfilment's own
// updated_at moves with every change of its tracking and would make a refund look
// older than the fulfilment; created_at does not. Without fulfilments, the order's
// last change is the closest: being fulfilled is what changed it.
func (o orderBody) fulfilledAt() time.Time {
	var at time.Time
	for _, f := range o.Fulfillments {
		if f.Status != "cancelled" && f.Status != "error" && f.Status != "failure" {
			at = later(at, f.CreatedAt)
		}
	}
	if at.IsZero() {
		at = later(o.UpdatedAt, o.ClosedAt)
	}
	return at
}

type priceBody struct {
	Shop        moneyBody
	Presentment moneyBody
}

func (p *priceBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "shop_money":
			err = p.Shop.read(v)
		case "presentment_money":
			err = p.Presentment.read(v)
		}
		return err
	})
}

type moneyBody struct {
	Amount   text
	Currency text
}

func (m *moneyBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "amount":
			m.Amount = textOf(v)
		case "currency_code":
			m.Currency = textOf(v)
		}
		return err
	})
}

// total is in the currency the customer paid in, because that is what refunds are
// told in. total_price stays what it was; current_total_price shrinks with every
// refund, so that refunds would count twice.
func (o orderBody) total() core.Amount {
	price := o.TotalPrice
	if p := o.TotalPriceSet; p.Presentment.Currency != p.Shop.Currency {
		price = p.Presentment.Amount
	}
	amount, _ := core.ParseAmount(string(price))
	return max(amount, 0)
}

type refundBody struct {
	ID           text
	GID          text
	OrderID      text
	CreatedAt    time.Time
	ProcessedAt  time.Time
	Transactions []transactionBody
}

func (r *refundBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "id":
			r.ID = textOf(v)
		case "admin_graphql_api_id":
			r.GID = textOf(v)
		case "order_id":
			r.OrderID = textOf(v)
		case "created_at":
			r.CreatedAt = timeOf(v)
		case "processed_at":
			r.ProcessedAt = timeOf(v)
		case "transactions":
			r.Transactions = list(v, (*transactionBody).read)
		}
		return err
	})
}

type transactionBody struct {
	Kind   text
	Status text
	Amount text
}

func (t *transactionBody) read(v value) error {
	return v.members(func(key []byte, v value) (err error) {
		switch string(key) {
		case "kind":
			t.Kind = textOf(v)
		case "status":
			t.Status = textOf(v)
		case "amount":
			t.Amount = textOf(v)
		}
		return err
	})
}

// amount counts money that went back: a refund may also be a restocking alone, or
// still be pending at the bank.
func (r refundBody) amount() core.Amount {
	sum := core.Amount(0)
	for _, t := range r.Transactions {
		if a, ok := core.ParseAmount(string(t.Amount)); ok && a > 0 && t.Kind == "refund" && t.Status == "success" {
			sum += a
		}
	}
	return sum
}

type shopBody struct{ UpdatedAt time.Time }

func (s *shopBody) read(v value) error {
	return v.members(func(key []byte, v value) error {
		if string(key) == "updated_at" {
			s.UpdatedAt = timeOf(v)
		}
		return nil
	})
}

// value is a JSON value, a string without its quotes. It lies in the body.
type value struct {
	kind jsonparser.ValueType
	raw  []byte
}

// members goes over an object; of anything else there are none.
func (v value) members(visit func(key []byte, v value) error) error {
	if v.kind != jsonparser.Object {
		return nil
	}
	return jsonparser.ObjectEach(v.raw, func(key, raw []byte, kind jsonparser.ValueType, _ int) error {
		return visit(key, value{kind, raw})
	})
}

// list reads an array of objects; nothing of anything else.
func list[T any](v value, read func(*T, value) error) (all []T) {
	if v.kind != jsonparser.Array {
		return nil
	}
	_, _ = jsonparser.ArrayEach(v.raw, func(raw []byte, kind jsonparser.ValueType, _ int, _ error) {
		var one T
		if read(&one, value{kind, raw}) == nil {
			all = append(all, one)
		}
	})
	return all
}

// text is a JSON string, number or boolean as text; "" for null and the rest.
// Numbers keep their digits, because ids are larger than a float is exact.
type text string

func textOf(v value) text {
	switch v.kind {
	case jsonparser.String:
		s, _ := jsonparser.ParseString(v.raw)
		return text(strings.ToValidUTF8(s, "\ufffd"))
	case jsonparser.Number, jsonparser.Boolean:
		return text(v.raw)
	}
	return ""
}

// timeOf is a time; zero for what is none.
func timeOf(v value) time.Time { return parseTime(string(textOf(v))) }

// parseTime reads RFC 3339, also with a space between day and hour, as some of
// Shopify's captured bodies have it.
func parseTime(s string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00"} {
		if at, err := time.Parse(form, s); err == nil {
			return core.Micro(at)
		}
	}
	return time.Time{}
}
