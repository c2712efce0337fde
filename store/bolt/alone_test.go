package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/store"
	"aminobridge/store/storetest"
)

// named is a vendor under a slug of its own, and a shop of it.
func named(t *testing.T, s store.Store, slug string, now time.Time) (core.Vendor, core.Shop) {
	t.Helper()
	v, err := s.PutVendor(context.Background(), core.Vendor{ID: core.NewVendorID(now), Slug: slug, Name: slug, Settings: core.DefaultSettings()})
	if err != nil {
		t.Fatal(err)
	}
	shop, err := s.PutShop(context.Background(), core.Shop{ID: core.NewShopID(now), Vendor: v.ID, Platform: "shopify", Domain: slug + ".example", Token: slug, CreatedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	return v, shop
}

func fulfilled(shop core.Shop, order string, now time.Time) core.Event {
	return core.Event{
		ID: core.NewEventID(now), Vendor: shop.Vendor, Shop: shop.ID, Kind: core.Fulfilled, Order: core.OrderKey{Namespace: "shopify:" + shop.Domain, ID: order},
		ReceivedAt: now, NotBefore: now, At: now, Email: "p" + order + "@example.com", IsFulfilled: true,
	}
}

// TestDamagedVendor: the event of a vendor that cannot be read is set aside, and
// the orders of others are taken and invited.
func TestDamagedVendor(t *testing.T) {
	for _, c := range []struct {
		name, bucket string
		key          func(core.VendorID) []byte
	}{
		{"its counters", "desk", func(v core.VendorID) []byte { return append(v[:], 'c') }},
		{"its pace", "desk", func(v core.VendorID) []byte { return append(v[:], 'a') }},
		{"its settings", "vendor", func(v core.VendorID) []byte { return append([]byte{'i'}, v[:]...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			s := open(t, dir, clock)
			_, brokenShop := named(t, s, "broken", clock.Now())
			whole, wholeShop := named(t, s, "whole", clock.Now())
			stuck := fulfilled(brokenShop, "1", clock.Now())
			if _, err := s.Append(ctx, []core.Event{stuck, fulfilled(wholeShop, "2", clock.Now())}); err != nil {
				t.Fatal(err)
			}
			s = damaged(t, s, dir, clock, c.bucket, func(b *bbolt.Bucket) error {
				key := c.key(brokenShop.Vendor)
				record := slices.Clone(b.Get(key))
				record[len(record)-1] ^= 1
				return b.Put(key, record)
			})
			decideAll(t, s, clock)
			counters, err := s.Counters(ctx, whole.ID)
			if err != nil || counters.Verdicts[core.Invited] != 1 {
				t.Errorf("the vendor beside it: %v, %v, want one invited", counters.Verdicts, err)
			}
			clock.Pass(time.Hour) // longer than an event may wait before others are refused
			if _, err := s.Append(ctx, []core.Event{fulfilled(wholeShop, "3", clock.Now())}); err != nil {
				t.Errorf("an hour later the vendor beside it is refused: %v", err)
			}
			if c.bucket == "vendor" {
				return // whose log cannot be asked for
			}
			log, _, err := s.Verdicts(ctx, brokenShop.Vendor, "", 10)
			if err != nil || len(log) != 1 || log[0].Event != stuck.ID || log[0].Reason != core.Poison {
				t.Errorf("got %v, %v, want poison", log, err)
			}
		})
	}
}

// decideAll runs intake's loop until nothing waits for a verdict.
func decideAll(t *testing.T, s store.Store, clock *storetest.Clock) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	loop := &intake.Loop{Store: s, Now: clock.Now, Log: slog.New(slog.DiscardHandler)}
	loop.Decided = func() {
		if left, err := s.Pending(ctx, clock.Now(), 10); err == nil && len(left) == 0 {
			cancel()
		}
	}
	if err := loop.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if left, err := s.Pending(context.Background(), clock.Now(), 10); err != nil || len(left) > 0 {
		t.Fatalf("%d events wait for a verdict, %v", len(left), err)
	}
}

// TestDamagedRowExpiresAlone: the one that cannot be read is told of, each time,
// and keeps none of the others from their end.
func TestDamagedRowExpiresAlone(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	v := vendor(t, s, clock.Now())
	var ids []core.InvitationID
	for n := range 3 {
		ids = append(ids, call(t, s, v, clock.Now(), "p"+strconv.Itoa(n)+"@example.com"))
	}
	deliver(t, s, v, clock.Now(), len(ids))
	broken := ids[1]
	s = damaged(t, s, dir, clock, "invitation", func(b *bbolt.Bucket) error {
		record := slices.Clone(b.Get(broken[:]))
		record[len(record)-1] ^= 1
		return b.Put(broken[:], record)
	})
	clock.Pass(v.Settings.Expiry)
	for _, want := range []int{2, 0} {
		if done, _, err := s.Expire(ctx, clock.Now(), 10); done != want || err == nil {
			t.Errorf("%d expired, %v, want %d and an error", done, err, want)
		}
	}
	for _, id := range []core.InvitationID{ids[0], ids[2]} {
		if inv, err := s.Invitation(ctx, v.ID, id); err != nil || inv.State != core.Expired {
			t.Errorf("the one beside it: %v, %v, want expired", inv.State, err)
		}
	}
}

// deliver sends what waits.
func deliver(t *testing.T, s store.Store, v core.Vendor, now time.Time, n int) {
	t.Helper()
	claimed, err := s.Claim(context.Background(), core.ClaimAsk{Vendor: v.ID, N: n, Window: time.Hour, Now: now})
	if err != nil || len(claimed) != n {
		t.Fatalf("claimed %d, %v, want %d", len(claimed), err, n)
	}
	for _, c := range claimed {
		if err := s.Settle(context.Background(), c.Ref, core.Outcome{Begun: true, ProviderID: "mail"}, now); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWritesBesideAFault: a method that fails undoes its group, and those beside
// it are done again from the start: what they return is what is stored.
func TestWritesBesideAFault(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	broken := vendor(t, s, clock.Now())
	id := call(t, s, broken, clock.Now(), "ada@example.com")
	s = damaged(t, s, dir, clock, "invitation", func(b *bbolt.Bucket) error {
		return b.Put(id[:], bytes.Repeat([]byte{1}, 10))
	})
	stop := make(chan struct{})
	var faults, writers sync.WaitGroup
	for range 4 {
		faults.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Claim(ctx, core.ClaimAsk{Vendor: broken.ID, N: 1, Window: time.Hour, Now: clock.Now()}); err == nil {
					t.Error("claimed a letter that cannot be read")
					return
				}
			}
		})
	}
	for n := range 8 {
		writers.Go(func() { rewrite(t, s, "v"+strconv.Itoa(n), clock.Now()) })
	}
	writers.Wait()
	close(stop)
	faults.Wait()
}

// rewrite changes a vendor and its shop again and again, each time from what the
// time before returned.
func rewrite(t *testing.T, s store.Store, slug string, now time.Time) {
	ctx := context.Background()
	v := core.Vendor{ID: core.NewVendorID(now), Slug: slug, Name: slug, Settings: core.DefaultSettings()}
	shop := core.Shop{ID: core.NewShopID(now), Vendor: v.ID, Platform: "shopify", Domain: slug + ".example", Token: slug}
	for n := 1; n <= 20; n++ {
		var err error
		if v, err = s.PutVendor(ctx, v); err != nil || v.Version != n {
			t.Errorf("write %d of a vendor: version %d, %v", n, v.Version, err)
			return
		}
		if shop, err = s.PutShop(ctx, shop); err != nil || shop.Version != n {
			t.Errorf("write %d of a shop: version %d, %v", n, shop.Version, err)
			return
		}
	}
	if kept, err := s.Vendor(ctx, v.ID); err != nil || kept.Version != v.Version {
		t.Errorf("stored as version %d, %v, want %d", kept.Version, err, v.Version)
	}
}

// TestExpireEndsAtAFence: when nothing can be written any more, that is said once,
// and not for each of many thousands.
func TestExpireEndsAtAFence(t *testing.T) {
	clock, dir := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	t.Cleanup(func() { _ = s.Close() })
	v := vendor(t, s, clock.Now())
	for n := range 3 {
		call(t, s, v, clock.Now(), "p"+strconv.Itoa(n)+"@example.com")
	}
	deliver(t, s, v, clock.Now(), 3)
	fence(t, s, file(dir))
	clock.Pass(v.Settings.Expiry)
	done, _, err := s.Expire(context.Background(), clock.Now(), 10)
	if err == nil || done != 0 || strings.Count(err.Error(), core.ErrFenced.Error()) != 1 {
		t.Errorf("%d expired, %v, want none, and said once", done, err)
	}
}

// TestDamagedLetterInRetry: of a vendor whose queue cannot be read an event is set
// aside, or as the oldest that waits it would have everybody's refused.
func TestDamagedLetterInRetry(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	v, shop := named(t, s, "broken", clock.Now())
	a, err := s.Accept(ctx, core.Ask{Vendor: v.ID, Email: "ada@example.com", Lane: core.Direct, Now: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(ctx, core.ClaimAsk{Vendor: v.ID, N: 1, Window: time.Hour, Now: clock.Now()})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d letters, %v", len(claimed), err)
	}
	unreachable := core.Outcome{Begun: true, Err: &core.SendError{Fault: core.Unreachable}}
	if err := s.Settle(ctx, claimed[0].Ref, unreachable, clock.Now()); err != nil {
		t.Fatal(err)
	}
	s = damaged(t, s, dir, clock, "desk", func(b *bbolt.Bucket) error {
		key := slices.Concat(v.ID[:], []byte("q"), a.Invitation.ID[:], []byte{byte(core.First)})
		record := slices.Clone(b.Get(key))
		record[len(record)-1] ^= 1
		return b.Put(key, record)
	})
	if _, err := s.Append(ctx, []core.Event{fulfilled(shop, "1", clock.Now())}); err != nil {
		t.Fatal(err)
	}
	decideAll(t, s, clock)
}

// TestWantedTellsDamage: a row that cannot be read is not one that there is not, for
// which its letter would be given up.
func TestWantedTellsDamage(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	v := vendor(t, s, clock.Now())
	id := call(t, s, v, clock.Now(), "ada@example.com")
	claimed, err := s.Claim(ctx, core.ClaimAsk{Vendor: v.ID, N: 1, Window: time.Hour, Now: clock.Now()})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d letters, %v", len(claimed), err)
	}
	s = damaged(t, s, dir, clock, "invitation", func(b *bbolt.Bucket) error {
		record := slices.Clone(b.Get(id[:]))
		record[len(record)-1] ^= 1
		return b.Put(id[:], record)
	})
	if wanted, err := s.Wanted(ctx, claimed[0].Ref); wanted || err == nil || errors.Is(err, core.ErrNotFound) {
		t.Errorf("wanted %t, %v, want what is the matter", wanted, err)
	}
}
