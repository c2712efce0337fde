package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	// staleRate is how many webhooks a second come while invitations expire, and in
	// the quiet afterwards.
	staleRate = 500
	// staleMost is how long it may take.
	staleMost = 10 * time.Minute
)

// expiry measures row 12: the program starts over a file in which all has expired
// by the calendar, so that its cron begins with counting them.
func (p *plan) expiry(ctx context.Context) (figures []figure, err error) {
	n := max(1, p.big/10)
	p.say("row 12: %d invitations expire beside %d webhooks/s", n, staleRate)
	f, err := p.fill(ctx, "stale", p.spread(), n)
	defer func() { err = errors.Join(err, f.remove()) }()
	if err != nil {
		return nil, err
	}
	s, err := p.serve(ctx, f.dir)
	if err != nil {
		return nil, err
	}
	figures, err = p.expiring(ctx, s, f, n)
	if err = errors.Join(err, s.stop()); err == nil {
		err = s.check(ctx)
	}
	return figures, err
}

func (p *plan) expiring(ctx context.Context, s *server, f folder, n int) ([]figure, error) {
	t, err := f.target(ctx, s, "amino", len(f.shops), time.Now())
	if err != nil {
		return nil, err
	}
	during, stop := context.WithTimeout(ctx, staleMost)
	defer stop()
	expired := make(chan error, 1)
	var took time.Duration
	go func() {
		defer stop()
		var err error
		took, err = s.awaitChore(during, "expire", n)
		expired <- err
	}()
	beside, err := t.steady(during, p.connections, staleMost, 1)
	if fault := <-expired; fault != nil || ctx.Err() != nil {
		return nil, errors.Join(fault, ctx.Err())
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	quiet, err := t.steady(ctx, p.connections, 5*p.seconds, t.next.Load())
	if err == nil {
		err = t.finish(ctx, append(beside.denied, quiet.denied...))
	}
	if err == nil {
		err = t.account(ctx, 1)
	}
	if err != nil {
		return nil, err
	}
	if err := f.allExpired(ctx, s, n); err != nil {
		return nil, err
	}
	return []figure{
		{row: 12, part: "a", what: fmt.Sprintf("expiry of %d, beside %d webhooks/s", n, staleRate), bar: 20_000, atLeast: true, write: rate, got: float64(n) / took.Seconds(), aside: "in " + brief(took)},
		{row: 12, part: "b", what: "p99 of the webhooks meanwhile over afterwards", bar: 2, write: times, got: beside.p99() / quiet.p99(),
			aside: fmt.Sprintf("%s over %s, p50 %s over %s", duration(beside.p99()), duration(quiet.p99()), brief(percentile(beside.took, 50)), brief(percentile(quiet.took, 50)))},
	}, nil
}

// steady sends webhooks at a fixed rate from order first on.
func (t *orderTarget) steady(ctx context.Context, connections int, d time.Duration, first uint64) (answers, error) {
	t.orders.sign(first, uint64(staleRate*min(d, time.Minute).Seconds()))
	t.next.Store(first)
	t.end = first + 1<<40
	begun := time.Now()
	t.wait = func(n uint64) {
		pause(ctx, time.Until(begun.Add(time.Duration(n-first)*time.Second/staleRate)))
	}
	defer func() { t.wait = nil }()
	a, err := t.drive(ctx, connections, d)
	t.given += int64(t.next.Load() - first)
	return a, err
}

// awaitChore reads the program's log until it says that a chore has done n, and how
// long after the start that was.
func (s *server) awaitChore(ctx context.Context, chore string, n int) (time.Duration, error) {
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		took, done, err := s.chore(chore)
		switch {
		case err != nil:
			return 0, err
		case done > 0 && done != n:
			return 0, fmt.Errorf("%s: LOST OR DOUBLED: of %d the chore did %d", chore, n, done)
		case done > 0:
			return took, nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("the chore %s is not done: %w\n%s", chore, ctx.Err(), s.lastWords())
		case <-every.C:
		}
	}
}

// chore is how much the first run of a chore did, as the log says; 0 while it runs.
func (s *server) chore(name string) (took time.Duration, done int, err error) {
	f, err := os.Open(s.log.Name())
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = f.Close() }()
	var begun time.Time
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if !strings.Contains(lines.Text(), `"serving"`) && !strings.Contains(lines.Text(), `"chore"`) {
			continue
		}
		var line struct {
			Time       time.Time
			Msg, Chore string
			Done       int
			Error      string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			continue // half written
		}
		switch {
		case line.Msg == "serving":
			begun = line.Time
		case line.Chore == name && line.Error != "":
			return 0, 0, fmt.Errorf("%s: %s", name, line.Error)
		case line.Chore == name:
			return line.Time.Sub(begun), line.Done, nil
		}
	}
	return 0, 0, nil
}

// allExpired fails unless each of the n is counted as expired, once.
func (f folder) allExpired(ctx context.Context, s *server, n int) error {
	c, err := f.counts(ctx, s)
	if err == nil && c.Expired != int64(n) {
		err = fmt.Errorf("LOST OR DOUBLED: %d of %d are counted as expired", c.Expired, n)
	}
	return err
}
