//go:build !linux

package bolt

import (
	"errors"
	"os"
)

// synced is a file that is synced after each write.
type synced struct{ *os.File }

func (s synced) WriteAt(p []byte, at int64) (int, error) {
	n, err := s.File.WriteAt(p, at)
	return n, errors.Join(err, s.Sync())
}

func openDurable(path string) (durable, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	return synced{f}, err
}
