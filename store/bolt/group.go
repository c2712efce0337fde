package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"aminobridge/core"
)

// What one group takes: of the writes that a request waits for all at once, of the
// work behind them a part, so that a request never waits long for it.
const (
	mostUrgent = 1024
	mostLater  = 128
)

// yields is how often the journal lets others go first before it writes. That costs
// nothing when there are none, and under load makes frames fewer and larger.
const yields = 3

// op is one method's writing, waiting for its group. run decides before its
// first write: bbolt has no savepoint, so a refusal must leave nothing behind. It
// may run twice, when another of its group failed, and so changes nothing outside.
// One for the journal has lines instead.
type op struct {
	run   func(*txn) error
	lines []line
	done  chan error
}

// write runs a method in the next group and returns when the group is on disk.
// If ctx is done first the outcome is unknown to the caller, who must not look
// at what run would have set.
func (s *Store) write(ctx context.Context, line chan *op, run func(*txn) error) error {
	return s.await(ctx, &op{run: run, done: make(chan error, 1)}, line)
}

func (s *Store) await(ctx context.Context, o *op, line chan *op) error {
	if err := s.hand(ctx, o, line); err != nil {
		return err
	}
	return s.result(ctx, o)
}

// hand puts a method's writing in line.
func (s *Store) hand(ctx context.Context, o *op, line chan *op) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case line <- o:
		return nil
	case <-s.fenced:
		return core.ErrFenced
	case <-s.stop:
		return core.ErrFenced
	case <-ctx.Done():
		return ctx.Err()
	}
}

// result returns when what was handed over is on disk, or refused.
func (s *Store) result(ctx context.Context, o *op) error {
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

// commitLoop is the one writer of the data file. There is no timer: while one group
// is synced the next one gathers. An empty group only moves what the journal has.
func (s *Store) commitLoop() {
	defer close(s.ended)
	debug.SetPanicOnFault(true) // over a page that the disk does not give
	for {
		var group []*op
		select {
		case o := <-s.urgent:
			group = append(group, o)
		case o := <-s.later:
			group = append(group, o)
		case <-s.journal.full:
		case <-s.stop:
			s.drain()
			return
		}
		runtime.Gosched() // whoever is about to hand over comes along
		s.commit(s.gather(group))
	}
}

// gather adds what waits to a group.
func (s *Store) gather(group []*op) []*op {
	return take(take(group, s.urgent, mostUrgent), s.later, mostLater)
}

// drain commits what was handed over before the stop, and moves what the journal
// has when nothing more comes into it.
func (s *Store) drain() {
	for kept := false; ; {
		group := s.gather(nil)
		if len(group) > 0 || kept {
			s.commit(group)
		}
		if len(group) > 0 {
			continue
		}
		if kept {
			return
		}
		select {
		case <-s.kept:
			kept = true
		case <-s.journal.full:
			s.commit(nil)
		}
	}
}

// take adds what waits in a line to a group.
func take(group []*op, line chan *op, most int) []*op {
	for range most {
		select {
		case o := <-line:
			group = append(group, o)
		default:
			return group
		}
	}
	return group
}

// journalLoop is the one writer of the journal.
func (s *Store) journalLoop() {
	defer close(s.kept)
	for {
		select {
		case o := <-s.inviting:
			for range yields {
				runtime.Gosched() // whoever is about to hand over comes along
			}
			s.keepAll(take([]*op{o}, s.inviting, mostUrgent))
		case <-s.stop: // what was handed over before is kept
			for group := take(nil, s.inviting, mostUrgent); len(group) > 0; group = take(nil, s.inviting, mostUrgent) {
				s.keepAll(group)
			}
			return
		}
	}
}

// keepAll writes the lines of a group, as a rule in one frame.
func (s *Store) keepAll(group []*op) {
	for len(group) > 0 {
		n, size, lines := 0, 0, []line(nil)
		for ; n < len(group); n++ {
			if size += sizeOf(group[n].lines); n > 0 && size > mostFrame {
				break
			}
			lines = append(lines, group[n].lines...)
		}
		err := s.journalled(lines)
		for _, o := range group[:n] {
			o.done <- err
		}
		group = group[n:]
	}
}

// journalled appends lines as soon as there is room.
func (s *Store) journalled(lines []line) error {
	for !s.isFenced() {
		ok, err := s.journal.append(lines, s.last.Load())
		if err != nil {
			return s.fence(err)
		}
		if ok {
			return nil
		}
		select {
		case <-s.journal.room:
		case <-s.fenced:
		}
	}
	return core.ErrFenced
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
	defer func() {
		if fault != nil && len(group) > 0 {
			tell(s.journal.full) // whoever waits for room waits still
		}
	}()
	tx, err := s.db.Begin(true)
	if err != nil {
		return nil, s.fence(err)
	}
	refusals = make([]error, len(group))
	t := &txn{tx: tx, s: s}
	var moved int
	var place int64
	if err := errors.Join(t.try(func(t *txn) error { moved, place = t.move(); return nil }), t.err); err != nil {
		return nil, errors.Join(s.fence(err), tx.Rollback()) // nothing can be written any more
	}
	for i, o := range group {
		if refusals[i] = t.try(o.run); isFault(refusals[i]) || t.err != nil {
			return nil, errors.Join(refusals[i], t.err, tx.Rollback())
		}
	}
	if err := errors.Join(t.try(func(t *txn) error { t.flush(); return nil }), t.err); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if !t.wrote {
		return refusals, tx.Rollback()
	}
	id := int64(tx.ID())
	switch err := finish(tx); {
	case errors.Is(err, berrors.ErrMaxSizeReached):
		return nil, core.ErrFull
	case err != nil:
		err = s.fence(err)
		_ = t.try(func(*txn) error { return tx.Rollback() }) // which a panic left open
		return nil, err
	}
	s.last.Store(id)
	if t.backlog != nil {
		s.backlog.Store(t.backlog)
	}
	if moved > 0 {
		s.journal.drop(moved, place)
	}
	return refusals, nil
}

// finish commits; over damaged pages bbolt panics.
func finish(tx *bbolt.Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	return tx.Commit()
}

// try turns a panic into a fault, so that it stops one op and not the program.
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

// ending is why nothing is written any more; nil while it is.
func (s *Store) ending() error {
	select {
	case <-s.fenced:
		return core.ErrFenced
	case <-s.stop:
		return core.ErrFenced
	default:
		return nil
	}
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
