package pace_test

import (
	"fmt"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
)

// Numbers of DESIGN section 6, written down again so that a change of the code
// does not change what is expected of it.
const (
	hour  = time.Hour + 2*time.Second // that a slot stays taken after an attempt
	whole = time.Minute + hour        // and the lease before it
)

// held says when the members of a set cease to count, from the epoch on.
type held map[pace.Set][]time.Duration

func deskWith(rule pace.Rule, members held) *pace.Desk {
	d := &pace.Desk{Rule: rule, Book: new(book)}
	for s, times := range members {
		for i, at := range times {
			d.Book.Add(s, epoch.Add(at), who(byte(100+i)))
		}
	}
	d.State.Direct, d.State.Paced, d.State.Admitted = len(members[pace.DirectSlots]), len(members[pace.PacedSlots]), len(members[pace.Admissions])
	return d
}

func who(n byte) pace.Holder {
	return pace.Holder{Invitation: core.InvitationID{n}, Kind: core.First}
}

func wantTime(t *testing.T, what string, got time.Time, want time.Duration) {
	t.Helper()
	if !got.Equal(epoch.Add(want)) {
		t.Errorf("%s: got %s after the epoch, want %s", what, got.Sub(epoch), want)
	}
}

func wantState(t *testing.T, d *pace.Desk, direct, paced, admitted int) {
	t.Helper()
	got, want := [3]int{d.State.Direct, d.State.Paced, d.State.Admitted}, [3]int{direct, paced, admitted}
	if got != want {
		t.Errorf("direct, paced and admitted: got %v, want %v", got, want)
	}
	for s, n := range d.Book.(*book).sets {
		if len(n) != want[s] {
			t.Errorf("set %d has %d members, want %d", s, len(n), want[s])
		}
	}
}

func TestNext(t *testing.T) {
	burst, smooth := pace.Rule{Cap: 3, Reserve: 1}, pace.Rule{Cap: 3, Reserve: 1, Smooth: true}
	for _, c := range []struct {
		name    string
		rule    pace.Rule
		members held
		vt      time.Duration
		lane    core.Lane
		ok      bool
		at      time.Duration
	}{
		{"nothing taken", burst, nil, 0, core.Direct, true, 0},
		{"nothing taken, paced", smooth, nil, 0, core.Bulk, true, 0},
		{"a place is left for a direct letter", burst, held{pace.DirectSlots: {9}, pace.PacedSlots: {8}}, 0, core.Direct, true, 0},
		{"the cap is taken", burst, held{pace.DirectSlots: {9}, pace.PacedSlots: {7, 8}}, 0, core.Direct, false, 7},
		{"the cap is taken, by direct letters alone", burst, held{pace.DirectSlots: {7, 8, 9}}, 0, core.Orders, false, 7},
		{"the cap is taken, and the first to free is direct", burst, held{pace.DirectSlots: {6}, pace.PacedSlots: {7, 8}}, 0, core.Bulk, false, 6},
		{"paced letters leave the reserve", burst, held{pace.PacedSlots: {7, 8}}, 0, core.Orders, false, 7},
		{"and it is there for direct ones", burst, held{pace.PacedSlots: {7, 8}}, 0, core.Direct, true, 0},
		{"direct letters do not use up the paced part", burst, held{pace.DirectSlots: {7}, pace.PacedSlots: {8}}, 0, core.Orders, true, 0},
		{"a direct slot that frees is none for the paced part", pace.Rule{Cap: 4, Reserve: 2}, held{pace.DirectSlots: {6}, pace.PacedSlots: {7, 8}}, 0, core.Orders, false, 7},
		{"smooth waits for its turn", smooth, nil, 5, core.Orders, false, 5},
		{"smooth, at its turn", smooth, nil, 0, core.Orders, true, 0},
		{"smooth does not hold a direct letter", smooth, nil, 5, core.Direct, true, 0},
		{"burst knows no turn", burst, nil, 5, core.Bulk, true, 0},
		{"admissions take no slot", burst, held{pace.Admissions: {7, 8, 9}}, 0, core.Direct, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(c.rule, c.members)
			d.State.VT = epoch.Add(c.vt)
			at, ok := d.Next(c.lane, epoch)
			if ok != c.ok {
				t.Errorf("may leave: got %t, want %t", ok, c.ok)
			}
			wantTime(t, "at", at, c.at)
		})
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name  string
		ready []core.Lane
		want  string // the lanes chosen one after another; - for none
	}{
		{"direct before all", []core.Lane{core.Bulk, core.Orders, core.Direct}, "direct direct direct direct direct"},
		{"direct before bulk", []core.Lane{core.Bulk, core.Direct}, "direct direct direct direct direct"},
		{"every fourth is bulk while both wait", []core.Lane{core.Bulk, core.Orders}, "orders orders orders bulk orders orders orders bulk"},
		{"orders alone", []core.Lane{core.Orders}, "orders orders orders orders orders"},
		{"bulk alone", []core.Lane{core.Bulk}, "bulk bulk"},
		{"nobody", nil, "- -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(pace.Rule{Cap: 9}, nil)
			got := ""
			for len(got) < len(c.want) {
				got += " " + choose(d, c.ready...)
			}
			if got[1:] != c.want {
				t.Errorf("got %s, want %s", got[1:], c.want)
			}
		})
	}
}

