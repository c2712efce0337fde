package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"aminobridge/core"
)

// Store is what the loop needs of a store.
type Store interface {
	Pending(ctx context.Context, now time.Time, n int) ([]core.Event, error)
	Decide(ctx context.Context, events []core.Event, now time.Time) ([]core.Verdict, error)
}

const (
	// batch is more than a store writes together, so that what it does is full.
	batch = 512
	// poll finds what no nudge tells of: an event whose NotBefore has come, or one
	// left over after a fault.
	poll = 250 * time.Millisecond

	// A flood is more webhooks a second than this, measured by steps. Shops wait for
	// an answer and nobody for a verdict: while it lasts, verdicts have one part in
	// share of a processor's time, until an event has waited for mostWay.
	flood   = 4000
	step    = 20 * time.Millisecond
	share   = 8
	mostWay = 10 * time.Second
)

// Loop gives every pending event its verdict. One that fails twice, with others
// and then alone, is set aside as poison, so that it never keeps the rest waiting.
type Loop struct {
	Store   Store
	Decided func() // told after verdicts, which may have made work for others
	Now     func() time.Time
	Log     *slog.Logger

	once  sync.Once
	nudge chan struct{}
	heard atomic.Int64  // nudges since asked
	asked time.Time     // whether there is a flood
	took  time.Duration // by the last batch
}

// Nudge says that there is something to decide. It never blocks.
func (l *Loop) Nudge() {
	l.heard.Add(1)
	select {
	case l.nudges() <- struct{}{}:
	default:
	}
}

func (l *Loop) nudges() chan struct{} {
	l.once.Do(func() { l.nudge = make(chan struct{}, 1) })
	return l.nudge
}

// Run decides until ctx is done, and then returns nil; it returns core.ErrFenced
// when the store writes no more.
func (l *Loop) Run(ctx context.Context) error {
	failing := false
	for ctx.Err() == nil {
		more, err := l.pass(ctx)
		if errors.Is(err, core.ErrFenced) {
			return err
		}
		if err != nil && !failing && ctx.Err() == nil {
			l.Log.Error("events wait for their verdict", "error", err)
		}
		failing = err != nil
		switch {
		case failing:
			wait(ctx, nil) // a nudge mends nothing
		case !more:
			wait(ctx, l.nudges())
		}
	}
	return nil
}

func wait(ctx context.Context, nudges <-chan struct{}) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-nudges:
	case <-timer.C:
	}
}

// pass decides one batch and reports whether another may be waiting.
func (l *Loop) pass(ctx context.Context) (more bool, err error) {
	now := l.Now()
	events, err := l.Store.Pending(ctx, now, batch)
	if err != nil || len(events) == 0 {
		return false, err
	}
	if waited := now.Sub(events[0].ReceivedAt); waited < mostWay {
		l.giveWay(ctx, mostWay-waited)
		now = l.Now()
	}
	begun := time.Now()
	defer func() { l.took = time.Since(begun) }()
	err = l.decide(ctx, events, now)
	if blames(ctx, err) {
		err = l.singly(ctx, events, now)
	}
	return len(events) == batch, err
}

// giveWay waits for the end of a flood, or until verdicts have had their share.
func (l *Loop) giveWay(ctx context.Context, most time.Duration) {
	for rest := min(most, (share-1)*l.took); rest > 0 && l.flooded() && ctx.Err() == nil; rest -= step {
		timer := time.NewTimer(min(rest, step))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// flooded reports whether there was a flood since it was last asked.
func (l *Loop) flooded() bool {
	now := time.Now()
	gone := now.Sub(l.asked)
	l.asked = now
	return float64(l.heard.Swap(0)) > flood*gone.Seconds()
}

// singly decides a batch that failed, one by one.
func (l *Loop) singly(ctx context.Context, events []core.Event, now time.Time) error {
	var left error
	for _, e := range events {
		err := l.decide(ctx, []core.Event{e}, now)
		if blames(ctx, err) {
			l.Log.Error("an event is set aside", "vendor", e.Vendor, "shop", e.Shop, "topic", e.Topic, "error", err)
			e.Poison = true
			err = l.decide(ctx, []core.Event{e}, now)
		}
		switch {
		case err != nil && !blames(ctx, err):
			return err
		case err != nil:
			left = err
		}
	}
	return left
}

// blames reports whether an error may be the fault of an event, rather than of
// the store or of the end of the program.
func blames(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.Is(err, core.ErrFenced) && !errors.Is(err, core.ErrFull) &&
		!errors.Is(err, context.DeadlineExceeded)
}

func (l *Loop) decide(ctx context.Context, events []core.Event, now time.Time) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = l.panicked(r)
		}
	}()
	verdicts, err := l.Store.Decide(ctx, events, now)
	for _, v := range verdicts {
		l.Log.Debug("verdict", "vendor", v.Vendor, "shop", v.Shop, "topic", v.Topic, "reason", v.Reason, "invitation", v.Invitation)
	}
	if len(verdicts) > 0 {
		l.Decided()
	}
	return err
}

// panicked keeps the words of a panic out of the log unless they are the
// runtime's: anything else may quote what it was working on.
func (l *Loop) panicked(r any) error {
	what := fmt.Sprintf("%T", r)
	if fault, ok := r.(runtime.Error); ok {
		what = fault.Error()
	}
	l.Log.Error("a decision panicked", "error", what, "stack", string(debug.Stack()))
	return fmt.Errorf("panic: %s", what)
}
