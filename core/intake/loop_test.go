package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
)

// pile is a store that keeps events until they are decided. It fails for what
// the test names.
type pile struct {
	sync.Mutex
	waiting  []core.Event
	verdicts []string // the order's id, "!" after it if it was poison
	calls    int
	pending  func(call int) error
	decide   func([]core.Event) error
}

func (p *pile) Pending(_ context.Context, now time.Time, n int) ([]core.Event, error) {
	p.Lock()
	defer p.Unlock()
	p.calls++
	if p.pending != nil {
		if err := p.pending(p.calls); err != nil {
			return nil, err
		}
	}
	var ready []core.Event
	for _, e := range p.waiting {
		if !e.NotBefore.After(now) && len(ready) < n {
			ready = append(ready, e)
		}
	}
	return ready, nil
}

func (p *pile) Decide(_ context.Context, events []core.Event, _ time.Time) ([]core.Verdict, error) {
	p.Lock()
	defer p.Unlock()
	if p.decide != nil {
		if err := p.decide(events); err != nil {
			return nil, err
		}
	}
	var out []core.Verdict
	for _, e := range events {
		p.waiting = slices.DeleteFunc(p.waiting, func(w core.Event) bool { return w.ID == e.ID })
		name := e.Order.ID
		if e.Poison {
			name += "!"
		}
		p.verdicts = append(p.verdicts, name)
		out = append(out, core.Verdict{Event: e.ID, Reason: core.Invited})
	}
	return out, nil
}

func (p *pile) add(names ...string) {
	for _, name := range names {
		p.waiting = append(p.waiting, core.Event{ID: core.NewEventID(now), Order: core.OrderKey{ID: name}, Email: "kim@shop.example", Name: "Kim Doe"})
	}
}

// loop runs over p in the bubble for d, and returns what Run logged and returned.
func loop(t *testing.T, p *pile, d time.Duration, during func(*intake.Loop)) (logged string, err error) {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		l := &intake.Loop{Store: p, Decided: func() {}, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		if during != nil {
			during(l)
		}
		err = <-done
	})
	return log.String(), err
}

func has(event string) func([]core.Event) bool {
	return func(events []core.Event) bool {
		return slices.ContainsFunc(events, func(e core.Event) bool { return e.Order.ID == event && !e.Poison })
	}
}

func TestLoopDecidesAll(t *testing.T) {
	p := &pile{}
	for i := range 600 {
		p.add(fmt.Sprint(i))
	}
	// More than two batches, and not a poll between them.
	if _, err := loop(t, p, time.Millisecond, nil); err != nil || len(p.verdicts) != 600 || p.verdicts[599] != "599" {
		t.Errorf("%v, %d verdicts", err, len(p.verdicts))
	}
}

func TestLoopIsWoken(t *testing.T) {
	for _, nudged := range []bool{true, false} {
		p := &pile{}
		var took time.Duration
		_, _ = loop(t, p, time.Second, func(l *intake.Loop) {
			p.Lock()
			defer p.Unlock()
			begin := time.Now()
			p.decide = func([]core.Event) error { took = time.Since(begin); return nil }
			p.add("a")
			if nudged {
				l.Nudge()
				l.Nudge() // never blocks
			}
		})
		if len(p.verdicts) != 1 || nudged && took != 0 || !nudged && took != 250*time.Millisecond {
			t.Errorf("nudged %v: %d verdicts after %s", nudged, len(p.verdicts), took)
		}
	}
}

func TestLoopWaitsForNotBefore(t *testing.T) {
	p := &pile{}
	_, _ = loop(t, p, 3*time.Second, func(*intake.Loop) {
		p.Lock()
		defer p.Unlock()
		p.add("a")
		p.waiting[0].NotBefore = time.Now().Add(2 * time.Second)
	})
	if len(p.verdicts) != 1 {
		t.Errorf("%d verdicts", len(p.verdicts))
	}
}

