package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"slices"
	"sync"
	"time"

	"aminobridge/core"
)

// A large file is laid down bucket by bucket, each in the order of its keys: bbolt
// takes a key at the end of a bucket in about a microsecond, and one in the midst of
// ten million in fifty. TestFillIsAsItWouldBe holds what is laid down to what orders
// that go the whole way leave behind them.

// laying is one walk over the invitations that writes one bucket.
type laying struct {
	bucket string
	turns  []int32 // the invitations in the order of this bucket's keys
	full   float64 // how full its pages get
	lay    func(i int, put func(key, value []byte))
}

const (
	// grown is how full the pages of a bucket are whose keys came in no order, and
	// appended of one whose keys came about in theirs; see ascending.
	grown, appended = 0.65, 0.95
	// inOneLaying is how many invitations one transaction of a laying writes.
	inOneLaying = 20_000
)

// invitations makes them in the order of their times, and so for the vendors in
// turn: what is stored by time then lies as it would.
func (f *filler) invitations(ctx context.Context) error {
	if f.what.whole {
		if err := f.inTurn(ctx, len(f.shops), mostInOne, f.closeDesk); err != nil {
			return err
		}
		return f.inTurn(ctx, f.n, mostInOne, f.goWhole)
	}
	f.ids = make([]core.InvitationID, f.n)
	for i := range f.ids {
		f.ids[i] = core.NewInvitationID(f.at(i))
	}
	slices.SortFunc(f.ids, func(a, b core.InvitationID) int { return bytes.Compare(a[:], b[:]) })
	for _, l := range f.layings() {
		if err := f.layDown(ctx, l); err != nil {
			return err
		}
	}
	each := f.n/len(f.shops) + 1
	return f.inTurn(ctx, len(f.shops), max(1, min(mostInOne, inOneLaying/each)), f.closeDesk)
}

func (f *filler) layings() []laying {
	byTime, byVendor := make([]int32, f.n), make([]int32, 0, f.n)
	for i := range byTime {
		byTime[i] = int32(i)
	}
	for v := range f.shops {
		for i := v; i < f.n; i += len(f.shops) {
			byVendor = append(byVendor, int32(i))
		}
	}
	hashes := make([][16]byte, f.n)
	f.split(byVendor, func(part []int32) {
		for _, i := range part {
			e := f.event(int(i))
			hashes[i] = [16]byte(f.keys.AddressHash(e.Vendor, e.Email))
		}
	})
	byAddress := slices.Clone(byVendor)
	f.split(byAddress, func(part []int32) {
		slices.SortFunc(part, func(a, b int32) int { return bytes.Compare(hashes[a][:], hashes[b][:]) })
	})
	return []laying{
		{"invitation", byTime, appended, func(i int, put func(key, value []byte)) {
			put(f.ids[i][:], must(encode(f.ids[i][:], f.invitationRec(f.invitation(i)))))
		}},
		{"order", byTime, appended, f.layOrder},
		{"forget", byTime, appended, func(i int, put func(key, value []byte)) {
			put(join(stamp(f.at(i).Add(f.settings.Retention)), []byte{forgetEvent}, f.logKey(i)), nil)
		}},
		{"expiry", byTime, appended, func(i int, put func(key, value []byte)) {
			if inv := f.invitation(i); !expires(inv).IsZero() {
				put(join(stamp(inv.ExpiresAt), inv.ID[:]), clone(inv.Vendor[:]))
			}
		}},
		{"log", byVendor, grown, func(i int, put func(key, value []byte)) {
			e := f.event(i)
			put(f.logKey(i), must(encode(f.logKey(i), verdictRecOf(core.Verdict{
				Event: e.ID, Shop: e.Shop, Topic: e.Topic, ReceivedAt: e.ReceivedAt, DecidedAt: e.ReceivedAt,
				Order: e.Order, OrderName: e.OrderName, Reason: core.Invited, Invitation: f.ids[i],
			}))))
		}},
		{"ref", byVendor, grown, func(i int, put func(key, value []byte)) {
			put(join(f.desk(i).refKey('s', f.event(i).OrderName), f.ids[i][:]), nil)
		}},
		{"recipient", byAddress, grown, func(i int, put func(key, value []byte)) {
			key := f.desk(i).recipientKey(hashes[i][:])
			if f.what.sent {
				put(key, must(encode(key, recipientRec{LastSent: micros(f.at(i))})))
			}
			put(join(key, []byte{everInvited}, f.ids[i][:]), nil)
			if !f.what.sent {
				put(join(key, []byte{waiting}, f.ids[i][:]), nil)
			}
		}},
	}
}

