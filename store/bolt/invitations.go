package bolt

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"aminobridge/core"
)

// Budget implements store.Invitations.
func (s *Store) Budget(ctx context.Context, vendor core.VendorID) (b core.Budget, err error) {
	err = s.view(ctx, func(t *txn) error {
		d, m, err := t.open(vendor, time.Time{})
		if err != nil {
			return err
		}
		b = d.budget(m)
		return nil
	})
	return b, err
}

func (d *desk) budget(m core.Moment) core.Budget {
	b := core.Budget{Cap: d.pace.Rule.Cap, Left: d.pace.Admissible(), Reset: d.pace.Reset(m.Pace), Live: d.pace.State.Live(), Queue: map[core.Lane]int{}}
	for lane, n := range d.waiting {
		b.Queue[core.Lane(lane)] = n
	}
	return b
}

// Forecast implements store.Invitations.
func (s *Store) Forecast(ctx context.Context, vendor core.VendorID, id core.InvitationID, now time.Time) (at time.Time, err error) {
	err = s.view(ctx, func(t *txn) error {
		d, m, err := t.open(vendor, now)
		if err != nil {
			return err
		}
		inv, err := t.row(vendor, id)
		if err == nil && inv.State == core.Scheduled {
			at = d.forecast(inv, m)
		}
		return err
	})
	return at, err
}

// forecast is the first open hour at or after the latest of: when the letter is
// due, when its lane is free again, and when the letters before it have left at
// the vendor's step.
func (d *desk) forecast(inv core.Invitation, m core.Moment) time.Time {
	if d.vendor.Settings.Paused || d.t.sender(d.vendor.Settings.Sender).Closed(m.Wall) {
		return time.Time{}
	}
	at := later(m.Wall, inv.DueAt)
	ahead := d.ahead(inv.Lane, at)
	free, _ := d.pace.Next(inv.Lane, m.Pace)
	at = later(at, m.Wall.Add(free.Sub(m.Pace)))
	if !inv.Lane.Paced() {
		if ahead <= d.pace.Rule.Cap-d.pace.State.Live() {
			return at
		}
		return later(at, m.Wall.Add(time.Duration(ahead)*time.Hour/time.Duration(d.pace.Rule.Cap)))
	}
	at = later(at, m.Wall.Add(time.Duration(ahead)*d.pace.Rule.Step()))
	return d.vendor.Settings.Hours.Open(at, d.vendor.Settings.Location())
}

// ahead counts the letters of this and stronger lanes that are due no later, by
// the counts kept for each hour, less the letter itself.
func (d *desk) ahead(lane core.Lane, due time.Time) int {
	n := int64(0)
	for l := core.Direct; l <= lane; l++ {
		last := string(hour(due))
		d.t.each("desk", d.key('h', []byte{byte(l)}), func(h, value []byte) bool {
			if string(h) > last {
				return false
			}
			var c countRec
			if err := decode(d.key('h', []byte{byte(l)}, h), value, &c); err != nil {
				d.t.fail(err)
			}
			n += c.N
			return true
		})
	}
	return int(max(0, n-1))
}

// Invitation implements store.Invitations.
func (s *Store) Invitation(ctx context.Context, vendor core.VendorID, id core.InvitationID) (inv core.Invitation, err error) {
	err = s.view(ctx, func(t *txn) error {
		inv, err = t.row(vendor, id)
		if e, ok := (&desk{t: t, vendor: core.Vendor{ID: vendor}}).entry(id, core.First); ok && err == nil {
			inv.Attempts += e.Attempt
			inv.Maybe = inv.Maybe || e.MaybeSent()
		}
		return err
	})
	return inv, err
}

// mostWalked is how many rows a page may pass over.
const mostWalked = 5000

// List implements store.Invitations.
func (s *Store) List(ctx context.Context, vendor core.VendorID, f core.Filter, cursor string, n int) (page core.Page, err error) {
	from, err := readCursor(cursor, 16)
	if err != nil {
		return page, err
	}
	err = s.view(ctx, func(t *txn) error {
		d, err := t.desk(vendor)
		if err != nil {
			return err
		}
		bucket, prefix := d.listing(f)
		walked := 0
		t.back(bucket, prefix, from, func(rest, _ []byte) bool {
			if len(rest) != 16 {
				return true
			}
			inv, err := t.row(vendor, core.InvitationID(rest))
			if err != nil {
				t.fail(err)
				return false
			}
			if d.matches(inv, f) {
				page.Invitations = append(page.Invitations, inv)
			}
			if walked++; len(page.Invitations) == n || walked == mostWalked {
				page.Next = base64.RawURLEncoding.EncodeToString(rest)
				return false
			}
			return true
		})
		return t.err
	})
	return page, err
}

