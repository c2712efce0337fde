package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is a server that runs beside the bench, as its own process.
type process struct {
	name, addr string
	cmd        *exec.Cmd
	log        *os.File
	quit       os.Signal // ends it in order
	ended      chan error
	first      time.Duration // from its start until it was ready
}

const (
	startMost = 30 * time.Second
	stopMost  = 30 * time.Second
)

// run starts a program that serves HTTP on the address that is given to it, and
// waits until it is healthy.
func (b *bench) run(ctx context.Context, name, bin string, args func(addr string) []string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	client := http.Client{Timeout: time.Second}
	return b.start(ctx, name, addr, exec.Command(bin, args(addr)...), func() bool {
		res, err := client.Get("http://" + addr + "/healthz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// start starts a program and waits until it is ready.
func (b *bench) start(ctx context.Context, name, addr string, cmd *exec.Cmd, ready func() bool) (p *process, err error) {
	p = &process{name: name, addr: addr, cmd: cmd, quit: syscall.SIGTERM, ended: make(chan error, 1)}
	if p.log, err = os.CreateTemp(b.dir, "*.log"); err != nil {
		return nil, err
	}
	cmd.Dir, cmd.Env = cmp.Or(cmd.Dir, b.dir), bareEnv()
	cmd.Stdout, cmd.Stderr = p.log, p.log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.ended <- cmd.Wait() }()
	if err := p.await(ctx, ready, begun.Add(startMost)); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, errors.Join(err, p.stop()), p.lastWords())
	}
	p.first = time.Since(begun)
	return p, nil
}

// bareEnv is the environment with nobody's settings in it.
func bareEnv() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AMINO_") || strings.HasPrefix(v, "RESEND_")
	})
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// await waits until the process is ready.
func (p *process) await(ctx context.Context, ready func() bool, limit time.Time) error {
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for !ready() {
		select {
		case err := <-p.ended:
			p.ended <- err // for stop
			return errors.Join(errors.New("it ended at once"), err)
		case <-ctx.Done():
			return ctx.Err()
		case now := <-every.C:
			if now.After(limit) {
				return fmt.Errorf("it was not ready within %s", startMost)
			}
		}
	}
	return nil
}

// stop ends the process as its operator would.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(p.quit) // it may have ended, which the next lines tell
	defer func() { _ = p.log.Close() }()
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("%s ended badly: %w\n%s", p.name, err, p.lastWords())
		}
		return nil
	case <-time.After(stopMost):
		return errors.Join(fmt.Errorf("%s did not end within %s", p.name, stopMost), p.cmd.Process.Kill())
	}
}

// lastWords are the last of its log that are no news of a request.
func (p *process) lastWords() string {
	log, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	var found []string
	for line := range strings.Lines(string(log)) {
		if !strings.Contains(line, `"level":"INFO"`) {
			found = append(found, line)
		}
	}
	return strings.Join(found[max(0, len(found)-20):], "")
}

func (p *process) pid() int { return p.cmd.Process.Pid }
