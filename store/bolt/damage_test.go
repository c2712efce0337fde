package bolt_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
	"aminobridge/store"
	"aminobridge/store/storetest"
)

// A record is a version byte, four of checksum, and a body.
var damages = []struct {
	name string
	do   func(record []byte) []byte
}{
	{"another version", func(r []byte) []byte { r[0]++; return r }},
	{"a bit of its checksum", func(r []byte) []byte { r[3] ^= 1; return r }},
	{"a bit of its body", func(r []byte) []byte { r[len(r)/2] ^= 1; return r }},
	{"its last bit", func(r []byte) []byte { r[len(r)-1] ^= 1; return r }},
	{"cut in the body", func(r []byte) []byte { return r[:len(r)-1] }},
	{"cut in the checksum", func(r []byte) []byte { return r[:3] }},
	{"empty", func([]byte) []byte { return nil }},
}

// damaged closes the store, changes a bucket of its file behind its back and
// opens it again.
func damaged(t *testing.T, s store.Store, dir string, clock core.Clock, bucket string, do func(*bbolt.Bucket) error) store.Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(file(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return do(tx.Bucket([]byte(bucket))) }); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, clock)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestDamagedEvent: what cannot be read is set aside with a verdict, and the
// order behind it is invited.
func TestDamagedEvent(t *testing.T) {
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			s := open(t, dir, clock)
			whole, broken := twoOrders(t, s, clock)
			s = damaged(t, s, dir, clock, "event", func(b *bbolt.Bucket) error {
				k, v := b.Cursor().Seek(eventKey(broken))
				return b.Put(slices.Clone(k), c.do(slices.Clone(v)))
			})
			events, err := s.Pending(ctx, clock.Now(), 10)
			if err != nil || len(events) != 2 {
				t.Fatalf("%d events wait, %v, want 2", len(events), err)
			}
			for _, e := range events {
				if e.Poison != (e.ID == broken.ID) {
					t.Errorf("event %s: poison %t", e.ID, e.Poison)
				}
			}
			verdicts, err := s.Decide(ctx, events, clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			reasons := map[core.EventID]core.Reason{}
			for _, v := range verdicts {
				reasons[v.Event] = v.Reason
			}
			if len(verdicts) != 2 || reasons[broken.ID] != core.Poison || reasons[whole.ID] != core.Invited {
				t.Errorf("got %v, want poison and invited", reasons)
			}
			if left, err := s.Pending(ctx, clock.Now(), 10); err != nil || len(left) > 0 {
				t.Errorf("%d events wait after their verdict, %v", len(left), err)
			}
			if findings, err := s.Check(ctx); err != nil || len(findings) > 0 {
				t.Errorf("Check: %v, %v", findings, err)
			}
		})
	}
}

// eventKey is where an event waits: its time, and the event.
func eventKey(e core.Event) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(e.NotBefore.UnixMicro())), e.ID[:]...)
}

func twoOrders(t *testing.T, s store.Store, clock *storetest.Clock) (first, second core.Event) {
	t.Helper()
	v := vendor(t, s, clock.Now())
	shop, err := s.PutShop(context.Background(), core.Shop{ID: core.NewShopID(clock.Now()), Vendor: v.ID, Platform: "shopify", Domain: "first.example", Token: "t", CreatedAt: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	events := make([]core.Event, 2)
	for i, id := range []string{"1", "2"} {
		events[i] = core.Event{
			ID: core.NewEventID(clock.Now()), Vendor: v.ID, Shop: shop.ID, Kind: core.Fulfilled, Order: core.OrderKey{Namespace: "shopify", ID: id},
			ReceivedAt: clock.Now(), NotBefore: clock.Now(), At: clock.Now(), Email: "p" + id + "@example.com", IsFulfilled: true,
		}
	}
	if _, err := s.Append(context.Background(), events); err != nil {
		t.Fatal(err)
	}
	return events[0], events[1]
}

// TestDamagedInvitation: a row that is not as it was written is an error to who
// reads it and to who would mail it, and never another recipient.
func TestDamagedInvitation(t *testing.T) {
	type row struct {
		name string
		do   func(mine, other []byte, id core.InvitationID) []byte
	}
	rows := []row{
		{"the record of another", func(_, other []byte, _ core.InvitationID) []byte { return other }},
		{"the address of another, under a right checksum", moveAddress},
		{"another state, under the checksum of before", func(mine, _ []byte, _ core.InvitationID) []byte {
			return append(mine[:5], edited(mine, 7, []byte{byte(core.Sent)})...)
		}},
	}
	for _, c := range damages {
		rows = append(rows, row{c.name, func(mine, _ []byte, _ core.InvitationID) []byte { return c.do(mine) }})
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			s := open(t, dir, clock)
			v := vendor(t, s, clock.Now())
			mine, other := call(t, s, v, clock.Now(), "ada@example.com"), call(t, s, v, clock.Now(), "bob@example.com")
			s = damaged(t, s, dir, clock, "invitation", func(b *bbolt.Bucket) error {
				return b.Put(mine[:], c.do(slices.Clone(b.Get(mine[:])), slices.Clone(b.Get(other[:])), mine))
			})
			if inv, err := s.Invitation(ctx, v.ID, mine); err == nil {
				t.Errorf("it reads as one to %q, want an error", inv.Email)
			}
			claimed, err := s.Claim(ctx, core.ClaimAsk{Vendor: v.ID, N: 2, Window: time.Hour, Now: clock.Now()})
			if err == nil || len(claimed) > 0 {
				t.Errorf("claimed %d letters, %v, want an error", len(claimed), err)
			}
			if inv, err := s.Invitation(ctx, v.ID, other); err != nil || inv.Email != "bob@example.com" {
				t.Errorf("the one beside it: %q, %v", inv.Email, err)
			}
		})
	}
}

