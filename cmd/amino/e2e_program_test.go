package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// released builds the program as it is released, once for all tests, beside the
// test's own binary: in a folder that go test removes at its end.
var released = sync.OnceValues(func() (path string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	path = filepath.Join(filepath.Dir(self), "amino-released")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// logbook keeps whatever programs write to their standard error.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// listening is where the program says that it serves; "" while it does not.
func (l *logbook) listening() string {
	for line := range bytes.Lines([]byte(l.String())) {
		var entry struct{ Msg, Addr string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "serving" {
			return entry.Addr
		}
	}
	return ""
}

// program is one process of the real program.
type program struct {
	cmd   *exec.Cmd
	log   logbook
	out   logbook
	addr  string
	ended chan struct{}
}

// launch starts the program with this environment and no other, in a folder
// without an amino.toml.
func launch(t *testing.T, dir string, env []string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(binary(t), args...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, env, &p.out, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // its result is read by code
	}()
	return p
}

// over reports whether the process has ended.
func (p *program) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// end sends a signal and returns the exit code, -1 for one that was killed.
func (p *program) end(with syscall.Signal) (code int) {
	_ = p.cmd.Process.Signal(with) // it may have ended by itself
	return p.code()
}

func (p *program) code() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}
