package bolt

import (
	"encoding/binary"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
)

// decide gives an event its verdict and carries it out.
func (t *txn) decide(e core.Event, now time.Time) (core.Verdict, *core.LeaseRef, error) {
	if e.Poison {
		return t.setAside(e, now), nil, t.err
	}
	e = intake.Timely(e)
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

// setAside gives the verdict of an event that failed alone, even if what failed
// is the reading of its vendor. A record that cannot be read does not even name
// one.
func (t *txn) setAside(e core.Event, now time.Time) core.Verdict {
	v := core.Verdict{Event: e.ID, Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, ReceivedAt: e.ReceivedAt, DecidedAt: core.Micro(now), Reason: core.Poison}
	if probe := (&txn{tx: t.tx, s: t.s}); probe.readable(e.Vendor) == nil {
		d, _, _ := t.open(e.Vendor, now)
		d.counters.Verdicts[core.Poison]++
		d.dirty = true
	}
	t.log(v, core.DefaultSettings().Retention)
	return v
}

// readable is why the vendor's desk does not open, or would not close; nil if it does
// both. It spoils the txn if not.
func (t *txn) readable(v core.VendorID) error {
	d, err := t.desk(v)
	if err != nil {
		return err
	}
	d.next()
	return t.err
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
		if entry, ok := d.entry(f.Invitation.ID, core.First); ok && entry.Leased(m.Pace) {
			f.Stop = entry.StopCause
		}
	}
	if e.Email == "" {
		return f
	}
	f.Suppressed = d.suppressed(hash)
	var r recipientRec
	d.t.get("recipient", join(d.vendor.ID[:], hash), &r)
	f.Recipient = intake.Recipient{LastSent: moment(r.LastSent)}
	for _, id := range d.scheduledFor(hash, 2) {
		if id != f.Order.Invitation {
			f.Recipient.Scheduled++
		}
	}
	return f
}

// ofOrder is the order's invitation, or the one that a REST call made for it: by
// an order_ref that is the order's name or id, for the same address, and of no
// other order; none if there are two.
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
	var found *core.Invitation
	for _, ref := range []string{e.OrderName, e.Order.ID} {
		id := d.t.getRaw("ref", d.refKey('r', ref))
		if ref == "" || id == nil {
			continue
		}
		inv, err := d.t.row(d.vendor.ID, core.InvitationID(id))
		if err != nil || inv.Order.ID != "" || string(inv.AddressHash) != string(hash) {
			continue
		}
		if found != nil && found.ID != inv.ID {
			return nil
		}
		found = &inv
	}
	return found
}

// refKey is where an order_ref leads: class r to the invitation that a REST call
// made for it, class s to every invitation that goes by it, a shop's by the name
// of the order. References of one time are alike, so they share pages.
func (d *desk) refKey(class byte, ref string) []byte {
	return join(d.vendor.ID[:], []byte{class}, []byte(ref), []byte{0})
}

// carryOut does what a Change says, and returns the invitation it is about.
func (d *desk) carryOut(ch intake.Change, f intake.Facts, e core.Event, m core.Moment) (*core.LeaseRef, core.InvitationID) {
	var ref *core.LeaseRef
	id := f.Order.Invitation
	if f.Invitation != nil && f.Invitation.Order.ID == "" && ch.Order != nil { // a REST call made it for this order
		f.Invitation.Order = e.Order
		d.save(*f.Invitation)
	}
	switch {
	case ch.Schedule && f.Invitation == nil:
		id = d.invite(e, ch.Due, m)
	case ch.Schedule && f.Stop != "":
		d.goOn(id)
	case ch.Schedule:
		d.reschedule(*f.Invitation, e, ch.Due)
	case ch.Cancel != "":
		ref = d.withdraw(*f.Invitation, m, core.Cancelled, ch.Cancel)
	case ch.Reason == core.WithdrawnTooLate: // for one reviewed meanwhile it may not be
		ref = d.withdraw(*f.Invitation, m, core.Cancelled, ch.Order.WithdrawnBy)
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
	if e.OrderName != "" {
		d.t.mark("ref", join(d.refKey('s', e.OrderName), inv.ID[:]))
	}
	return inv.ID
}

// goOn takes back the withdrawal of a letter that is on its way still.
func (d *desk) goOn(id core.InvitationID) {
	entry, _ := d.entry(id, core.First)
	d.stop(entry, 0, "")
}

// reschedule brings back what the shop had withdrawn.
func (d *desk) reschedule(inv core.Invitation, e core.Event, due time.Time) {
	inv.Lane, inv.State, inv.DueAt, inv.FulfilledAt = core.Orders, core.Scheduled, core.Micro(due), core.Micro(e.At)
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
