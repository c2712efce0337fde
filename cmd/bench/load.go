package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load sends numbered requests, no number twice. writer makes what a connection
// writes its requests with; the bytes of one are good until the next.
type load struct {
	addr   string
	writer func() func(n uint64) []byte
	next   atomic.Uint64                   // the number of the next request
	end    uint64                          // no number from here on is sent; 0: no end
	wait   func(n uint64)                  // holds request n back until it may be sent; nil: at once
	told   func(n uint64, taken time.Time) // hears of each that was answered as wanted; nil: nobody
}

// answers are what came back.
type answers struct {
	took   []time.Duration // of those answered as wanted, shortest first
	status map[int]int     // how often each other status; 0 is no answer
	denied []uint64        // the numbers of those
	slow   time.Duration   // the longest that a 503 took
	silent int             // answers of 503 without Retry-After
	lasted time.Duration
}

func (a *answers) add(n uint64, got answer, took time.Duration) {
	if got.wanted() {
		a.took = append(a.took, took)
		return
	}
	if got.status == http.StatusServiceUnavailable {
		a.slow = max(a.slow, took)
		if !got.retryAfter {
			a.silent++
		}
	}
	if a.status == nil {
		a.status = map[int]int{}
	}
	a.status[got.status]++
	a.denied = append(a.denied, n)
}

func (a *answers) join(b answers) {
	a.took = append(a.took, b.took...)
	a.denied = append(a.denied, b.denied...)
	a.slow, a.silent = max(a.slow, b.slow), a.silent+b.silent
	for s, n := range b.status {
		if a.status == nil {
			a.status = map[int]int{}
		}
		a.status[s] += n
	}
}

func (a answers) rate() float64 { return float64(len(a.took)) / a.lasted.Seconds() }

func (a answers) p99() float64 { return float64(percentile(a.took, 99)) }

// drive sends over some connections, each the next request when the one before is
// answered, for d or until the numbers end, and waits for what is on its way.
func (l *load) drive(ctx context.Context, connections int, d time.Duration) (answers, error) {
	begun := time.Now()
	parts := make([]answers, connections)
	var workers sync.WaitGroup
	for i := range parts {
		workers.Go(func() { parts[i] = l.work(ctx, begun.Add(d)) })
	}
	workers.Wait()
	sum := answers{lasted: time.Since(begun)}
	for _, p := range parts {
		sum.join(p)
	}
	slices.Sort(sum.took)
	return sum, ctx.Err()
}

// work is one connection's part.
func (l *load) work(ctx context.Context, until time.Time) (a answers) {
	c := conn{addr: l.addr}
	defer c.close()
	write := l.writer()
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		n := l.next.Add(1) - 1
		if l.end > 0 && n >= l.end {
			return a
		}
		if l.wait != nil {
			l.wait(n)
			now = time.Now()
		}
		got, _ := c.do(write(n)) // no answer is status 0
		done := time.Now()
		a.add(n, got, done.Sub(now))
		if l.told != nil && got.wanted() {
			l.told(n, done)
		}
		now = done
	}
	return a
}

// insist tells again what was not answered as wanted, as a shop does, until it
// is: whether the first telling was kept is not known, and must not matter.
func (l *load) insist(ctx context.Context, numbers []uint64) error {
	c := conn{addr: l.addr}
	defer c.close()
	write := l.writer()
	for _, n := range numbers {
		told := func() (bool, error) {
			got, _ := c.do(write(n))
			return got.wanted(), nil
		}
		if err := until(ctx, told); err != nil {
			return err
		}
	}
	return nil
}

// stall is how long nothing may move before it never will: some times what the
// slowest answer or verdict has ever taken.
const stall = 30 * time.Second

// until asks again and again whether it is done.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, stop := context.WithTimeout(ctx, stall)
	defer stop()
	pause := time.NewTicker(10 * time.Millisecond)
	defer pause.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
		}
	}
}
