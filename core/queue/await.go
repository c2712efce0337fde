package queue

import (
	"context"
	"time"

	"aminobridge/core"
)

// Await waits until the leases are settled or over, or returns core.ErrWait when
// ctx is done first. A no may be acknowledged only after it (I4).
func Await(ctx context.Context, s interface {
	LeaseLive(context.Context, []core.LeaseRef) (bool, error)
}, refs []core.LeaseRef) error {
	for len(refs) > 0 {
		live, err := s.LeaseLive(ctx, refs)
		if ctx.Err() != nil {
			return core.ErrWait
		}
		if err != nil || !live {
			return err
		}
		select {
		case <-ctx.Done():
			return core.ErrWait
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
