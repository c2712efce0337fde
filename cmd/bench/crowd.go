package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"aminobridge/cmd/internal/tune"
	"aminobridge/core"
	"aminobridge/core/letter"
	"aminobridge/core/queue"
	"aminobridge/store/bolt"
)

// crowd measures rows 7 and 13, of very many vendors: what they cost while none of
// them has anything to do, and then how fast their letters leave when all have.
func (p *plan) crowd(ctx context.Context) (figures []figure, err error) {
	vendors := max(1, p.big/10)
	p.say("rows 7, 13: %d vendors, one letter each", vendors)
	f, err := p.fill(ctx, "waiting", vendors, vendors)
	defer func() { err = errors.Join(err, f.remove()) }()
	if err != nil {
		return nil, err
	}
	if p.wants(13) {
		figures, err = p.idle(ctx, f, vendors)
		if err != nil {
			return figures, err
		}
	}
	if p.wants(7) {
		found, err := p.dispatching(ctx, f, vendors)
		return append(figures, found), err
	}
	return figures, nil
}

// settled is how long the program is left alone before its memory is read.
const settled = 5 * time.Second

// idle is row 13.
func (p *plan) idle(ctx context.Context, f folder, vendors int) (figures []figure, err error) {
	s, err := p.serve(ctx, f.dir)
	if err != nil {
		return nil, err
	}
	pause(ctx, min(settled, 2*p.seconds))
	m := memoryOf(s.pid())
	if err := s.stop(); err != nil {
		return nil, err
	}
	heap, stored, err := p.fullHours(ctx)
	return []figure{
		{row: 13, part: "a", what: fmt.Sprintf("memory beside the store's file with %d idle vendors", vendors), bar: 200e6, write: megabytes, got: float64(m.own),
			aside: fmt.Sprintf("all of the process, program included; with the file's pages %s", megabytes(float64(m.all)))},
		{row: 13, part: "b", what: "heap for each vendor with a full hour of slots", bar: 1000, write: inBytes, got: max(0, heap),
			aside: fmt.Sprintf("the slots lie in the file, in %s for each vendor", inBytes(stored))},
	}, err
}

func inBytes(v float64) string { return fmt.Sprintf("%.0f bytes", v) }

// fullHours is what a vendor whose slots are all taken keeps on the heap once it was
// looked at, and what its slots take in the file.
func (p *plan) fullHours(ctx context.Context) (heap, stored float64, err error) {
	vendors := max(1, p.big/20_000)
	const slots = 100 // the cap
	f, err := p.fill(ctx, "full", vendors, vendors*(slots+1))
	defer func() { err = errors.Join(err, f.remove()) }()
	if err != nil {
		return 0, 0, err
	}
	store, err := f.open(clock{time.Now()})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	ids, err := everyVendor(ctx, store)
	if err != nil {
		return 0, 0, err
	}
	look := func() (taken int, err error) {
		for _, v := range ids {
			b, err := store.Budget(ctx, v)
			if err != nil {
				return 0, err
			}
			taken += b.Live
			if _, err := store.Claim(ctx, core.ClaimAsk{Vendor: v, N: 1, Now: time.Now()}); !errors.Is(err, core.ErrNothingDue) {
				return 0, fmt.Errorf("a letter over the cap was claimed, or %w", err)
			}
		}
		return taken, nil
	}
	before := heapNow()
	taken, err := look()
	if err == nil && taken != vendors*slots {
		err = fmt.Errorf("%d vendors hold %d slots, want %d each", vendors, taken, slots)
	}
	return float64(heapNow()-before) / float64(vendors), f.slotBytes(), err
}

// heapNow is what lives.
func heapNow() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func everyVendor(ctx context.Context, store *bolt.Store) (ids []core.VendorID, err error) {
	for after := ""; ; {
		page, err := store.Vendors(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return ids, err
		}
		for _, v := range page {
			ids, after = append(ids, v.ID), v.Slug
		}
	}
}

// dispatchMode is the argument with which the bench is the scheduler alone.
const dispatchMode = "dispatch"

// dispatchFor is how long it works.
const dispatchFor = 25 * time.Second

