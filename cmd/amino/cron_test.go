package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// due is a store with things to expire and forget.
type due struct {
	mu             sync.Mutex
	expire, retain int
	stuck          bool // something never gets done
	steady         bool
	fault          error
	calls          int
	widest         int
}

func (d *due) step(left *int, n int) (int, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	d.widest = max(d.widest, n)
	done := min(*left, n)
	*left -= done
	return done, d.stuck || *left > 0, d.fault
}

func (d *due) Expire(_ context.Context, _ time.Time, n int) (int, bool, error) {
	return d.step(&d.expire, n)
}
func (d *due) Retain(_ context.Context, _ time.Time, n int) (int, bool, error) {
	return d.step(&d.retain, n)
}
func (d *due) WallChecked(context.Context) (bool, error) { return d.steady, nil }

func choresOf(d *due, log *bytes.Buffer) *chores {
	return &chores{store: d, now: time.Now, log: slog.New(slog.NewTextHandler(log, nil))}
}

func TestChoresCatchUpInSteps(t *testing.T) {
	d := &due{expire: 3*chunk + 1, retain: 3, steady: true}
	var log bytes.Buffer
	choresOf(d, &log).all(t.Context())
	if d.expire != 0 || d.retain != 0 {
		t.Errorf("%d to expire and %d to forget are left", d.expire, d.retain)
	}
	if d.widest != chunk || d.calls != 5 {
		t.Errorf("%d steps, of which one was %d wide, want 5 of %d at most", d.calls, d.widest, chunk)
	}
}

func TestChoresWaitForASteadyWall(t *testing.T) {
	d := &due{expire: 5}
	var log bytes.Buffer
	c := choresOf(d, &log)
	c.all(t.Context())
	c.all(t.Context())
	if d.calls != 0 {
		t.Error("a chore ran although the wall jumped")
	}
	if n := strings.Count(log.String(), "the wall clock jumped"); n != 1 {
		t.Errorf("said %d times that the calendar is held back, want once", n)
	}
	d.steady = true
	c.all(t.Context())
	if d.expire != 0 {
		t.Error("the chore did not go on")
	}
}

func TestChoresStopBetweenSteps(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	d := &due{expire: 1000, steady: true}
	var log bytes.Buffer
	choresOf(d, &log).all(ctx)
	if d.calls != 0 {
		t.Errorf("%d steps ran after the end", d.calls)
	}
}

func TestChoresSayWhatFailed(t *testing.T) {
	d := &due{expire: 1000, steady: true, fault: errors.New("disk on fire")}
	var log bytes.Buffer
	choresOf(d, &log).all(t.Context())
	if d.calls != 2 || !strings.Contains(log.String(), "disk on fire") {
		t.Errorf("%d calls, log %q; want one call each and the fault", d.calls, &log)
	}
}

// TestChoresGoOnPastAFault: what fails keeps none of the others waiting for the next
// tick, and is itself not tried without end.
func TestChoresGoOnPastAFault(t *testing.T) {
	d := &due{expire: 2 * chunk, steady: true, stuck: true, fault: errors.New("one is damaged")}
	var log bytes.Buffer
	choresOf(d, &log).all(t.Context())
	if d.expire != 0 || d.calls != 6 {
		t.Errorf("%d are left after %d steps, want none after two, and two more for each chore", d.expire, d.calls)
	}
}

func TestChoresTick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		d := &due{steady: true}
		var log bytes.Buffer
		ended := make(chan error)
		go func() { ended <- choresOf(d, &log).run(ctx) }()
		time.Sleep(61 * time.Minute) // of the bubble: no time at all
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		// One at the start, then expiry each minute and retention each tenth.
		if want := 2 + 61 + 6; d.calls < want-2 || d.calls > want+1 {
			t.Errorf("%d steps in an hour, want about %d", d.calls, want)
		}
	})
}
