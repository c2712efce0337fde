package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"aminobridge/core"
)

// TestJournalIsDurable asks the kernel whether it syncs each write: a kill of the
// program loses none either way, a loss of power does.
func TestJournalIsDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := openDurable(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	flags, err := unix.FcntlInt(f.(*os.File).Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_DSYNC == 0 {
		t.Errorf("flags %#x, %v, want O_DSYNC among them", flags, err)
	}
}

// TestJournalThatCannotBeWritten: after a failed write nobody knows what the disk
// holds, so nothing is acknowledged from then on.
func TestJournalThatCannotBeWritten(t *testing.T) {
	clock := machineClock{time.Now()}
	s, err := Open(filepath.Join(t.TempDir(), "amino.db"), roomMaster, clock)
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
