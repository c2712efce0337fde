package queue_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/queue"
)

// leases tells of leases that are settled after a while, as a store does whose
// reads end with their context.
type leases struct {
	settled time.Time
	err     error
}

func (l leases) LeaseLive(ctx context.Context, _ []core.LeaseRef) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return time.Now().Before(l.settled), l.err
}

func TestAwait(t *testing.T) {
	broken := errors.New("cannot be read")
	one := make([]core.LeaseRef, 1)
	for _, c := range []struct {
		name    string
		refs    []core.LeaseRef
		settled time.Duration
		broken  error
		patient time.Duration
		want    error
	}{
		{"nothing to wait for", nil, time.Hour, broken, 0, nil},
		{"settled before", one, 0, nil, time.Minute, nil},
		{"settled meanwhile", one, time.Second, nil, time.Minute, nil},
		{"not settled in time", one, time.Hour, nil, time.Minute, core.ErrWait},
		{"no time left", one, time.Hour, nil, 0, core.ErrWait},
		{"no time left, and settled", one, 0, nil, 0, core.ErrWait},
		{"cannot be told", one, time.Hour, broken, time.Minute, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.patient)
				defer cancel()
				begun := time.Now()
				err := queue.Await(ctx, leases{begun.Add(c.settled), c.broken}, c.refs)
				if !errors.Is(err, c.want) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if waited := time.Since(begun); waited > c.patient {
					t.Errorf("waited %s, want %s at most", waited, c.patient)
				}
			})
		})
	}
}
