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

// TestRoomAfterAFault: that somebody waits for room is not forgotten with a group that
// failed.
func TestRoomAfterAFault(t *testing.T) {
	for name, fault := range map[string]func(*txn) error{
		"in it":      func(*txn) error { return errors.New("a fault") },
		"at its end": func(t *txn) error { t.desks = map[core.VendorID]*desk{{}: nil}; return nil },
	} {
		t.Run(name, func(t *testing.T) {
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
			await(t, "a full ring", func() bool { return used(s) > ring-mostFrame })
			for told := true; told; { // as the committer does when it takes the group
				select {
				case <-s.journal.full:
				case <-time.After(200 * time.Millisecond):
					told = false
				}
			}
			close(release)
			if err := <-written; err != nil {
				t.Fatal(err)
			}
			failed := s.write(context.Background(), s.urgent, fault)
			if err := all.Wait(); err != nil || failed == nil {
				t.Fatalf("%v, and the fault: %v", err, failed) // not closed, which would wait for room as well
			}
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

// used is how much of the ring waits to be moved.
func used(s *Store) int64 {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.end - s.journal.moved
}

// await polls for what happens in a moment.
func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come", what)
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
	await(t, "a move", func() bool { return used(s) < ring/4 })
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
