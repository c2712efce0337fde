package bolt

import (
	"context"
	"encoding/base64"
	"errors"
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
	if s.busy.Load() && s.refuses(ctx, events) {
		return nil, core.ErrBusy
	}
	// Sealing and encoding take longer than writing, so they are not in the group.
	lines := make([]line, len(events))
	for i, e := range events {
		var err error
		if lines[i], err = s.line(e); err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
	}
	var refs []core.LeaseRef
	err := s.write(ctx, s.urgent, func(t *txn) error {
		if err := t.room(events, lines); err != nil {
			return err
		}
		refs = nil
		for i, e := range events {
			ref, err := t.append(e, lines[i])
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

// line is an event as it is kept: what tells a repeat of it, nil if nothing does,
// and the event itself, of which a withdrawing one needs none.
type line struct{ repeat, key, value []byte }

func (s *Store) line(e core.Event) (l line, err error) {
	l.repeat = repeatKey(e)
	if !e.Kind.Withdraws() {
		l.key = eventKey(e)
		l.value, err = encode(l.key, s.eventRec(e))
	}
	return l, err
}

func eventKey(e core.Event) []byte { return join(stamp(e.NotBefore), e.ID[:]) }

// refuses looks whether events have to come again, without a place in line: under
// a flood the line is for those that can be kept.
func (s *Store) refuses(ctx context.Context, events []core.Event) (busy bool) {
	err := s.view(ctx, func(t *txn) error {
		for _, e := range events {
			busy = busy || !e.Kind.Withdraws() && !t.seen(repeatKey(e))
		}
		return nil
	})
	return err == nil && busy
}

// backlog is how much waits for its verdict, read once a transaction and written
// at its end.
type backlog struct {
	n, was int64
	oldest time.Time // zero if none waits
}

func (t *txn) waiting() *backlog {
	if t.backlog != nil {
		return t.backlog
	}
	var c countRec
	t.get("meta", []byte("pending"), &c)
	t.backlog = &backlog{n: c.N, was: c.N}
	if first, ok := t.first("event", nil); ok {
		t.backlog.oldest = readStamp(first)
	}
	return t.backlog
}

// room refuses inviting events while too much is undecided.
func (t *txn) room(events []core.Event, lines []line) error {
	for i, e := range events {
		if e.Kind.Withdraws() || t.seen(lines[i].repeat) {
			continue
		}
		b := t.waiting()
		late := !b.oldest.IsZero() && e.ReceivedAt.Sub(b.oldest) > oldestPending
		if late || b.n >= mostPending {
			return core.ErrBusy
		}
	}
	return nil
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

func (t *txn) seen(repeat []byte) bool { return repeat != nil && t.has("order", repeat) }

// append keeps one event, and applies it if it withdraws.
func (t *txn) append(e core.Event, l line) (*core.LeaseRef, error) {
	switch {
	case e.Kind.Withdraws() && t.seen(l.repeat):
		return t.leaseOf(e)
	case t.seen(l.repeat):
		return nil, nil
	}
	if l.repeat != nil {
		t.mark("order", l.repeat)
	}
	if e.Kind.Withdraws() {
		_, ref, err := t.decide(e, e.ReceivedAt)
		return ref, err
	}
	t.putRaw("event", l.key, l.value)
	t.waiting().n++
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

// Decide implements store.Intake. All are handed over at once, in order, and
// gather in groups with whatever else is written.
func (s *Store) Decide(ctx context.Context, events []core.Event, now time.Time) (verdicts []core.Verdict, err error) {
	given := make([]*core.Verdict, len(events))
	ops := make([]*op, 0, len(events))
	for i, e := range events {
		o, left := s.hand(ctx, s.later, func(t *txn) (err error) {
			given[i], err = t.decideOnce(e, now)
			return err
		})
		if err = left; err != nil {
			break
		}
		ops = append(ops, o)
	}
	for i, o := range ops {
		switch fault := s.await(ctx, o); {
		case fault != nil:
			err = errors.Join(err, fault)
		case given[i] != nil:
			verdicts = append(verdicts, *given[i])
		}
	}
	return verdicts, err
}

// decideOnce gives an event its verdict; nil if it has one.
func (t *txn) decideOnce(e core.Event, now time.Time) (*core.Verdict, error) {
	key := eventKey(e)
	if !t.has("event", key) {
		return nil, t.err
	}
	v, _, err := t.decide(e, now)
	if err != nil {
		return nil, fault(fmt.Errorf("event %s: %w", e.ID, err))
	}
	t.del("event", key)
	t.waiting().n--
	return &v, t.err
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
