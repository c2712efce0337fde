package bolt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
)

// TestDamagedPageAtCommit: over a damaged page bbolt panics, which ends the writing
// and not the program; and nothing of it is held on to.
func TestDamagedPageAtCommit(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "amino.db"), machineClock{time.Now()}
	s, err := Open(path, roomMaster, clock)
	if err != nil {
		t.Fatal(err)
	}
	root := int64(0)
	err = s.db.View(func(tx *bbolt.Tx) error {
		root = int64(tx.Cursor().Bucket().Root()) * int64(s.db.Info().PageSize)
		return nil
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{0, 0, 1, 0}, root+12) // how many pages it has besides
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		opened := make(chan error, 1)
		go func() {
			_, err := Open(path, roomMaster, clock)
			opened <- err
		}()
		select {
		case err := <-opened:
			if !errors.Is(err, core.ErrFenced) || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("got %v, want core.ErrFenced, and that it is damaged", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it waits for what a panic left open")
		}
	}
}

// TestCloseGivesUpACopy: what is copied to be checked does not keep a store open.
func TestCloseGivesUpACopy(t *testing.T) {
	s, release, _ := held(t, machineClock{time.Now()})
	close(release)
	f, err := os.Create(filepath.Join(t.TempDir(), "copy"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := (copying{f, s}).Write([]byte("page")); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := (copying{f, s}).Write([]byte("page")); !errors.Is(err, core.ErrFenced) {
		t.Errorf("got %v, want core.ErrFenced", err)
	}
}
