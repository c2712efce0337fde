package bolt

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
	"aminobridge/core/intake"
)

// More undecided than this, or older, and inviting events are refused.
const (
	mostPending   = 200_000
	oldestPending = 10 * time.Minute
)

// Append implements store.Intake.
func (s *Store) Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error) {
	if s.allSeen(events) {
		return nil, ctx.Err()
	}
	recs := make([]eventRec, len(events))
	for i, e := range events {
		recs[i] = s.eventRec(e) // sealing takes longer than writing, so not in the group
	}
	var refs []core.LeaseRef
	err := s.write(ctx, s.urgent, func(t *txn) error {
		if err := t.room(events); err != nil {
			return err
		}
		refs = nil
		for i, e := range events {
			ref, err := t.append(e, recs[i])
			if err != nil {
				return fault(err)
			}
			if ref != nil {
				refs = append(refs, *ref)
			}
		}
		return t.err
	})
	if err != nil {
		return nil, err
	}
	return refs, nil
}

// allSeen spares a repeat its part in a group. A repeat of a withdrawal has to
// look for the lease again, with the vendor held.
func (s *Store) allSeen(events []core.Event) bool {
	all := true
	_ = s.db.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx, s: s}
		for _, e := range events {
			all = all && !e.Kind.Withdraws() && t.seen(e)
		}
		return nil
	})
	return all
}

// room refuses inviting events while too much is undecided.
func (t *txn) room(events []core.Event) error {
	for _, e := range events {
		if e.Kind.Withdraws() || t.seen(e) {
			continue
		}
		first, ok := t.first("event", nil)
		late := ok && e.ReceivedAt.Sub(readStamp(first)) > oldestPending
		if late || t.pending() >= mostPending {
			return core.ErrBusy
		}
	}
	return nil
}

func (t *txn) pending() int64 {
	var c countRec
	t.get("meta", []byte("pending"), &c)
	return c.N
}

func (t *txn) addPending(n int64) {
	t.put("meta", []byte("pending"), countRec{N: t.pending() + n})
}

// repeatKey is where an event is remembered, beside its order; nil if nothing
// tells a repeat of it apart.
func repeatKey(e core.Event) []byte {
	key := e.RepeatKey()
	if key == "" {
		return nil
	}
	if e.Order.ID == "" {
		e.Order = core.OrderKey{Namespace: "shop", ID: e.Shop.String()}
	}
	return join(orderKey(e.Vendor, e.Order), []byte(key))
}

func (t *txn) seen(e core.Event) bool {
	key := repeatKey(e)
	return key != nil && t.has("order", key)
}

// append keeps one event, and applies it if it withdraws.
func (t *txn) append(e core.Event, rec eventRec) (*core.LeaseRef, error) {
	switch {
	case e.Kind.Withdraws() && t.seen(e):
		return t.leaseOf(e)
	case t.seen(e):
		return nil, nil
	case e.Kind.Withdraws():
		if key := repeatKey(e); key != nil {
			t.mark("order", key)
		}
		_, ref, err := t.decide(e, e.ReceivedAt)
		return ref, err
	}
	if key := repeatKey(e); key != nil {
		t.mark("order", key)
	}
	t.put("event", join(stamp(e.NotBefore), e.ID[:]), rec)
	t.addPending(1)
	return nil, t.err
}

// leaseOf is the lease that stands in the way of a withdrawal told again.
func (t *txn) leaseOf(e core.Event) (*core.LeaseRef, error) {
	d, m, err := t.open(e.Vendor, e.ReceivedAt)
	if err != nil {
		return nil, err
	}
	var o orderRec
	if !t.get("order", orderKey(e.Vendor, e.Order), &o) {
		return nil, t.err
	}
	entry, ok := d.entry(o.Invitation, core.First)
	if !ok || !entry.Leased(m.Pace) || entry.Stop == 0 {
		return nil, t.err
	}
	return &core.LeaseRef{Vendor: e.Vendor, Invitation: o.Invitation, Kind: core.First, Token: entry.LeaseToken}, t.err
}

// Pending implements store.Intake.
func (s *Store) Pending(ctx context.Context, now time.Time, n int) (events []core.Event, err error) {
	err = s.view(ctx, func(t *txn) error {
		t.each("event", nil, func(key, value []byte) bool {
			at := readStamp(key)
			if len(events) == n || at.After(now) {
				return false
			}
			events = append(events, s.readEvent(core.EventID(key[8:24]), at, key, value))
			return true
		})
		return nil
	})
	return events, err
}

// readEvent returns what can be read of an event; Poison if that is not all.
func (s *Store) readEvent(id core.EventID, notBefore time.Time, key, value []byte) core.Event {
	var r eventRec
	err := decode(key, value, &r)
	e, err2 := s.event(id, notBefore, r)
	e.Poison = err != nil || err2 != nil
	return e
}

