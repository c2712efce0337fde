package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// dropPages has the kernel forget a file that nobody has open, and tells how much of
// it stays in memory all the same. What a disk of its own, or a host, remembers is
// out of reach.
func dropPages(path string) (left float64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	// Pages that are not written yet are not dropped.
	if err := errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)); err != nil {
		return 0, err
	}
	is, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var stat unix.Cachestat_t
	err = unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{}, &stat, 0)
	if errors.Is(err, unix.ENOSYS) { // before Linux 6.5
		return 0, nil
	}
	return float64(stat.Cache) * float64(os.Getpagesize()) / float64(is.Size()), err
}

// readPages brings a file into memory, as far as it has room.
func readPages(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 4<<20))
	return err
}