// listing is the narrowest list that holds everything the filter wants.
func (d *desk) listing(f core.Filter) (bucket string, prefix []byte) {
	switch {
	case f.OrderRef != "":
		return "ref", d.refKey('s', f.OrderRef)
	case f.Email != "":
		return "recipient", d.recipientKey(d.t.s.keys.AddressHash(d.vendor.ID, f.Email), []byte{everInvited})
	case listed(f.State):
		return "desk", d.key('s', []byte{byte(f.State)})
	}
	return "desk", d.key('l')
}

func (d *desk) matches(inv core.Invitation, f core.Filter) bool {
	if f.State != 0 && inv.State != f.State {
		return false
	}
	return f.Email == "" || string(inv.AddressHash) == string(d.t.s.keys.AddressHash(d.vendor.ID, f.Email))
}

// readCursor reads the last key of the page before: size bytes.
func readCursor(cursor string, size int) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	from, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(from) != size {
		return nil, &core.FieldError{Field: "cursor", Code: "invalid", Reason: "is not one that a list gave out"}
	}
	return from, nil
}

// Letters implements store.Invitations.
func (s *Store) Letters(ctx context.Context, vendor core.VendorID, n int) (entries []core.Entry, err error) {
	err = s.view(ctx, func(t *txn) error {
		d, err := t.desk(vendor)
		if err != nil {
			return err
		}
		gather := func(who []byte) bool {
			if e, ok := d.entry(readLetterKey(who)); ok {
				entries = append(entries, e)
			}
			return len(entries) < n
		}
		t.each("desk", d.key('e'), func(rest, _ []byte) bool { return gather(rest[8:]) })
		t.each("desk", d.key('d'), func(rest, _ []byte) bool { return len(entries) < n && gather(rest[10:]) })
		return nil
	})
	return entries, err
}

// Counters implements store.Invitations.
func (s *Store) Counters(ctx context.Context, vendor core.VendorID) (c core.Counters, err error) {
	err = s.view(ctx, func(t *txn) error {
		d, err := t.desk(vendor)
		if err == nil {
			c = d.counters
		}
		return err
	})
	return c, err
}

// Series implements store.Invitations.
func (s *Store) Series(ctx context.Context, vendor core.VendorID, from, to time.Time) (days []core.Day, err error) {
	first, last := from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	err = s.view(ctx, func(t *txn) error {
		if _, err := t.vendor(vendor); err != nil {
			return err
		}
		c := t.tx.Bucket([]byte("series")).Cursor()
		for k, v := c.Seek(join(vendor[:], []byte(first))); hasPrefix(k, vendor[:]) && string(k[16:]) <= last; k, v = c.Next() {
			var r dayRec
			if err := decode(k, v, &r); err != nil {
				return fmt.Errorf("series record: %w", err)
			}
			days = append(days, core.Day{Date: string(k[16:]), Sent: r.Sent, Opened: r.Opened, Completed: r.Completed, Expired: r.Expired})
		}
		return nil
	})
	return days, err
}

// Cancel implements store.Invitations.
func (s *Store) Cancel(ctx context.Context, vendor core.VendorID, id core.InvitationID, revoke bool, now time.Time) ([]core.LeaseRef, error) {
	var refs []core.LeaseRef
	err := s.write(ctx, s.urgent, func(t *txn) error {
		refs = nil
		d, m, err := t.open(vendor, now)
		if err != nil {
			return err
		}
		inv, err := t.row(vendor, id)
		if err != nil {
			return err
		}
		if !revoke && (!inv.State.Resting() && inv.State != core.Scheduled || inv.State == core.Unknown) {
			return core.ErrAlreadySent
		}
		if revoke && inv.RevokedAt.IsZero() {
			inv.RevokedAt = m.Wall
			d.save(inv)
		}
		if inv.State == core.Cancelled { // a person's word stands over a shop's
			inv.Reason = cancelCause(revoke)
			d.save(inv)
			return t.err
		}
		if ref := d.withdraw(inv, m, core.Cancelled, cancelCause(revoke)); ref != nil {
			refs = append(refs, *ref)
		}
		return t.err
	})
	if err != nil {
		return nil, err
	}
	return refs, nil
}

func cancelCause(revoke bool) core.Reason {
	if revoke {
		return core.Revoked
	}
	return core.PersonCancelled
}
