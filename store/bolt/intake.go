package bolt

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"aminobridge/core"
)

// More undecided than this, or older, and inviting events are refused.
const (
	mostPending   = 200_000
	oldestPending = 10 * time.Minute
)

// Append implements store.Intake.
func (s *Store) Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error) {
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
