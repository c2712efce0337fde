package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"aminobridge/core"
)

// thing is a key of a calendar, and whose it is.
type thing struct{ key, vendor []byte }

// due lists up to n things of a calendar that are at or before now, those of one
// vendor together, and whether there are more. Of vendors left aside it only lists who
// has any.
func (t *txn) due(bucket string, now time.Time, n int, vendor func(key, value []byte) []byte) (things []thing, aside map[core.VendorID]bool, more bool) {
	aside = map[core.VendorID]bool{}
	t.each(bucket, nil, func(key, value []byte) bool {
		if readStamp(key).After(now) {
			return false
		}
		whose := vendor(key, value)
		if t.s.leftAside(whose) {
			aside[core.VendorID(whose)] = true
			return true
		}
		if more = len(things) == n; !more {
			things = append(things, thing{clone(key), clone(whose)})
		}
		return !more
	})
	slices.SortStableFunc(things, func(a, b thing) int { return bytes.Compare(a.vendor, b.vendor) })
	return things, aside, more
}

// Expire implements store.Upkeep.
func (s *Store) Expire(ctx context.Context, now time.Time, n int) (int, bool, error) {
	vendor := func(_, value []byte) []byte { return value }
	return s.catchUp(ctx, "expiry", now, n, vendor, func(t *txn, key []byte) error {
		d, m, err := t.open(core.VendorID(t.getRaw("expiry", key)), now)
		if err != nil {
			return err
		}
		inv, err := t.row(d.vendor.ID, core.InvitationID(key[8:]))
		if err != nil {
			return err
		}
		inv.ExpiredAt = m.Wall
		d.become(inv, core.Expired, "") // which takes the key out of the calendar
		return nil
	})
}

// Retain implements store.Upkeep.
func (s *Store) Retain(ctx context.Context, now time.Time, n int) (int, bool, error) {
	vendor := func(key, _ []byte) []byte { return key[9:25] }
	return s.catchUp(ctx, "forget", now, n, vendor, func(t *txn, key []byte) error {
		err := t.forget(key[8], key[9:], now)
		t.del("forget", key)
		return err
	})
}

// inOne is how many things of a calendar one transaction does, so that a request
// waits for few of them. A transaction costs what pages it changes, and a vendor has
// pages of its own: so those of one vendor are done together, of all that were found.
const inOne = 128