func choose(d *pace.Desk, ready ...core.Lane) string {
	lane, ok := d.Choose(func(l core.Lane) bool {
		for _, r := range ready {
			if r == l {
				return true
			}
		}
		return false
	})
	if !ok {
		return "-"
	}
	return lane.String()
}

// Only claims made while both wait count towards the fourth.
func TestChooseTakesTheTurnOfThoseThatShareIt(t *testing.T) {
	d := deskWith(pace.Rule{Cap: 9}, nil)
	for range 3 {
		choose(d, core.Orders, core.Bulk)
		choose(d, core.Direct, core.Orders, core.Bulk)
		choose(d, core.Orders)
		choose(d, core.Bulk)
	}
	if got := choose(d, core.Orders, core.Bulk); got != "bulk" {
		t.Errorf("the fourth is %s, want bulk", got)
	}
}

func TestTake(t *testing.T) {
	for _, c := range []struct {
		lane          core.Lane
		direct, paced int
	}{{core.Direct, 1, 0}, {core.Orders, 0, 1}, {core.Bulk, 0, 1}} {
		t.Run(c.lane.String(), func(t *testing.T) {
			d := deskWith(pace.Rule{Cap: 9}, nil)
			wantTime(t, "charged to the end of the lease, an hour and two seconds", d.Take(c.lane, who(1), epoch), whole)
			wantState(t, d, c.direct, c.paced, 0)
		})
	}
}

// TestTurn: a paced letter moves the next one's turn by a step, and lateness is
// made up, one step of it.
func TestTurn(t *testing.T) {
	const step = time.Hour / 60
	for _, c := range []struct {
		name     string
		lane     core.Lane
		vt, want time.Duration
	}{
		{"at its turn", core.Orders, 0, step},
		{"late by half a step", core.Orders, -step / 2, step / 2},
		{"late by a step", core.Orders, -step, 0},
		{"late by an hour", core.Bulk, -time.Hour, 0},
		{"a direct letter", core.Direct, -step / 2, -step / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(pace.Rule{Cap: 80, Reserve: 20, Smooth: true}, nil)
			d.State.VT = epoch.Add(c.vt)
			d.Take(c.lane, who(1), epoch)
			wantTime(t, "the next turn", d.State.VT, c.want)
		})
	}
}