// dispatched is what came of it.
type dispatched struct {
	Sent    int64         `json:"sent"`    // letters that the provider took
	Wrong   int64         `json:"wrong"`   // of them the second of one invitation, or empty
	Settled int64         `json:"settled"` // ends that the store took
	Counted int64         `json:"counted"` // by the counters of the vendors whose letters they were
	Took    time.Duration `json:"took"`
	Fourths []float64     `json:"fourths"` // settled a second, by fourths of the time
}

// dispatching is row 7.
func (p *plan) dispatching(ctx context.Context, f folder, vendors int) (fig figure, err error) {
	fig = figure{row: 7, what: fmt.Sprintf("dispatch alone, %d vendors with a backlog", vendors), bar: 8000, atLeast: true, write: rate}
	self, err := os.Executable()
	if err != nil {
		return fig, err
	}
	d := min(dispatchFor, 12*p.seconds)
	cmd := exec.CommandContext(ctx, self, dispatchMode, "-folder", f.dir, "-for", d.String())
	cmd.Env, cmd.Stderr = bareEnv(), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fig, fmt.Errorf("dispatch: %w\n%s", err, out)
	}
	var got dispatched
	if err := json.Unmarshal(out, &got); err != nil {
		return fig, err
	}
	fig.got = float64(got.Settled) / got.Took.Seconds()
	fig.aside = fmt.Sprintf("%d letters in %s, the fourths of it at %.0f/s", got.Settled, brief(got.Took), got.Fourths)
	if got.Wrong != 0 || got.Sent != got.Settled || got.Sent != got.Counted {
		err = fmt.Errorf("dispatch: LOST OR DOUBLED: %d letters left, %d of them wrong; %d were settled, %d are counted", got.Sent, got.Wrong, got.Settled, got.Counted)
	}
	return fig, err
}

// serveDispatch claims and settles what waits in a folder, over a provider that
// takes every letter at once, with the calendar past the day on which all are due.
func serveDispatch(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet(dispatchMode, flag.ContinueOnError)
	dir := flags.String("folder", "", "the data folder")
	d := flags.Duration("for", dispatchFor, "how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tune.Runtime(os.Getenv)
	clock := clock{time.Now()}
	store, err := folder{dir: *dir}.open(clock)
	if err != nil {
		return err
	}
	got, err := dispatch(ctx, store, clock, *d)
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(got)
}

func dispatch(ctx context.Context, store *bolt.Store, c clock, d time.Duration) (got dispatched, err error) {
	sender := &nullSender{seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
	ends := &endStore{Store: store, vendors: map[core.VendorID]bool{}}
	letters := &queue.Loop{
		Store: ends, Sender: sender, Routes: []string{""}, Links: store.Keys(), Workers: hands, Up: c.up,
		Now: func() time.Time { return c.Now().Add(stays + 2*24*time.Hour) },
		Log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Process: core.Frozen{
			Sender: sender.Name(), Renderer: letter.Renderer, Template: letter.Template, From: "reviews@bench.example",
			PublicURL: "https://bench.example", TokenKey: store.Keys().TokenVersion(),
		},
	}
	working, stop := context.WithTimeout(ctx, d)
	defer stop()
	begun := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- letters.Run(working) }()
	for range 4 {
		before := ends.count()
		pause(working, d/4)
		got.Fourths = append(got.Fourths, float64(ends.count()-before)/(d/4).Seconds())
	}
	err = <-ended // what had begun is settled
	got.Took, got.Sent, got.Wrong, got.Settled = time.Since(begun), sender.sent(), sender.wrong, ends.count()
	for v := range ends.vendors {
		counters, fault := store.Counters(ctx, v)
		err = errors.Join(err, fault)
		got.Counted += counters.Sent
	}
	return got, errors.Join(err, ctx.Err())
}

// endStore counts the letters whose end it took, and knows their vendors.
type endStore struct {
	queue.Store
	mu      sync.Mutex
	n       int64
	vendors map[core.VendorID]bool
}

func (s *endStore) Settle(ctx context.Context, ref core.LeaseRef, o core.Outcome, now time.Time) error {
	err := s.Store.Settle(ctx, ref, o, now)
	if err == nil && o.Begun && o.Err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.n++
		s.vendors[ref.Vendor] = true
	}
	return err
}

func (s *endStore) count() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}
