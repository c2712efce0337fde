package intake_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
)

// sea is a store that has always more to decide.
type sea struct {
	oldest  time.Time
	takes   time.Duration // for a batch
	batches int
	stale   time.Duration // at most, of the time by which a batch was decided
}

func (s *sea) Pending(_ context.Context, _ time.Time, n int) ([]core.Event, error) {
	events := make([]core.Event, n)
	events[0].ReceivedAt = s.oldest
	return events, nil
}

func (s *sea) Decide(_ context.Context, _ []core.Event, now time.Time) ([]core.Verdict, error) {
	s.stale = max(s.stale, time.Since(now))
	time.Sleep(s.takes)
	s.batches++
	return nil, nil
}

// TestLoopGivesWay: in a flood, verdicts take an eighth of the time, until an event
// has waited for ten seconds.
func TestLoopGivesWay(t *testing.T) {
	for _, c := range []struct {
		name        string
		apart       time.Duration // of webhooks
		waited      time.Duration // by the oldest event
		takes       time.Duration // a batch
		least, most int           // batches in two seconds
	}{
		{"below a flood", 260 * time.Microsecond, 0, 10 * time.Millisecond, 195, 201},
		{"in a flood", 240 * time.Microsecond, 0, 10 * time.Millisecond, 24, 30},
		{"in one that goes on for long", 240 * time.Microsecond, 9 * time.Second, 10 * time.Millisecond, 105, 120},
		{"and not past that", 240 * time.Microsecond, 9200 * time.Millisecond, 200 * time.Millisecond, 7, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sea{oldest: time.Now().Add(-c.waited), takes: c.takes}
				l := &intake.Loop{Store: s, Decided: func() {}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				var shops sync.WaitGroup
				shops.Go(func() {
					for ctx.Err() == nil {
						l.Nudge()
						time.Sleep(c.apart)
					}
				})
				defer shops.Wait()
				if err := l.Run(ctx); err != nil {
					t.Fatal(err)
				}
				if s.batches < c.least || s.batches > c.most {
					t.Errorf("%d batches, want %d to %d", s.batches, c.least, c.most)
				}
				if s.stale > 0 {
					t.Errorf("decided by a time of %v ago", s.stale)
				}
			})
		})
	}
}
