package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// TestJournalThatCannotBeWritten: after a failed write nobody knows what the disk
// holds, so nothing is acknowledged from then on.
func TestJournalThatCannotBeWritten(t *testing.T) {
	clock := machineClock{time.Now()}
	s, err := Open(filepath.Join(t.TempDir(), "amino.db"), vault.NewMaster(), clock)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err = errors.Join(err, s.journal.file.Close()); err != nil {
		t.Fatal(err)
	}
	s.journal.file = full
	for range 2 {
		e := core.Event{ID: core.NewEventID(clock.Now()), Kind: core.Ignored, Order: core.OrderKey{ID: "1"}}
		if _, err := s.Append(t.Context(), []core.Event{e}); !errors.Is(err, core.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
	}
	select {
	case <-s.Fenced():
	default:
		t.Error("the program is not told")
	}
}
