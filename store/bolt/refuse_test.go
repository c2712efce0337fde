package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/store"
	"aminobridge/store/storetest"
)

// TestAppendKeepsOrRefuses: a store that writes no more refuses what it has not
// kept, and a repeat as well: it cannot tell whether the first one is on disk.
func TestAppendKeepsOrRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(t *testing.T, s store.Store, path string)
	}{
		{"closed", func(t *testing.T, s store.Store, _ string) {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}},
		{"fenced", fence},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			s := open(t, dir, clock)
			t.Cleanup(func() { _ = s.Close() })
			first, _ := twoOrders(t, s, clock)
			if _, err := s.WallChecked(ctx); err != nil { // which moves them out of the journal
				t.Fatal(err)
			}
			fresh, no := first, first
			fresh.ID, fresh.Order.ID = core.NewEventID(clock.Now()), "3"
			no.ID, no.Kind = core.NewEventID(clock.Now()), core.Cancellation
			c.end(t, s, file(dir))
			for name, events := range map[string][]core.Event{
				"a new event": {fresh}, "a repeat": {first}, "a withdrawal": {no}, "a repeat and a new event": {first, fresh},
			} {
				if _, err := s.Append(ctx, events); !errors.Is(err, core.ErrFenced) {
					t.Errorf("%s: got %v, want ErrFenced", name, err)
				}
			}
		})
	}
}

// fence has a store read pages that are none, for a moment.
func fence(t *testing.T, s store.Store, path string) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	heads := int64(2 * os.Getpagesize()) // which tell bbolt where everything is
	put := func(b []byte) {
		t.Helper()
		if _, err := f.WriteAt(b, heads); err != nil {
			t.Fatal(err)
		}
	}
	put(make([]byte, int64(len(whole))-heads))
	if _, err := s.Vendors(context.Background(), "", 1); !errors.Is(err, core.ErrFenced) {
		t.Fatalf("reading pages that are none: %v, want ErrFenced", err)
	}
	put(whole[heads:])
}

// TestRefusalsWriteNothing: what is refused, or known already, costs no sync of
// the disk, whoever tries how often.
func TestRefusalsWriteNothing(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	defer func() { _ = s.Close() }()
	first, _ := twoOrders(t, s, clock)
	v, err := s.Vendor(ctx, first.Vendor)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Settings.Set("cap", "1"); err != nil {
		t.Fatal(err)
	}
	if v, err = s.PutVendor(ctx, v); err != nil {
		t.Fatal(err)
	}
	ask := func(ref string) core.Ask {
		return core.Ask{Vendor: v.ID, Email: "ada@example.com", OrderRef: ref, Lane: core.Direct, Now: clock.Now()}
	}
	if _, err := s.Accept(ctx, ask("1001")); err != nil {
		t.Fatal(err)
	}
	clock.Pass(time.Second)
	before := append(read(t, file(dir)), read(t, file(dir)+"-journal")...)
	for n := range 10 {
		clock.Pass(time.Second)
		if _, err := s.Accept(ctx, ask(strconv.Itoa(n))); !errors.As(err, new(*core.CapError)) {
			t.Fatalf("over the cap: %v, want a CapError", err)
		}
		if a, err := s.Accept(ctx, ask("1001")); err != nil || !a.Known {
			t.Fatalf("a repeated call: %v, known %t", err, a.Known)
		}
		if _, err := s.Append(ctx, []core.Event{first}); err != nil {
			t.Fatalf("a repeated event: %v", err)
		}
	}
	after := append(read(t, file(dir)), read(t, file(dir)+"-journal")...)
	if !bytes.Equal(before, after) {
		t.Error("the files changed, and nothing was to be kept")
	}
}
