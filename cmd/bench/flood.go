package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"
)

const (
	floodConnections = 256
	floodFor         = 30 * time.Second
	// glance is how often each of the other routes is asked meanwhile.
	glance = time.Second / 20
)

// flood shows what bad load gets: webhooks over more connections than they are
// answered at their best with, for long, and beside them the pages of customers.
func (b *bench) flood(ctx context.Context) (figures []figure, err error) {
	b.say("beyond capacity: webhooks over %d connections for %s", floodConnections, floodFor)
	s, err := b.serve(ctx, filepath.Join(b.dir, "flood"))
	if err != nil {
		return nil, err
	}
	figures, err = b.drown(ctx, s)
	if err = errors.Join(err, s.stop()); err == nil {
		err = s.check(ctx)
	}
	return figures, err
}

func (b *bench) drown(ctx context.Context, s *server) ([]figure, error) {
	shop, key, err := s.shop(ctx)
	if err != nil {
		return nil, err
	}
	o, err := newOrders(time.Now(), shop)
	if err != nil {
		return nil, err
	}
	links, err := b.links(ctx, s, int(floodFor/glance))
	if err != nil {
		return nil, err
	}
	const n = most / 2 * uint64(floodFor/time.Second)
	o.sign(1, n)
	t := s.orders(o, key)
	begun := memoryOf(s.pid())
	watching, stop := context.WithCancel(ctx)
	defer stop()
	peak, seen := make(chan memory, 1), make(chan map[string]answers, 1)
	go func() { peak <- highest(watching, s.pid()) }()
	go func() { seen <- glances(watching, s.addr, links) }()
	t.next.Store(1)
	t.end = 1 + n
	r, err := t.drive(ctx, floodConnections, floodFor)
	stop()
	if err != nil {
		return nil, err
	}
	behind, err := t.surface(ctx, r)
	b.say("  %.0f/s accepted, %s; %d without a verdict when it stopped", r.rate(), r.refusals(), behind)
	return beyond(r, behind, begun, <-peak, <-seen), err
}

// surface waits for what was accepted. What was refused need not come again here,
// and may have been kept all the same: a refusal is no promise.
func (t *target) surface(ctx context.Context, r answers) (behind int64, err error) {
	kept, err := t.kept(ctx)
	if err != nil {
		return 0, err
	}
	t.given, behind = int64(len(r.took)), int64(len(r.took))-kept
	if err := t.finish(ctx, nil); err != nil {
		return behind, err
	}
	kept, err = t.kept(ctx)
	if most := int64(len(r.took) + len(r.denied)); err == nil && kept > most {
		err = fmt.Errorf("%s: DOUBLED: %d were told; there are %d invitations", t.name, most, kept)
	}
	return behind, err
}

// refusals writes the answers that were none of the wanted.
func (a answers) refusals() string {
	text := "nothing refused"
	for i, status := range slices.Sorted(maps.Keys(a.status)) {
		if i == 0 {
			text = "refused"
		}
		text += fmt.Sprintf(" %d: %d", status, a.status[status])
	}
	return text
}

func beyond(r answers, behind int64, before, peak memory, seen map[string]answers) []figure {
	others := r.silent
	for status, n := range r.status {
		if status != http.StatusServiceUnavailable {
			others += n
		}
	}
	figures := []figure{
		{part: "flood", what: "answers beyond capacity that are neither 200 nor 503 with Retry-After", write: count, got: float64(others), aside: r.refusals()},
		{part: "flood", what: "longest that a 503 took", bar: float64(time.Second), write: duration, got: float64(r.slow)},
		{part: "flood", what: "p99 of those accepted", bar: float64(time.Second), write: duration, got: r.p99(),
			aside: fmt.Sprintf("%.0f/s accepted, %d undecided at the end", r.rate(), behind)},
		{part: "flood", what: "memory beside the store's file, highest", bar: 1e9, write: megabytes, got: float64(peak.own), aside: fmt.Sprintf("%s before; with the file's pages %s", megabytes(float64(before.own)), megabytes(float64(peak.all)))},
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		a := seen[name]
		figures = append(figures, figure{part: "flood", what: "p99 of " + name + " meanwhile", bar: float64(200 * time.Millisecond), write: duration, got: a.p99(),
			aside: fmt.Sprintf("%d asked, %s", len(a.took)+len(a.denied), a.refusals())})
	}
	return figures
}

func megabytes(v float64) string { return fmt.Sprintf("%.0f MB", v/1e6) }

// highest is the most memory that a process has until ctx is done.
func highest(ctx context.Context, pid int) (m memory) {
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for {
		now := memoryOf(pid)
		m = memory{max(m.all, now.all), max(m.own, now.own)}
		select {
		case <-ctx.Done():
			return m
		case <-every.C:
		}
	}
}
