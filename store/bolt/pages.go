package bolt

import (
	"context"
	"math"
	"time"

	"aminobridge/core"
	"aminobridge/core/review"
)

// seen runs a writing method about one invitation.
func (s *Store) seen(ctx context.Context, at core.Seen, do func(d *desk, inv core.Invitation, m core.Moment) error) error {
	return s.write(ctx, s.urgent, func(t *txn) error {
		d, m, err := t.open(at.Vendor, at.Now)
		if err != nil {
			return err
		}
		inv, err := t.row(at.Vendor, at.Invitation)
		if err != nil {
			return err
		}
		if err := do(d, inv, m); err != nil {
			return err
		}
		return t.err
	})
}

// Visit implements store.Pages.
func (s *Store) Visit(ctx context.Context, at core.Seen) error {
	return s.seen(ctx, at, func(d *desk, inv core.Invitation, _ core.Moment) error {
		inv.Visits++
		d.save(inv)
		return nil
	})
}

// Open implements store.Pages.
func (s *Store) Open(ctx context.Context, at core.Seen) error {
	return s.seen(ctx, at, func(d *desk, inv core.Invitation, m core.Moment) error {
		switch {
		case review.LinkOf(inv, m.Wall) != review.Live:
			return core.ErrRefusedLink
		case !inv.OpenedAt.IsZero():
			return nil
		}
		inv.OpenedAt = m.Wall
		switch inv.State {
		case core.Unknown: // only the mail can have brought the link
			d.sent(inv, m)
		case core.Sent:
			d.become(inv, core.Opened, "")
		default:
			d.save(inv)
		}
		return nil
	})
}

// Complete implements store.Pages.
func (s *Store) Complete(ctx context.Context, at core.Seen, r core.Review) error {
	return s.seen(ctx, at, func(d *desk, inv core.Invitation, m core.Moment) error {
		if review.LinkOf(inv, m.Wall) != review.Live {
			return core.ErrRefusedLink
		}
		r.Vendor, r.Invitation, r.Moderation, r.CreatedAt = inv.Vendor, inv.ID, "pending", m.Wall
		r.EditedAt = time.Time{}
		if old, ok := d.t.reviewOf(inv.ID); ok {
			r.CreatedAt, r.EditedAt = old.CreatedAt, m.Wall
		}
		d.t.putReview(r)
		if inv.CompletedAt.IsZero() {
			d.complete(inv, m)
		}
		return nil
	})
}

// complete counts the first review. Its letter has no more use: it is withdrawn,
// or ends with its lease.
func (d *desk) complete(inv core.Invitation, m core.Moment) {
	e, inv, queued := d.letter(inv, m)
	switch {
	case e.Leased(m.Pace):
		d.stop(e, core.Completed, "")
	case queued:
		inv = d.drop(e, inv)
	}
	if inv.SentAt.IsZero() {
		inv.SentAt, inv.ByLink = m.Wall, true
	}
	if inv.OpenedAt.IsZero() {
		inv.OpenedAt = m.Wall
	}
	inv.CompletedAt = m.Wall
	d.become(inv, core.Completed, "")
}

func (t *txn) reviewOf(id core.InvitationID) (core.Review, bool) {
	var r reviewRec
	if !t.get("review", id[:], &r) {
		return core.Review{}, false
	}
	text := core.Review{Invitation: id, Vendor: r.Vendor, Rating: r.Rating, Moderation: r.Moderation, CreatedAt: moment(r.CreatedAt), EditedAt: moment(r.EditedAt)}
	for field, part := range map[string]struct {
		sealed []byte
		plain  *string
	}{"title": {r.Title, &text.Title}, "text": {r.Text, &text.Text}, "display": {r.DisplayName, &text.DisplayName}} {
		plain, err := t.s.unseal(r.Vendor, id, field, part.sealed)
		if err != nil {
			t.fail(err)
		}
		*part.plain = plain
	}
	return text, true
}

func (t *txn) putReview(r core.Review) {
	seal := func(field, plain string) []byte { return t.s.seal(r.Vendor, r.Invitation, field, plain) }
	t.put("review", r.Invitation[:], reviewRec{
		Vendor: r.Vendor, Rating: r.Rating, Title: seal("title", r.Title), Text: seal("text", r.Text), DisplayName: seal("display", r.DisplayName),
		Moderation: r.Moderation, CreatedAt: micros(r.CreatedAt), EditedAt: micros(r.EditedAt),
	})
}

// Review implements store.Pages.
func (s *Store) Review(ctx context.Context, vendor core.VendorID, id core.InvitationID) (r core.Review, err error) {
	err = s.view(ctx, func(t *txn) error {
		var ok bool
		if r, ok = t.reviewOf(id); !ok || r.Vendor != vendor {
			r = core.Review{}
			return core.ErrNotFound
		}
		return nil
	})
	return r, err
}

// SuppressRecipient implements store.Pages.
func (s *Store) SuppressRecipient(ctx context.Context, at core.Seen, why core.Reason) ([]core.LeaseRef, error) {
	var refs []core.LeaseRef
	err := s.seen(ctx, at, func(d *desk, inv core.Invitation, m core.Moment) error {
		refs = nil
		key := join(d.vendor.ID[:], inv.AddressHash)
		if !d.t.has("stop", key) {
			d.t.put("stop", key, stopRec{string(why), micros(m.Wall)})
		}
		for _, id := range d.scheduledFor(inv.AddressHash, math.MaxInt) {
			row, err := d.t.row(d.vendor.ID, id)
			if err != nil {
				return fault(err)
			}
			if ref := d.withdraw(row, m, core.Suppressed, why); ref != nil {
				refs = append(refs, *ref)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return refs, nil
}

// Suppressed implements store.Pages.
func (s *Store) Suppressed(ctx context.Context, vendor core.VendorID, id core.InvitationID) (why core.Reason, err error) {
	err = s.view(ctx, func(t *txn) error {
		inv, err := t.row(vendor, id)
		if err != nil {
			return err
		}
		why = (&desk{t: t, vendor: core.Vendor{ID: vendor}}).suppressed(inv.AddressHash)
		return nil
	})
	return why, err
}
