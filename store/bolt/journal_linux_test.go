package bolt_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"aminobridge/core"
	"aminobridge/store/bolt"
)

// TestJournalThatCannotBeWritten: after a failed write nobody knows what the disk
// holds, so nothing is acknowledged from then on. This device reads as an empty
// ring and has no room for anything.
func TestJournalThatCannotBeWritten(t *testing.T) {
	d := newShopDay(t)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	journal := file(d.dir) + "-journal"
	if err := errors.Join(os.Remove(journal), os.Symlink("/dev/full", journal)); err != nil {
		t.Fatal(err)
	}
	s := open(t, d.dir, d.clock).(*bolt.Store)
	defer func() { _ = s.Close() }()
	for range 2 {
		if _, err := s.Append(context.Background(), []core.Event{fulfilled(d.shop, "1", d.clock.Now())}); !errors.Is(err, core.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
	}
	select {
	case <-s.Fenced():
	default:
		t.Error("the program is not told")
	}
}