// catchUp does up to n things of a calendar that are due. If one of a transaction
// fails, which undoes them all, each is tried alone, so that it keeps none of the
// others waiting. A vendor that cannot be read is left aside until the next start, or
// its many due things would be all that a step finds; each step tells of it.
func (s *Store) catchUp(ctx context.Context, calendar string, now time.Time, n int, vendor func(key, value []byte) []byte, do func(*txn, []byte) error) (done int, more bool, err error) {
	var things []thing
	var aside map[core.VendorID]bool
	err = s.view(ctx, func(t *txn) error {
		things, aside, more = t.due(calendar, core.Micro(now), n, vendor)
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	for v := range aside {
		err = errors.Join(err, unreadable(v))
	}
	for part := range slices.Chunk(things, inOne) {
		if part = slices.DeleteFunc(part, func(t thing) bool { return s.leftAside(t.vendor) }); len(part) == 0 {
			continue
		}
		whole := s.catchUpWith(ctx, calendar, part, do)
		if whole == nil {
			done += len(part)
			continue
		}
		if s.hopeless(ctx, whole) {
			return done, more, errors.Join(err, whole)
		}
		for _, t := range part {
			if s.leftAside(t.vendor) {
				continue
			}
			one := s.catchUpWith(ctx, calendar, []thing{t}, do)
			switch {
			case one == nil:
				done++
				continue
			case s.hopeless(ctx, one):
				return done, more, errors.Join(err, one)
			}
			err = errors.Join(err, one)
			v := core.VendorID(t.vendor)
			if s.view(ctx, func(t *txn) error { return t.readable(v) }) != nil {
				s.aside.Store(v, nil)
				err = errors.Join(err, unreadable(v))
			}
		}
	}
	return done, more, err
}

// hopeless reports that what failed by err would fail for anything else as well.
func (s *Store) hopeless(ctx context.Context, err error) bool {
	return errors.Is(err, core.ErrFenced) || errors.Is(err, core.ErrFull) || ctx.Err() != nil
}

func (s *Store) leftAside(vendor []byte) bool {
	_, aside := s.aside.Load(core.VendorID(vendor))
	return aside
}

func unreadable(v core.VendorID) error {
	return fmt.Errorf("vendor %s cannot be read; what it has due waits", v)
}

// catchUpWith does those of the things that are still due.
func (s *Store) catchUpWith(ctx context.Context, calendar string, things []thing, do func(*txn, []byte) error) error {
	return s.write(ctx, s.later, func(t *txn) error {
		for _, one := range things {
			if !t.has(calendar, one.key) {
				continue
			}
			if err := do(t, one.key); err != nil {
				return fault(err)
			}
		}
		return t.err
	})
}

// TrustWall implements store.Upkeep.
func (s *Store) TrustWall(ctx context.Context) error {
	return s.write(ctx, s.later, func(t *txn) error {
		boot, up := s.clock.Boot()
		t.put("meta", []byte("wall"), wallRec{Wall: micros(s.clock.Now()), Boot: boot, Up: int64(up)})
		return t.err
	})
}

// forget forgets one thing.
func (t *txn) forget(what byte, key []byte, now time.Time) error {
	switch what {
	case forgetAnswer:
		var r answerRec
		if t.get("answer", key, &r) && !moment(r.Until).After(core.Micro(now)) {
			t.del("answer", key)
		}
	case forgetEvent:
		t.del("log", key)
	case forgetPerson:
		d, _, err := t.open(core.VendorID(key[:16]), now)
		if err != nil {
			return err
		}
		inv, err := t.row(d.vendor.ID, core.InvitationID(key[16:]))
		if err != nil {
			return err
		}
		inv.Email, inv.Name, inv.ForgetAt = "", "", time.Time{}
		d.save(inv)
	}
	return t.err
}

// A wall that ran by itself for this long is believed again.
const believed = 24 * time.Hour

// WallChecked implements store.Upkeep.
func (s *Store) WallChecked(ctx context.Context) (bool, error) {
	var steady bool
	err := s.write(ctx, s.later, func(t *txn) error {
		wall := s.clock.Now()
		boot, up := s.clock.Boot()
		pace := t.now(wall).Pace
		var last wallRec
		if t.get("meta", []byte("wall"), &last) && jumped(last, wall, boot, up) {
			last.Jumped = micros(pace)
		}
		steady = last.Jumped == 0 || pace.Sub(moment(last.Jumped)) >= believed
		t.put("meta", []byte("wall"), wallRec{micros(wall), boot, int64(up), last.Jumped})
		return t.err
	})
	if err != nil {
		return false, err
	}
	return steady, nil
}

// jumped reports whether the wall went back, or a day further than the clock of
// the boot, which no one sets; over a new boot, than the wall it had.
func jumped(last wallRec, wall time.Time, boot string, up time.Duration) bool {
	went := wall.Sub(moment(last.Wall))
	ran := time.Duration(0)
	if boot == last.Boot {
		ran = up - time.Duration(last.Up)
	}
	return went < 0 || went > ran+believed
}

// ClockMoved implements store.Upkeep.
func (s *Store) ClockMoved(ctx context.Context) (by time.Duration, err error) {
	err = s.view(ctx, func(t *txn) error {
		var c countRec
		t.get("meta", []byte("moved"), &c)
		by = time.Duration(c.N)
		return nil
	})
	return by, err
}

// MoveClock implements store.Upkeep.
func (s *Store) MoveClock(ctx context.Context, by time.Duration) error {
	return s.write(ctx, s.later, func(t *txn) error {
		var c countRec
		t.get("meta", []byte("moved"), &c)
		t.put("meta", []byte("moved"), countRec{c.N + int64(by)})
		return t.err
	})
}
