package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// server is the program under test, as its own process with its own folder.
type server struct {
	bin, data, dir, addr string
	cmd                  *exec.Cmd
	log                  *os.File
	ended                chan error
	first                time.Duration // from an empty folder to the first 200
}

const (
	startMost = 30 * time.Second
	stopMost  = 30 * time.Second
)

// start builds the binary in dir and runs it there.
func start(ctx context.Context, dir string) (*server, error) {
	s := &server{bin: filepath.Join(dir, "amino"), data: filepath.Join(dir, "data"), dir: dir, ended: make(chan error, 1)}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.bin, "aminobridge/cmd/amino")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if words, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, words)
	}
	var err error
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	begun := time.Now()
	s.cmd = s.command(context.Background(), "serve", "--addr", s.addr)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	if err := s.answers(ctx, begun.Add(startMost)); err != nil {
		return nil, errors.Join(err, s.stop(), errors.New(s.lastWords()))
	}
	s.first = time.Since(begun)
	return s, nil
}

// command is a run of the program, with nobody's settings but ours.
func (s *server) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.bin, append(args, "--data", s.data)...)
	cmd.Dir = s.dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AMINO_") || strings.HasPrefix(v, "RESEND_")
	})
	return cmd
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// answers waits for the first 200.
func (s *server) answers(ctx context.Context, limit time.Time) error {
	client := http.Client{Timeout: time.Second}
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for {
		res, err := client.Get("http://" + s.addr + "/healthz")
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.ended:
			s.ended <- err // for stop
			return errors.Join(errors.New("the server ended at once"), err)
		case <-ctx.Done():
			return ctx.Err()
		case now := <-every.C:
			if now.After(limit) {
				return fmt.Errorf("the server did not answer within %s", startMost)
			}
		}
	}
}

// amino runs a verb and reads the JSON that it prints into answer.
func (s *server) amino(ctx context.Context, answer any, args ...string) error {
	cmd := s.command(ctx, append(args, "--json")...)
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("amino %s: %w\n%s%s", args[0], err, out, words.Bytes())
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(out, answer)
}

// check is the program's own recount; it fails when that finds a difference.
func (s *server) check(ctx context.Context) error { return s.amino(ctx, nil, "check") }

// stop ends the process as its operator would.
func (s *server) stop() error {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended, which the next lines tell
	defer func() { _ = s.log.Close() }()
	select {
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("the server ended badly: %w", err)
		}
		return nil
	case <-time.After(stopMost):
		return errors.Join(fmt.Errorf("the server did not end within %s", stopMost), s.cmd.Process.Kill())
	}
}

// lastWords are the last warnings in the server's log.
func (s *server) lastWords() string {
	log, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	var found []string
	for line := range strings.Lines(string(log)) {
		if strings.HasPrefix(line, "{") && !strings.Contains(line, `"level":"INFO"`) {
			found = append(found, line)
		}
	}
	return strings.Join(found[max(0, len(found)-20):], "")
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// size is what the store takes on disk.
func (s *server) size() (int64, error) {
	info, err := os.Stat(filepath.Join(s.data, "amino.db"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
