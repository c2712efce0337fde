package pace_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
)

var (
	schedules = flag.Int("schedules", 1_000_000, "how many random schedules")
	firstSeed = flag.Uint64("seed", 1, "the first seed; one seed is one schedule")
)

// TestSchedules plays random schedules of admissions, claims, crashes, retries,
// cap changes and clocks that stand still, and holds the provider's log to I3
// and every admission to its rule. A failure names its seed; run it alone with
// -seed N -schedules 1.
func TestSchedules(t *testing.T) {
	var workers sync.WaitGroup
	n := uint64(runtime.GOMAXPROCS(0))
	for w := range n {
		workers.Go(func() {
			for i := w; i < uint64(*schedules) && !t.Failed(); i += n {
				if err := play(*firstSeed + i); err != nil {
					t.Errorf("seed %d: %v", *firstSeed+i, err)
				}
			}
		})
	}
	workers.Wait()
}

// vendor is the outside view of one vendor: what the provider took, and what a
// store would keep of its letters.
type vendor struct {
	*rand.Rand
	desk    pace.Desk
	book    *book
	real    time.Time // the provider's clock
	pace    time.Time // the store's: never faster, and it stands still over a boot
	letters []*letter
	next    uint64

	sends    []time.Time // real
	caps     []capChange // real
	admitted []time.Time // pace
	changed  time.Time   // pace, of the rule
}

type capChange struct {
	at  time.Time
	cap int
}

type letter struct {
	lane       core.Lane
	holder     pace.Holder
	free       time.Time // of the slot it holds
	maybe      time.Time
	leaseUntil time.Time // pace; zero while it waits
	taken      bool      // by the provider
	done       bool
}

var epoch = time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC)

func play(seed uint64) error {
	v := &vendor{Rand: rand.New(rand.NewPCG(seed, 1)), real: epoch, pace: epoch, book: new(book)}
	v.desk.Book = v.book
	v.setRule()
	for range 60 {
		if err := v.step(); err != nil {
			return err
		}
	}
	return v.checkSends()
}

func (v *vendor) step() error {
	v.pass()
	v.desk.Sweep(v.pace)
	switch v.IntN(10) {
	case 0, 1:
		return v.admit()
	case 2:
		v.add([]core.Lane{core.Orders, core.Bulk}[v.IntN(2)])
	case 3:
		if v.IntN(4) == 0 {
			v.setRule()
		}
	default:
		v.lapse()
		v.claim()
	}
	return v.checkCounts()
}

// pass lets time go by. Over a new boot pace time stands still.
func (v *vendor) pass() {
	d := time.Duration(v.Int64N(int64([]time.Duration{time.Second, time.Minute, 20 * time.Minute, 2 * time.Hour}[v.IntN(4)])))
	v.real = v.real.Add(d)
	if v.IntN(8) > 0 {
		v.pace = v.pace.Add(d)
	}
}

func (v *vendor) setRule() {
	limit := 1 + v.IntN(4)
	v.desk.Rule = pace.Rule{Cap: limit, Reserve: v.IntN(limit), Smooth: v.IntN(2) == 0}
	v.caps = append(v.caps, capChange{v.real, limit})
	v.changed = v.pace
}

func (v *vendor) add(lane core.Lane) *letter {
	v.next++
	l := &letter{lane: lane, holder: pace.Holder{Invitation: core.InvitationID{byte(v.next >> 8), byte(v.next)}, Kind: core.First}}
	v.letters = append(v.letters, l)
	return l
}

// admit makes a direct call and recounts by hand whether it had to be admitted.
func (v *vendor) admit() error {
	inHour := 0
	for _, at := range v.admitted {
		if at.After(v.pace.Add(-time.Hour)) {
			inHour++
		}
	}
	pacedLive := 0
	for _, m := range v.book.sets[pace.PacedSlots] {
		if m.at.After(v.pace) {
			pacedLive++
		}
	}
	want := inHour+pacedLive < v.desk.Rule.Cap
	promised := inHour < v.desk.Rule.Reserve && v.pace.Sub(v.changed) > 2*time.Hour
	l := v.add(core.Direct)
	wait, ok := v.desk.Admit(l.holder, v.pace)
	switch {
	case ok != want:
		return fmt.Errorf("admitted %t with %d calls in the hour, %d paced live, cap %d", ok, inHour, pacedLive, v.desk.Rule.Cap)
	case promised && !ok:
		return fmt.Errorf("refused within the reserve of %d", v.desk.Rule.Reserve)
	case !ok && (wait <= 0 || wait > time.Hour+pace.Lease+2*time.Second):
		return fmt.Errorf("refused with a wait of %s", wait)
	case ok:
		v.admitted = append(v.admitted, v.pace)
	default:
		v.letters = v.letters[:len(v.letters)-1]
	}
	return nil
}

// lapse is a claim's first duty: a lease that ran out may have left.
func (v *vendor) lapse() {
	for _, l := range v.letters {
		if !l.leaseUntil.IsZero() && !l.leaseUntil.After(v.pace) {
			l.leaseUntil, l.maybe = time.Time{}, l.free
		}
	}
}

func (v *vendor) waiting(lane core.Lane) *letter {
	for _, l := range v.letters {
		if l.lane == lane && !l.done && l.leaseUntil.IsZero() {
			return l
		}
	}
	return nil
}

// claim leases a letter, if the rule lets one go, and plays its attempt.
func (v *vendor) claim() {
	lane, ok := v.desk.Choose(func(lane core.Lane) bool {
		l := v.waiting(lane)
		if l == nil {
			return false
		}
		_, free := v.desk.Next(lane, v.pace)
		return free || v.desk.Again(lane, l.free, v.pace)
	})
	if !ok {
		return
	}
	l := v.waiting(lane)
	if v.desk.Again(lane, l.free, v.pace) {
		l.free = v.desk.Extend(lane, l.holder, l.free, v.pace)
	} else {
		l.free = v.desk.Take(lane, l.holder, v.pace)
	}
	l.leaseUntil = v.pace.Add(pace.Lease)
	v.attempt(l)
}

