package bolt

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aminobridge/core"
	"aminobridge/core/vault"
)

var roomMaster = vault.NewMaster()

// held is a store whose committer is held in a write, until release is closed.
func held(t *testing.T, clock core.Clock) (s *Store, release chan struct{}, written chan error) {
	s, err := Open(filepath.Join(t.TempDir(), "amino.db"), roomMaster, clock)
	if err != nil {
		t.Fatal(err)
	}
	release, written = hold(s)
	return s, release, written
}

func hold(s *Store) (release chan struct{}, written chan error) {
	stuck := make(chan struct{})
	release, written = make(chan struct{}), make(chan error, 1)
	go func() {
		written <- s.write(context.Background(), s.urgent, func(*txn) error {
			close(stuck)
			<-release
			return nil
		})
	}()
	<-stuck
	return release, written
}

func bulky(clock core.Clock, n int) core.Event {
	return core.Event{ID: core.NewEventID(clock.Now()), Kind: core.Ignored, Order: core.OrderKey{ID: strconv.Itoa(n)}, Detail: strings.Repeat("x", 300_000)}
}

// TestRoomAfterAFault: the word that somebody waits for room is not lost with a
// group that failed.
func TestRoomAfterAFault(t *testing.T) {
	faults := []func(*txn) error{
		func(*txn) error { return errors.New("a fault") },
		func(t *txn) error { t.desks = map[core.VendorID]*desk{{}: nil}; return nil }, // at its end
	}
	for i := range 8 { // the committer may hear of either first
		clock := machineClock{time.Now()}
		s, release, written := held(t, clock)
		var all errgroup.Group
		for n := range 20 { // more than the ring has room for
			all.Go(func() error {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_, err := s.Append(ctx, []core.Event{bulky(clock, n)})
				return err
			})
		}
		for full := false; !full; time.Sleep(time.Millisecond) {
			s.journal.mu.Lock()
			full = s.journal.end-s.journal.moved > ring-mostFrame
			s.journal.mu.Unlock()
		}
		failed := make(chan error, 1)
		go func() {
			failed <- s.write(context.Background(), s.urgent, faults[i%2])
		}()
		for len(s.urgent) == 0 {
			time.Sleep(time.Millisecond)
		}
		close(release)
		if err := errors.Join(all.Wait(), <-written); err != nil || <-failed == nil {
			t.Fatalf("%v", err) // and not closed, which would wait for room as well
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestJournalIsMovedAlone: with nothing else to write, what is in the journal is moved
// long before it is full.
func TestJournalIsMovedAlone(t *testing.T) {
	clock := machineClock{time.Now()}
	s, release, written := held(t, clock)
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for n := range 7 { // half of the ring
		if _, err := s.Append(t.Context(), []core.Event{bulky(clock, n)}); err != nil {
			t.Fatal(err)
		}
	}
	moved := func() bool {
		s.journal.mu.Lock()
		defer s.journal.mu.Unlock()
		return s.journal.moved > 0
	}
	for end := time.Now().Add(5 * time.Second); !moved(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("nothing is moved")
			break
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestRepeatWaitsForTheDisk: readers see a transaction before it is synced, and a
// repeat is not answered by it until it is.
func TestRepeatWaitsForTheDisk(t *testing.T) {
	clock := machineClock{time.Now()}
	s, release, written := held(t, clock)
	e := core.Event{ID: core.NewEventID(clock.Now()), Kind: core.Fulfilled, Topic: "f", Order: core.OrderKey{Namespace: "n", ID: "1"}}
	tell := func(ctx context.Context) error {
		_, err := s.Append(ctx, []core.Event{e})
		return err
	}
	first := tell(t.Context())
	close(release)
	moved := s.write(t.Context(), s.urgent, func(*txn) error { return nil })
	if err := errors.Join(first, <-written, moved, tell(t.Context())); err != nil {
		t.Fatal(err)
	}
	s.last.Add(-1) // as it is before the sync
	release, written = hold(s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tell(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that it waits", err)
	}
	close(release)
	if err := errors.Join(<-written, tell(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
}

// TestJournalWaitsForRoom: while nothing can be moved, no more is acknowledged than
// the ring holds; once it can, what waited goes on, and all of it is there.
func TestJournalWaitsForRoom(t *testing.T) {
	clock := machineClock{time.Now()}
	s, release, written := held(t, clock)
	path := s.db.Path()
	const size = 300_000
	n := 0
	for ; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := s.Append(ctx, []core.Event{bulky(clock, n)})
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil || n > ring/size {
			t.Fatalf("event %d of 300 KB: %v, and the ring has 4 MiB", n, err)
		}
	}
	if n < ring/size-2 {
		t.Errorf("%d events of 300 KB were taken, and the ring has 4 MiB", n)
	}
	close(release)
	if err := errors.Join(<-written, s.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, roomMaster, clock)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	// The last one was not acknowledged, and was kept when there was room.
	if events, err := s.Pending(t.Context(), clock.Now(), 100); err != nil || len(events) != n+1 {
		t.Errorf("%d events wait, %v, want %d", len(events), err, n+1)
	}
}