func call(t *testing.T, s store.Store, v core.Vendor, now time.Time, email string) core.InvitationID {
	t.Helper()
	a, err := s.Accept(context.Background(), core.Ask{Vendor: v.ID, Email: email, Lane: core.Direct, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return a.Invitation.ID
}

// moveAddress writes another row's sealed address into a row, as a fault of the
// program itself might: the checksum is right, and only the seal can tell.
func moveAddress(mine, other []byte, id core.InvitationID) []byte {
	return record(id[:], edited(mine, 9, fields(other)[9]))
}

// record is a body with what stands before it under a key.
func record(key, body []byte) []byte {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(key, table), table, body)
	return append(binary.BigEndian.AppendUint32([]byte{1}, sum), body...)
}

// fields are a record's, by their numbers on disk.
func fields(record []byte) (all map[int]cbor.RawMessage) {
	if err := cbor.Unmarshal(record[5:], &all); err != nil {
		panic(err)
	}
	return all
}

// edited is the body of a record with another value in one of its fields.
func edited(record []byte, field int, value []byte) []byte {
	all := fields(record)
	all[field] = value
	body, err := cbor.Marshal(all)
	if err != nil {
		panic(err)
	}
	return body
}

// TestClaimAsksForSuppressionAgain: even if a fault of the program itself left a
// letter in the queue to an address that must not be written to.
func TestClaimAsksForSuppressionAgain(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	v := vendor(t, s, clock.Now())
	id := call(t, s, v, clock.Now(), "ada@example.com")
	key := append(v.ID[:], s.Keys().AddressHash(v.ID, "ada@example.com")...)
	s = damaged(t, s, dir, clock, "stop", func(b *bbolt.Bucket) error {
		body, err := cbor.Marshal(map[int]any{1: string(core.OptedOut), 2: clock.Now().UnixMicro()})
		return errors.Join(err, b.Put(key, record(key, body)))
	})
	if claimed, err := s.Claim(ctx, core.ClaimAsk{Vendor: v.ID, N: 1, Window: time.Hour, Now: clock.Now()}); !errors.Is(err, core.ErrNothingDue) {
		t.Errorf("claimed %d letters, %v, want none", len(claimed), err)
	}
	if inv, err := s.Invitation(ctx, v.ID, id); err != nil || inv.State != core.Suppressed || inv.Reason != core.OptedOut {
		t.Errorf("got %v (%s), %v, want suppressed", inv.State, inv.Reason, err)
	}
}

// A damaged row is named by the recount.
func TestCheckFindsDamage(t *testing.T) {
	ctx, clock, dir := context.Background(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	id := call(t, s, vendor(t, s, clock.Now()), clock.Now(), "ada@example.com")
	s = damaged(t, s, dir, clock, "invitation", func(b *bbolt.Bucket) error {
		record := slices.Clone(b.Get(id[:]))
		record[len(record)-1] ^= 1
		return b.Put(id[:], record)
	})
	findings, err := s.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(findings, func(f core.Finding) bool { return f.What == "invitation that cannot be read" }) {
		t.Errorf("got %v, want the row that cannot be read", findings)
	}
}