// split does something with the part of each vendor, on all processors.
func (f *filler) split(byVendor []int32, do func(part []int32)) {
	var all sync.WaitGroup
	next := make(chan []int32)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for part := range next {
				do(part)
			}
		})
	}
	for v, from := 0, 0; from < len(byVendor); v++ {
		n := (f.n - v + len(f.shops) - 1) / len(f.shops)
		next <- byVendor[from : from+n]
		from += n
	}
	close(next)
	all.Wait()
}

// desk is the vendor of invitation i, for the keys alone.
func (f *filler) desk(i int) *desk {
	return &desk{vendor: core.Vendor{ID: f.shops[i%len(f.shops)].Vendor}}
}

func (f *filler) logKey(i int) []byte {
	return binary.BigEndian.AppendUint64(clone(f.shops[i%len(f.shops)].Vendor[:]), uint64(i+1))
}

func (f *filler) layOrder(i int, put func(key, value []byte)) {
	e := f.event(i)
	key := orderKey(e.Vendor, e.Order)
	put(key, must(encode(key, orderRecOf(core.Order{Invitation: f.ids[i], Name: e.OrderName, FulfilledAt: e.At, Total: e.Total}))))
	put(repeatKey(e), nil)
}

// invitation is the one of order i.
func (f *filler) invitation(i int) core.Invitation {
	e := f.event(i)
	inv := core.Invitation{
		ID: f.ids[i], Vendor: e.Vendor, Shop: e.Shop, Order: e.Order, OrderRef: e.OrderName, Lane: core.Orders, State: core.Scheduled,
		Email: e.Email, Name: e.Name, AddressHash: f.keys.AddressHash(e.Vendor, e.Email), Locale: e.Locale,
		CreatedAt: e.At, DueAt: e.At.Add(fillDelay), FulfilledAt: e.At,
	}
	if f.what.sent {
		inv.State, inv.DueAt, inv.SentAt, inv.ProviderID, inv.Attempts, inv.Round = core.Sent, e.At, e.At, provided, 1, 1
		inv.ExpiresAt = e.At.Add(f.settings.Expiry)
	}
	return inv
}

// layDown writes a bucket. The records are made on all processors, and written by
// the store's one.
func (f *filler) layDown(ctx context.Context, l laying) (err error) {
	type record struct{ key, value []byte }
	parts := make(chan chan []record, runtime.GOMAXPROCS(0)+1) // no more of them are in memory
	go func() {
		defer close(parts)
		for turns := range slices.Chunk(l.turns, inOneLaying) {
			made := make(chan []record, 1)
			parts <- made
			go func() {
				records := make([]record, 0, 2*len(turns))
				for _, i := range turns {
					l.lay(int(i), func(key, value []byte) { records = append(records, record{key, value}) })
				}
				made <- records
			}()
		}
	}()
	for made := range parts {
		records := <-made
		if err != nil {
			continue
		}
		err = f.write(ctx, f.later, func(t *txn) error {
			b := t.tx.Bucket([]byte(l.bucket))
			b.FillPercent = l.full
			t.wrote = true
			for _, r := range records {
				if err := b.Put(r.key, r.value); err != nil {
					return fault(err)
				}
			}
			return nil
		})
	}
	return err
}

// closeDesk writes what there is once of a vendor, and its queue.
func (f *filler) closeDesk(t *txn, v int) error {
	d, _, err := t.open(f.shops[v].Vendor, f.now)
	if err != nil {
		return err
	}
	t.tx.Bucket([]byte("desk")).FillPercent = grown
	days := map[string]int64{}
	n := int64(0)
	for i := v; i < len(f.ids); i += len(f.shops) {
		n++
		t.mark("desk", d.key('l', f.ids[i][:]))
		if f.what.sent {
			days[f.at(i).Format(time.DateOnly)]++
			continue
		}
		d.queue(core.Entry{Invitation: f.ids[i], Kind: core.First, Lane: core.Orders, Due: f.at(i).Add(fillDelay)})
	}
	for day, n := range days {
		t.put("series", join(d.vendor.ID[:], []byte(day)), dayRec{Sent: n})
	}
	if n > 0 {
		d.counters.Accepted, d.counters.Verdicts[core.Invited] = n, n
		d.counters.ByState[core.Scheduled] = n
	}
	if f.what.sent && n > 0 {
		d.counters.ByState[core.Scheduled], d.counters.ByState[core.Sent], d.counters.Sent = 0, n, n
	}
	d.dirty = true
	d.flush() // now, in the order of the vendors
	if n := uint64(f.n); t.tx.Bucket([]byte("log")).Sequence() < n && !f.what.whole {
		return t.tx.Bucket([]byte("log")).SetSequence(n)
	}
	return t.err
}
