// Command bench measures the real program. It builds the binary, starts it on an
// empty folder, signs webhooks as a shop does and sends them as fast as they are
// answered; then it counts what the program made of them. It hides the load, the
// reading of the process's usage, and the count that cannot be faked: every order
// answered 200 is one invitation, told once or twice. A slow machine is no fault;
// an invitation lost or doubled is, and ends the program with 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what to do.
type plan struct {
	connections, rounds, seconds, warmup int
	dir                                  string
}

func readPlan(args []string) (p plan, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&p.connections, "connections", 64, "keep-alive connections")
	flags.IntVar(&p.seconds, "seconds", 10, "how long a round takes")
	flags.IntVar(&p.rounds, "rounds", 3, "rounds")
	flags.IntVar(&p.warmup, "warmup", 3, "seconds before the first round")
	flags.StringVar(&p.dir, "dir", os.TempDir(), "where the folder is made; one in memory makes every sync free")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if p.connections < 1 || p.seconds < 1 || p.rounds < 1 || p.warmup < 0 || flags.NArg() > 0 {
		return p, errors.New("connections, seconds and rounds must be at least 1, and nothing else is taken")
	}
	return p, nil
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	p, err := readPlan(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(p.dir, "amino-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sync, err := probe(filepath.Join(dir, "probe"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s; one durable write of 4 KiB takes %s here\n\n", machine(), brief(sync))
	s, err := start(ctx, dir)
	if err != nil {
		return err
	}
	r, err := measure(ctx, s, p)
	if err = errors.Join(err, s.stop()); err == nil {
		err = s.check(ctx) // the file at rest
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, s.lastWords())
	}
	r.print(out)
	return nil
}

// measure drives the server by the plan, and returns an error if what it made of
// the load is not what it answered.
func measure(ctx context.Context, s *server, p plan) (r report, err error) {
	r.first, r.idle = s.first, memoryOf(s.pid())
	d := time.Duration(p.seconds) * time.Second
	hooks, err := s.openShop(ctx, p.connections)
	if err != nil {
		return r, err
	}
	empty, err := s.size()
	if err != nil {
		return r, err
	}
	if r.rounds, err = hooks.rounds(ctx, time.Duration(p.warmup)*time.Second, d, p.rounds); err != nil {
		return r, err
	}
	full, err := s.size()
	if err != nil {
		return r, err
	}
	r.each = float64(full-empty) / float64(hooks.numbers.Load())
	calls, err := s.openDesk(ctx, p.connections)
	if err != nil {
		return r, err
	}
	if r.calls, err = calls.rounds(ctx, 0, d, 1); err != nil {
		return r, err
	}
	r.busy = memoryOf(s.pid())
	return r, s.check(ctx) // beside the letters that leave
}
