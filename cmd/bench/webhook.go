package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// most is above what any server here answers in a second: so many orders are
// signed for each second of a round.
const most = 70_000

// field are the servers that take the same webhooks in turn: the program, the same
// without a store, and the peers that there are.
type field struct {
	*bench
	orders  *orders
	targets []*target
	rounds  map[*target][]round
	first   uint64 // the order that the next round begins with
}

// each has every target take one round of d, one after the other.
func (f *field) each(ctx context.Context, connections int, d time.Duration) error {
	n := uint64(most * d.Seconds())
	f.orders.sign(f.first, n)
	for _, t := range f.targets {
		r, err := t.round(ctx, connections, d, f.first, n)
		if err != nil {
			return err
		}
		name := t.name
		if t.calls {
			name += ", calls"
		}
		f.say("  %-22s %6.0f/s  p50 %s  p99 %s  %s a request and %s of the load, %.0f bytes written, %d behind, all done after %s", name, r.rate(),
			brief(percentile(r.took, 50)), brief(percentile(r.took, 99)), brief(r.load.cpu/time.Duration(len(r.took))), brief(r.client.cpu/time.Duration(len(r.took))), float64(r.load.written)/float64(len(r.took)), r.behind, brief(r.lag))
		f.rounds[t] = append(f.rounds[t], r)
	}
	f.first += 2 * n // account tells one more
	return nil
}

// webhooks measures rows 1 to 4, 9 and 16: the whole way of a webhook over HTTP, beside
// servers that do less and servers that do the same by other means.
func (p *plan) webhooks(ctx context.Context) (figures []figure, err error) {
	p.say("rows 1-4, 9, 16: webhooks of 12 KB, and calls, over %d connections", p.connections)
	s, err := p.serve(ctx, filepath.Join(p.dir, "webhooks"))
	if err != nil {
		return nil, err
	}
	figures, err = p.besideOthers(ctx, s)
	if err = errors.Join(err, s.stop()); err == nil {
		err = s.check(ctx) // the file at rest
	}
	return figures, err
}

func (p *plan) besideOthers(ctx context.Context, s *server) (figures []figure, err error) {
	shop, key, err := s.shop(ctx)
	if err != nil {
		return nil, err
	}
	o, err := newOrders(time.Now(), shop)
	if err != nil {
		return nil, err
	}
	ours := s.orders(o, key)
	bare, err := p.bare(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	asynq, river := &peer{name: onAsynq, missing: "not wanted"}, &peer{name: onRiver, missing: "not wanted"}
	if p.wants(2, 3) {
		if asynq, river, err = p.peers(ctx, o); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, asynq.stop(), river.stop()) }()
	calls, err := s.desk(ctx)
	if err != nil {
		return nil, err
	}
	f := &field{bench: &p.bench, orders: o, rounds: map[*target][]round{}, first: 1, targets: []*target{ours, bare}}
	if p.wants(16) {
		f.targets = append(f.targets, calls)
	}
	for _, other := range []*peer{asynq, river} {
		if other.missing == "" {
			f.targets = append(f.targets, other.target)
		}
	}
	if err := f.race(ctx); err != nil {
		return nil, err
	}
	us := f.rounds[ours]
	mixed, err := f.mixedUp(ctx, ours)
	if err != nil {
		return nil, err
	}
	figures = alone(us, f.rounds[bare], p.connections)
	figures[len(figures)-1].aside += fmt.Sprintf("; %s with ids mixed up within %d", kilobytes(mixed.written()), window)
	figures = append(figures, f.beside(us, 2, 1.2, asynq), f.beside(us, 3, 6, river))
	if p.wants(16) {
		figures = append(figures, f.called(us, calls))
	}
	return figures, nil
}

// bare is this same program in its bare mode.
func (b *bench) bare(ctx context.Context, o *orders) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path, err := b.writeShops(o.shops)
	if err != nil {
		return nil, err
	}
	p, err := b.run(ctx, "no store", self, func(addr string) []string { return []string{bareMode, "-addr", addr, "-shops", path} })
	if err != nil {
		return nil, err
	}
	return &target{process: p, load: load{addr: p.addr, writer: o.writer}}, nil
}

// race warms up, takes the rounds, and holds everybody to what they answered.
func (f *field) race(ctx context.Context) error {
	if err := f.each(ctx, f.connections, f.seconds/3); err != nil {
		return err
	}
	f.rounds = map[*target][]round{}
	var begun uint64
	for range f.bench.rounds {
		begun = f.first
		if err := f.each(ctx, f.connections, f.seconds); err != nil {
			return err
		}
	}
	for _, t := range f.targets {
		if err := t.account(ctx, begun); err != nil {
			return err
		}
	}
	return nil
}

// alone are the rows that need no peer.
func alone(us, bare []round, connections int) []figure {
	return []figure{
		{row: 1, what: "whole webhook over HTTP, 12 KB, over the same server without a store", bar: 0.45, atLeast: true, write: percent,
			got: ratio(us, bare, round.rate), aside: fmt.Sprintf("%.0f/s of %.0f/s", middle(us, round.rate), middle(bare, round.rate))},
		{row: 4, what: "p99 at saturation over the store-less server's", bar: 1.2, write: times,
			got: ratio(us, bare, round.p99), aside: fmt.Sprintf("%s over %s", duration(middle(us, round.p99)), duration(middle(bare, round.p99)))},
		{row: 9, what: fmt.Sprintf("bytes written per accepted webhook, %d connections", connections), bar: 3000, write: kilobytes,
			got: middle(us, round.written), aside: fmt.Sprintf("with all verdicts %s", kilobytes(middle(us, round.writtenInAll)))},
	}
}

func (f *field) beside(us []round, row int, bar float64, p *peer) figure {
	g := figure{row: row, what: "the same over Fiber, the same checks and " + p.name, bar: bar, atLeast: true, write: times, missing: p.missing}
	if p.missing == "" {
		them := f.rounds[p.target]
		g.got, g.aside = ratio(us, them, round.rate), fmt.Sprintf("%.0f/s", middle(them, round.rate))
	}
	return g
}

// called is row 16.
func (f *field) called(us []round, calls *target) figure {
	them := f.rounds[calls]
	return figure{row: 16, what: "REST POST /invitations (durable, deduped, capped) over row 1", bar: 0.5, atLeast: true, write: times,
		got: ratio(them, us, round.rate), aside: fmt.Sprintf("%.0f/s, p99 %s", middle(them, round.rate), duration(middle(them, round.p99)))}
}

// mixedUp is one more round of the program alone, with ids that do not rise.
func (f *field) mixedUp(ctx context.Context, ours *target) (round, error) {
	f.orders.mixed = true
	defer func() { f.orders.mixed = false }()
	f.first += window - f.first%window
	n := uint64(most * f.seconds.Seconds())
	f.orders.sign(f.first, n)
	r, err := ours.round(ctx, f.connections, f.seconds, f.first, n)
	if err == nil {
		err = ours.account(ctx, f.first)
	}
	return r, err
}
