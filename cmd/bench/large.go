package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// large measures rows 8, 10 and 11, which ask what a store with much in it costs.
// They share a file: the first open finds it cold, and what changes it comes last.
func (p *plan) large(ctx context.Context) (figures []figure, err error) {
	p.say("rows 8, 10, 11: %d invitations", p.big)
	vendors := p.spread()
	big, err := p.fill(ctx, "sent", vendors, p.big)
	defer func() { err = errors.Join(err, big.remove()) }()
	if err != nil {
		return nil, err
	}
	cold, err := p.coldOpen(ctx, big)
	figures = append(figures, cold)
	if err != nil || !p.wants(8, 11) {
		return figures, err
	}
	s, err := p.serve(ctx, big.dir)
	if err != nil {
		return figures, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if p.wants(11) {
		found, err := p.reading(ctx, s, big)
		figures = append(figures, found...)
		if err != nil {
			return figures, err
		}
	}
	if p.wants(8) {
		found, err := p.beside(ctx, s, big)
		return append(figures, found...), err
	}
	return figures, nil
}

// spread is how many vendors share the invitations of a large file.
func (p *plan) spread() int { return max(1, min(1000, p.big/1000)) }

// coldOpen is row 10.
func (p *plan) coldOpen(ctx context.Context, f folder) (fig figure, err error) {
	fig = figure{row: 10, what: fmt.Sprintf("start with %d invitations, nothing of the file in memory, to the first 2xx", p.big), bar: float64(500 * time.Millisecond), write: duration}
	var took []float64
	var left float64
	for range max(3, p.rounds) {
		still, err := dropPages(f.file())
		if err != nil {
			return fig, err
		}
		if _, err := dropPages(f.file() + "-journal"); err != nil {
			return fig, err
		}
		s, err := p.serve(ctx, f.dir)
		if err != nil {
			return fig, err
		}
		took, left = append(took, float64(s.first)), max(left, still)
		if err := s.stop(); err != nil {
			return fig, err
		}
	}
	fig.got = median(took)
	fig.aside = fmt.Sprintf("longest %s; %.1f %% of %s was in memory before", duration(slices.Max(took)), 100*left, gigabytes(f.size()))
	return fig, nil
}

// reading is row 11: the same questions to a server over the large file and to one
// over a small one, in turn.
func (p *plan) reading(ctx context.Context, s *server, big folder) (figures []figure, err error) {
	small, err := p.fill(ctx, "sent", len(big.shops), max(p.big/1000, pageSize*len(big.shops)))
	if err != nil {
		return nil, err
	}
	beside, err := p.serve(ctx, small.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, beside.stop(), small.remove()) }()
	first := map[string]answers{} // of the large file, which nobody has read yet
	for _, q := range questions {
		if first[q.name], err = p.asks(ctx, s, big, q); err != nil {
			return nil, err
		}
		if _, err := p.asks(ctx, beside, small, q); err != nil {
			return nil, err
		}
	}
	if err := readPages(big.file()); err != nil {
		return nil, err
	}
	for _, q := range questions {
		var us, them []round
		for i := range p.rounds + 1 {
			a, err := p.asks(ctx, s, big, q)
			if err != nil {
				return nil, err
			}
			b, err := p.asks(ctx, beside, small, q)
			if err != nil {
				return nil, err
			}
			if i > 0 { // after one that has either map what it reads
				us, them = append(us, round{answers: a}), append(them, round{answers: b})
			}
		}
		figures = append(figures, figure{
			row: 11, part: q.part, what: fmt.Sprintf("%s over REST, p99 at %d invitations over p99 at %d", q.name, p.big, max(p.big/1000, pageSize*len(big.shops))),
			bar: 1.5, write: times, got: ratio(us, them, round.p99),
			aside: fmt.Sprintf("%s over %s; %s while the file was cold", duration(middle(us, round.p99)), duration(middle(them, round.p99)), duration(first[q.name].p99())),
		})
	}
	return figures, nil
}

// pageSize is how many invitations the first page of a list has here: as many as
// every vendor of the small file has.
const pageSize = 10

// question is a path of the API, about any of the vendors.
type question struct {
	part, name string
	path       func(of filledShop) string
}

var questions = []question{
	{"a", "statistics", func(filledShop) string { return "/stats" }},
	{"b", "one invitation", func(of filledShop) string { return "/" + of.Invitations[rand.IntN(len(of.Invitations))] }},
	{"c", "first page of a list by state", func(filledShop) string { return fmt.Sprintf("?state=sent&limit=%d", pageSize) }},
}

// askers are few: the machine is to answer at its ease.
const askers = 2

