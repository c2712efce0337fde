package shopify_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func decode(topic string, body []byte) core.Event {
	return shopify.Source{}.Decode(topic, headers{}.get, body)
}

func day(d, hour int) time.Time { return time.Date(2026, 11, d, hour, 0, 0, 0, time.UTC) }

// id is beyond what a float keeps.
const id = "5501234567890123457"

func TestDecodeFulfilled(t *testing.T) {
	e := decode("orders/fulfilled", read(t, "fulfilled.json"))
	if e.Kind != core.Fulfilled || e.Topic != "orders/fulfilled" || e.Order != (core.OrderKey{Namespace: "shopify", ID: id}) {
		t.Errorf("got %+v", e)
	}
	if e.OrderName != "#1001" || e.Email != "kim@shop.example" || e.Name != "Kim Doe" || e.Locale != "pt-BR" {
		t.Errorf("got %q, %q, %q, %q", e.OrderName, e.Email, e.Name, e.Locale)
	}
	if !e.At.Equal(day(20, 9)) {
		t.Errorf("at %s; want the latest fulfilment that was not cancelled", e.At)
	}
	if !e.IsFulfilled || e.Test || e.FullyRefunded || !e.CancelledAt.IsZero() || e.Total != 200_000 || len(e.Refunds) != 0 {
		t.Errorf("got %+v", e)
	}
}

