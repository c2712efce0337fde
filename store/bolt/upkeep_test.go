package bolt

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestExpireInParts: a step is as wide as it was asked to be, over however many
// transactions, and those of one vendor are next to each other in it.
func TestExpireInParts(t *testing.T) {
	const vendors, n = 3, 3 * inOne
	f := fillTo(t, t.TempDir(), machineClock{time.Now()}, states["stale"], vendors, n)
	for _, want := range []struct {
		done int
		more bool
	}{{2*inOne + 1, true}, {inOne - 1, false}, {0, false}} {
		done, more, err := f.Expire(t.Context(), f.now, 2*inOne+1)
		if err != nil || done != want.done || more != want.more {
			t.Fatalf("got %d, more %t, %v, want %+v", done, more, err, want)
		}
	}
	for _, shop := range f.shops {
		c, err := f.Counters(t.Context(), shop.Vendor)
		if err != nil || c.Expired != n/vendors {
			t.Errorf("a vendor has %d expired, %v, want %d", c.Expired, err, n/vendors)
		}
	}
	if found, err := f.Check(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("a recount finds %v, %v", found, err)
	}
}

// TestDueByVendor: the invitations of the vendors expire in turn, and are listed
// vendor by vendor.
func TestDueByVendor(t *testing.T) {
	f := fillTo(t, t.TempDir(), machineClock{time.Now()}, states["stale"], 3, 30)
	var order [][]byte
	err := f.view(t.Context(), func(tx *txn) error {
		things, aside, more := tx.due("expiry", f.now, 30, func(_, value []byte) []byte { return value })
		if len(things) != 30 || len(aside) > 0 || more {
			t.Errorf("%d are due, %d left aside, more %t, want 30 and no more", len(things), len(aside), more)
		}
		for _, one := range things {
			order = append(order, clone(tx.getRaw("expiry", one.key)))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	order = slices.CompactFunc(order, bytes.Equal)
	want := [][]byte{}
	for _, shop := range f.shops {
		want = append(want, shop.Vendor[:])
	}
	if !slices.EqualFunc(order, want, bytes.Equal) {
		t.Errorf("the vendors come in %d runs, want one each", len(order))
	}
}

// TestExpireLeavesADamagedVendor: of a vendor that cannot be opened one thing is tried
// alone; from then on only others are found, and each step tells of it.
func TestExpireLeavesADamagedVendor(t *testing.T) {
	const vendors, n = 3, 6 * inOne
	f := fillTo(t, t.TempDir(), machineClock{time.Now()}, states["stale"], vendors, n)
	broken := f.shops[0].Vendor
	err := f.write(t.Context(), f.urgent, func(t *txn) error {
		t.putRaw("desk", append(clone(broken[:]), 'c'), []byte("no record"))
		return t.err
	})
	if err != nil {
		t.Fatal(err)
	}
	const step = n / 8
	done := 0
	for more := true; more; {
		var some int
		var err error
		some, more, err = f.Expire(t.Context(), f.now, step)
		if some == 0 || err == nil || !strings.Contains(err.Error(), broken.String()) {
			t.Fatalf("%d expired, %v, want some and a word of the vendor", some, err)
		}
		if said := strings.Count(err.Error(), "\n") + 1; said > 3 {
			t.Errorf("the error has %d lines, want two of the first, and one of the vendor", said)
		}
		done += some
	}
	if want := n - n/vendors; done != want {
		t.Errorf("%d expired, want %d", done, want)
	}
}
