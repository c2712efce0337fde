package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

// page finds in a file at rest where the page at the root of a bucket begins; ""
// is the root of all.
func page(t *testing.T, path, bucket string) (offset int64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Cursor().Bucket()
		if bucket != "" {
			b = tx.Bucket([]byte(bucket))
		}
		offset = int64(b.Root()) * int64(db.Info().PageSize)
		return nil
	})
	if err != nil || offset == 0 {
		t.Fatalf("no page of its own: %v", err)
	}
	return offset
}

// unused is where the list of unused pages begins, by the newer of the two metas.
func unused(t *testing.T, path string) (offset int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	order := binary.NativeEndian
	size := int64(order.Uint32(b[24:]))
	meta := b
	if other := b[size:]; order.Uint64(other[64:]) > order.Uint64(meta[64:]) {
		meta = other
	}
	return int64(order.Uint64(meta[48:])) * size
}

// turn gives a page a type that there is not: bytes 8 and 9 of its header.
func turn(t *testing.T, path string, offset int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(binary.NativeEndian.AppendUint16(nil, 0x7ffc), offset+8); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// populated is a file at rest with so many vendors, each with an invitation, that
// its larger buckets fill pages of their own.
func populated(t *testing.T, dir string, clock *storetest.Clock) (v core.Vendor, id core.InvitationID) {
	t.Helper()
	s := open(t, dir, clock)
	for n := range 40 {
		var err error
		v, err = s.PutVendor(context.Background(), core.Vendor{ID: core.NewVendorID(clock.Now()), Slug: fmt.Sprintf("v%d", n), Settings: core.DefaultSettings()})
		if err != nil {
			t.Fatal(err)
		}
		id = call(t, s, v, clock.Now(), "ada@example.com")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return v, id
}

// turned opens a file in which the page of a bucket cannot be read.
func turned(t *testing.T, bucket string) (s *bolt.Store, clock *storetest.Clock, v core.Vendor, id core.InvitationID) {
	t.Helper()
	clock, dir := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
	v, id = populated(t, dir, clock)
	turn(t, file(dir), page(t, file(dir), bucket))
	s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, clock, v, id
}

// TestDamagedPageIsAnError: a file whose pages cannot be read does not open, and
// the answer says why.
func TestDamagedPageIsAnError(t *testing.T) {
	for name, find := range map[string]func(t *testing.T, path string) int64{
		"the root":                 func(t *testing.T, path string) int64 { return page(t, path, "") },
		"the list of unused pages": unused,
	} {
		t.Run(name, func(t *testing.T) {
			clock, dir := storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)), t.TempDir()
			populated(t, dir, clock)
			turn(t, file(dir), find(t, file(dir)))
			s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
			if err == nil {
				_ = s.Close()
				t.Fatal("it opens")
			}
			if !strings.Contains(err.Error(), "damaged") {
				t.Errorf("got %q, want it to say that the file is damaged", err)
			}
		})
	}
}

// TestReadingADamagedPageFences: nothing is written any more by a store that met
// a page it cannot read, and it knows why.
func TestReadingADamagedPageFences(t *testing.T) {
	s, _, v, id := turned(t, "invitation")
	if s.Cause() != nil {
		t.Errorf("a store that is not fenced has the cause %v", s.Cause())
	}
	if _, err := s.Invitation(t.Context(), v.ID, id); !errors.Is(err, core.ErrFenced) {
		t.Errorf("the reading: %v, want ErrFenced", err)
	}
	select {
	case <-s.Fenced():
	default:
		t.Error("the store is not fenced")
	}
	if err := s.Cause(); err == nil || !strings.Contains(err.Error(), "page") {
		t.Errorf("the cause is %v, want the page", err)
	}
	if _, err := s.PutVendor(t.Context(), v); !errors.Is(err, core.ErrFenced) {
		t.Errorf("a write after it: %v, want ErrFenced", err)
	}
}

// TestWritingToADamagedPageIsAnError, be it the method that meets the page or what
// is written for all methods of a group at its end.
func TestWritingToADamagedPageIsAnError(t *testing.T) {
	for _, bucket := range []string{"invitation", "desk", "ready"} {
		t.Run(bucket, func(t *testing.T) {
			s, clock, v, _ := turned(t, bucket)
			if _, err := s.Accept(t.Context(), core.Ask{Vendor: v.ID, Email: "eve@example.com", Lane: core.Direct, Now: clock.Now()}); err == nil {
				t.Error("a call was accepted into a page that cannot be read")
			}
		})
	}
}

// TestCheckOfADamagedPageIsAnError: the recount says so, and does not end the
// program.
func TestCheckOfADamagedPageIsAnError(t *testing.T) {
	for _, bucket := range []string{"invitation", "desk", "vendor"} {
		t.Run(bucket, func(t *testing.T) {
			s, _, _, _ := turned(t, bucket)
			if findings, err := s.Check(t.Context()); err == nil && len(findings) == 0 {
				t.Error("nothing was found")
			}
		})
	}
}

// TestDamagedPageAtCommit: over a damaged page bbolt panics, which ends the writing
// and not the program; and nothing of it is held on to.
func TestDamagedPageAtCommit(t *testing.T) {
	dir, clock := t.TempDir(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	if err := open(t, dir, clock).Close(); err != nil {
		t.Fatal(err)
	}
	at := page(t, file(dir), "")
	f, err := os.OpenFile(file(dir), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{0, 0, 1, 0}, at+12) // how many pages it has besides
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		opened := make(chan error, 1)
		go func() {
			_, err := bolt.Open(file(dir), bytes.Clone(master), clock)
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

// TestPageThatTheDiskDoesNotGive: reading it is a signal to the program, and ends the
// writing alone. A program of its own is tried, because it could be the end of it.
func TestPageThatTheDiskDoesNotGive(t *testing.T) {
	const inside = "AMINO_TEST_INSIDE"
	switch os.Getenv(inside) {
	case "read":
		cutShort(t, func(s *bolt.Store, v core.VendorID, id core.InvitationID) error {
			_, err := s.Invitation(context.Background(), v, id)
			return err
		})
	case "write":
		cutShort(t, func(s *bolt.Store, _ core.VendorID, _ core.InvitationID) error {
			_, err := s.WallChecked(context.Background())
			return err
		})
	default:
		for _, what := range []string{"read", "write"} {
			c := exec.Command(os.Args[0], "-test.run=^TestPageThatTheDiskDoesNotGive$")
			c.Env = append(os.Environ(), inside+"="+what)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", what, err, out[:min(len(out), 500)])
			}
		}
	}
}

// cutShort has a store do something of whose file nothing is left but what says
// where all else is.
func cutShort(t *testing.T, do func(*bolt.Store, core.VendorID, core.InvitationID) error) {
	dir, clock := t.TempDir(), storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	v, id := populated(t, dir, clock)
	s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file(dir), 2*int64(os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if do(s, v.ID, id) == nil {
		t.Error("no error")
	}
	_ = s.Close()
}
