package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// backlog is as many orders as may be on their way from webhook to letter: about a
// second's work at most. A new one is sent when one has left, so that what is
// measured goes on at that rate for as long as it likes: nothing piles up.
const backlog = 2000

// gate holds requests back until so many of those before them are done.
type gate struct {
	mu   sync.Mutex
	more *sync.Cond
	upto uint64 // numbers below it may go
	off  bool
}

func newGate(upto uint64) *gate {
	g := &gate{upto: upto}
	g.more = sync.NewCond(&g.mu)
	return g
}

func (g *gate) wait(n uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for n >= g.upto && !g.off {
		g.more.Wait()
	}
}

func (g *gate) open(upto uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.upto = upto
	g.more.Broadcast()
}

func (g *gate) remove() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.off = true
	g.more.Broadcast()
}

// mark is how many letters had left at a moment.
type mark struct {
	at   time.Time
	sent int64
}

// run is a load that was kept up.
type run struct {
	answers
	marks []mark
	lag   time.Duration // until the last of it was recorded
}

// steady is the part of the run from when as many letters had left as may be on
// their way, or its last two thirds: before that, webhooks ran ahead of the rest.
func (r run) steady() []mark {
	third := len(r.marks) / 3
	for i, m := range r.marks[:third] {
		if m.sent-r.marks[0].sent >= backlog {
			return r.marks[i:]
		}
	}
	return r.marks[third:]
}

// speed is letters a second from one part of the steady run to another, in fourths.
func (r run) speed(from, to int) float64 {
	s := r.steady()
	a, b := s[(len(s)-1)*from/4], s[(len(s)-1)*to/4]
	return float64(b.sent-a.sent) / b.at.Sub(a.at).Seconds()
}

func (r run) whole() float64 { return r.speed(0, 4) }

// keepUp sends for d as fast as letters leave, and then holds the server to one
// letter, recorded and counted, for each order.
func (t *target) keepUp(ctx context.Context, connections int, d time.Duration, first, n uint64) (r run, err error) {
	t.next.Store(first)
	t.end = first + n
	g := newGate(first + backlog)
	t.wait = g.wait
	defer func() { t.wait = nil }()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	watched := make(chan error, 1)
	go func() {
		defer g.remove()
		watched <- t.watch(watching, func(sent int64) {
			r.marks = append(r.marks, mark{time.Now(), sent})
			g.open(first + uint64(sent-r.marks[0].sent) + backlog)
		})
	}()
	r.answers, err = t.drive(ctx, connections, d)
	stop()
	if err = errors.Join(err, <-watched); err != nil {
		return r, err
	}
	if len(r.steady()) < 8 {
		return r, fmt.Errorf("%s: %s are too short to see a rate", t.name, d)
	}
	t.given += int64(min(t.next.Load(), t.end) - first)
	begun := time.Now()
	if err := t.finish(ctx, r.denied); err != nil {
		return r, err
	}
	r.lag = time.Since(begun)
	return r, t.exact(ctx)
}

// watch tells again and again how many letters have left, until ctx is done.
func (t *target) watch(ctx context.Context, tell func(sent int64)) error {
	c := conn{addr: t.load.addr}
	defer c.close()
	every := time.NewTicker(5 * time.Millisecond)
	defer every.Stop()
	for {
		got, err := c.do([]byte("GET /sent HTTP/1.1\r\nHost: bench.example\r\n\r\n"))
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", t.name, err, t.lastWords())
		}
		sent, err := strconv.ParseInt(string(got.body), 10, 64)
		if err != nil {
			return err
		}
		tell(sent)
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// exact fails unless each order that was given became one letter, recorded once.
func (t *target) exact(ctx context.Context) error {
	d, err := tally(ctx, t.load.addr)
	if err == nil && (d.Kept != t.given || d.Sent != t.given) {
		err = fmt.Errorf("%s: LOST OR DOUBLED: %d orders were told; %d letters left, %d are counted", t.name, t.given, d.Sent, d.Kept)
	}
	return err
}
