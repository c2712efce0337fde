package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"aminobridge/core"
)

// What one group takes: of the writes that a request waits for all at once, of the
// work behind them a part, so that a request never waits long for it.
const (
	mostUrgent = 1024
	mostLater  = 64
	// A flood is more requests in one interval than the writer can keep up with
	// beside the work that follows from them. Then the writer is theirs but for one
	// group in many, and the work is done when the flood is over, or refused.
	flood    = 600
	interval = 100 * time.Millisecond
	everyNth = 128
	lull     = 2 * time.Millisecond // without a request, which ends a flood
)

// op is one method's writing, waiting for its group. run decides before its
// first write: bbolt has no savepoint, so a refusal must leave nothing behind. It
// may run twice, when another of its group failed, and so changes nothing outside.
type op struct {
	run  func(*txn) error
	done chan error
}

// write runs a method in the next group and returns when the group is on disk.
// If ctx is done first the outcome is unknown to the caller, who must not look
// at what run would have set.
func (s *Store) write(ctx context.Context, line chan *op, run func(*txn) error) error {
	o, err := s.hand(ctx, line, run)
	if err != nil {
		return err
	}
	return s.await(ctx, o)
}

// hand puts a method's writing in line.
func (s *Store) hand(ctx context.Context, line chan *op, run func(*txn) error) (*op, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o := &op{run: run, done: make(chan error, 1)}
	select {
	case line <- o:
		return o, nil
	case <-s.fenced:
		return nil, core.ErrFenced
	case <-s.stop:
		return nil, core.ErrFenced
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// await returns when what was handed over is on disk, or refused.
func (s *Store) await(ctx context.Context, o *op) error {
	select {
	case err := <-o.done:
		return err
	case <-s.ended:
		return s.leftOver(o)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leftOver answers a write that met the end of the committer: it may have been
// in the last group.
func (s *Store) leftOver(o *op) error {
	select {
	case err := <-o.done:
		return err
	default:
		return core.ErrFenced
	}
}

// commitLoop is the one writer. There is no timer: while one group is synced the
// next one gathers.
func (s *Store) commitLoop() {
	defer close(s.ended)
	for {
		group := s.gather(nil)
		if len(group) == 0 {
			o := s.next()
			if o == nil {
				s.drain()
				return
			}
			group = s.gather(o)
		}
		s.commit(group)
	}
}

// next waits for something to write; nil at the end. In a flood the next request is
// on its way, and work would only stand in its way.
func (s *Store) next() *op {
	if s.turn.flood {
		timer := time.NewTimer(lull)
		defer timer.Stop()
		select {
		case o := <-s.urgent:
			return o
		case <-s.stop:
			return nil
		case <-timer.C:
			s.turn.flood = false
		}
	}
	select {
	case o := <-s.urgent:
		return o
	case o := <-s.later:
		return o
	case <-s.stop:
		return nil
	}
}

// drain commits what was handed over before the stop.
func (s *Store) drain() {
	for {
		s.turn = turn{since: time.Now()} // whatever came before: work too is taken now
		group := s.gather(nil)
		if len(group) == 0 {
			return
		}
		s.commit(group)
	}
}

func (s *Store) gather(first *op) []*op {
	var group []*op
	if first != nil {
		group = append(group, first)
	}
	take := func(line chan *op, most int) {
		for range most {
			select {
			case o := <-line:
				group = append(group, o)
			default:
				return
			}
		}
	}
	take(s.urgent, mostUrgent)
	take(s.later, s.turn.work(len(group), time.Now()))
	return group
}

// turn says how much work goes into a group. The committer alone has it.
type turn struct {
	since    time.Time // when the interval began
	requests int       // in it
	flood    bool      // the one before was of one
	alone    int       // groups since a full share of work was taken
}

func (t *turn) work(requests int, now time.Time) int {
	if gone := now.Sub(t.since); gone >= interval {
		t.flood = float64(t.requests)/gone.Seconds() > flood/interval.Seconds()
		t.since, t.requests = now, 0
	}
	t.requests += requests
	if t.alone++; t.flood && t.alone < everyNth {
		return 0
	}
	t.alone = 0
	return mostLater
}

// commit writes a group in one transaction. If one of it fails by a fault, which
// spoils them all, each is tried alone.
func (s *Store) commit(group []*op) {
	errs, err := s.transact(group)
	if err != nil && len(group) > 1 && !s.isFenced() {
		for _, o := range group {
			s.commit([]*op{o})
		}
		return
	}
	for i, o := range group {
		if err != nil {
			o.done <- err
			continue
		}
		o.done <- errs[i]
	}
}

// transact returns what each op refused, or the fault that undid all of them.
func (s *Store) transact(group []*op) (refusals []error, fault error) {
	if s.isFenced() {
		return nil, core.ErrFenced
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return nil, s.fence(err)
	}
	refusals = make([]error, len(group))
	t := &txn{tx: tx, s: s}
	for i, o := range group {
		if refusals[i] = t.try(o.run); isFault(refusals[i]) || t.err != nil {
			fault := errors.Join(refusals[i], t.err)
			return nil, errors.Join(fault, tx.Rollback())
		}
	}
	if err := errors.Join(t.try(func(t *txn) error { t.flush(); return nil }), t.err); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if !t.wrote {
		return refusals, tx.Rollback()
	}
	switch err := tx.Commit(); {
	case errors.Is(err, berrors.ErrMaxSizeReached):
		return nil, core.ErrFull
	case err != nil:
		return nil, s.fence(err)
	}
	if t.backlog != nil {
		s.busy.Store(t.backlog.n >= mostPending)
	}
	return refusals, nil
}

// try turns a panic into a fault, so that it stops one op and not the store.
func (t *txn) try(run func(*txn) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("a store method panicked: %v", r)
		}
	}()
	return run(t)
}

// refusals are the answers that leave the transaction as it is.
var refusals = []error{
	core.ErrInvalid, core.ErrNotFound, core.ErrConflict, core.ErrMismatch, core.ErrAlreadySent,
	core.ErrNothingDue, core.ErrLeaseLost, core.ErrBusy, core.ErrRefusedLink,
}

func isFault(err error) bool {
	if err == nil {
		return false
	}
	for _, r := range refusals {
		if errors.Is(err, r) {
			return false
		}
	}
	_, full := errors.AsType[*core.CapError](err)
	return !full
}

// fence stops all writing: after a failed commit nobody knows what the disk
// holds until the file is opened again.
func (s *Store) fence(err error) error {
	s.fenceOnce.Do(func() {
		s.cause = err
		close(s.fenced)
	})
	return fmt.Errorf("%w: %w", core.ErrFenced, err)
}

func (s *Store) isFenced() bool {
	select {
	case <-s.fenced:
		return true
	default:
		return false
	}
}

// fault makes a refusal that comes after a write into what it is there: the file
// contradicts itself, and what was written must not stay.
func fault(err error) error { return errors.New("half-way: " + err.Error()) }
