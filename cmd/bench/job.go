package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"aminobridge/core/vault"
)

// vendors is how many share the work of the whole job: a real spread, in which
// none is so large that it alone decides.
const vendors = 100

// job is the whole of it, from a webhook to a letter that is recorded and counted,
// of the program and, beside it, of those who build it on a queue.
type job struct {
	*bench
	orders *orders
	ours   *target
	first  uint64
}

// wholeJob measures rows 5, 6 and 17.
func (p *plan) wholeJob(ctx context.Context) (figures []figure, err error) {
	p.say("rows 5, 6, 17: the whole job, %d vendors", vendors)
	shops := make([]shop, vendors)
	for i := range shops {
		name := fmt.Sprintf("bench-%04d", i)
		shops[i] = shop{Vendor: name, Domain: name + ".myshopify.com", Token: vault.NewShopToken(), Secret: secret}
	}
	o, err := newOrders(time.Now(), shops...)
	if err != nil {
		return nil, err
	}
	path, err := p.writeShops(shops)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	server, err := p.run(ctx, "amino, whole", self, func(addr string) []string {
		return []string{wholeMode, "-addr", addr, "-shops", path, "-file", filepath.Join(p.dir, "whole.db")}
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	j := &job{bench: &p.bench, orders: o, first: 1, ours: worker(server, o)}
	if p.wants(6) {
		figures, err = j.besideOthers(ctx)
	}
	if err != nil || !p.wants(5, 17) {
		return figures, err
	}
	steady, err := j.sustained(ctx, p.sustained)
	if err != nil || !p.wants(17) {
		return append(figures, steady), err
	}
	prompt, err := j.promptness(ctx, steady.got/2)
	return append(figures, steady, prompt), err
}

// worker is a server of the whole job, which is done with an order when its letter
// is recorded as sent.
func worker(p *process, o *orders) *target {
	return &target{process: p, load: load{addr: p.addr, writer: o.writer}, kept: func(ctx context.Context) (int64, error) {
		d, err := tally(ctx, p.addr)
		return d.Kept, err
	}}
}

// likely is above what the whole job is done at, as a rule: for more than so many
// orders a second the load signs while it runs.
const likely = 8_000

// take is a run of one server over orders that no other run has.
func (j *job) take(ctx context.Context, t *target, d time.Duration) (run, error) {
	n := uint64(most * d.Seconds())
	j.orders.sign(j.first, uint64(likely*d.Seconds()))
	r, err := t.keepUp(ctx, j.connections, d, j.first, n)
	j.first += n
	if err == nil {
		j.say("  %-22s %6.0f letters/s, first and last quarter %.0f and %.0f/s, all counted %s after the last webhook",
			t.name, r.whole(), r.speed(0, 1), r.speed(3, 4), brief(r.lag))
	}
	return r, err
}

// besideOthers is row 6: rounds in turn with the peers, over the faster of them.
func (j *job) besideOthers(ctx context.Context) (figures []figure, err error) {
	asynq, river, err := j.peers(ctx, j.orders, "-job")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, asynq.stop(), river.stop()) }()
	f := figure{row: 6, what: "the whole job over the same built by hand on the faster of asynq and River", bar: 4, atLeast: true, write: times}
	if asynq.missing != "" && river.missing != "" {
		f.missing = asynq.missing + ", " + river.missing
		return []figure{f}, nil
	}
	var us []float64
	them := map[string][]float64{}
	for range j.rounds {
		r, err := j.take(ctx, j.ours, 3*j.seconds)
		if err != nil {
			return nil, err
		}
		us = append(us, r.whole())
		for _, p := range []*peer{asynq, river} {
			if p.missing != "" {
				continue
			}
			r, err := j.take(ctx, p.target, 3*j.seconds)
			if err != nil {
				return nil, err
			}
			them[p.name] = append(them[p.name], r.whole())
		}
	}
	f.got, f.aside = overBest(us, them)
	for _, p := range []*peer{asynq, river} {
		if p.missing != "" {
			f.aside += "; not measured: " + p.missing
		}
	}
	return []figure{f}, nil
}

// overBest is the median of our rounds over the faster peer's of the same rounds.
func overBest(us []float64, them map[string][]float64) (got float64, aside string) {
	aside = fmt.Sprintf("%.0f/s", median(us))
	for i, name := range slices.Sorted(maps.Keys(them)) {
		var each []float64
		for k, v := range them[name] {
			each = append(each, us[k]/v)
		}
		if m := median(each); i == 0 || m < got {
			got = m
		}
		aside += fmt.Sprintf(", %s %.0f/s", name, median(them[name]))
	}
	return got, aside
}

// sustained is row 5.
func (j *job) sustained(ctx context.Context, d time.Duration) (figure, error) {
	r, err := j.take(ctx, j.ours, d)
	f := figure{row: 5, what: fmt.Sprintf("whole job for %s, at most %d on their way", d, backlog), bar: 2500, atLeast: true, write: rate}
	if err != nil {
		return f, err
	}
	f.got, f.aside = r.whole(), fmt.Sprintf("first quarter %.0f/s, last %.0f/s; webhooks' p99 %s; one letter each of %d", r.speed(0, 1), r.speed(3, 4), brief(percentile(r.took, 99)), len(r.took))
	return f, nil
}
