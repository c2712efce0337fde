package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"aminobridge/adapters/shopify/shopifytest"
)

// target is a load on one vendor, and the vendor's own count of it.
type target struct {
	*load
	server    *server
	slug, key string
	made      func(counts) int64 // of what was told, how much is dealt with
}

// counts are what the API says of a vendor.
type counts struct {
	Sent     int64            `json:"sent"`
	Accepted int64            `json:"accepted"`
	Verdicts map[string]int64 `json:"verdicts"`
}

func decided(c counts) (n int64) {
	for _, of := range c.Verdicts {
		n += of
	}
	return n
}

func accepted(c counts) int64 { return c.Accepted }

// vendor makes a vendor and a key by which its counts are read.
func (s *server) vendor(ctx context.Context, slug string) (key string, err error) {
	var made struct{ Key string }
	return made.Key, errors.Join(
		s.amino(ctx, nil, "vendor", "add", slug, "--name", "Bench"),
		s.amino(ctx, nil, "vendor", "set", slug, "cap=1000000", "hours=always"),
		s.amino(ctx, &made, "key", "create", "--vendor", slug, "--name", "bench"),
	)
}

// openShop is the way of the webhooks. Their letters are due in a week, so that
// what is measured is the way from webhook to invitation.
func (s *server) openShop(ctx context.Context, connections int) (*target, error) {
	const slug, secret = "bench-shop", "bench-3f7c1f4a9d2e"
	var shop struct {
		URL string `json:"webhook_url"`
	}
	key, err := s.vendor(ctx, slug)
	if err == nil {
		err = s.amino(ctx, &shop, "shop", "add", "--vendor", slug, "--platform", "shopify", "--domain", "bench.myshopify.com", "--secret", secret)
	}
	if err != nil {
		return nil, err
	}
	o, err := newOrders(time.Now())
	if err != nil {
		return nil, err
	}
	l := newLoad(s.addr, connections, func(req *fasthttp.Request, buf []byte, n uint64) []byte {
		buf = o.write(buf, n)
		req.SetRequestURI(shop.URL)
		req.Header.SetMethod(http.MethodPost)
		for name, values := range shopifytest.Header(o.topic, secret, buf) {
			req.Header.Set(name, values[0])
		}
		req.SetBodyRaw(buf)
		return buf
	})
	return &target{load: l, server: s, slug: slug, key: key, made: decided}, nil
}

// openDesk is the way of the REST calls. Their letters leave at once, into the
// mailbox, while more calls come.
func (s *server) openDesk(ctx context.Context, connections int) (*target, error) {
	const slug = "bench-desk"
	key, err := s.vendor(ctx, slug)
	if err != nil {
		return nil, err
	}
	l := newLoad(s.addr, connections, func(req *fasthttp.Request, buf []byte, n uint64) []byte {
		req.SetRequestURI("http://" + s.addr + "/api/v1/invitations")
		req.Header.SetMethod(http.MethodPost)
		req.Header.SetContentType("application/json")
		req.Header.Set("Authorization", "Bearer "+key)
		buf = fmt.Appendf(buf[:0], `{"email":"caller%d@shop.example","name":"Kim Doe","order_ref":"ORD-%d"}`, n, n)
		req.SetBodyRaw(buf)
		return buf
	})
	return &target{load: l, server: s, slug: slug, key: key, made: accepted}, nil
}

// round is what one round showed. What a webhook costs includes its verdict.
type round struct {
	answers
	used, loader usage
	behind       int64 // told and not decided when the load stopped
	decided      int64 // while the load ran
	lag          time.Duration
	mails        int64 // that left meanwhile
}

// round drives the target for d and waits until all that was told is dealt with.
func (t *target) round(ctx context.Context, d time.Duration) (r round, err error) {
	before, err1 := t.counts()
	used, err2 := usageOf(t.server.pid())
	own, err3 := usageOf(os.Getpid())
	if err := errors.Join(err1, err2, err3); err != nil {
		return r, err
	}
	if r.answers, err = t.drive(ctx, d); err != nil {
		return r, err
	}
	stopped := time.Now()
	ownAfter, err1 := usageOf(os.Getpid())
	after, err2 := t.counts()
	if err := errors.Join(err1, err2, t.finish(ctx, r.denied)); err != nil {
		return r, err
	}
	r.lag = time.Since(stopped)
	usedAfter, err := usageOf(t.server.pid())
	r.used, r.loader = usedAfter.since(used), ownAfter.since(own)
	r.decided = t.made(after) - t.made(before)
	r.behind = t.made(before) + int64(len(r.took)) - t.made(after)
	r.mails = after.Sent - before.Sent
	return r, err
}

