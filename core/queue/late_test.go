package queue_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/queue"
)

var (
	virtualHours = flag.Int("hours", 0, "for how many virtual hours a backlog lasts; 0: a few, held to the bars")
	realTime     = flag.Duration("real", 0, "for how long many vendors send in real time; 0: a while in virtual time, held to the bars")
)

// scene is vendors who each have more letters waiting than they may send.
type scene struct {
	rule
	vendors int
	apart   time.Duration // from when one vendor's letters are due to when the next one's are
	answer  time.Duration // how long the provider takes for one
	workers int
	lasts   time.Duration
}

// rule is DESIGN section 6, written down again.
type rule struct {
	places int // for paced letters in an hour
	smooth bool
}

const slotHeld = time.Hour + 2*time.Second // after an attempt has ended

func (r rule) step() time.Duration { return time.Hour / time.Duration(r.places) }

func (r rule) String() string {
	if r.smooth {
		return "smooth"
	}
	return "burst"
}

// logbook is a provider that takes every letter, and notes for each vendor, whose
// name is the domain of the recipients, what was asked of it.
type logbook struct {
	begun  time.Time
	answer time.Duration
	mu     sync.Mutex
	asked  map[string][]attempt
}

// attempt is a request as the provider sees it, counted from when its book begins.
type attempt struct{ begun, ended time.Duration }

func (*logbook) Name() string          { return "logbook" }
func (*logbook) Window() time.Duration { return window }

func (b *logbook) Send(_ context.Context, m core.Mail, key string) (string, error) {
	a := attempt{begun: time.Since(b.begun)}
	time.Sleep(b.answer)
	a.ended = time.Since(b.begun)
	_, vendor, _ := strings.Cut(m.To, "@")
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[vendor] = append(b.asked[vendor], a)
	return key, nil
}

// play has the vendors send for as long as the scene lasts, and returns what the
// provider noted of each.
func (s scene) play(t *testing.T) (asked [][]attempt) {
	// A reserve that nobody uses, so that the paced part of the cap alone is the bound.
	o := open(t, "cap", fmt.Sprint(s.places+10), "reserve", "10", "pacing", s.String(), "hours", "always", "cooldown", "0s")
	o.stop()
	civil := time.Now().Add(time.Hour)
	s.invite(o, civil)
	book := &logbook{begun: time.Now(), answer: s.answer, asked: map[string][]attempt{}}
	o.start(func(l *queue.Loop) {
		l.Sender, l.Workers = book, s.workers
		l.Now = func() time.Time { return civil.Add(time.Since(book.begun)) }
	})
	time.Sleep(s.lasts)
	o.close()
	for v := range s.vendors {
		log := book.asked[host(v)]
		slices.SortFunc(log, func(a, b attempt) int { return cmp.Compare(a.begun, b.begun) })
		asked = append(asked, log)
	}
	return asked
}

func host(vendor int) string { return fmt.Sprintf("v%d.example", vendor) }

// invite gives each vendor more letters than it may send while the scene lasts.
func (s scene) invite(o *office, civil time.Time) {
	letters := s.places * int(2+s.lasts/time.Hour)
	if s.smooth {
		letters = min(letters, int(3+s.lasts/s.step()))
	}
	asks := make(chan core.Ask)
	var askers sync.WaitGroup
	for range 64 { // so that the store writes many at once
		askers.Go(func() {
			for ask := range asks {
				if _, err := o.store.Accept(o.Context(), ask); err != nil {
					o.Error(err)
				}
			}
		})
	}
	for v := range s.vendors {
		id := o.hire(v)
		for n := range letters {
			asks <- core.Ask{
				Vendor: id, Email: fmt.Sprintf("c%d@%s", n, host(v)), Name: "Kim", OrderRef: fmt.Sprint(n), Lane: core.Orders,
				SendAt: civil.Add(time.Duration(v) * s.apart), Now: civil,
			}
		}
	}
	close(asks)
	askers.Wait()
}

// hire makes one more vendor with the settings of the first, which is number 0.
func (o *office) hire(n int) core.VendorID {
	if n == 0 {
		return o.vendor.ID
	}
	v, err := o.store.PutVendor(o.Context(), core.Vendor{
		ID: core.NewVendorID(time.Now()), Slug: fmt.Sprintf("acme-%d", n), Name: "Acme", CreatedAt: time.Now(), Settings: o.vendor.Settings,
	})
	if err != nil {
		o.Error(err)
	}
	return v.ID
}

// turns is what the rule allows a vendor, in the eyes of its provider. It goes on
// from when a letter might have left and not from when it did, so what is lost on
// one letter counts against the next one too; and a slot is held from the answer
// on and not from when we have written that down.
type turns struct {
	rule
	vt   time.Duration
	free []time.Duration // when the slots that were taken come free, sorted
}

// next is the earliest moment for the next letter, which is due at from.
func (v *turns) next(from time.Duration) time.Duration {
	if len(v.free) == v.places {
		from = max(from, v.free[0])
	}
	if v.smooth {
		from = max(from, v.vt)
	}
	return from
}