func TestDecodeOddities(t *testing.T) {
	e := decode("orders/fulfilled", read(t, "fulfilled-odd-types.json"))
	if e.Order.ID != id || e.OrderName != "1001" || e.Total != 200_000 || e.Name != "Kay Payer" || e.Test || e.Locale != "" {
		t.Errorf("got %+v", e)
	}
	if want := day(20, 10).Add(time.Second); !e.At.Equal(want) {
		t.Errorf("at %s, want updated_at, %s", e.At, want)
	}
	if e := decode("orders/fulfilled", read(t, "fulfilled-hidden-customer.json")); e.Order.ID != id || e.Email != "" || e.Name != "" {
		t.Errorf("hidden customer: got %+v", e)
	}
	for _, name := range []string{"fulfilled-rounded-id.json", "fulfilled-wrapped.json"} {
		if e := decode("orders/fulfilled", read(t, name)); e.Order.ID != id || e.Email == "" {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

func TestDecodeWithdrawals(t *testing.T) {
	c := decode("orders/cancelled", read(t, "cancelled.json"))
	if c.Kind != core.Cancellation || c.Order.ID != id || !c.At.Equal(day(21, 7)) || !c.CancelledAt.Equal(c.At) {
		t.Errorf("cancelled: got %+v", c)
	}
	if c := decode("orders/cancelled", []byte(`{"id":1,"updated_at":"2026-11-21T08:00:00Z"}`)); !c.At.Equal(day(21, 8)) {
		t.Errorf("cancelled without a time: at %s", c.At)
	}
	r := decode("refunds/create", read(t, "refund-full.json"))
	if r.Kind != core.Refund || r.Order.ID != id || !r.At.Equal(day(21, 7)) {
		t.Errorf("refund: got %+v", r)
	}
	// Only what was paid back counts: not what is pending, sold or unreadable.
	if want := map[string]core.Amount{"77": 200_000}; !maps.Equal(r.Refunds, want) {
		t.Errorf("refunds are %v, want %v", r.Refunds, want)
	}
	u := decode("app/uninstalled", read(t, "uninstalled.json"))
	if u.Kind != core.Uninstalled || !u.At.IsZero() {
		t.Errorf("uninstalled: got %+v", u)
	}
	h := headers{"X-Shopify-Triggered-At": "2026-11-21T08:00:00.5Z", "X-Shopify-Test": "true"}
	u = shopify.Source{}.Decode("app/uninstalled", h.get, read(t, "uninstalled.json"))
	if !u.At.Equal(day(21, 8).Add(500*time.Millisecond)) || !u.Test {
		t.Errorf("uninstalled with headers: got %+v", u)
	}
}

// One field decides, the rest of the body is the smallest there is.
func TestDecodeFields(t *testing.T) {
	for _, c := range []struct {
		name, body string
		ok         func(core.Event) bool
	}{
		{"gid alone", `{"admin_graphql_api_id":"gid://shopify/Order/9?x=1"}`, func(e core.Event) bool { return e.Order.ID == "9" }},
		{"a gid of nothing", `{"id":5,"admin_graphql_api_id":"gid://shopify/Order/0"}`, func(e core.Event) bool { return e.Order.ID == "5" }},
		{"a gid of something else", `{"id":5,"admin_graphql_api_id":"gid://shopify/DraftOrder/9"}`, func(e core.Event) bool { return e.Order.ID == "5" }},
		{"escaped slashes", `{"id":5,"admin_graphql_api_id":"gid:\/\/shopify\/Order\/9"}`, func(e core.Event) bool { return e.Order.ID == "9" }},
		{"the largest id", `{"id":18446744073709551615}`, func(e core.Event) bool { return e.Order.ID == "18446744073709551615" }},
		{"email, not contact_email", `{"id":1,"contact_email":"","email":"b@x.example","customer":{"email":"c@x.example"}}`, func(e core.Event) bool { return e.Email == "b@x.example" }},
		{"the customer's", `{"id":1,"email":null,"customer":{"email":" c@x.example "}}`, func(e core.Event) bool { return e.Email == "c@x.example" }},
		{"first name alone", `{"id":1,"customer":{"first_name":"Kim","last_name":null}}`, func(e core.Event) bool { return e.Name == "Kim" }},
		{"billing name", `{"id":1,"customer":null,"billing_address":{"first_name":"","name":"Kay Payer"}}`, func(e core.Event) bool { return e.Name == "Kay Payer" }},
		{"never the receiver", `{"id":1,"shipping_address":{"first_name":"Gift","name":"Gift Receiver"}}`, func(e core.Event) bool { return e.Name == "" }},
		{"test", `{"id":1,"test":true}`, func(e core.Event) bool { return e.Test }},
		{"refunded", `{"id":1,"financial_status":"refunded"}`, func(e core.Event) bool { return e.FullyRefunded }},
		{"refunded in part", `{"id":1,"financial_status":"partially_refunded"}`, func(e core.Event) bool { return !e.FullyRefunded }},
		{"fulfilled in part", `{"id":1,"fulfillment_status":"partial"}`, func(e core.Event) bool { return !e.IsFulfilled }},
		{"the last change", `{"id":1,"updated_at":"2026-11-20T08:00:00Z","closed_at":"2026-11-19T08:00:00Z"}`, func(e core.Event) bool { return e.At.Equal(day(20, 8)) }},
		{"closed_at alone", `{"id":1,"closed_at":"2026-11-20T08:00:00Z"}`, func(e core.Event) bool { return e.At.Equal(day(20, 8)) }},
		{"created_at is no fulfilment", `{"id":1,"created_at":"2026-11-20T08:00:00Z","processed_at":"2026-11-20T08:00:00Z"}`, func(e core.Event) bool { return e.At.IsZero() }},
		{"refunds in the order", `{"id":1,"refunds":[{"id":7,"transactions":[{"kind":"refund","status":"success","amount":"1.5"}]},{"id":8,"transactions":[]},{"id":null}]}`, func(e core.Event) bool {
			return maps.Equal(e.Refunds, map[string]core.Amount{"7": 15_000, "8": 0})
		}},
		{"a foreign currency", `{"id":1,"total_price":"10.00","total_price_set":{"shop_money":{"amount":"10.00","currency_code":"EUR"},"presentment_money":{"amount":"1600","currency_code":"JPY"}}}`, func(e core.Event) bool { return e.Total == 16_000_000 }},
		{"a negative total", `{"id":1,"total_price":"-10.00"}`, func(e core.Event) bool { return e.Total == 0 }},
		{"a long name", `{"id":1,"name":"` + strings.Repeat("ä", 500) + `"}`, func(e core.Event) bool { return e.OrderName == strings.Repeat("ä", 128) }},
		{"a locale that is none", `{"id":1,"customer_locale":"<script>"}`, func(e core.Event) bool { return e.Locale == "" }},
		{"a locale too long", `{"id":1,"customer_locale":"en` + strings.Repeat("-abcdefgh", 4) + `"}`, func(e core.Event) bool { return e.Locale == "" }},
		{"fulfilments that failed", `{"id":1,"fulfillments":[{"status":"error","created_at":"2026-11-21T08:00:00Z"},{"status":"failure","created_at":"2026-11-21T09:00:00Z"},{"created_at":"2026-11-20T08:00:00Z"}]}`, func(e core.Event) bool { return e.At.Equal(day(20, 8)) }},
		{"the last of two keys", `{"id":1,"id":2,"email":"a@x.example","email":"b@x.example"}`, func(e core.Event) bool { return e.Order.ID == "2" && e.Email == "b@x.example" }},
		{"the last, though null", `{"id":1,"email":"a@x.example","email":null}`, func(e core.Event) bool { return e.Email == "" }},
		{"two objects are one", `{"id":1,"customer":{"first_name":"A","email":"a@x.example"},"customer":{"first_name":"B"}}`, func(e core.Event) bool { return e.Name == "B" && e.Email == "a@x.example" }},
		{"the last of two lists", `{"id":1,"refunds":[{"id":7}],"fulfillments":[{"created_at":"2026-11-21T08:00:00Z"}],"fulfillments":[{"created_at":"2026-11-20T08:00:00Z"}],"refunds":[{"id":8,"transactions":[{"kind":"refund","status":"success","amount":"2"}],"transactions":[]}]}`, func(e core.Event) bool {
			return e.At.Equal(day(20, 8)) && maps.Equal(e.Refunds, map[string]core.Amount{"8": 0})
		}},
		{"no list after one", `{"id":1,"fulfillments":[{"created_at":"2026-11-21T08:00:00Z"}],"refunds":[{"id":7}],"fulfillments":null,"refunds":{}}`, func(e core.Event) bool { return e.At.IsZero() && len(e.Refunds) == 0 }},
		{"objects and lists where a text should be", `{"email":{"id":2},"name":[{"id":3}],"total_price":{"amount":"5"},"customer":["x"],"id":1}`, func(e core.Event) bool {
			return e.Order.ID == "1" && e.Email == "" && e.OrderName == "" && e.Total == 0
		}},
		{"blanks", "\r\n\t {\n \"id\" :\t1 ,\r\n\"refunds\" : [ { \"id\" : 7 } ] }\n", func(e core.Event) bool { return e.Order.ID == "1" && len(e.Refunds) == 1 }},
		{"an escaped key", `{"\u0069d":1}`, func(e core.Event) bool { return e.Order.ID == "1" }},
		{"a number for a gid", `{"id":5,"admin_graphql_api_id":9}`, func(e core.Event) bool { return e.Order.ID == "5" }},
		{"text that is no UTF-8", "{\"id\":1,\"email\":\"a\xff@x.example\"}", func(e core.Event) bool { return e.Order.ID == "1" && e.Email == "a\ufffd@x.example" }},
	} {
		if e := decode("orders/fulfilled", []byte(c.body)); e.Kind != core.Fulfilled || !c.ok(e) {
			t.Errorf("%s: got %+v", c.name, e)
		}
	}
}

func TestDecodeRefusals(t *testing.T) {
	for _, c := range []struct {
		topic, body string
		want        core.EventKind
	}{
		{"orders/fulfilled", `not JSON`, core.Unreadable},
		{"orders/fulfilled", `{"id":1`, core.Unreadable},
		{"orders/fulfilled", `{"id":1,"name`, core.Unreadable},
		{"orders/fulfilled", `{"id":1,"line_items":[{"id":2}`, core.Unreadable},
		{"orders/fulfilled", `{"id":1,"customer":{"email":"a@x.example"`, core.Unreadable},
		{"orders/fulfilled", `{"id":1,"name":}`, core.Unreadable},
		{"orders/fulfilled", ``, core.Unreadable},
		{"orders/fulfilled", `null`, core.Unreadable},
		{"orders/fulfilled", `[]`, core.Unreadable},
		{"orders/fulfilled", `{}`, core.Unreadable},
		{"orders/fulfilled", `{"id":0}`, core.Unreadable},
		{"orders/fulfilled", `{"id":-1}`, core.Unreadable},
		{"orders/fulfilled", `{"id":8.2e17}`, core.Unreadable},
		{"orders/fulfilled", `{"id":"secret value"}`, core.Unreadable},
		{"orders/cancelled", `{"name":"secret value"}`, core.Unreadable},
		{"refunds/create", `{"id":7,"note":"secret value"}`, core.Unreadable},
		{"refunds/create", `secret value`, core.Unreadable},
		{"app/uninstalled", `secret value`, core.Unreadable},
		{"app/uninstalled", `{}`, core.Uninstalled},
		{"orders/partially_fulfilled", `{"id":1}`, core.Ignored},
		{"carts/update", `secret value`, core.Ignored},
	} {
		e := decode(c.topic, []byte(c.body))
		if e.Kind != c.want {
			t.Errorf("%s %s: kind %d, want %d", c.topic, c.body, e.Kind, c.want)
		}
		if e.Kind == core.Unreadable && e.Detail == "" || strings.Contains(e.Detail, "secret") {
			t.Errorf("%s %s: the detail is %q", c.topic, c.body, e.Detail)
		}
	}
}

// What the played shop sends is read as it was meant.
func TestDecodeReadsTheTestShop(t *testing.T) {
	o := shopifytest.Order{
		ID: 5501234567890123457, Name: "#1001", Email: "kim@shop.example", FirstName: "Kim", Total: "20.00",
		At: day(20, 9), RefundID: 77, Refund: "5.00", Size: 12 << 10,
	}
	topic, body := shopifytest.Fulfilled(o)
	if len(body) < o.Size || len(body) > o.Size+2000 {
		t.Errorf("the body has %d bytes, want about %d", len(body), o.Size)
	}
	e := decode(topic, body)
	if e.Kind != core.Fulfilled || e.Order.ID != id || e.Email != o.Email || e.Name != "Kim" || !e.At.Equal(o.At) || !e.IsFulfilled || e.Refunds["77"] != 50_000 {
		t.Errorf("fulfilled: got %+v", e)
	}
	if e := decode(shopifytest.Cancelled(o)); e.Kind != core.Cancellation || !e.At.Equal(o.At) || e.IsFulfilled {
		t.Errorf("cancelled: got %+v", e)
	}
	if e := decode(shopifytest.Refunded(o)); e.Kind != core.Refund || e.Order.ID != id || e.Refunds["77"] != 50_000 || !e.At.Equal(o.At) {
		t.Errorf("refunded: got %+v", e)
	}
	if e := decode(shopifytest.Uninstalled(o)); e.Kind != core.Uninstalled || !e.At.Equal(o.At) {
		t.Errorf("uninstalled: got %+v", e)
	}
}

// The body's bytes are another request's once it was answered.
func TestDecodeKeepsNothingOfTheBody(t *testing.T) {
	for name, body := range bodies(t) {
		body = bytes.Clone(body)
		got, want := decode(samples[name].topic, body), decode(samples[name].topic, bytes.Clone(body))
		for i := range body {
			body[i] = 'x'
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

// A search for a bracket that is far away must not be made for each backslash.
func TestDecodePassesOverBackslashes(t *testing.T) {
	start := time.Now()
	e := decode("orders/fulfilled", []byte(`{"line_items":["`+strings.Repeat(`\\`, 1<<19)+`"],"id":1}`))
	if took := time.Since(start); e.Order.ID != "1" || took > 3*time.Second {
		t.Errorf("got %+v after %s", e, took)
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, topic := range []string{"orders/fulfilled", "orders/cancelled", "refunds/create", "app/uninstalled"} {
			f.Add(topic, body)
		}
	}
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		e := decode(topic, body)
		if e.Kind == 0 || e.Topic != topic {
			t.Errorf("got %+v", e)
		}
		acts := e.Kind == core.Fulfilled || e.Kind == core.Cancellation || e.Kind == core.Refund
		if acts && e.Order.ID == "" {
			t.Error("an order event that names no order")
		}
		if e.Total < 0 || len(e.OrderName) > 4*128 || len(e.Name) > 4*200 || len(e.Email) > 4000 {
			t.Errorf("out of bounds: %+v", e)
		}
		for id, amount := range e.Refunds {
			if id == "" || amount < 0 {
				t.Errorf("refund %q of %d", id, amount)
			}
		}
	})
}

// TestDecodeReadsOneOrderInside: a body of nothing but orders inside orders costs no
// more than any other of its length.
func TestDecodeReadsOneOrderInside(t *testing.T) {
	const deep = 100_000
	body := []byte(strings.Repeat(`{"order":`, deep) + `{"id":1}` + strings.Repeat(`}`, deep))
	allocated := testing.AllocsPerRun(1, func() {
		shopify.Source{}.Decode("orders/fulfilled", func(string) string { return "" }, body)
	})
	if allocated > 10 {
		t.Errorf("%.0f allocations, want a few", allocated)
	}
}