// asks asks of one vendor after the other, in any order.
func (p *plan) asks(ctx context.Context, s *server, f folder, q question) (answers, error) {
	l := load{addr: s.addr, writer: func() func(uint64) []byte {
		var request []byte
		return func(uint64) []byte {
			of := f.shops[rand.IntN(len(f.shops))]
			request = fmt.Appendf(request[:0], "GET /api/v1/invitations%s HTTP/1.1\r\nHost: bench.example\r\nAuthorization: Bearer %s\r\n\r\n", q.path(of), of.Key)
			return request
		}
	}}
	a, err := l.drive(ctx, askers, p.seconds/2)
	if err == nil && (len(a.denied) > 0 || len(a.took) == 0) {
		err = fmt.Errorf("%s: %d answered, %s\n%s", q.name, len(a.took), a.refusals(), s.lastWords())
	}
	return a, err
}

// beside is row 8: the same webhooks to the program over the large file and over
// one with as many vendors and no invitations, in turn. They are of one shop, as in
// row 1, and then of all of them.
func (p *plan) beside(ctx context.Context, s *server, big folder) (figures []figure, err error) {
	empty, err := p.fill(ctx, "sent", len(big.shops), 0)
	if err != nil {
		return nil, err
	}
	fresh, err := p.serve(ctx, empty.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fresh.stop(), empty.remove()) }()
	if err := readPages(big.file()); err != nil {
		return nil, err
	}
	first, now := uint64(1), time.Now()
	for _, part := range []struct {
		name  string
		shops int
	}{{"a", 1}, {"b", len(big.shops)}} {
		full, err := big.target(ctx, s, "amino, "+millions(p.big), part.shops, now)
		if err != nil {
			return figures, err
		}
		none, err := empty.target(ctx, fresh, "amino, empty", part.shops, now)
		if err != nil {
			return figures, err
		}
		us, them, err := p.turns(ctx, full, none, &first)
		if err != nil {
			return figures, err
		}
		figures = append(figures, figure{
			row: 8, part: part.name, what: fmt.Sprintf("webhooks of %s with %d invitations stored over the empty store", shopsOf(part.shops), p.big),
			bar: 0.8, atLeast: true, write: times, got: ratio(us, them, round.rate),
			aside: fmt.Sprintf("%.0f over %.0f/s; until all had their verdicts %.2f×, %.0f over %.0f/s; %s over %s written; p99 %s over %s",
				middle(us, round.rate), middle(them, round.rate), ratio(us, them, round.rateInAll), middle(us, round.rateInAll), middle(them, round.rateInAll),
				kilobytes(middle(us, round.writtenInAll)), kilobytes(middle(them, round.writtenInAll)), duration(middle(us, round.p99)), duration(middle(them, round.p99))),
		})
	}
	return figures, nil
}

// rateInAll is webhooks a second until all of them had their verdict.
func (r round) rateInAll() float64 { return float64(len(r.took)) / (r.lasted + r.lag).Seconds() }

// turns has two targets take the same rounds of orders that no other round has,
// and holds both to what they answered.
func (p *plan) turns(ctx context.Context, a, b *orderTarget, next *uint64) (as, bs []round, err error) {
	n := uint64(most * p.seconds.Seconds())
	first := *next
	last := p.rounds + 1 // of two that are so near, the median needs some more
	for i := range last + 1 {
		a.orders.sign(first, n)
		b.orders.first, b.orders.signed = a.orders.first, a.orders.signed // the bodies are the same, and the secrets
		for _, t := range []*orderTarget{a, b} {
			r, err := t.round(ctx, p.connections, p.seconds, first, n)
			if err != nil {
				return nil, nil, err
			}
			p.say("  %-22s %6.0f/s  p50 %s  p99 %s, %.0f bytes written, %d behind, all done after %s", t.name, r.rate(),
				brief(percentile(r.took, 50)), brief(percentile(r.took, 99)), r.written(), r.behind, brief(r.lag))
			switch {
			case i == 0: // warms up
			case t == a:
				as = append(as, r)
			default:
				bs = append(bs, r)
			}
		}
		*next += 2 * n // account tells one more
		if i < last {
			first = *next
		}
	}
	return as, bs, errors.Join(a.account(ctx, first), b.account(ctx, first))
}

// orderTarget is a target and the orders that it is told.
type orderTarget struct {
	*target
	orders *orders
}

// target opens the way of webhooks of some of the folder's shops into a server over it.
func (f folder) target(ctx context.Context, s *server, name string, shops int, now time.Time) (*orderTarget, error) {
	f.shops = f.shops[:shops]
	o, err := newOrders(now, f.senders()...)
	if err != nil {
		return nil, err
	}
	before, err := f.counts(ctx, s)
	p := *s.process
	p.name = name
	return &orderTarget{orders: o, target: &target{process: &p, load: load{addr: s.addr, writer: o.writer}, kept: func(ctx context.Context) (int64, error) {
		c, err := f.counts(ctx, s)
		return c.Accepted - before.Accepted, err
	}}}, err
}

func shopsOf(n int) string {
	if n == 1 {
		return "one shop"
	}
	return fmt.Sprintf("%d shops", n)
}

func millions(n int) string {
	if n%1_000_000 == 0 {
		return fmt.Sprintf("%d million", n/1_000_000)
	}
	return fmt.Sprint(n)
}
