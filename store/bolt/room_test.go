package bolt

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// TestJournalWaitsForRoom: while nothing can be moved, no more is acknowledged than
// the ring holds; once it can, what waited goes on, and all of it is there.
func TestJournalWaitsForRoom(t *testing.T) {
	path, master, clock := filepath.Join(t.TempDir(), "amino.db"), vault.NewMaster(), machineClock{time.Now()}
	s, err := Open(path, master, clock)
	if err != nil {
		t.Fatal(err)
	}
	stuck, release, written := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		written <- s.write(t.Context(), s.urgent, func(*txn) error {
			close(stuck)
			<-release
			return nil
		})
	}()
	<-stuck
	const size = 300_000
	n := 0
	for tell := func(ctx context.Context) error {
		e := core.Event{ID: core.NewEventID(clock.Now()), Kind: core.Ignored, Order: core.OrderKey{ID: strconv.Itoa(n)}, Detail: strings.Repeat("x", size)}
		_, err := s.Append(ctx, []core.Event{e})
		return err
	}; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := tell(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil || n > ring/size {
			t.Fatalf("event %d of 300 KB: %v, and the ring has 4 MiB", n, err)
		}
	}
	close(release)
	if err := errors.Join(<-written, s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(path, master, clock); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	// The last one was not acknowledged, and was kept when there was room.
	if events, err := s.Pending(t.Context(), clock.Now(), 100); err != nil || len(events) != n+1 {
		t.Errorf("%d events wait, %v, want %d", len(events), err, n+1)
	}
}
