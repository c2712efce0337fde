package shopify

import (
	"bytes"
	"strings"
	"time"

	"aminobridge/core"
)

// The bodies, with the fields we need and no more: what is not named here is
// passed over. Any of them may be absent, null or "": Shopify leaves out what an
// app may not see. Of a key that comes twice the last one counts; two objects
// under one key are read as one, but for orders inside. The texts lie in the body.
//
// There is no early way out: fulfilments and refunds come late in a body, and may
// be missing, and the second of two equal keys may be its very end.

type orderBody struct {
	ID                []byte
	GID               []byte
	Name              []byte
	ContactEmail      []byte
	Email             []byte
	Customer          personBody
	Billing           personBody // never the shipping address: a gift goes to somebody else
	Locale            []byte
	Test              []byte
	FulfillmentStatus []byte
	FinancialStatus   []byte
	CancelledAt       time.Time
	ClosedAt          time.Time
	UpdatedAt         time.Time
	TotalPrice        []byte
	TotalPriceSet     priceBody
	HandedOver        time.Time // the last parcel
	Refunds           map[string]core.Amount
	Order             *orderBody // of a body that has the order inside
	inner             bool       // it is that one
}

func (o *orderBody) read(in *reader) bool {
	return in.each('{', func(key []byte) {
		switch string(key) {
		case "id":
			o.ID = in.text()
		case "admin_graphql_api_id":
			o.GID = in.text()
		case "name":
			o.Name = in.text()
		case "contact_email":
			o.ContactEmail = in.text()
		case "email":
			o.Email = in.text()
		case "customer":
			o.Customer.read(in)
		case "billing_address":
			o.Billing.read(in)
		case "customer_locale":
			o.Locale = in.text()
		case "test":
			o.Test = in.text()
		case "fulfillment_status":
			o.FulfillmentStatus = in.text()
		case "financial_status":
			o.FinancialStatus = in.text()
		case "cancelled_at":
			o.CancelledAt = in.time()
		case "closed_at":
			o.ClosedAt = in.time()
		case "updated_at":
			o.UpdatedAt = in.time()
		case "total_price":
			o.TotalPrice = in.text()
		case "total_price_set":
			o.TotalPriceSet.read(in)
		case "fulfillments":
			o.HandedOver = handedOver(in)
		case "refunds":
			o.Refunds = refunds(in)
		case "order":
			if !o.inner { // or a body could be made of nothing else
				o.Order = &orderBody{inner: true}
				o.Order.read(in)
			}
		}
	})
}

type personBody struct {
	Email     []byte
	FirstName []byte
	LastName  []byte
	Name      []byte
}

func (p *personBody) read(in *reader) {
	in.each('{', func(key []byte) {
		switch string(key) {
		case "email":
			p.Email = in.text()
		case "first_name":
			p.FirstName = in.text()
		case "last_name":
			p.LastName = in.text()
		case "name":
			p.Name = in.text()
		}
	})
}

func (p *personBody) name() string {
	first, last := bytes.TrimSpace(p.FirstName), bytes.TrimSpace(p.LastName)
	if len(first)+len(last) > 0 {
		return strings.TrimSpace(string(first) + " " + string(last))
	}
	return string(bytes.TrimSpace(p.Name))
}

// handedOver is when the last parcel was, by the fulfilments. A fulfilment's own
// updated_at moves with every change of its tracking and would make a refund look
// older than the fulfilment; created_at does not.
func handedOver(in *reader) (last time.Time) {
	in.each('[', func([]byte) {
		var status []byte
		var at time.Time
		in.each('{', func(key []byte) {
			switch string(key) {
			case "status":
				status = in.text()
			case "created_at":
				at = in.time()
			}
		})
		switch string(status) {
		case "cancelled", "error", "failure":
		default:
			last = later(last, at)
		}
	})
	return last
}

// fulfilledAt is when the last parcel was handed over. Without fulfilments, the
// order's last change is the closest: being fulfilled is what changed it.
func (o *orderBody) fulfilledAt() time.Time {
	if !o.HandedOver.IsZero() {
		return o.HandedOver
	}
	return later(o.UpdatedAt, o.ClosedAt)
}

type priceBody struct {
	Shop        moneyBody
	Presentment moneyBody
}

func (p *priceBody) read(in *reader) {
	in.each('{', func(key []byte) {
		switch string(key) {
		case "shop_money":
			p.Shop.read(in)
		case "presentment_money":
			p.Presentment.read(in)
		}
	})
}

type moneyBody struct {
	Amount   []byte
	Currency []byte
}

func (m *moneyBody) read(in *reader) {
	in.each('{', func(key []byte) {
		switch string(key) {
		case "amount":
			m.Amount = in.text()
		case "currency_code":
			m.Currency = in.text()
		}
	})
}

// total is in the currency the customer paid in, because that is what refunds are
// told in. total_price stays what it was; current_total_price shrinks with every
// refund, so that refunds would count twice.
func (o *orderBody) total() core.Amount {
	price := o.TotalPrice
	if p := o.TotalPriceSet; !bytes.Equal(p.Presentment.Currency, p.Shop.Currency) {
		price = p.Presentment.Amount
	}
	amount, _ := core.ParseAmount(string(price))
	return max(amount, 0)
}

type refundBody struct {
	ID          []byte
	GID         []byte
	OrderID     []byte
	CreatedAt   time.Time
	ProcessedAt time.Time
	Amount      core.Amount
}

func (r *refundBody) read(in *reader) bool {
	return in.each('{', func(key []byte) {
		switch string(key) {
		case "id":
			r.ID = in.text()
		case "admin_graphql_api_id":
			r.GID = in.text()
		case "order_id":
			r.OrderID = in.text()
		case "created_at":
			r.CreatedAt = in.time()
		case "processed_at":
			r.ProcessedAt = in.time()
		case "transactions":
			r.Amount = paidBack(in)
		}
	})
}

// paidBack counts money that went back: a refund may also be a restocking alone,
// or still be pending at the bank.
func paidBack(in *reader) (sum core.Amount) {
	in.each('[', func([]byte) {
		var kind, status, amount []byte
		in.each('{', func(key []byte) {
			switch string(key) {
			case "kind":
				kind = in.text()
			case "status":
				status = in.text()
			case "amount":
				amount = in.text()
			}
		})
		if a, ok := core.ParseAmount(string(amount)); ok && a > 0 && string(kind) == "refund" && string(status) == "success" {
			sum += a
		}
	})
	return sum
}

// refunds are the refunds of an order by id, each with what was really paid back.
func refunds(in *reader) (all map[string]core.Amount) {
	in.each('[', func([]byte) {
		var r refundBody
		r.read(in)
		if key := id(r.ID, r.GID, "gid://shopify/Refund/"); key != "" {
			if all == nil {
				all = map[string]core.Amount{}
			}
			all[key] = r.Amount
		}
	})
	return all
}

type shopBody struct{ UpdatedAt time.Time }

func (s *shopBody) read(in *reader) bool {
	return in.each('{', func(key []byte) {
		if string(key) == "updated_at" {
			s.UpdatedAt = in.time()
		}
	})
}