// Decide implements store.Intake.
func (s *Store) Decide(ctx context.Context, events []core.Event, now time.Time) ([]core.Verdict, error) {
	var verdicts []core.Verdict
	err := s.write(ctx, s.later, func(t *txn) error {
		verdicts = verdicts[:0]
		for _, e := range events {
			key := join(stamp(e.NotBefore), e.ID[:])
			if !t.has("event", key) {
				continue
			}
			v, _, err := t.decide(e, now)
			if err != nil {
				return fault(fmt.Errorf("event %s: %w", e.ID, err))
			}
			t.del("event", key)
			t.addPending(-1)
			verdicts = append(verdicts, v)
		}
		return t.err
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// decide gives an event its verdict and carries it out.
func (t *txn) decide(e core.Event, now time.Time) (core.Verdict, *core.LeaseRef, error) {
	if e.Poison {
		return t.setAside(e, now), nil, t.err
	}
	d, m, err := t.open(e.Vendor, now)
	if err != nil {
		return core.Verdict{}, nil, err
	}
	shop, err := t.shop(e.Shop)
	if err != nil {
		return core.Verdict{}, nil, err
	}
	f := d.facts(&e, shop, m)
	ch := intake.Decide(f, e, m.Wall)
	ref, id := d.carryOut(ch, f, e, m)
	t.noteShop(shop, ch, m.Wall)
	v := core.Verdict{
		Event: e.ID, Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, ReceivedAt: e.ReceivedAt, DecidedAt: m.Wall,
		Order: e.Order, OrderName: e.OrderName, Reason: ch.Reason, Would: ch.Would, Detail: e.Detail, Invitation: id,
	}
	t.log(v, d.vendor.Settings.Retention)
	d.counters.Verdicts[ch.Reason]++
	d.dirty = true
	return v, ref, t.err
}

// setAside gives the verdict of an event that failed alone. It asks nothing of
// the store that may have been what failed; a record that cannot be read does not
// even name its vendor.
func (t *txn) setAside(e core.Event, now time.Time) core.Verdict {
	v := core.Verdict{Event: e.ID, Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, ReceivedAt: e.ReceivedAt, DecidedAt: core.Micro(now), Reason: core.Poison}
	if d, _, err := t.open(e.Vendor, now); err == nil {
		d.counters.Verdicts[core.Poison]++
		d.dirty = true
	}
	t.log(v, core.DefaultSettings().Retention)
	return v
}

// log writes a verdict behind those before it.
func (t *txn) log(v core.Verdict, keep time.Duration) {
	n, err := t.tx.Bucket([]byte("log")).NextSequence()
	if err != nil {
		t.fail(err)
		return
	}
	key := binary.BigEndian.AppendUint64(clone(v.Vendor[:]), n)
	t.put("log", key, verdictRecOf(v))
	t.mark("forget", join(stamp(v.DecidedAt.Add(keep)), []byte{forgetEvent}, key))
}

// facts gathers what intake.Decide wants to know. The event's address is brought
// into its one form.
func (d *desk) facts(e *core.Event, shop core.Shop, m core.Moment) intake.Facts {
	f := intake.Facts{Settings: d.vendor.Settings, Shop: shop}
	if e.Email != "" {
		address, err := intake.Address(e.Email)
		f.BadAddress = err != nil
		if err == nil {
			e.Email = address
		}
	}
	hash := d.t.s.keys.AddressHash(d.vendor.ID, e.Email)
	if e.Order.ID != "" {
		var o orderRec
		d.t.get("order", orderKey(d.vendor.ID, e.Order), &o)
		f.Order = o.order()
		f.Invitation = d.ofOrder(f.Order, *e, hash)
	}
	if f.Invitation != nil {
		f.Order.Invitation = f.Invitation.ID
		entry, ok := d.entry(f.Invitation.ID, core.First)
		f.Leased = ok && entry.Leased(m.Pace)
	}
	if e.Email == "" {
		return f
	}
	f.Suppressed = d.suppressed(hash)
	var r recipientRec
	d.t.get("recipient", join(d.vendor.ID[:], hash), &r)
	f.Recipient = intake.Recipient{Scheduled: r.Scheduled, LastSent: moment(r.LastSent)}
	if f.Invitation != nil && f.Invitation.State == core.Scheduled && string(f.Invitation.AddressHash) == string(hash) {
		f.Recipient.Scheduled--
	}
	return f
}

// ofOrder is the order's invitation, or the one that a REST call made for it: by
// an order_ref that is the order's name or id, and for the same address.
func (d *desk) ofOrder(o core.Order, e core.Event, hash []byte) *core.Invitation {
	if !o.Invitation.IsZero() {
		inv, err := d.t.row(d.vendor.ID, o.Invitation)
		if err != nil {
			d.t.fail(err)
			return nil
		}
		return &inv
	}
	if e.Email == "" {
		return nil
	}
	for _, ref := range []string{e.OrderName, e.Order.ID} {
		id := d.t.getRaw("ref", d.refKey('r', ref))
		if ref == "" || id == nil {
			continue
		}
		inv, err := d.t.row(d.vendor.ID, core.InvitationID(id))
		if err == nil && string(inv.AddressHash) == string(hash) {
			return &inv
		}
	}
	return nil
}

// refKey is where an order_ref leads: class r to the invitation that a REST call
// made for it, class s to every invitation that goes by it, a shop's by the name
// and the id of the order.
func (d *desk) refKey(class byte, ref string) []byte {
	return join(d.vendor.ID[:], []byte{class}, d.t.s.keys.Hash("order_ref", []byte(ref)))
}

// carryOut does what a Change says, and returns the invitation it is about.
func (d *desk) carryOut(ch intake.Change, f intake.Facts, e core.Event, m core.Moment) (*core.LeaseRef, core.InvitationID) {
	var ref *core.LeaseRef
	id := f.Order.Invitation
	switch {
	case ch.Schedule && f.Invitation == nil:
		id = d.invite(e, ch.Due, m)
	case ch.Schedule:
		d.reschedule(*f.Invitation, e, ch.Due)
	case ch.Cancel != "":
		ref = d.withdraw(*f.Invitation, m, core.Cancelled, ch.Cancel)
	}
	if ch.Order != nil && e.Order.ID != "" {
		ch.Order.Invitation = id
		d.t.put("order", orderKey(d.vendor.ID, e.Order), orderRecOf(*ch.Order))
	}
	return ref, id
}

// invite makes the invitation of a shop's order, and its letter.
func (d *desk) invite(e core.Event, due time.Time, m core.Moment) core.InvitationID {
	inv := core.Invitation{
		ID: core.NewInvitationID(m.Wall), Vendor: d.vendor.ID, Shop: e.Shop, Order: e.Order, OrderRef: e.OrderName,
		Lane: core.Orders, State: core.Scheduled, Email: e.Email, Name: e.Name,
		AddressHash: d.t.s.keys.AddressHash(d.vendor.ID, e.Email), Locale: e.Locale,
		CreatedAt: m.Wall, DueAt: core.Micro(due), FulfilledAt: core.Micro(e.At),
	}
	d.save(inv)
	d.queue(core.Entry{Invitation: inv.ID, Kind: core.First, Lane: core.Orders, Due: inv.DueAt})
	for _, ref := range []string{e.OrderName, e.Order.ID} {
		if ref != "" {
			d.t.mark("ref", join(d.refKey('s', ref), inv.ID[:]))
		}
	}
	return inv.ID
}

// reschedule brings back what the shop had withdrawn.
func (d *desk) reschedule(inv core.Invitation, e core.Event, due time.Time) {
	inv.State, inv.DueAt, inv.FulfilledAt = core.Scheduled, core.Micro(due), core.Micro(e.At)
	if e.Email != "" {
		inv.Email, inv.Name, inv.AddressHash = e.Email, e.Name, d.t.s.keys.AddressHash(d.vendor.ID, e.Email)
	}
	d.save(inv)
	d.requeue(inv, core.Orders, inv.DueAt)
}

// requeue gives a revived invitation a letter under a send key never used.
func (d *desk) requeue(inv core.Invitation, lane core.Lane, due time.Time) {
	d.queue(core.Entry{Invitation: inv.ID, Kind: core.First, Lane: lane, Due: due, Round: inv.Round})
}

// noteShop keeps the first sign of life, and the last.
func (t *txn) noteShop(shop core.Shop, ch intake.Change, now time.Time) {
	connect := shop.ConnectedAt.IsZero()
	if !connect && !ch.Uninstall {
		return
	}
	if connect {
		shop.ConnectedAt = now
	}
	if ch.Uninstall {
		shop.UninstalledAt = now
	}
	t.putShop(shop)
}

// Verdicts implements store.Intake.
func (s *Store) Verdicts(ctx context.Context, vendor core.VendorID, cursor string, n int) (verdicts []core.Verdict, next string, err error) {
	from, err := readCursor(cursor, 8)
	if err != nil {
		return nil, "", err
	}
	err = s.view(ctx, func(t *txn) error {
		if _, err := t.vendor(vendor); err != nil {
			return err
		}
		t.back("log", vendor[:], from, func(number, value []byte) bool {
			var r verdictRec
			if err := decode(join(vendor[:], number), value, &r); err != nil {
				t.fail(fmt.Errorf("log record: %w", err))
				return false
			}
			if verdicts = append(verdicts, r.verdict(vendor)); len(verdicts) == n {
				next = base64.RawURLEncoding.EncodeToString(number)
			}
			return len(verdicts) < n
		})
		return nil
	})
	return verdicts, next, err
}
