package shopify_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aminobridge/adapters/shopify"
	"aminobridge/core"
	"aminobridge/core/intake"
)

// sample is what becomes of a recorded body: as it is, and made fit for inviting.
type sample struct {
	topic  string
	order  string
	reason core.Reason
	would  core.Reason
	fit    core.Reason // "" where the body is no order
}

const (
	fulfilled = "orders/fulfilled"
	docs      = "820982911946154508"
)

var samples = map[string]sample{
	"fulfilled.json":                 {fulfilled, id, core.Invited, "", core.Invited},
	"fulfilled-rounded-id.json":      {fulfilled, id, core.Invited, "", core.Invited},
	"fulfilled-hidden-customer.json": {fulfilled, id, core.NoAddress, "", core.NoAddress},
	"fulfilled-sample.json":          {fulfilled, id, core.TestOrder, core.NotFulfilled, core.Invited},
	"fulfilled-odd-types.json":       {fulfilled, id, core.Invited, "", core.Invited},
	"fulfilled-wrapped.json":         {fulfilled, id, core.Invited, "", core.Invited},
	"cancelled.json":                 {"orders/cancelled", id, core.WithdrawalNoted, "", ""},
	"refund-full.json":               {"refunds/create", id, core.PartialRefund, "", ""},
	"refund-partial.json":            {"refunds/create", id, core.PartialRefund, "", ""},
	"uninstalled.json":               {"app/uninstalled", "", core.ShopUninstalled, "", ""},

	"01-shopify-2026-07-orders-fulfilled-docs-sample.json":           {fulfilled, docs, core.TestOrder, core.NotFulfilled, core.Invited},
	"02-shopify-2026-07-orders-partially_fulfilled-docs-sample.json": {"orders/partially_fulfilled", "", core.IgnoredTopic, "", ""},
	"03-shopify-2026-07-orders-cancelled-docs-sample.json":           {"orders/cancelled", docs, core.TestOrder, core.WithdrawalNoted, ""},
	"04-shopify-2026-07-fulfillments-create-docs-sample.json":        {"fulfillments/create", "", core.IgnoredTopic, "", ""},
	"05-shopify-2026-07-fulfillment_events-create-docs-sample.json":  {"fulfillment_events/create", "", core.IgnoredTopic, "", ""},
	// A refund names its order by the rounded number alone.
	"06-shopify-2026-07-refunds-create-docs-sample.json":         {"refunds/create", "820982911946154500", core.PartialRefund, "", ""},
	"07-shopify-2026-07-app-uninstalled-docs-sample.json":        {"app/uninstalled", "", core.ShopUninstalled, "", ""},
	"08-shopify-2026-07-customers-data_request-docs-sample.json": {"customers/data_request", "", core.IgnoredTopic, "", ""},
	"09-shopify-2026-07-customers-redact-docs-sample.json":       {"customers/redact", "", core.IgnoredTopic, "", ""},
	"10-shopify-2026-07-shop-redact-docs-sample.json":            {"shop/redact", "", core.IgnoredTopic, "", ""},
	"11-shopify-2025-04-order-exemplar-no-pii.json":              {fulfilled, "123", core.NotFulfilled, "", core.NoAddress},
	"12-shopify-2024-01-order-exemplar-12-lines-no-email.json":   {fulfilled, "123", core.NotFulfilled, "", core.NoAddress},
	"15-shopify-2024-01-fulfillment-exemplar.json":               {"fulfillments/create", "", core.IgnoredTopic, "", ""},
	"16-shopify-2024-10-orders-fulfilled-hookdeck-with-headers.json": {fulfilled, docs, core.TestOrder, core.NotFulfilled,
		core.Invited},
	"17-shopify-rest-order-no-email-no-customer.json":        {fulfilled, "1073459966", core.NotFulfilled, "", core.NoAddress},
	"19-shopify-rest-order-email-differs-from-customer.json": {fulfilled, "1073459980", core.NotFulfilled, "", core.Invited},
	"21-shopify-go-shopify-fixture-order.json":               {fulfilled, "123456", core.TestOrder, core.NotFulfilled, core.Invited},
	"23-woocommerce-v3-order-completed-docs.json":            {"order.updated", "", core.IgnoredTopic, "", ""},
	"24-bigcommerce-order-statusUpdated-hookdeck.json":       {"store/order/statusUpdated", "", core.IgnoredTopic, "", ""},
}

// bodies are the recorded bodies: our own, and those collected beside the
// repository, where there are any.
func bodies(t *testing.T) map[string][]byte {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, dir := range []string{"testdata", filepath.Join(root, "..", "shared", "payloads")} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.Base(name)] = body
		}
	}
	return out
}

func TestRecordedBodies(t *testing.T) {
	for name, body := range bodies(t) {
		t.Run(name, func(t *testing.T) {
			want, ok := samples[name]
			if !ok {
				t.Fatal("nobody has said what this body shall come to")
			}
			header, body := capture(t, body)
			e := shopify.Source{}.Decode(want.topic, header.get, body)
			if e.Order.ID != want.order {
				t.Errorf("the order is %q, want %q", e.Order.ID, want.order)
			}
			if got := decide(e); got.Reason != want.reason || got.Would != want.would {
				t.Errorf("got %s, would %q; want %s, %q", got.Reason, got.Would, want.reason, want.would)
			}
			if want.fit == "" {
				return
			}
			e = shopify.Source{}.Decode(want.topic, headers{}.get, fit(t, body))
			if got := decide(e); got.Reason != want.fit {
				t.Errorf("made fit: got %s, want %s", got.Reason, want.fit)
			}
			if strings.HasPrefix(name, "19-") && e.Email != "jane@example.com" {
				t.Error("the address is not the order's own")
			}
		})
	}
}

// capture takes a body out of a recording that has its headers beside it.
func capture(t *testing.T, recorded []byte) (headers, []byte) {
	t.Helper()
	var c struct {
		Headers map[string]string
		Body    json.RawMessage
	}
	if err := json.Unmarshal(recorded, &c); err != nil || c.Body == nil {
		return headers{}, recorded
	}
	h := headers{"X-Shopify-Test": c.Headers["x-shopify-test"]}
	return h, c.Body
}

// fit makes an order one that was fulfilled a day ago, and real.
func fit(t *testing.T, body []byte) []byte {
	t.Helper()
	var o map[string]json.RawMessage
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	if inner, ok := o["order"]; ok {
		return fit(t, inner)
	}
	o["test"], o["cancelled_at"], o["fulfillment_status"] = []byte("false"), []byte("null"), []byte(`"fulfilled"`)
	o["fulfillments"] = []byte(`[{"status":"success","created_at":"2026-11-21T12:00:00Z"}]`)
	out, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func decide(e core.Event) intake.Change {
	e.ReceivedAt = day(22, 12)
	f := intake.Facts{Settings: core.DefaultSettings(), Shop: core.Shop{CreatedAt: day(1, 0)}}
	_, err := intake.Address(e.Email)
	f.BadAddress = e.Email != "" && err != nil
	return intake.Decide(f, e, day(22, 12))
}
