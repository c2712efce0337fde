// Package shopifytest is a shop that is not there: it makes the bodies that
// Shopify would send, signs them and posts them. Tests and the demo share it, so
// that both see the same shape.
package shopifytest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Order is what the shop knows of an order. The zero value of a field leaves it
// out, or null, as Shopify does.
type Order struct {
	ID          uint64
	Name        string // "#1001"
	Email       string
	FirstName   string
	LastName    string
	Locale      string
	Total       string    // "20.00"
	At          time.Time // when it was fulfilled, cancelled, refunded or uninstalled
	CancelledAt time.Time // for the body of another topic
	Test        bool

	RefundID uint64 // for Refunded, or a refund that other bodies list
	Refund   string // its amount; "" is the total

	Size int // the body is padded with line items up to about so many bytes
}

// Fulfilled is the webhook of an order fulfilled at o.At.
func Fulfilled(o Order) (topic string, body []byte) {
	m := order(o)
	m["fulfillment_status"] = "fulfilled"
	m["closed_at"] = stamp(o.At)
	m["fulfillments"] = []any{map[string]any{
		"id": o.ID + 1, "order_id": o.ID, "status": "success", "name": o.Name + ".1",
		"created_at": stamp(o.At), "updated_at": stamp(o.At), "tracking_company": "Post", "shipment_status": nil,
	}}
	return "orders/fulfilled", encode(m, o.Size)
}

// Cancelled is the webhook of an order cancelled at o.At.
func Cancelled(o Order) (topic string, body []byte) {
	o.CancelledAt = o.At
	m := order(o)
	m["cancel_reason"] = "customer"
	return "orders/cancelled", encode(m, o.Size)
}

// Refunded is the webhook of the refund o.RefundID at o.At.
func Refunded(o Order) (topic string, body []byte) {
	return "refunds/create", encode(refund(o), 0)
}

// Uninstalled is the webhook of a shop that removed the app at o.At.
func Uninstalled(o Order) (topic string, body []byte) {
	return "app/uninstalled", encode(map[string]any{
		"id": 548380009, "name": "Test shop", "email": "owner@shop.example", "domain": "shop.example",
		"updated_at": stamp(o.At), "currency": "EUR", "plan_name": "basic",
	}, 0)
}

func order(o Order) map[string]any {
	m := map[string]any{
		"id": o.ID, "admin_graphql_api_id": fmt.Sprintf("gid://shopify/Order/%d", o.ID),
		"name": o.Name, "order_number": o.ID % 100000, "contact_email": null(o.Email), "email": o.Email,
		"test": o.Test, "financial_status": "paid", "fulfillment_status": nil, "customer_locale": null(o.Locale),
		"created_at": stamp(o.At.Add(-48 * time.Hour)), "processed_at": stamp(o.At.Add(-48 * time.Hour)),
		"updated_at": stamp(o.At), "cancelled_at": stamp(o.CancelledAt), "closed_at": nil,
		"currency": "EUR", "total_price": o.Total, "current_total_price": o.Total, "source_name": "web",
		"customer":        person(o.FirstName, o.LastName, account(o.Email)),
		"billing_address": person(o.FirstName, o.LastName, ""),
		// A gift goes to somebody else, whom nobody may write to.
		"shipping_address": person("Gift", "Receiver", ""),
		"line_items":       []any{item(1), item(2), item(3)},
		"fulfillments":     []any{}, "refunds": []any{},
	}
	if o.RefundID != 0 {
		m["refunds"] = []any{refund(o)}
		m["financial_status"] = "partially_refunded"
	}
	return m
}

func refund(o Order) map[string]any {
	amount := o.Refund
	if amount == "" {
		amount = o.Total
	}
	return map[string]any{
		"id": o.RefundID, "admin_graphql_api_id": fmt.Sprintf("gid://shopify/Refund/%d", o.RefundID),
		"order_id": o.ID, "created_at": stamp(o.At), "processed_at": stamp(o.At), "note": "as agreed", "restock": true,
		"refund_line_items": []any{map[string]any{"id": 1, "quantity": 1, "line_item": item(1)}},
		"transactions": []any{map[string]any{
			"id": o.RefundID + 1, "order_id": o.ID, "kind": "refund", "status": "success", "amount": amount,
			"gateway": "bogus", "created_at": stamp(o.At), "currency": "EUR",
		}},
		"order_adjustments": []any{},
	}
}

// account is the address of the customer's account, which need not be the order's.
func account(email string) string {
	if email == "" {
		return ""
	}
	return "account+" + email
}

func person(first, last, email string) map[string]any {
	m := map[string]any{"first_name": null(first), "last_name": null(last), "name": strings.TrimSpace(first + " " + last), "phone": nil}
	if email != "" {
		m["email"], m["tags"] = email, ""
	}
	return m
}

func item(n int) map[string]any {
	money := map[string]any{"amount": "10.00", "currency_code": "EUR"}
	return map[string]any{
		"id": 866550311766439020 + n, "title": fmt.Sprintf("Thing %d", n), "name": fmt.Sprintf("Thing %d - blue", n),
		"sku": "T-" + strconv.Itoa(n), "quantity": 1, "current_quantity": 1, "gift_card": false, "requires_shipping": true,
		"price": "10.00", "price_set": map[string]any{"shop_money": money, "presentment_money": money},
		"tax_lines": []any{map[string]any{"title": "VAT", "rate": 0.19, "price": "1.60"}}, "properties": []any{},
	}
}

// encode writes what a shop writes, with more line items until size is reached.
func encode(m map[string]any, size int) []byte {
	for {
		body, err := json.Marshal(m)
		if err != nil {
			panic(err) // plain maps of plain values: they always encode
		}
		if len(body) >= size {
			return body
		}
		items := m["line_items"].([]any)
		m["line_items"] = append(items, item(len(items)+1))
	}
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func stamp(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.Format(time.RFC3339Nano)
}

// Sign is the value of the signature header.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Header is all that Shopify says of a webhook beside its body.
func Header(topic, secret string, body []byte) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Shopify-Captain-Hook")
	h.Set("X-Shopify-Topic", topic)
	h.Set("X-Shopify-Hmac-Sha256", Sign(secret, body))
	h.Set("X-Shopify-Api-Version", "2026-07")
	return h
}

// Post delivers a signed webhook and returns the status of the answer.
func Post(client *http.Client, url, secret, topic string, body []byte) (status int, err error) {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = Header(topic, secret, body)
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
