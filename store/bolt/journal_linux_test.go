package bolt

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
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
