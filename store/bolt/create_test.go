package bolt_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

// TestCreateTogether: of programs that start at once on a folder that is new, one
// gets the file, and what it is told stays in the file that has the name.
func TestCreateTogether(t *testing.T) {
	for n := range 2 { // each is a race of its own, and waits out the lock
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			clock, dir := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			winners := together(t, dir, clock)
			if len(winners) != 1 {
				t.Fatalf("%d hold the file, want 1", len(winners))
			}
			v := vendor(t, winners[0], clock.Now())
			if err := winners[0].Close(); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(file(dir) + ".*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			s := open(t, dir, clock)
			defer func() { _ = s.Close() }()
			if _, err := s.Vendor(context.Background(), v.ID); err != nil {
				t.Errorf("what the winner wrote: %v", err)
			}
		})
	}
}

// together opens the same new file eight times at once.
func together(t *testing.T, dir string, clock core.Clock) (winners []*bolt.Store) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range 8 {
		all.Go(func() {
			<-begin
			s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				winners = append(winners, s)
			case !strings.Contains(err.Error(), "held by another process"):
				t.Errorf("a loser is told %q", err)
			}
		})
	}
	close(begin)
	all.Wait()
	t.Cleanup(func() {
		for _, s := range winners {
			_ = s.Close()
		}
	})
	return winners
}

// TestOpenDropsWhatWasLeft: what a kill left beside the file goes with the next
// opening that holds the file, and not with one that does not.
func TestOpenDropsWhatWasLeft(t *testing.T) {
	clock, dir := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	s := open(t, dir, clock)
	left := []string{file(dir) + ".new-1", file(dir) + ".check-1"}
	for _, p := range left {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := bolt.Open(file(dir), bytes.Clone(master), clock); err == nil {
		t.Fatal("opened a file that is held")
	}
	for _, p := range left {
		if _, err := os.Stat(p); err != nil {
			t.Errorf("whoever does not hold the file removed %s", filepath.Base(p))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, clock).Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range left {
		if _, err := os.Stat(p); err == nil {
			t.Errorf("%s is left behind", filepath.Base(p))
		}
	}
}
