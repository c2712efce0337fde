package main_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/resend/resendtest"
)

// Direct calls against the cap of 100 an hour: without paced letters, one every
// 3600/100 s is never refused, whatever the provider does meanwhile.

const gridCalls = 301

// onGrid makes 301 calls, 36.0 s apart by the program's clock, and none sooner
// than an hour after the answer to the one a hundred calls before, so that a
// place is free for it. None may be refused. From the second hour on letters
// wait for their slots; steps is in how many parts the clock then goes from one
// call to the next, so that they leave between two calls.
func onGrid(v *vendor, steps int) {
	w := v.w
	w.t.Helper()
	begin := w.now()
	var answered []time.Time
	for n := range gridCalls {
		at, parts := begin.Add(time.Duration(n)*36*time.Second), 1
		if n >= 100 {
			at, parts = later(at, answered[n-100].Add(time.Hour)), steps
		}
		for ; parts > 0; parts-- {
			w.idle()
			if ahead := at.Sub(w.now()); ahead > 0 {
				w.move(ahead / time.Duration(parts))
			}
		}
		if a := v.invite(w.person(n), fmt.Sprintf("ORD-%d", n)); a.status != 200 {
			w.t.Fatalf("call %d is answered %d: %s", n, a.status, a.body)
		}
		answered = append(answered, w.now())
	}
	tight := 0
	for n := 100; n < gridCalls; n++ {
		if answered[n].Sub(answered[n-100]) < time.Hour+1500*time.Millisecond {
			tight++
		}
	}
	// A slow machine stretches the hours; stretched by two seconds they would say
	// nothing about the cap.
	if tight < 100 {
		w.t.Fatalf("the machine is too slow for this test: only %d of %d hours were tight", tight, gridCalls-100)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// allMailed advances the clock until every call's mail has left.
func allMailed(v *vendor) {
	v.w.t.Helper()
	for range 5 {
		v.w.advance(time.Hour + time.Minute)
	}
	v.w.same("mails", len(v.w.provider.Mails()), gridCalls)
	if most := v.w.provider.MaxInHour(); most != 100 {
		v.w.t.Errorf("at most %d mails in an hour, want 100", most)
	}
}

func TestACallEvery36SecondsIsNeverRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("grid")
	onGrid(v, 1)
	allMailed(v)
}

// TestACallEvery36SecondsIsNeverRefusedBySlowProvider has a provider that takes
// five seconds of the program's time for each answer: while it holds a letter, it
// moves the clock itself.
func TestACallEvery36SecondsIsNeverRefusedBySlowProvider(t *testing.T) {
	t.Parallel()
	s := &slow{}
	w := newWorld(t)
	s.w = w
	w.stop()
	w.env = append(w.env, w.provides(s)...)
	w.start()
	v := w.vendor("slow-grid")
	onGrid(v, 3)
	allMailed(v)
	w.same("letters that were held", s.held, gridCalls)
}

// slow is a provider with a latency of five seconds by the program's clock. One
// letter is held at a time.
type slow struct {
	w    *world
	mu   sync.Mutex
	held int
}

func (s *slow) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	s.w.moved.Add(int64(5 * time.Second))
	moved := time.Duration(s.w.moved.Load())
	// The verb returns when no letter is on its way, which waits for this one.
	go s.w.tryAmino("clock", "advance", "5s")
	for {
		out, _, _ := s.w.tryAmino("clock", "show")
		if clockAt(out) >= moved || r.Context().Err() != nil {
			break
		}
	}
	s.w.provider.ServeHTTP(rw, r)
}

func TestACallEvery36SecondsIsNeverRefusedByAClosedSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("closed-grid")
	w.provider.Script(resendtest.InvalidKey())
	onGrid(v, 1)
	w.same("mails", len(w.provider.Mails()), 0)
	w.same("requests", len(w.provider.Calls()), 1)
	w.same("open", ask[httpapi.AdminSender](w, "sender", "show", "resend").Open, false)
	w.amino("sender", "open", "resend")
	w.idle()
	w.same("mails at once", len(w.provider.Mails()), 100)
	allMailed(v)
}

func TestAHundredAndOneCallsAtOnceGetOneRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("at-once")
	var calls sync.WaitGroup
	answers := make(chan answer, 101)
	for n := range 101 {
		calls.Go(func() {
			a, err := w.try("POST", invitations, invitation(w.person(n), ""), "Authorization", "Bearer "+v.key)
			if err != nil {
				t.Error(err)
			}
			answers <- a
		})
	}
	calls.Wait()
	close(answers)
	refused := 0
	for a := range answers {
		if a.status == 429 {
			refused++
			a.full()
		} else {
			a.is(200).keys("ok", "review_url")
		}
	}
	w.same("refusals", refused, 1)
	w.idle()
	w.same("mails", len(w.provider.Mails()), 100)
	w.advance(time.Hour)
	v.invite(w.person(200), "").is(200)
}