// rounds warms up, takes n rounds, and then holds the program to its answers.
func (t *target) rounds(ctx context.Context, warm, d time.Duration, n int) (all []round, err error) {
	a, err := t.drive(ctx, warm)
	if err = errors.Join(err, t.finish(ctx, a.denied)); err != nil {
		return nil, err
	}
	for range n {
		r, err := t.round(ctx, d)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, t.account(ctx)
}

// finish has everything dealt with that was told, denied or not.
func (t *target) finish(ctx context.Context, denied []uint64) error {
	if err := t.insist(ctx, denied); err != nil {
		return err
	}
	return t.settle(ctx)
}

// stall is how long nothing may move before it never will: some times what the
// slowest answer or verdict has ever taken.
const stall = 30 * time.Second

// insist tells again what was not answered 200, as a shop does, until it is:
// whether the first telling was kept is not known, and must not matter.
func (t *target) insist(ctx context.Context, numbers []uint64) error {
	var buf []byte
	for _, n := range numbers {
		status := 0
		told := func() (bool, error) {
			status, buf = t.send(n, buf)
			return status == http.StatusOK, nil
		}
		if err := until(ctx, told); err != nil {
			return fmt.Errorf("%s: number %d is still answered %d: %w", t.slug, n, status, err)
		}
	}
	return nil
}

// settle waits until as much is dealt with as was told.
func (t *target) settle(ctx context.Context) error {
	for made := int64(-1); ; {
		before := made
		moved := func() (bool, error) {
			c, err := t.counts()
			made = t.made(c)
			return made > before, err
		}
		if made >= int64(t.numbers.Load()) {
			return nil
		}
		if err := until(ctx, moved); err != nil {
			return fmt.Errorf("%s: LOST: %d were told, %d are dealt with: %w", t.slug, t.numbers.Load(), made, err)
		}
	}
}

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

// again is how many are told a second time, of the first and of the last.
const again = uint64(100)

// account holds the program to its answers: of all that was told, some of it
// twice, there is one invitation each.
func (t *target) account(ctx context.Context) error {
	var twice []uint64
	last := t.numbers.Load()
	for i := range min(again, last) {
		twice = append(twice, i+1, last-i)
	}
	// One more behind them: once it is decided, so is whatever they became.
	if err := t.finish(ctx, append(twice, t.numbers.Add(1))); err != nil {
		return err
	}
	var c counts
	if err := t.server.amino(ctx, &c, "stats", "--vendor", t.slug); err != nil {
		return err
	}
	told := int64(t.numbers.Load())
	if c.Accepted != told || t.made(c) != told {
		return fmt.Errorf("%s: LOST OR DOUBLED: %d were told and answered 200; there are %d invitations, and the verdicts are %v", t.slug, told, c.Accepted, c.Verdicts)
	}
	return nil
}

// counts reads the vendor's counts over the same API that its program has.
func (t *target) counts() (c counts, err error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI("http://" + t.server.addr + "/api/v1/invitations/stats?detail=true")
	req.Header.Set("Authorization", "Bearer "+t.key)
	if err := t.client.Do(req, res); err != nil {
		return c, err
	}
	if res.StatusCode() != http.StatusOK {
		return c, fmt.Errorf("the statistics are answered %d", res.StatusCode())
	}
	var body struct{ Stats counts }
	err = json.Unmarshal(res.Body(), &body)
	return body.Stats, err
}

// others writes the answers that were not 200.
func (a answers) others() string {
	text := ""
	for _, s := range slices.Sorted(maps.Keys(a.status)) {
		name := fmt.Sprint(s)
		if s == 0 {
			name = "none"
		}
		text += fmt.Sprintf(" %s: %d", name, a.status[s])
	}
	if text == "" {
		return "0"
	}
	return text[1:]
}
