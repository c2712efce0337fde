package webhooks_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
	"aminobridge/webhooks"
)

var (
	now    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	shop   = core.Shop{ID: core.NewShopID(now), Vendor: core.NewVendorID(now), Platform: "shopify", Token: "t0ken", Secrets: []string{"new", "old"}}
	bare   = core.Shop{ID: core.NewShopID(now), Vendor: shop.Vendor, Platform: "shopify", Token: "bare"}
	woo    = core.Shop{ID: core.NewShopID(now), Vendor: shop.Vendor, Platform: "woo", Token: "woo", Secrets: []string{"new"}}
	sample = shopifytest.Order{ID: 1, Name: "#1001", Email: "kim@shop.example", Total: "20.00", At: now.Add(-time.Hour)}
)

// memory is a store of a few shops that keeps what is appended.
type memory struct {
	mu     sync.Mutex
	events []core.Event
	fail   error
	leased bool
	hangs  bool
}

func (m *memory) ShopByToken(_ context.Context, token string) (core.Shop, error) {
	for _, s := range []core.Shop{shop, bare, woo} {
		if s.Token == token {
			return s, nil
		}
	}
	return core.Shop{}, fmt.Errorf("shop: %w", core.ErrNotFound)
}

func (m *memory) Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if m.fail != nil {
		return nil, m.fail
	}
	m.events = append(m.events, events...)
	if m.leased {
		return []core.LeaseRef{{Vendor: shop.Vendor}}, nil
	}
	return nil, nil
}

func (m *memory) LeaseLive(context.Context, []core.LeaseRef) (bool, error) { return m.leased, nil }

