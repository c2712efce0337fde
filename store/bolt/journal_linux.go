package bolt

import (
	"os"
	"syscall"
)

// openDurable has the kernel sync each write, without the file's times.
func openDurable(path string) (durable, error) {
	return os.OpenFile(path, os.O_RDWR|syscall.O_DSYNC, 0o600)
}
