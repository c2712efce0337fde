package bolt

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
)

// More undecided than this, or older, and inviting events are refused.
const (
	mostPending   = 200_000
	oldestPending = 10 * time.Minute
)

// Append implements store.Intake. What invites goes to the journal. An event that
// withdraws is applied in a transaction, and so is what comes with it.
func (s *Store) Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error) {
	lines := make([]line, len(events)) // made here, since that takes longer than writing them
	inviting := true
	for i, e := range events {
		var err error
		if lines[i], err = s.line(e); err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		inviting = inviting && !e.Kind.Withdraws()
	}
	if inviting && sizeOf(lines) <= mostFrame {
		return nil, s.keep(ctx, events, lines)
	}
	var refs []core.LeaseRef
	err := s.write(ctx, s.urgent, func(t *txn) error {
		refs = nil
		for i, e := range events {
			if _, err := t.fresh(e, lines[i]); err != nil {
				return err
			}
		}
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

// keep has what is no repeat written to the journal. A repeat is known by what is in
// the data file. That came through the journal, which forgets it only when it is
// synced there, so that a repeat can be answered at once. Two tellings at once, or soon
// after each other, may both be written; the second is dropped when they are moved.
func (s *Store) keep(ctx context.Context, events []core.Event, lines []line) error {
	if err := s.ending(); err != nil { // also of a repeat: is the first one on disk?
		return err
	}
	o := &op{done: make(chan error, 1)}
	err := s.view(ctx, func(t *txn) error {
		for i, e := range events {
			fresh, err := t.fresh(e, lines[i])
			if err != nil {
				return err
			}
			if fresh {
				o.lines = append(o.lines, lines[i])
			}
		}
		return nil
	})
	if err != nil || len(o.lines) == 0 {
		return err
	}
	return s.await(ctx, o, s.inviting)
}

// line is an event as it is kept: what tells a repeat of it, nil if nothing does,
// and the event itself, of which a withdrawing one needs none.
type line struct {
	_                  struct{} `cbor:",toarray"`
	Repeat, Key, Value []byte
}

func (s *Store) line(e core.Event) (l line, err error) {
	if l.Repeat = repeatKey(e); len(l.Repeat) > bbolt.MaxKeySize {
		return l, &core.FieldError{Field: "order", Reason: "its id is too long"}
	}
	if !e.Kind.Withdraws() {
		l.Key = eventKey(e)
		l.Value, err = encode(l.Key, s.eventRec(e))
	}
	return l, err
}

func sizeOf(lines []line) (n int) {
	for _, l := range lines {
		n += len(l.Repeat) + len(l.Key) + len(l.Value)
	}
	return n
}

func eventKey(e core.Event) []byte { return join(stamp(e.NotBefore), e.ID[:]) }

// backlog is how much waits for its verdict, read once a transaction and written
// at its end.
type backlog struct {
	n, was int64
	oldest time.Time // zero if none waits
}

func (t *txn) waiting() *backlog {
	if t.backlog == nil {
		var c countRec
		t.get("meta", []byte("pending"), &c)
		t.backlog = &backlog{n: c.N, was: c.N}
		t.backlog.look(t)
	}
	return t.backlog
}

func (b *backlog) look(t *txn) {
	b.oldest = time.Time{}
	if first, ok := t.first("event", nil); ok {
		b.oldest = readStamp(first)
	}
}

// fresh reports whether an event is no repeat. While too much is undecided, one
// that invites is refused.
func (t *txn) fresh(e core.Event, l line) (bool, error) {
	switch {
	case t.seen(l.Repeat):
		return false, nil
	case !e.Kind.Withdraws() && t.s.crowded(e.ReceivedAt):
		return false, core.ErrBusy
	}
	return true, nil
}

// crowded reports whether too much is undecided: as of the last transaction, and
// in the journal.
func (s *Store) crowded(now time.Time) bool {
	n, oldest := s.journal.behind()
	if b := s.backlog.Load(); b != nil {
		n += b.n
		if !b.oldest.IsZero() && (oldest.IsZero() || b.oldest.Before(oldest)) {
			oldest = b.oldest
		}
	}
	return n >= mostPending || !oldest.IsZero() && now.Sub(oldest) > oldestPending
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
	case e.Kind.Withdraws() && t.seen(l.Repeat):
		return t.leaseOf(e)
	case t.seen(l.Repeat):
		return nil, nil
	}
	if l.Repeat != nil {
		t.mark("order", l.Repeat)
	}
	if e.Kind.Withdraws() {
		_, ref, err := t.decide(e, e.ReceivedAt)
		return ref, err
	}
	t.putRaw("event", l.Key, l.Value)
	t.waiting().n++
	return nil, t.err
}

// move brings what waits in the journal to where it belongs, each kind of key in
// its order. It returns how many lines that were, and the place that is reached.
func (t *txn) move() (n int, place int64) {
	waiting, place := t.s.journal.waiting()
	lines := slices.DeleteFunc(slices.SortedStableFunc(slices.Values(waiting), byRepeat), func(l line) bool {
		if t.seen(l.Repeat) {
			return true
		}
		if l.Repeat != nil {
			t.mark("order", l.Repeat)
		}
		return false
	})
	slices.SortFunc(lines, byKey)
	for _, l := range lines {
		t.putRaw("event", l.Key, l.Value)
	}
	if len(waiting) > 0 {
		t.waiting().n += int64(len(lines))
		t.put("meta", []byte("journal"), countRec{N: place})
	}
	return len(waiting), place
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

func byRepeat(a, b line) int { return bytes.Compare(a.Repeat, b.Repeat) }

func byKey(a, b line) int { return bytes.Compare(a.Key, b.Key) }

// Pending implements store.Intake. It looks at the journal first: what is moved
// meanwhile is then found twice, and not missed.
func (s *Store) Pending(ctx context.Context, now time.Time, n int) (events []core.Event, err error) {
	waiting, _ := s.journal.waiting()
	moved := map[core.EventID]bool{}
	take := func(key, value []byte) bool {
		at, id := readStamp(key), core.EventID(key[8:24])
		if len(events) == n || at.After(now) {
			return false
		}
		if !moved[id] {
			events = append(events, s.readEvent(id, at, key, value))
		}
		moved[id] = true
		return true
	}
	err = s.view(ctx, func(t *txn) error {
		t.each("event", nil, take)
		return nil
	})
	if len(events) < n {
		for _, l := range once(waiting) {
			if !take(l.Key, l.Value) {
				break
			}
		}
	}
	return events, err
}

// once leaves out repeats, as moving does, and brings the rest in order.
func once(lines []line) []line {
	lines = slices.SortedStableFunc(slices.Values(lines), byRepeat)
	lines = slices.CompactFunc(lines, func(a, b line) bool { return a.Repeat != nil && byRepeat(a, b) == 0 })
	slices.SortFunc(lines, byKey)
	return lines
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
		o := &op{done: make(chan error, 1), run: func(t *txn) (err error) {
			given[i], err = t.decideOnce(e, now)
			return err
		}}
		if err = s.hand(ctx, o, s.later); err != nil {
			break
		}
		ops = append(ops, o)
	}
	for i, o := range ops {
		switch fault := s.result(ctx, o); {
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