// attempt ends in one of the ways of DESIGN section 6, or in a crash. While it
// runs both clocks run alike, for no boot is survived by an attempt.
func (v *vendor) attempt(l *letter) {
	length := time.Duration(v.Int64N(int64(55 * time.Second)))
	end := v.IntN(5)
	took := end == 0 || end >= 2 && v.IntN(2) == 0
	if took && !l.taken { // the provider takes a send key once
		l.taken = true
		v.sends = append(v.sends, v.real.Add(time.Duration(v.Int64N(int64(length)+1))))
	}
	if end >= 3 { // crash: nobody settles
		return
	}
	v.real, v.pace = v.real.Add(length), v.pace.Add(length)
	v.desk.Sweep(v.pace)
	l.leaseUntil = time.Time{}
	switch end {
	case 0:
		l.free, l.done = v.desk.Left(l.lane, l.holder, l.free, v.pace), true
	case 1:
		l.free = v.desk.NotLeft(l.lane, l.holder, l.free, l.maybe, v.pace)
	case 2:
		l.maybe = l.free
	}
}

// checkSends is I3: in no hour more than the largest cap in force in it.
func (v *vendor) checkSends() error {
	slices.SortFunc(v.sends, time.Time.Compare)
	for i, t := range v.sends {
		from := t.Add(-time.Hour)
		n := 0
		for _, s := range v.sends[:i+1] {
			if s.After(from) {
				n++
			}
		}
		if most := v.largestCap(from, t); n > most {
			return fmt.Errorf("%d sends in the hour before %s, under a cap of %d", n, t, most)
		}
	}
	return nil
}

func (v *vendor) largestCap(from, to time.Time) (most int) {
	for i, c := range v.caps {
		ended := i+1 < len(v.caps) && !v.caps[i+1].at.After(from)
		if !ended && !c.at.After(to) {
			most = max(most, c.cap)
		}
	}
	return most
}

func (v *vendor) checkCounts() error {
	for s, n := range []int{v.desk.State.Direct, v.desk.State.Paced, v.desk.State.Admitted} {
		if have := len(v.book.sets[s]); have != n {
			return fmt.Errorf("set %d counts %d and has %d", s, n, have)
		}
	}
	return nil
}

// TestBacklogDrains is I6: a paced backlog B with healthy attempts of length d
// is gone in time, and wastes less than a thousandth of its slots.
func TestBacklogDrains(t *testing.T) {
	for _, smooth := range []bool{true, false} {
		for _, c := range []struct{ limit, reserve, backlog int }{{100, 10, 500}, {100, 0, 1000}, {3, 0, 10}, {1, 0, 4}, {50, 25, 300}} {
			t.Run(fmt.Sprintf("cap %d reserve %d backlog %d smooth %t", c.limit, c.reserve, c.backlog, smooth), func(t *testing.T) {
				drain(t, pace.Rule{Cap: c.limit, Reserve: c.reserve, Smooth: smooth}, c.backlog)
			})
		}
	}
}

func drain(t *testing.T, rule pace.Rule, backlog int) {
	const d = time.Second
	book := new(book)
	desk := pace.Desk{Rule: rule, Book: book}
	now := epoch
	slots := rule.Cap - rule.Reserve
	hours := (backlog + slots - 1) / slots
	limit := epoch.Add(time.Duration(hours)*(time.Hour+2*time.Second+d) + time.Minute)
	for i := range backlog {
		desk.Sweep(now)
		for at, ok := desk.Next(core.Orders, now); !ok; at, ok = desk.Next(core.Orders, now) {
			now = at
			desk.Sweep(now)
		}
		h := pace.Holder{Invitation: core.InvitationID{byte(i >> 8), byte(i)}, Kind: core.First}
		free := desk.Take(core.Orders, h, now)
		desk.Left(core.Orders, h, free, now.Add(d))
	}
	if now.Add(d).After(limit) {
		t.Errorf("%d letters under %+v were gone after %s, want %s", backlog, rule, now.Sub(epoch), limit.Sub(epoch))
	}
}

// book is a Book in slices.
type book struct{ sets [3][]member }

type member struct {
	at time.Time
	h  pace.Holder
}

func compare(a, b member) int {
	if c := a.at.Compare(b.at); c != 0 {
		return c
	}
	return slices.Compare(a.h.Invitation[:], b.h.Invitation[:])
}

func (b *book) First(s pace.Set) (time.Time, pace.Holder, bool) {
	if len(b.sets[s]) == 0 {
		return time.Time{}, pace.Holder{}, false
	}
	m := b.sets[s][0]
	return m.at, m.h, true
}

func (b *book) Last(s pace.Set) (time.Time, pace.Holder, bool) {
	n := len(b.sets[s])
	if n == 0 {
		return time.Time{}, pace.Holder{}, false
	}
	m := b.sets[s][n-1]
	return m.at, m.h, true
}

func (b *book) Add(s pace.Set, at time.Time, h pace.Holder) bool {
	m := member{at, h}
	i, there := slices.BinarySearchFunc(b.sets[s], m, compare)
	if !there {
		b.sets[s] = slices.Insert(b.sets[s], i, m)
	}
	return !there
}

func (b *book) Remove(s pace.Set, at time.Time, h pace.Holder) bool {
	i, ok := slices.BinarySearchFunc(b.sets[s], member{at, h}, compare)
	if ok {
		b.sets[s] = slices.Delete(b.sets[s], i, i+1)
	}
	return ok
}
