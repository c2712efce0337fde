package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// target is a server under load, and its own count of what it made of that.
type target struct {
	*process
	load
	calls bool  // they are REST calls, not webhooks
	given int64 // requests it was sent, none of them twice
	// kept is how much of that is dealt with; nil for a server that keeps nothing.
	kept func(ctx context.Context) (int64, error)
}

// round is what one round showed.
type round struct {
	answers
	load, whole usage // while the load ran, and until all of it was dealt with
	client      usage
	behind      int64 // answered and not dealt with when the load stopped
	lag         time.Duration
}

// written is what the server wrote for each webhook while the load ran, and
// writtenInAll until all of them had their verdict: the store, answers and log.
func (r round) written() float64 { return float64(r.load.written) / float64(len(r.took)) }

func (r round) writtenInAll() float64 { return float64(r.whole.written) / float64(len(r.took)) }

// round sends the numbers from first on, n at most, for d, and waits until all
// that was told is dealt with.
func (t *target) round(ctx context.Context, connections int, d time.Duration, first, n uint64) (r round, err error) {
	t.next.Store(first)
	t.end = first + n
	used, client := usageOf(t.pid()), usageOf(os.Getpid())
	if r.answers, err = t.drive(ctx, connections, d); err != nil {
		return r, err
	}
	r.load, r.client = usageOf(t.pid()).since(used), usageOf(os.Getpid()).since(client)
	if len(r.took) == 0 {
		return r, fmt.Errorf("%s answered nothing; what it did answer: %v\n%s", t.name, r.status, t.lastWords())
	}
	t.given += int64(min(t.next.Load(), t.end) - first)
	if t.kept == nil {
		return r, nil
	}
	kept, err := t.kept(ctx)
	if err != nil {
		return r, err
	}
	r.behind = t.given - int64(len(r.denied)) - kept
	begun := time.Now()
	if err := t.finish(ctx, r.denied); err != nil {
		return r, err
	}
	r.lag, r.whole = time.Since(begun), usageOf(t.pid()).since(used)
	return r, nil
}

// finish has everything dealt with that was told, denied or not.
func (t *target) finish(ctx context.Context, denied []uint64) error {
	if err := t.insist(ctx, denied); err != nil {
		return fmt.Errorf("%s: some of %d requests are still not answered 200: %w", t.name, len(denied), err)
	}
	for kept := int64(-1); kept < t.given; {
		before := kept
		moved := func() (ok bool, err error) {
			kept, err = t.kept(ctx)
			return kept > before, err
		}
		if err := until(ctx, moved); err != nil {
			return fmt.Errorf("%s: LOST: %d were told, %d are dealt with: %w", t.name, t.given, kept, err)
		}
	}
	return nil
}

// again is how many are told a second time, of the first and of the last.
const again = uint64(100)

// account holds the server to its answers: of all that was told, some of it
// twice, there is one thing each. It tells the last round's again.
func (t *target) account(ctx context.Context, first uint64) error {
	if t.kept == nil {
		return nil
	}
	var twice []uint64
	last := min(t.next.Load(), t.end)
	for i := range min(again, last-first) {
		twice = append(twice, first+i, last-1-i)
	}
	// One more behind them: once it is dealt with, so is whatever they became.
	t.given++
	if err := t.finish(ctx, append(twice, last)); err != nil {
		return err
	}
	kept, err := t.kept(ctx)
	if err == nil && kept != t.given {
		err = fmt.Errorf("%s: LOST OR DOUBLED: %d were told and answered 200; %d are there", t.name, t.given, kept)
	}
	return err
}
