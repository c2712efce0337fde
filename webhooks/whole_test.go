package webhooks_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
	"aminobridge/webhooks"
)

// whole is the way of a webhook over a real store: a vendor with two shops.
type whole struct {
	t      *testing.T
	store  *bolt.Store
	clock  *storetest.Clock
	app    *fiber.App
	vendor core.VendorID
}

func begin(t *testing.T) *whole {
	t.Helper()
	w := &whole{t: t, clock: storetest.NewClock(now)}
	var err error
	w.store, err = bolt.Open(filepath.Join(t.TempDir(), "amino.db"), []byte("0123456789abcdef0123456789abcdef"), w.clock)
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	settings := core.DefaultSettings()
	settings.Cooldown = 0
	v, err := w.store.PutVendor(t.Context(), core.Vendor{ID: core.NewVendorID(now), Slug: "acme", Name: "Acme", CreatedAt: now, Settings: settings})
	w.must(err)
	w.vendor = v.ID
	for _, token := range []string{"one", "two"} {
		_, err := w.store.PutShop(t.Context(), core.Shop{
			ID: core.NewShopID(now), Vendor: v.ID, Platform: "shopify", Domain: token + ".myshopify.com",
			Token: token, Secrets: []string{"s3cret"}, CreatedAt: now.Add(-time.Hour),
		})
		w.must(err)
	}
	w.app = fiber.New(fiber.Config{Immutable: true, BodyLimit: 4 << 20, DisableStartupMessage: true})
	webhooks.Mount(w.app, webhooks.Handler{
		Sources: []webhooks.Source{shopify.Source{}}, Store: w.store, Nudge: func() {}, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	return w
}

func (w *whole) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// tell posts a signed webhook, which must be acknowledged, and has it decided.
func (w *whole) tell(token, topic string, body []byte) {
	w.t.Helper()
	res, text := post(w.t, w.app, "/webhooks/shopify/"+token, shopifytest.Header(topic, "s3cret", body), body)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s is answered %d %q", topic, res.StatusCode, text)
	}
	events, err := w.store.Pending(w.t.Context(), w.clock.Now(), 100)
	w.must(err)
	_, err = w.store.Decide(w.t.Context(), events, w.clock.Now())
	w.must(err)
	w.clock.Pass(time.Millisecond)
}

// reasons are all verdicts given, oldest first.
func (w *whole) reasons() []core.Reason {
	w.t.Helper()
	verdicts, _, err := w.store.Verdicts(w.t.Context(), w.vendor, "", 100)
	w.must(err)
	var out []core.Reason
	for _, v := range slices.Backward(verdicts) {
		out = append(out, v.Reason)
	}
	return out
}

func (w *whole) want(letters int, reasons ...core.Reason) {
	w.t.Helper()
	if got := w.reasons(); !slices.Equal(got, reasons) {
		w.t.Errorf("verdicts are %v, want %v", got, reasons)
	}
	got, err := w.store.Letters(w.t.Context(), w.vendor, 100)
	w.must(err)
	if len(got) != letters {
		w.t.Errorf("%d letters in the queue, want %d", len(got), letters)
	}
	if findings, err := w.store.Check(w.t.Context()); err != nil || len(findings) > 0 {
		w.t.Errorf("check: %v, %v", findings, err)
	}
}

// by sends a webhook of the sample order, some hours ago.
func (w *whole) by(made func(shopifytest.Order) (string, []byte), hoursAgo int, change ...func(*shopifytest.Order)) {
	w.t.Helper()
	o := sample
	o.At = now.Add(-time.Duration(hoursAgo) * time.Hour)
	for _, c := range change {
		c(&o)
	}
	topic, body := made(o)
	w.tell("one", topic, body)
}

func refundOf(id uint64, amount string) func(*shopifytest.Order) {
	return func(o *shopifytest.Order) { o.RefundID, o.Refund = id, amount }
}

func TestFulfilledTwiceIsOneLetter(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 10)
	w.by(shopifytest.Fulfilled, 10) // a repeat is not kept again
	w.by(shopifytest.Fulfilled, 9)  // told of another parcel
	w.want(1, core.Invited, core.AlreadyInvited)
}

func TestWithdrawnAndBack(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 10)
	w.by(shopifytest.Cancelled, 9)
	w.want(0, core.Invited, core.OrderCancelled)
	w.by(shopifytest.Fulfilled, 9)
	w.want(0, core.Invited, core.OrderCancelled, core.WithdrawnBefore)
	w.by(shopifytest.Fulfilled, 8)
	w.want(1, core.Invited, core.OrderCancelled, core.WithdrawnBefore, core.Rescheduled)
}

func TestWithdrawnBeforeFulfilled(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Cancelled, 5)
	w.by(shopifytest.Fulfilled, 10)
	w.want(0, core.WithdrawalNoted, core.WithdrawnBefore)
}

func TestRefundsInParts(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 10)
	w.by(shopifytest.Refunded, 9, refundOf(7, "12.00"))
	w.by(shopifytest.Refunded, 9, refundOf(7, "12.00"))
	w.want(1, core.Invited, core.PartialRefund)
	w.by(shopifytest.Refunded, 8, refundOf(8, "8.00"))
	w.want(0, core.Invited, core.PartialRefund, core.OrderRefunded)
	w.by(shopifytest.Fulfilled, 7)
	w.want(1, core.Invited, core.PartialRefund, core.OrderRefunded, core.Rescheduled)
}

// Parts of a refund that come before the fulfilment count from their own time.
func TestRefundedBeforeFulfilled(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Refunded, 9, refundOf(7, "12.00"))
	w.by(shopifytest.Refunded, 8, refundOf(8, "8.00"))
	w.by(shopifytest.Fulfilled, 10)
	w.want(0, core.PartialRefund, core.PartialRefund, core.WithdrawnBefore)
}

// Two shops of one vendor may call an order the same.
func TestTwoShops(t *testing.T) {
	w := begin(t)
	for i, token := range []string{"one", "two"} {
		o := sample
		o.ID += uint64(i)
		topic, body := shopifytest.Fulfilled(o)
		w.tell(token, topic, body)
	}
	w.want(2, core.Invited, core.Invited)
}

func TestUninstalledShopInvitesNobody(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Uninstalled, 0)
	w.by(shopifytest.Fulfilled, 10)
	w.want(0, core.ShopUninstalled, core.ShopUninstalled)
}

// Any body at all under any topic is acknowledged and gets one verdict.
func TestEveryBodyIsAcknowledged(t *testing.T) {
	topics := []string{"orders/fulfilled", "orders/cancelled", "refunds/create", "fulfillments/create", "customers/redact", "app/uninstalled"}
	for _, dir := range []string{"../adapters/shopify/testdata", "../../shared/payloads"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			t.Run(filepath.Base(name), func(t *testing.T) {
				w := begin(t)
				body, err := os.ReadFile(name)
				w.must(err)
				for i, topic := range topics {
					w.tell("one", topic, body)
					if got := w.reasons(); len(got) != i+1 || got[i] == core.Poison || got[i].Sentence() == "" {
						t.Errorf("after %s the verdicts are %v", topic, got)
					}
				}
			})
		}
	}
}