func TestLoopSetsPoisonAside(t *testing.T) {
	broken := errors.New("cannot be decided")
	for name, fail := range map[string]func() error{
		"an error": func() error { return broken },
		"a panic":  func() error { panic("kim@shop.example broke it") },
		"a fault":  func() error { return []error{}[len("x")] },
	} {
		t.Run(name, func(t *testing.T) {
			p := &pile{}
			p.add("a", "bad", "c")
			p.decide = func(events []core.Event) error {
				if has("bad")(events) {
					return fail()
				}
				return nil
			}
			log, err := loop(t, p, time.Millisecond, nil)
			if want := []string{"a", "bad!", "c"}; err != nil || !slices.Equal(p.verdicts, want) {
				t.Errorf("got %v, %v; want %v", p.verdicts, err, want)
			}
			if !strings.Contains(log, "set aside") || strings.Contains(log, "kim@") || strings.Contains(log, "Kim") {
				t.Errorf("logged %s", log)
			}
		})
	}
}

// A batch may fail because of nobody in it: nothing is poison then.
func TestLoopRetriesOneByOne(t *testing.T) {
	p := &pile{decide: func(events []core.Event) error {
		if len(events) > 1 {
			return errors.New("too many at once")
		}
		return nil
	}}
	p.add("a", "b")
	if _, err := loop(t, p, time.Millisecond, nil); err != nil || !slices.Equal(p.verdicts, []string{"a", "b"}) {
		t.Errorf("got %v, %v", p.verdicts, err)
	}
}

// One that cannot even be set aside does not keep the others waiting, or the
// processor busy.
func TestLoopGoesOnAroundTheWorst(t *testing.T) {
	tries := 0
	p := &pile{decide: func(events []core.Event) error {
		if events[0].Order.ID == "worst" {
			tries++
			return errors.New("cannot be decided")
		}
		return nil
	}}
	p.add("worst", "b")
	_, err := loop(t, p, 900*time.Millisecond, func(l *intake.Loop) { l.Nudge() })
	if err != nil || !slices.Equal(p.verdicts, []string{"b"}) || tries != 3*4 {
		t.Errorf("got %v, %v after %d tries", p.verdicts, err, tries)
	}
}

func TestLoopAndTheStoresOwnFaults(t *testing.T) {
	for _, c := range []struct {
		name string
		fail error
		want error
	}{
		{"fenced", core.ErrFenced, core.ErrFenced},
		{"full", fmt.Errorf("decide: %w", core.ErrFull), nil},
		{"deadline", context.DeadlineExceeded, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &pile{decide: func([]core.Event) error { return c.fail }}
			p.add("a", "b")
			_, err := loop(t, p, 900*time.Millisecond, func(l *intake.Loop) { l.Nudge() })
			if !errors.Is(err, c.want) || len(p.verdicts) != 0 || p.calls > 4 {
				t.Errorf("got %v, %v after %d calls", p.verdicts, err, p.calls)
			}
		})
	}
}

// A fault of the store is nobody's poison, even if it is over by the next try.
func TestLoopBlamesNobodyForTheStore(t *testing.T) {
	for _, fault := range []error{core.ErrFull, core.ErrFenced, context.DeadlineExceeded} {
		tries := 0
		p := &pile{decide: func([]core.Event) error {
			if tries++; tries <= 2 {
				return fault
			}
			return nil
		}}
		p.add("a")
		_, _ = loop(t, p, 900*time.Millisecond, nil)
		if len(p.verdicts) > 0 && p.verdicts[0] != "a" || len(p.verdicts) == 0 && !errors.Is(fault, core.ErrFenced) {
			t.Errorf("%v: got %v", fault, p.verdicts)
		}
	}
}

// The store is full for a while, and then is not.
func TestLoopRecovers(t *testing.T) {
	p := &pile{pending: func(call int) error {
		if call < 4 {
			return core.ErrFull
		}
		return nil
	}}
	p.add("a")
	log, err := loop(t, p, time.Second, nil)
	if err != nil || len(p.verdicts) != 1 || strings.Count(log, "wait for their verdict") != 1 {
		t.Errorf("got %v, %v; logged %s", p.verdicts, err, log)
	}
}
