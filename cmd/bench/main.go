// Command bench measures the real program and prints one table: each figure beside
// its bar. It builds the program, starts it on empty folders, signs webhooks as a
// shop does and sends them as fast as they are answered, and the same beside it to
// the same server without a store and to servers that others would build instead.
// It hides the load, the reading of a process's usage, the peers' databases, and
// the count that cannot be faked: every order answered 200 is one invitation, told
// once or twice. A bar that is missed is no fault; an invitation lost or doubled
// is, and ends the program with 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := begin(ctx, os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// begin is the bench, or one of the servers that it starts of itself.
func begin(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == bareMode {
		return serveBare(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == wholeMode {
		return serveWhole(ctx, args[1:])
	}
	if len(args) > 0 && args[0] == dispatchMode {
		return serveDispatch(ctx, args[1:], out)
	}
	p, err := readPlan(args)
	if err != nil {
		return err
	}
	return p.carryOut(ctx, out)
}

// plan is what to do.
type plan struct {
	bench
	rows      []int         // none: all
	sustained time.Duration // how long row 5 takes
	onTime    time.Duration // how long row 15 takes
	big       int           // how many invitations a large store has
	keep      string        // where filled folders stay for other runs; "": nowhere
}

func readPlan(args []string) (p plan, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&p.connections, "connections", 64, "keep-alive connections")
	flags.DurationVar(&p.seconds, "seconds", 2*time.Second, "how long a round takes")
	flags.IntVar(&p.rounds, "rounds", 3, "rounds, of which the median counts")
	flags.DurationVar(&p.sustained, "sustained", 2*time.Minute, "how long row 5 goes on")
	flags.DurationVar(&p.onTime, "ontime", time.Minute, "how long row 15 goes on in real time")
	flags.IntVar(&p.big, "big", 10_000_000, "invitations in the large store of rows 8, 10 and 11, which takes 1.4 KB each; a tenth as many vendors in rows 7 and 13, and letters in row 12")
	flags.StringVar(&p.keep, "keep", "", "a folder in which filled stores stay, so that the next run only copies them")
	flags.StringVar(&p.dir, "dir", os.TempDir(), "where the folder is made; one in memory makes every sync free")
	rows := flags.String("rows", "", "the rows of the table to measure, like 1,2,3; 0 is beyond capacity; all if empty")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	if p.connections < 1 || p.seconds <= 0 || p.rounds < 1 || p.big < 1 || flags.NArg() > 0 {
		return p, errors.New("connections, seconds, rounds and big must be at least 1, and nothing else is taken")
	}
	for text := range strings.SplitSeq(*rows, ",") {
		if text == "" {
			continue
		}
		row, err := strconv.Atoi(text)
		if err != nil || row < 0 || row > 17 {
			return p, fmt.Errorf("there is no row %q", text)
		}
		p.rows = append(p.rows, row)
	}
	return p, nil
}

// wants reports whether one of the rows is to be measured.
func (p *plan) wants(rows ...int) bool {
	return len(p.rows) == 0 || slices.ContainsFunc(rows, func(r int) bool { return slices.Contains(p.rows, r) })
}

func (p *plan) carryOut(ctx context.Context, out io.Writer) (err error) {
	p.out = out
	if p.dir, err = os.MkdirTemp(p.dir, "amino-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.dir)) }()
	sync, err := probe(filepath.Join(p.dir, "probe"))
	if err != nil {
		return err
	}
	p.say("%s; one durable write of 4 KiB takes %s here\n", machine(), brief(sync))
	if err := p.build(ctx); err != nil {
		return err
	}
	figures, err := p.measure(ctx)
	p.say("")
	printTable(out, figures)
	if err == nil && p.wants(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17) {
		p.say("\nEvery order and every call became one invitation, told once or twice; the program's own check finds nothing.")
	}
	return err
}

// build makes the program as it is released.
func (b *bench) build(ctx context.Context) error {
	b.bin = filepath.Join(b.dir, "amino")
	build := exec.CommandContext(ctx, "go", "build", "-o", b.bin, "aminobridge/cmd/amino")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if words, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, words)
	}
	return nil
}

// measure takes the rows that are wanted, one group after the other. The fault of
// one does not keep the others from being measured.
func (p *plan) measure(ctx context.Context) (figures []figure, err error) {
	for _, group := range []struct {
		rows    []int
		measure func(context.Context) ([]figure, error)
	}{
		{[]int{1, 2, 3, 4, 9, 16}, p.webhooks},
		{[]int{5, 6, 17}, p.wholeJob},
		{[]int{14}, p.verifying},
		{[]int{15}, p.paced},
		{[]int{0}, p.flood},
		{[]int{7, 13}, p.crowd},
		{[]int{12}, p.expiry},
		{[]int{8, 10, 11}, p.large},
	} {
		if !p.wants(group.rows...) || ctx.Err() != nil {
			continue
		}
		found, fault := group.measure(ctx)
		err = errors.Join(err, fault)
		figures = append(figures, found...)
	}
	return slices.DeleteFunc(figures, func(f figure) bool { return !p.wants(f.row) }), err
}
