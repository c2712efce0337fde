package intake_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

// The loop over a real store: every event that was kept gets one verdict, those
// appended while it runs within the second.
func TestLoopOverAStore(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		clock := storetest.NewClock(now)
		s, err := bolt.Open(filepath.Join(dir, "amino.db"), []byte("0123456789abcdef0123456789abcdef"), clock)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		v, err := s.PutVendor(t.Context(), core.Vendor{ID: core.NewVendorID(now), Slug: "acme", Name: "Acme", Settings: core.DefaultSettings()})
		if err != nil {
			t.Fatal(err)
		}
		shop, err := s.PutShop(t.Context(), core.Shop{ID: core.NewShopID(now), Vendor: v.ID, Platform: "shopify", Domain: "a.example", Token: "t", CreatedAt: at(0)})
		if err != nil {
			t.Fatal(err)
		}
		l := &intake.Loop{Store: s, Decided: func() {}, Now: clock.Now, Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		appendOrders(t, s, shop, 0, 300)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		appendOrders(t, s, shop, 300, 400)
		time.Sleep(time.Second) // the bubble's: it takes no time
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		c, err := s.Counters(t.Context(), v.ID)
		if err != nil || c.Verdicts[core.Invited] != 400 {
			t.Errorf("verdicts are %v, %v; want 400 invited", c.Verdicts, err)
		}
	})
}

func appendOrders(t *testing.T, s *bolt.Store, shop core.Shop, from, to int) {
	t.Helper()
	var events []core.Event
	for i := from; i < to; i++ {
		e := fulfilled(990, email(fmt.Sprintf("buyer%d@shop.example", i)))
		e.ID, e.Vendor, e.Shop, e.Order.ID, e.ReceivedAt, e.NotBefore = core.NewEventID(now), shop.Vendor, shop.ID, fmt.Sprint(i), now, now
		events = append(events, e)
	}
	if _, err := s.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}
