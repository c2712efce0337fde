package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
	"aminobridge/store"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

var master = []byte("0123456789abcdef0123456789abcdef")

func open(t *testing.T, dir string, clock core.Clock) store.Store {
	t.Helper()
	s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func file(dir string) string { return filepath.Join(dir, "amino.db") }

func TestStore(t *testing.T) { storetest.Run(t, open) }

// vendor makes one with everything at its default.
func vendor(t *testing.T, s store.Store, now time.Time) core.Vendor {
	t.Helper()
	v, err := s.PutVendor(context.Background(), core.Vendor{ID: core.NewVendorID(now), Slug: "first", Name: "First", Settings: core.DefaultSettings()})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A copy of the file while the store is open is what a kill leaves behind.
func TestKill(t *testing.T) {
	ctx, clock := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	dir, left := t.TempDir(), t.TempDir()
	s := open(t, dir, clock)
	defer func() { _ = s.Close() }()
	v := vendor(t, s, clock.Now())
	ask := core.Ask{Vendor: v.ID, Email: "ada@example.com", Name: "Ada", Lane: core.Direct, Now: clock.Now()}
	a, err := s.Accept(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.Claim(ctx, core.ClaimAsk{Vendor: v.ID, N: 1, Window: time.Hour, Now: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file(left), b, 0o600); err != nil {
		t.Fatal(err)
	}

	found := open(t, left, clock)
	defer func() { _ = found.Close() }()
	if live, err := found.LeaseLive(ctx, []core.LeaseRef{claimed[0].Ref}); err != nil || !live {
		t.Errorf("the lease after a kill: %v, %v, want live", live, err)
	}
	if inv, err := found.Invitation(ctx, v.ID, a.Invitation.ID); err != nil || inv.Email != ask.Email {
		t.Errorf("the invitation after a kill: %q, %v", inv.Email, err)
	}
	if findings, err := found.Check(ctx); err != nil || len(findings) > 0 {
		t.Errorf("Check after a kill: %v, %v", findings, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	clock := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	s := open(t, dir, clock)
	if _, err := bolt.Open(file(dir), master, clock); err == nil {
		t.Error("opened a file that is held")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(file(dir), vault.NewMaster(), clock); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("another master: %v, want ErrMasterKey", err)
	}
	if _, err := bolt.Open(file(t.TempDir()), make([]byte, 32), clock); err == nil {
		t.Error("made a file under a master of zeros")
	}
	open(t, dir, clock).Close()
}

// No address, name or secret lies open in the file or its journal.
func TestFileTellsNobody(t *testing.T) {
	ctx, clock := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	s := open(t, dir, clock)
	v := vendor(t, s, clock.Now())
	shop, err := s.PutShop(ctx, core.Shop{ID: core.NewShopID(clock.Now()), Vendor: v.ID, Platform: "shopify", Domain: "first.example", Token: "t", Secrets: []string{"hush-hush"}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.Accept(ctx, core.Ask{Vendor: v.ID, Email: "ada@example.com", Name: "Lovelace", OrderRef: "1", Lane: core.Direct, Now: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(ctx, []core.Event{{
		ID: core.NewEventID(clock.Now()), Vendor: v.ID, Shop: shop.ID, Kind: core.Fulfilled, Order: core.OrderKey{Namespace: "shopify", ID: "2"},
		At: clock.Now(), Email: "ada@example.com", Name: "Lovelace", IsFulfilled: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	seen := core.Seen{Vendor: v.ID, Invitation: a.Invitation.ID, Now: clock.Now()}
	if err := s.Complete(ctx, seen, core.Review{Rating: 5, Title: "Lovelace", Text: "Lovelace", DisplayName: "Lovelace"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b := append(read(t, file(dir)), read(t, file(dir)+"-journal")...)
	for _, secret := range []string{"ada@example.com", "Lovelace", "hush-hush"} {
		if bytes.Contains(bytes.ToLower(b), bytes.ToLower([]byte(secret))) {
			t.Errorf("%q lies open in the files", secret)
		}
	}
}
