package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// promptFor is how long row 17 takes.
const promptFor = 20 * time.Second

// promptness is row 17: webhooks come at a fixed rate, whatever the answers do.
func (j *job) promptness(ctx context.Context, rate float64) (f figure, err error) {
	f = figure{row: 17, what: fmt.Sprintf("p99 from a webhook's 200 to its verdict, %.0f orders/s", rate), bar: float64(time.Second), write: duration}
	if _, err := j.verdicts(ctx); err != nil { // those before
		return f, err
	}
	n := uint64(rate * promptFor.Seconds())
	j.orders.sign(j.first, n)
	t, begun := j.ours, time.Now()
	answered := make([]int64, n)
	t.wait = func(i uint64) {
		pause(ctx, time.Until(begun.Add(time.Duration(float64(i-j.first)/rate*float64(time.Second)))))
	}
	t.told = func(i uint64, taken time.Time) { answered[i-j.first] = taken.UnixNano() }
	defer func() { t.wait, t.told = nil, nil }()
	r, err := t.round(ctx, j.connections, 2*promptFor, j.first, n)
	if err == nil {
		err = t.exact(ctx)
	}
	if err != nil {
		return f, err
	}
	decided, err := j.verdicts(ctx)
	if err != nil {
		return f, err
	}
	late, err := lags(answered, decided, j.first)
	f.got = float64(percentile(late, 99))
	f.aside = fmt.Sprintf("p50 %s, longest %s; webhooks' p99 %s", brief(percentile(late, 50)), brief(percentile(late, 100)), brief(percentile(r.took, 99)))
	j.first += n
	return f, err
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// lags are the times from an answer to its verdict, shortest first; a verdict
// before the answer was read is none.
func lags(answered []int64, decided map[uint64]int64, first uint64) (late []time.Duration, err error) {
	for i, at := range answered {
		verdict, ok := decided[first+uint64(i)]
		if at == 0 {
			continue // denied, and told again later
		}
		if !ok {
			return nil, fmt.Errorf("order %d has no verdict", first+uint64(i))
		}
		late = append(late, time.Duration(max(0, verdict-at)))
	}
	slices.Sort(late)
	return late, nil
}

// verdicts are when orders had theirs, since this was last asked.
func (j *job) verdicts(ctx context.Context) (at map[uint64]int64, err error) {
	err = fetch(ctx, "http://"+j.ours.load.addr+"/verdicts", "", &at)
	return at, err
}