func (v *turns) take(at, ended time.Duration) {
	v.vt = max(v.vt, at-v.step()) + v.step()
	if len(v.free) == v.places {
		v.free = v.free[1:]
	}
	i, _ := slices.BinarySearch(v.free, ended+slotHeld)
	v.free = slices.Insert(v.free, i, ended+slotHeld)
}

// late says of each attempt how much later it began than it might have. What might
// have left before the end and did not is late too.
func (s scene) late(from time.Duration, asked []attempt) (late []time.Duration) {
	v := turns{rule: s.rule, vt: from - s.step()}
	for _, a := range asked {
		at := v.next(from)
		late = append(late, a.begun-at)
		v.take(at, a.ended)
	}
	for at := v.next(from); at < s.lasts; at = v.next(from) {
		late = append(late, s.lasts-at)
		v.take(at, s.lasts)
	}
	return late
}

// measure plays the scene, holds every vendor to the cap and to its turns, and
// tells how late the letters were, the least first.
func (s scene) measure(t *testing.T) (late []time.Duration, asked [][]attempt) {
	asked = s.play(t)
	for v, log := range asked {
		of := s.late(time.Duration(v)*s.apart, log)
		early := func(l time.Duration) bool { return l < -time.Millisecond } // what is kept of a time is cut to the microsecond
		if i := slices.IndexFunc(of, early); i >= 0 {
			t.Errorf("letter %d of vendor %d left %s before its turn", i, v, -of[i])
		}
		for i := s.places; i < len(log); i++ {
			if log[i].begun-log[i-s.places].begun < time.Hour {
				t.Errorf("vendor %d sent more than %d letters in the hour before %s", v, s.places, log[i].begun)
				break
			}
		}
		late = append(late, of...)
	}
	slices.Sort(late)
	return late, asked
}

func percentile(sorted []time.Duration, p int) time.Duration {
	return sorted[(len(sorted)*p+99)/100-1]
}

// used is which part of the slots a backlog used that there are with attempts of
// this length: P in an hour, two seconds and the attempt, over whole rounds of P,
// so that nothing depends on where an hour is cut.
func (s scene) used(asked []attempt) float64 {
	rounds := (len(asked) - 1) / s.places
	took := asked[rounds*s.places].begun - asked[0].begun
	return float64(rounds) * float64(slotHeld+s.answer) / float64(took)
}

const (
	mostLate  = 250 * time.Millisecond // of 99 in 100 letters
	leastUsed = 0.999
)

// TestBacklogOnTime is I6 through loop and store: under a backlog letters leave when
// the rule allows, and hardly a slot is wasted. In virtual time only what the
// program waits for counts, not how long the machine takes. There are as many
// workers as slots, since how many letters a provider takes at once is not the rule's.
func TestBacklogOnTime(t *testing.T) {
	hours, places := 3, 30
	if *virtualHours > 0 {
		hours, places = *virtualHours, 90
	}
	for _, smooth := range []bool{true, false} {
		for _, answer := range []time.Duration{100 * time.Millisecond, time.Second} {
			s := scene{rule: rule{places, smooth}, vendors: 1, answer: answer, workers: places, lasts: time.Duration(hours)*(slotHeld+answer) + time.Second}
			t.Run(fmt.Sprintf("%s, answers after %s", s, answer), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					late, asked := s.measure(t)
					p99, used := percentile(late, 99), s.used(asked[0])
					t.Logf("backlog: pacing=%s answer=%s hours=%d sends=%d p50=%s p99=%s max=%s used=%.6f",
						s, answer, hours, len(asked[0]), percentile(late, 50), p99, percentile(late, 100), used)
					if *virtualHours == 0 && (p99 > mostLate || used < leastUsed) {
						t.Errorf("p99 %s late and %.4f of the slots used, want %s at most and %.4f", p99, used, mostLate, leastUsed)
					}
				})
			})
		}
	}
}

// TestManyOnTime is the same for many vendors, whose letters come due one vendor
// after the other. In real time it shows what the machine takes too.
func TestManyOnTime(t *testing.T) {
	s := scene{rule: rule{smooth: true}, vendors: 50, apart: 20 * time.Millisecond, workers: 8, lasts: 10 * time.Second}
	if *realTime > 0 {
		s.vendors, s.lasts = 1000, *realTime
	}
	s.places = int(time.Hour / (time.Duration(s.vendors) * s.apart)) // together they send one every apart
	play := func(t *testing.T) {
		late, _ := s.measure(t)
		p99 := percentile(late, 99)
		t.Logf("many: vendors=%d lasts=%s sends=%d p50=%s p99=%s max=%s", s.vendors, s.lasts, len(late), percentile(late, 50), p99, percentile(late, 100))
		if *realTime == 0 && p99 > mostLate {
			t.Errorf("p99 %s late, want %s at most", p99, mostLate)
		}
	}
	if *realTime > 0 {
		play(t)
		return
	}
	synctest.Test(t, play)
}