// app serves the handler over m, with a deadline that stands in for the limits a
// request has in production.
func app(m *memory, limit time.Duration, nudged *int) *fiber.App {
	a := fiber.New(fiber.Config{Immutable: true, BodyLimit: 4 << 20, DisableStartupMessage: true})
	a.Use(func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		c.SetUserContext(ctx)
		return c.Next()
	})
	webhooks.Mount(a, webhooks.Handler{
		Sources: []webhooks.Source{shopify.Source{}}, Store: m, Nudge: func() { *nudged++ },
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	return a
}

func post(t *testing.T, a *fiber.App, path string, header http.Header, body []byte) (*http.Response, string) {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	req.Header = header
	res, err := a.Test(req, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

func TestAnswers(t *testing.T) {
	topic, body := shopifytest.Fulfilled(sample)
	large := []byte(`{"id":1,"note":"` + strings.Repeat("x", 1<<20) + `"}`)
	for _, c := range []struct {
		name   string
		path   string
		secret string
		body   []byte
		edit   func(http.Header)
		status int
	}{
		{"signed with the new secret", "/webhooks/shopify/t0ken", "new", body, nil, 200},
		{"signed with the old secret", "/webhooks/shopify/t0ken", "old", body, nil, 200},
		{"a topic without use", "/webhooks/shopify/t0ken", "new", body, set("X-Shopify-Topic", "carts/update"), 200},
		{"signed, but no order", "/webhooks/shopify/t0ken", "new", []byte("garbage"), nil, 200},
		{"identity is no encoding", "/webhooks/shopify/t0ken", "new", body, set("Content-Encoding", "Identity"), 200},

		{"unknown token", "/webhooks/shopify/other", "new", body, set("Content-Encoding", "gzip"), 404},
		{"unknown platform", "/webhooks/magento/t0ken", "new", body, nil, 404},
		{"shop of another platform", "/webhooks/shopify/woo", "new", body, nil, 404},
		{"encoded, too large and unsigned", "/webhooks/shopify/t0ken", "no", large, set("Content-Encoding", "gzip"), 415},
		{"too large and unsigned", "/webhooks/shopify/t0ken", "no", large, nil, 413},
		{"unsigned and empty", "/webhooks/shopify/t0ken", "no", nil, nil, 401},
		{"another secret", "/webhooks/shopify/t0ken", "no", body, nil, 401},
		{"no signature", "/webhooks/shopify/t0ken", "new", body, del("X-Shopify-Hmac-Sha256"), 401},
		{"two signatures", "/webhooks/shopify/t0ken", "new", body, twice("X-Shopify-Hmac-Sha256"), 401},
		{"a shop without a secret", "/webhooks/shopify/bare", "", body, nil, 401},
		{"no topic", "/webhooks/shopify/t0ken", "new", body, del("X-Shopify-Topic"), 400},
		{"a topic that is none", "/webhooks/shopify/t0ken", "new", body, set("X-Shopify-Topic", "Orders Fulfilled"), 400},
		{"nothing in it", "/webhooks/shopify/t0ken", "new", nil, nil, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, nudged := &memory{}, 0
			header := shopifytest.Header(topic, c.secret, c.body)
			if c.edit != nil {
				c.edit(header)
			}
			res, text := post(t, app(m, time.Minute, &nudged), c.path, header, c.body)
			if res.StatusCode != c.status {
				t.Fatalf("got %d %q, want %d", res.StatusCode, text, c.status)
			}
			kept := 0
			if c.status == 200 {
				kept = 1
			}
			if len(m.events) != kept || nudged != kept {
				t.Errorf("%d events kept, %d nudges; want %d", len(m.events), nudged, kept)
			}
			if c.status == 200 && text != "" {
				t.Errorf("the answer has the body %q", text)
			}
		})
	}
}

func set(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
func del(name string) func(http.Header)        { return func(h http.Header) { h.Del(name) } }
func twice(name string) func(http.Header)      { return func(h http.Header) { h.Add(name, h.Get(name)) } }

func TestEventIsComplete(t *testing.T) {
	m, nudged := &memory{}, 0
	topic, body := shopifytest.Fulfilled(sample)
	post(t, app(m, time.Minute, &nudged), "/webhooks/shopify/t0ken", shopifytest.Header(topic, "new", body), body)
	if len(m.events) != 1 {
		t.Fatalf("%d events kept, want 1", len(m.events))
	}
	e := m.events[0]
	if e.ID.IsZero() || e.Vendor != shop.Vendor || e.Shop != shop.ID || !e.ReceivedAt.Equal(now) || !e.NotBefore.Equal(now) || e.Topic != topic {
		t.Errorf("got %+v", e)
	}
	if e.Kind != core.Fulfilled || e.Email != sample.Email || !e.At.Equal(sample.At) {
		t.Errorf("got %+v", e)
	}
}

// What cannot be kept, or withdrawn, is told again.
func TestComeAgain(t *testing.T) {
	for name, m := range map[string]*memory{
		"busy":    {fail: core.ErrBusy},
		"full":    {fail: core.ErrFull},
		"fenced":  {fail: fmt.Errorf("append: %w", core.ErrFenced)},
		"unknown": {fail: fmt.Errorf("something else")},
		"hanging": {hangs: true},
		"leased":  {leased: true},
	} {
		t.Run(name, func(t *testing.T) {
			nudged := 0
			topic, body := shopifytest.Cancelled(sample)
			res, text := post(t, app(m, 100*time.Millisecond, &nudged), "/webhooks/shopify/t0ken", shopifytest.Header(topic, "new", body), body)
			if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
				t.Errorf("got %d, Retry-After %q; want 503 and one", res.StatusCode, res.Header.Get("Retry-After"))
			}
			if strings.Contains(text, "#1001") || strings.Contains(text, "shop") {
				t.Errorf("the answer says too much: %q", text)
			}
		})
	}
}

// Fiber reuses its buffers: nothing of one request may turn up in another's event.
func TestEventsDoNotMix(t *testing.T) {
	m, nudged := &memory{}, 0
	a := app(m, time.Minute, &nudged)
	want := map[string]string{}
	for i := range 200 {
		o := sample
		o.ID = uint64(i + 1)
		o.Email = fmt.Sprintf("buyer%d@shop.example", i)
		want[fmt.Sprint(o.ID)] = o.Email
		topic, body := shopifytest.Fulfilled(o)
		post(t, a, "/webhooks/shopify/t0ken", shopifytest.Header(topic, "new", body), body)
	}
	got := map[string]string{}
	for _, e := range m.events {
		got[e.Order.ID] = e.Email
		if e.Topic != "orders/fulfilled" {
			t.Errorf("topic is %q", e.Topic)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("orders and addresses were mixed")
	}
}