func TestAgain(t *testing.T) {
	burst := pace.Rule{Cap: 3, Reserve: 1}
	for _, c := range []struct {
		name    string
		members held
		lane    core.Lane
		free    time.Duration // of the letter's own slot, which is one of the members
		want    bool
	}{
		{"the slot is held", held{pace.PacedSlots: {7}}, core.Orders, 7, true},
		{"the slot is free", nil, core.Orders, 0, false},
		{"the slots fill the cap", held{pace.DirectSlots: {7, 8, 9}}, core.Direct, 7, true},
		{"more slots than a lowered cap", held{pace.DirectSlots: {6, 7, 8, 9}}, core.Direct, 7, false},
		{"paced slots fill their part", held{pace.PacedSlots: {7, 8}}, core.Orders, 7, true},
		{"more paced slots than a raised reserve leaves", held{pace.PacedSlots: {7, 8, 9}}, core.Orders, 7, false},
		{"which is nothing to a direct letter", held{pace.DirectSlots: {7}, pace.PacedSlots: {8, 9}}, core.Direct, 7, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(burst, c.members)
			if got := d.Again(c.lane, epoch.Add(c.free), epoch); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

// TestEnd is how an attempt that began at the epoch ends, ten seconds on.
func TestEnd(t *testing.T) {
	const later = 10 * time.Second
	now := epoch.Add(later)
	for _, c := range []struct {
		name string
		end  func(d *pace.Desk, free time.Time) time.Time
		want time.Duration
		none bool // the slot is given back
	}{
		{"tried again", func(d *pace.Desk, free time.Time) time.Time { return d.Extend(core.Orders, who(1), free, now) }, later + whole, false},
		{"left", func(d *pace.Desk, free time.Time) time.Time { return d.Left(core.Orders, who(1), free, now) }, later + hour, false},
		{"not left", func(d *pace.Desk, free time.Time) time.Time {
			return d.NotLeft(core.Orders, who(1), free, time.Time{}, now)
		}, 0, true},
		{"not left, after a maybe", func(d *pace.Desk, free time.Time) time.Time {
			return d.NotLeft(core.Orders, who(1), free, epoch.Add(30*time.Minute), now)
		}, 30 * time.Minute, false},
		{"not left, after a maybe whose hour is over", func(d *pace.Desk, free time.Time) time.Time {
			return d.NotLeft(core.Orders, who(1), free, now, now)
		}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(pace.Rule{Cap: 9}, nil)
			free := c.end(d, d.Take(core.Orders, who(1), epoch))
			if c.none {
				if !free.IsZero() {
					t.Errorf("the slot frees %s after the epoch, want it given back", free.Sub(epoch))
				}
				wantState(t, d, 0, 0, 0)
				return
			}
			wantTime(t, "the slot frees", free, c.want)
			wantState(t, d, 0, 1, 0)
			at, _, _ := d.Book.First(pace.PacedSlots)
			wantTime(t, "and in the book", at, c.want)
		})
	}
}

// An answer that comes when the slot is long free takes none, and gives none back.
func TestEndOfAFreeSlot(t *testing.T) {
	d := deskWith(pace.Rule{Cap: 9}, nil)
	free := d.Take(core.Direct, who(1), epoch)
	now := epoch.Add(2 * time.Hour)
	d.Sweep(now)
	d.Take(core.Direct, who(2), now)
	if got := d.Left(core.Direct, who(1), free, now); !got.Equal(free) {
		t.Errorf("left: the slot frees at %s, want the %s of before", got, free)
	}
	if got := d.NotLeft(core.Direct, who(1), free, free, now); !got.IsZero() {
		t.Errorf("not left: the slot frees at %s, want none", got)
	}
	wantState(t, d, 1, 0, 0)
}

func TestAdmit(t *testing.T) {
	for _, c := range []struct {
		name    string
		members held
		ok      bool
		wait    time.Duration
	}{
		{"nothing taken", nil, true, 0},
		{"one place left", held{pace.Admissions: {8}, pace.PacedSlots: {9}}, true, 0},
		{"calls fill the cap", held{pace.Admissions: {7, 8, 9}}, false, 7},
		{"calls and paced letters fill it together", held{pace.Admissions: {7, 8}, pace.PacedSlots: {9}}, false, 7},
		{"a paced letter frees the first place", held{pace.Admissions: {7, 8}, pace.PacedSlots: {6}}, false, 6},
		{"more than a lowered cap", held{pace.Admissions: {6, 7, 8, 9}}, false, 6},
		{"the mails of calls do not count", held{pace.DirectSlots: {5, 6, 7}, pace.Admissions: {8, 9}}, true, 0},
		{"nor say when to come again", held{pace.DirectSlots: {5}, pace.Admissions: {7, 8, 9}}, false, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := deskWith(pace.Rule{Cap: 3, Reserve: 1}, c.members)
			before := d.State
			wait, ok := d.Admit(who(1), epoch)
			if ok != c.ok || wait != c.wait {
				t.Errorf("admitted %t, come again in %s; want %t, %s", ok, wait, c.ok, c.wait)
			}
			if c.ok {
				before.Admitted++
			}
			if d.State != before {
				t.Errorf("the state is %+v, want %+v", d.State, before)
			}
		})
	}
}

// An admission counts for an hour, to the very end of it.
func TestAdmissionLastsAnHour(t *testing.T) {
	d := deskWith(pace.Rule{Cap: 1}, nil)
	d.Admit(who(1), epoch)
	for _, c := range []struct {
		after time.Duration
		left  int
		reset time.Duration
	}{{0, 0, time.Hour}, {time.Hour - time.Microsecond, 0, time.Microsecond}, {time.Hour, 1, 0}} {
		now := epoch.Add(c.after)
		d.Sweep(now)
		if left, reset := d.Admissible(), d.Reset(now); left != c.left || reset != c.reset {
			t.Errorf("%s later: %d places, the next in %s; want %d, %s", c.after, left, reset, c.left, c.reset)
		}
	}
}

func TestSweep(t *testing.T) {
	const tick = time.Microsecond
	for _, s := range []pace.Set{pace.DirectSlots, pace.PacedSlots, pace.Admissions} {
		for _, c := range []struct {
			name  string
			at    []time.Duration
			first time.Duration
			left  int
		}{
			{"what has run out goes", []time.Duration{-time.Hour, -tick, 0}, 0, 0},
			{"what has not stays", []time.Duration{0, tick}, tick, 1},
			{"what lies as far ahead as may be stays", []time.Duration{whole}, whole, 1},
			{"what lies further is brought back", []time.Duration{whole + tick, 1000 * time.Hour}, whole, 2},
		} {
			t.Run(fmt.Sprintf("set %d, %s", s, c.name), func(t *testing.T) {
				d := deskWith(pace.Rule{Cap: 9}, held{s: c.at})
				d.Sweep(epoch)
				want := [3]int{}
				want[s] = c.left
				wantState(t, d, want[pace.DirectSlots], want[pace.PacedSlots], want[pace.Admissions])
				if at, _, ok := d.Book.First(s); ok {
					wantTime(t, "the first", at, c.first)
				}
				if at, _, ok := d.Book.Last(s); ok && at.After(epoch.Add(whole)) {
					t.Errorf("the last lies %s ahead", at.Sub(epoch))
				}
			})
		}
	}
}

// A letter may hold two slots, one of which may have got it out. Brought back they
// are one, and count as one.
func TestSweepBringsTwoOfOneLetterBackAsOne(t *testing.T) {
	d := deskWith(pace.Rule{Cap: 9}, nil)
	h := pace.Holder{Invitation: core.InvitationID{1}, Kind: core.First}
	d.Take(core.Orders, h, epoch.Add(1000*time.Hour))
	d.Take(core.Orders, h, epoch.Add(2000*time.Hour))
	wantState(t, d, 0, 2, 0)
	d.Sweep(epoch)
	wantState(t, d, 0, 1, 0)
	d.Sweep(epoch.Add(whole))
	wantState(t, d, 0, 0, 0)
}

// A turn lies no more than a step ahead, whatever the cap was when it was given.
func TestSweepBringsTheTurnBack(t *testing.T) {
	const step = time.Hour / 2
	for _, c := range []struct{ vt, want time.Duration }{{step + 1, step}, {1000 * time.Hour, step}, {step, step}, {-time.Hour, -time.Hour}} {
		d := deskWith(pace.Rule{Cap: 3, Reserve: 1, Smooth: true}, nil)
		d.State.VT = epoch.Add(c.vt)
		d.Sweep(epoch)
		wantTime(t, "the turn", d.State.VT, c.want)
	}
}

func TestRuleOf(t *testing.T) {
	s := core.DefaultSettings()
	if got, want := pace.RuleOf(s), (pace.Rule{Cap: 100, Reserve: 10, Smooth: true}); got != want {
		t.Errorf("by default: got %+v, want %+v", got, want)
	}
	s.Cap, s.Reserve, s.Pacing = 7, 0, "burst"
	if got, want := pace.RuleOf(s), (pace.Rule{Cap: 7}); got != want {
		t.Errorf("as chosen: got %+v, want %+v", got, want)
	}
}

func TestStep(t *testing.T) {
	for _, c := range []struct {
		rule pace.Rule
		want time.Duration
	}{{pace.Rule{Cap: 100, Reserve: 10}, 40 * time.Second}, {pace.Rule{Cap: 1}, time.Hour}, {pace.Rule{}, time.Hour}} {
		if got := c.rule.Step(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.rule, got, c.want)
		}
	}
}
