package bolt

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
	"aminobridge/core/queue"
)

// Due implements store.Queue.
func (s *Store) Due(ctx context.Context, sender string, now time.Time, n int) (vendors []core.VendorID, wait time.Duration, err error) {
	wait = -1
	err = s.view(ctx, func(t *txn) error {
		m := t.now(now)
		if state := t.sender(sender); state.Closed(m.Wall) {
			if !state.Until.IsZero() {
				wait = state.Until.Sub(m.Wall)
			}
			return nil
		}
		found := map[core.VendorID]bool{}
		half := (n + 1) / 2 // of each clock, so that neither line starves the other
		for clock, at := range [...]time.Time{byPace: m.Pace, byCivil: m.Wall} {
			taken := 0
			t.each("ready", join(route(sender), []byte{byte(clock)}), func(rest, _ []byte) bool {
				next := readStamp(rest)
				if next.After(at) || taken == half {
					if gap := max(0, next.Sub(at)); wait < 0 || gap < wait {
						wait = gap
					}
					return false
				}
				taken++
				if v := core.VendorID(rest[8:]); !found[v] {
					found[v] = true
					vendors = append(vendors, v)
				}
				return true
			})
		}
		return nil
	})
	return vendors, wait, err
}

// Claim implements store.Queue.
func (s *Store) Claim(ctx context.Context, ask core.ClaimAsk) ([]core.Claimed, error) {
	var claimed []core.Claimed
	err := s.write(ctx, s.later, func(t *txn) error {
		claimed = claimed[:0]
		d, m, err := t.open(ask.Vendor, ask.Now)
		if err != nil {
			return err
		}
		d.dirty = true // its place in the ready index moves in any case
		if err := d.lapse(m, ask); err != nil {
			return err
		}
		var more bool
		if claimed, more, err = d.claim(m, ask); err != nil {
			return err
		}
		if len(claimed) == 0 && !more && t.err == nil {
			return core.ErrNothingDue
		}
		return t.err
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// lapse ends the leases that ran out.
func (d *desk) lapse(m core.Moment, ask core.ClaimAsk) error {
	var over []core.Entry
	d.t.each("desk", d.key('e'), func(rest, _ []byte) bool {
		if readStamp(rest).After(m.Pace) {
			return false
		}
		if e, ok := d.entry(readLetterKey(rest[8:])); ok {
			over = append(over, e)
		}
		return true
	})
	for _, e := range over {
		inv, err := d.t.row(d.vendor.ID, e.Invitation)
		if err != nil {
			return fault(err)
		}
		d.settle(e, inv, queue.Lapsed(ask.Jitter), m)
	}
	return nil
}

// lookAgain is when a vendor whose sender or domain is closed is looked at again.
const lookAgain = 15 * time.Second

// mostEnded bounds how many letters one claim ends without leasing any.
const mostEnded = 64

func (d *desk) claim(m core.Moment, ask core.ClaimAsk) (claimed []core.Claimed, more bool, err error) {
	if d.shut(m, ask) {
		d.hold = m.Pace.Add(lookAgain)
		return nil, false, nil
	}
	ended := 0
	for len(claimed) < ask.N && ended < mostEnded {
		h, ok := d.choose(m)
		if !ok {
			break
		}
		e, _ := d.entry(h.id, h.kind)
		inv, err := d.t.row(d.vendor.ID, h.id)
		if err != nil {
			return nil, false, fault(err)
		}
		if state, why := queue.Refuse(e, d.letterFacts(e, inv), m, ask.Window, ask.Frozen); state != 0 {
			d.finish(d.drop(e, inv), state, why, m)
			ended++
			continue
		}
		claimed = append(claimed, d.lease(e, inv, m, ask))
	}
	return claimed, ended == mostEnded, nil
}

// shut reports whether nothing of the vendor may be sent at all.
func (d *desk) shut(m core.Moment, ask core.ClaimAsk) bool {
	if d.vendor.Settings.Paused || d.vendor.Settings.Sender != ask.Sender {
		return true
	}
	state := d.t.sender(ask.Sender)
	from := queue.Inputs(ask.Frozen, d.vendor, core.Invitation{}).From
	return state.Closed(m.Wall) || state.Domains[queue.Domain(from)] != ""
}

// choose picks the letter that goes next: by lane, and inside a lane retries
// first. A retry whose slot is still held needs no other.
func (d *desk) choose(m core.Moment) (head, bool) {
	heads := map[core.Lane]head{}
	lane, ok := d.pace.Choose(func(l core.Lane) bool {
		h, ok := d.ready(l, m)
		if !ok {
			return false
		}
		heads[l] = h
		if h.class == retry && d.again(h, m.Pace) {
			return true
		}
		_, free := d.pace.Next(l, m.Pace)
		return free
	})
	return heads[lane], ok
}

// letterFacts gathers what queue.Refuse wants to know.
func (d *desk) letterFacts(e core.Entry, inv core.Invitation) queue.Facts {
	f := queue.Facts{Settings: d.vendor.Settings, Invitation: inv, Suppressed: d.suppressed(inv.AddressHash)}
	f.HasBytes = d.t.has("bytes", letterKey(e.Invitation, e.Kind))
	var r recipientRec
	d.t.get("recipient", d.recipientKey(inv.AddressHash), &r)
	f.LastSent = moment(r.LastSent)
	f.ShopGone = d.t.shopGone(inv.Shop)
	if inv.Order.ID != "" {
		var o orderRec
		if d.t.get("order", orderKey(d.vendor.ID, inv.Order), &o) && o.order().Withdrawn() {
			f.Withdrawn = core.Reason(o.WithdrawnBy)
		}
	}
	return f
}

// lease takes the slot, counts the attempt and freezes the inputs: all of it is
// on disk before the first byte leaves.
func (d *desk) lease(e core.Entry, inv core.Invitation, m core.Moment, ask core.ClaimAsk) core.Claimed {
	e = queue.Begin(e, queue.Inputs(ask.Frozen, d.vendor, inv), m, ask.Window)
	who := pace.Holder{Invitation: e.Invitation, Kind: e.Kind}
	if d.pace.Again(e.Lane, e.FreeAt, m.Pace) {
		e.FreeAt = d.pace.Extend(e.Lane, who, e.FreeAt, m.Pace)
	} else {
		e.FreeAt = d.pace.Take(e.Lane, who, m.Pace)
	}
	_, _ = rand.Read(e.LeaseToken[:]) // never fails
	e.LeaseUntil = m.Pace.Add(pace.Lease)
	d.queue(e)
	c := core.Claimed{
		Ref:       core.LeaseRef{Vendor: d.vendor.ID, Invitation: e.Invitation, Kind: e.Kind, Token: e.LeaseToken},
		Remaining: pace.Lease, Entry: e, Invitation: inv,
	}
	if sealed := d.t.getRaw("bytes", letterKey(e.Invitation, e.Kind)); sealed != nil {
		plain, err := d.t.s.unseal(d.vendor.ID, e.Invitation, "bytes", sealed)
		if err != nil {
			d.t.fail(err)
		}
		c.Bytes = []byte(plain)
	}
	return c
}

// Wanted implements store.Queue.
func (s *Store) Wanted(ctx context.Context, ref core.LeaseRef) (wanted bool, err error) {
	err = s.view(ctx, func(t *txn) error {
		v, err := t.vendor(ref.Vendor)
		if err != nil {
			return err
		}
		e, live := t.leased(ref)
		if !live || e.Stop != 0 || v.Settings.Paused {
			return nil
		}
		var r invitationRec
		if !t.get("invitation", ref.Invitation[:], &r) {
			return cmp.Or(t.err, core.ErrNotFound)
		}
		wanted = !e.Lane.Paced() || !t.shopGone(r.bare(ref.Invitation).Shop)
		return nil
	})
	return wanted, err
}

// leased is the letter of a lease, if that has not ended.
func (t *txn) leased(ref core.LeaseRef) (core.Entry, bool) {
	d := &desk{t: t, vendor: core.Vendor{ID: ref.Vendor}}
	e, ok := d.entry(ref.Invitation, ref.Kind)
	return e, ok && e.LeaseToken == ref.Token && e.Leased(t.now(time.Time{}).Pace)
}

// shopGone reports whether an invitation's shop was uninstalled.
func (t *txn) shopGone(id core.ShopID) bool {
	if id.IsZero() {
		return false
	}
	shop, err := t.shop(id)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		t.fail(err)
	}
	return err != nil || !shop.UninstalledAt.IsZero()
}

// Settle implements store.Queue.
func (s *Store) Settle(ctx context.Context, ref core.LeaseRef, o core.Outcome, now time.Time) error {
	return s.write(ctx, s.later, func(t *txn) error {
		d, m, err := t.open(ref.Vendor, now)
		if err != nil {
			return err
		}
		inv, err := t.row(ref.Vendor, ref.Invitation)
		if err != nil {
			return err
		}
		e, ok := d.entry(ref.Invitation, ref.Kind)
		if ok && e.LeaseToken == ref.Token && e.Leased(m.Pace) {
			d.settle(e, inv, o, m)
			return t.err
		}
		if !o.Begun || o.Err != nil || ref.Kind != core.First || !inv.SentAt.IsZero() {
			return core.ErrLeaseLost
		}
		// It left although its lease was lost. Whoever holds it by now repeats it
		// under the same send key.
		if ok {
			inv = d.drop(e, inv)
		}
		inv.ProviderID = o.ProviderID
		d.sent(inv, m)
		return t.err
	})
}

// settle ends an attempt.
func (d *desk) settle(e core.Entry, inv core.Invitation, o core.Outcome, m core.Moment) {
	end := queue.Settle(e, o)
	who := pace.Holder{Invitation: e.Invitation, Kind: e.Kind}
	free := e.FreeAt
	switch end.Slot {
	case queue.Left:
		free = d.pace.Left(e.Lane, who, e.FreeAt, m.Pace)
	case queue.NotLeft:
		free = d.pace.NotLeft(e.Lane, who, e.FreeAt, e.MaybeFreeAt, m.Pace)
	case queue.Maybe:
		e.MaybeFreeAt = e.FreeAt
		if e.FirstMaybe.Pace.IsZero() {
			e.FirstMaybe = m
		}
	}
	if !end.Counted {
		e.Attempt--
	}
	if o.Err != nil {
		inv.Detail = o.Err.Detail
	}
	if end.State != 0 {
		inv.ProviderID = o.ProviderID
		d.finish(d.drop(e, inv), end.State, end.Reason, m)
		return
	}
	e.FreeAt, e.LeaseToken, e.LeaseUntil = free, [16]byte{}, time.Time{}
	e.RetryAt = m.Pace.Add(end.Wait)
	d.queue(e)
	if end.Slot == queue.Maybe && len(o.Bytes) > 0 {
		d.t.putRaw("bytes", letterKey(e.Invitation, e.Kind), d.t.s.seal(d.vendor.ID, e.Invitation, "bytes", string(o.Bytes)))
	}
}

// finish gives the invitation the state in which its letter left it.
func (d *desk) finish(inv core.Invitation, to core.State, why core.Reason, m core.Moment) {
	opened := to == core.Unknown && !inv.OpenedAt.IsZero() // which proves the mail
	if to == core.Sent || opened {
		d.sent(inv, m)
		return
	}
	d.become(inv, to, why)
}

// sent counts the invitation as sent, once. One that rests by a no keeps its
// state.
func (d *desk) sent(inv core.Invitation, m core.Moment) {
	if inv.SentAt.IsZero() {
		inv.SentAt = m.Wall
	}
	d.mailed(inv.AddressHash, m.Wall)
	to := core.Sent
	if !inv.OpenedAt.IsZero() {
		to = core.Opened
	}
	inv.Detail = ""
	d.become(inv, to, "")
}

// LeaseLive implements store.Queue.
func (s *Store) LeaseLive(ctx context.Context, refs []core.LeaseRef) (live bool, err error) {
	err = s.view(ctx, func(t *txn) error {
		for _, ref := range refs {
			_, leased := t.leased(ref)
			live = live || leased
		}
		return nil
	})
	return live, err
}

func (t *txn) sender(name string) core.SenderState {
	var r senderRec
	t.get("sender", route(name), &r)
	return core.SenderState{Name: name, Until: moment(r.Until), Cause: r.Cause, Domains: r.Domains}
}

// CloseSender implements store.Queue.
func (s *Store) CloseSender(ctx context.Context, state core.SenderState) error {
	if len(state.Name) > 64 {
		return errors.Join(core.ErrInvalid, errors.New("a sender's name has at most 64 bytes"))
	}
	return s.write(ctx, s.later, func(t *txn) error {
		r := senderRec{micros(state.Until), state.Cause, state.Domains}
		if state.Cause != "" || len(state.Domains) > 0 {
			r = t.closing(state)
		}
		t.put("sender", route(state.Name), r)
		return t.err
	})
}

// closing adds a closing to those there are: the longest stands, and one that
// waits for a person is the longest.
func (t *txn) closing(state core.SenderState) senderRec {
	var r senderRec
	t.get("sender", route(state.Name), &r)
	if r.Domains == nil {
		r.Domains = map[string]string{}
	}
	maps.Copy(r.Domains, state.Domains)
	forPerson := r.Cause != "" && r.Until == 0
	if state.Cause != "" && !forPerson && (state.Until.IsZero() || micros(state.Until) >= r.Until) {
		r.Until, r.Cause = micros(state.Until), state.Cause
	}
	return r
}

// Sender implements store.Queue.
func (s *Store) Sender(ctx context.Context, name string) (state core.SenderState, err error) {
	err = s.view(ctx, func(t *txn) error {
		state = t.sender(name)
		return nil
	})
	return state, err
}
