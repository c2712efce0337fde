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

var roomMaster = vault.NewMaster()

// held is a store whose committer is held in a write, until release is closed.
func held(t *testing.T, clock core.Clock) (s *Store, release chan struct{}, written chan error) {
	s, err := Open(filepath.Join(t.TempDir(), "amino.db"), roomMaster, clock)
	if err != nil {
		t.Fatal(err)
	}
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
	return s, release, written
}

func bulky(clock core.Clock, n int) core.Event {
	return core.Event{ID: core.NewEventID(clock.Now()), Kind: core.Ignored, Order: core.OrderKey{ID: strconv.Itoa(n)}, Detail: strings.Repeat("x", 300_000)}
}

// awaitMove waits for what the journal had to be moved.
func awaitMove(t *testing.T, s *Store) {
	t.Helper()
	select {
	case <-s.journal.room:
	case <-time.After(10 * time.Second):
		t.Fatal("it is not moved") // and the store not closed, which would wait as well
	}
}

// TestRoomAfterAFault: what waits to be moved is not forgotten with a group that
// failed.
func TestRoomAfterAFault(t *testing.T) {
	for name, fault := range map[string]func(*txn) error{
		"in it":      func(*txn) error { return errors.New("a fault") },
		"at its end": func(t *txn) error { t.desks = map[core.VendorID]*desk{{}: nil}; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			clock := machineClock{time.Now()}
			s, err := Open(filepath.Join(t.TempDir(), "amino.db"), roomMaster, clock)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Append(t.Context(), []core.Event{bulky(clock, 1)}); err != nil {
				t.Fatal(err)
			}
			if s.write(t.Context(), s.urgent, fault) == nil {
				t.Error("no fault")
			}
			awaitMove(t, s)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCheckEndsWithTheStore: what is copied to be checked does not keep it open.
func TestCheckEndsWithTheStore(t *testing.T) {
	s, release, written := held(t, machineClock{time.Now()})
	close(s.stop)
	if _, err := s.Check(t.Context()); !errors.Is(err, core.ErrFenced) {
		t.Errorf("got %v, want core.ErrFenced", err)
	}
	close(release)
	if err := errors.Join(<-written, s.Close()); err != nil {
		t.Error(err)
	}
}

// TestJournalIsMovedAlone: with nothing else to write, what is in the journal is moved
// long before it is full.
func TestJournalIsMovedAlone(t *testing.T) {
	clock := machineClock{time.Now()}
	s, err := Open(filepath.Join(t.TempDir(), "amino.db"), roomMaster, clock)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 7 { // half of the ring
		if _, err := s.Append(t.Context(), []core.Event{bulky(clock, n)}); err != nil {
			t.Fatal(err)
		}
	}
	awaitMove(t, s)
	if err := s.Close(); err != nil {
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
