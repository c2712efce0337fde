package shopify

import (
	"encoding/json"
	"strings"
	"time"

	"aminobridge/core"
)

// The bodies, with the fields we need and no more: what is not named here is
// never held. Any of them may be absent, null or "": Shopify leaves out what an
// app may not see. Of a key that comes twice the last one counts; two objects
// under one key are read as one.

type orderBody struct {
	ID                text              `json:"id"`
	GID               text              `json:"admin_graphql_api_id"`
	Name              text              `json:"name"`
	ContactEmail      text              `json:"contact_email"`
	Email             text              `json:"email"`
	Customer          personBody        `json:"customer"`
	Billing           personBody        `json:"billing_address"` // never the shipping address: a gift goes to somebody else
	Locale            text              `json:"customer_locale"`
	Test              text              `json:"test"`
	FulfillmentStatus text              `json:"fulfillment_status"`
	FinancialStatus   text              `json:"financial_status"`
	CancelledAt       moment            `json:"cancelled_at"`
	ClosedAt          moment            `json:"closed_at"`
	UpdatedAt         moment            `json:"updated_at"`
	TotalPrice        text              `json:"total_price"`
	TotalPriceSet     priceBody         `json:"total_price_set"`
	Fulfillments      []fulfillmentBody `json:"fulfillments"`
	Refunds           []refundBody      `json:"refunds"`
	Order             *orderBody        `json:"order"`
}

type personBody struct {
	Email     text `json:"email"`
	FirstName text `json:"first_name"`
	LastName  text `json:"last_name"`
	Name      text `json:"name"`
}

func (p personBody) name() text {
	return first(text(strings.TrimSpace(string(p.FirstName))+" "+strings.TrimSpace(string(p.LastName))), p.Name)
}

type fulfillmentBody struct {
	Status    text   `json:"status"`
	CreatedAt moment `json:"created_at"`
}

// fulfilledAt is when the last parcel was handed over. A fulfilment's own
// updated_at moves with every change of its tracking and would make a refund look
// older than the fulfilment; created_at does not. Without fulfilments, the order's
// last change is the closest: being fulfilled is what changed it.
func (o orderBody) fulfilledAt() time.Time {
	var at time.Time
	for _, f := range o.Fulfillments {
		if f.Status != "cancelled" && f.Status != "error" && f.Status != "failure" {
			at = later(at, f.CreatedAt.Time)
		}
	}
	if at.IsZero() {
		at = later(o.UpdatedAt.Time, o.ClosedAt.Time)
	}
	return at
}

type priceBody struct {
	Shop        moneyBody `json:"shop_money"`
	Presentment moneyBody `json:"presentment_money"`
}

type moneyBody struct {
	Amount   text `json:"amount"`
	Currency text `json:"currency_code"`
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
	ID           text              `json:"id"`
	GID          text              `json:"admin_graphql_api_id"`
	OrderID      text              `json:"order_id"`
	CreatedAt    moment            `json:"created_at"`
	ProcessedAt  moment            `json:"processed_at"`
	Transactions []transactionBody `json:"transactions"`
}

type transactionBody struct {
	Kind   text `json:"kind"`
	Status text `json:"status"`
	Amount text `json:"amount"`
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

type shopBody struct {
	UpdatedAt moment `json:"updated_at"`
}

// text is a JSON string, number or boolean as text; "" for null and the rest.
// Numbers keep their digits, because ids are larger than a float is exact.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	*t = ""
	switch b[0] {
	case '"':
		return json.Unmarshal(b, (*string)(t))
	case 'n', '{', '[':
		return nil
	}
	*t = text(b)
	return nil
}

// moment is a time; zero for what is none.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(b []byte) error {
	var t text
	if err := t.UnmarshalJSON(b); err != nil {
		return err
	}
	m.Time = parseTime(string(t))
	return nil
}

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
