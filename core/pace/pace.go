// Package pace says when a vendor's next letter may leave: the cap of letters in
// any rolling hour, the places kept for direct calls, and the even spacing of
// the rest. It is the whole rule of DESIGN section 6 as pure functions over a
// vendor's small state and the Book in which a store keeps the times; it knows
// neither clock nor file. All times are pace times.
package pace

import (
	"time"

	"aminobridge/core"
)

const (
	// Lease is how long a worker may hold a letter.
	Lease = 60 * time.Second
	// window is how long a slot stays taken after its attempt ended: the hour of
	// the cap, and two seconds for a provider whose clock runs apart from ours.
	window = time.Hour + 2*time.Second
	// everyFourth paced claim is bulk while orders and bulk both wait.
	everyFourth = 4
)

// Set is one of the sorted sets of a Book. A member's time is when it ceases to
// count.
type Set uint8

const (
	DirectSlots Set = iota // slots taken by direct letters
	PacedSlots             // slots taken by letters of the paced lanes
	Admissions             // direct calls admitted
)

// Holder is the letter that took a slot, or the invitation that was admitted.
type Holder struct {
	Invitation core.InvitationID
	Kind       core.Kind
}

// Book is where a store keeps a vendor's members, sorted by time, then holder.
// Add and Remove report whether they changed anything.
type Book interface {
	First(Set) (at time.Time, h Holder, ok bool)
	Last(Set) (at time.Time, h Holder, ok bool)
	Add(s Set, at time.Time, h Holder) bool
	Remove(s Set, at time.Time, h Holder) bool
}

// State is what else is kept of a vendor's pace. The counts are the sizes of the
// book's sets.
type State struct {
	Direct   int // slots held by direct letters
	Paced    int // slots held by paced letters
	Admitted int // direct calls admitted in the last hour
	VT       time.Time
	Turn     int // paced claims since the last bulk one, while both waited
}

// Live is how many slots are taken.
func (s State) Live() int { return s.Direct + s.Paced }

// Rule is what the vendor chose.
type Rule struct {
	Cap     int
	Reserve int
	Smooth  bool
}

// RuleOf reads the rule off a vendor's settings.
func RuleOf(s core.Settings) Rule {
	return Rule{Cap: s.Cap, Reserve: s.Reserved(), Smooth: s.Pacing == "smooth"}
}

// Step is the even distance between paced letters.
func (r Rule) Step() time.Duration { return time.Hour / time.Duration(max(1, r.Cap-r.Reserve)) }

// Desk is one vendor's rule, state and book for the length of a transaction.
type Desk struct {
	Rule  Rule
	State State
	Book  Book
}

// Sweep lets go of what has run out. Call it before anything else. A slot that
// lies further ahead than any attempt can put it comes from a clock that was
// wrong; it is brought back, so that no fault of a clock stalls a vendor for
// longer than a full hour.
func (d *Desk) Sweep(now time.Time) {
	for _, s := range []Set{DirectSlots, PacedSlots, Admissions} {
		if *d.count(s) == 0 {
			continue
		}
		for at, h, ok := d.Book.First(s); ok && !at.After(now); at, h, ok = d.Book.First(s) {
			d.remove(s, at, h)
		}
		limit := now.Add(Lease + window)
		for at, h, ok := d.Book.Last(s); ok && at.After(limit); at, h, ok = d.Book.Last(s) {
			d.move(s, h, at, limit)
		}
	}
	if limit := now.Add(d.Rule.Step()); d.State.VT.After(limit) {
		d.State.VT = limit
	}
}

// Next reports whether a letter of the lane may take a slot now and, if not, a
// moment before which it is no use to ask again. Both hold as long as the rule
// stays as it is.
func (d *Desk) Next(lane core.Lane, now time.Time) (at time.Time, ok bool) {
	if d.State.Live() >= d.Rule.Cap {
		return d.soonest(DirectSlots, PacedSlots), false
	}
	if !lane.Paced() {
		return now, true
	}
	if d.State.Paced >= d.Rule.Cap-d.Rule.Reserve {
		return d.soonest(PacedSlots), false
	}
	if d.Rule.Smooth && d.State.VT.After(now) {
		return d.State.VT, false
	}
	return now, true
}

// Choose picks the lane that goes first among those with a letter ready, and
// takes the turn; false if none is ready.
func (d *Desk) Choose(ready func(core.Lane) bool) (core.Lane, bool) {
	orders, bulk := ready(core.Orders), ready(core.Bulk)
	switch {
	case ready(core.Direct):
		return core.Direct, true
	case orders && bulk:
		if d.State.Turn = (d.State.Turn + 1) % everyFourth; d.State.Turn == 0 {
			return core.Bulk, true
		}
		return core.Orders, true
	case orders:
		return core.Orders, true
	case bulk:
		return core.Bulk, true
	}
	return 0, false
}

// Take takes a slot for an attempt that begins now and returns when the slot
// comes free if nothing more is heard of the attempt. Ask Next before.
func (d *Desk) Take(lane core.Lane, h Holder, now time.Time) time.Time {
	if lane.Paced() {
		d.State.VT = later(d.State.VT, now.Add(-d.Rule.Step())).Add(d.Rule.Step())
	}
	free := now.Add(Lease + window)
	d.add(slots(lane), free, h)
	return free
}

// Again reports whether a letter may be tried again in the slot it holds, which
// comes free at held. After the cap was lowered letters may hold more slots than
// it allows; then they wait like all others, or their retries would leave under
// the new cap in the number of the old. The same goes for a raised reserve.
func (d *Desk) Again(lane core.Lane, held, now time.Time) bool {
	fits := d.State.Live() <= d.Rule.Cap && (!lane.Paced() || d.State.Paced <= d.Rule.Cap-d.Rule.Reserve)
	return fits && Holds(held, now)
}

// Extend moves a slot that the letter still holds to the end of a new attempt.
// Ask Again before.
func (d *Desk) Extend(lane core.Lane, h Holder, held, now time.Time) time.Time {
	return d.move(slots(lane), h, held, now.Add(Lease+window))
}

// Left says that the attempt of a held slot ended at now with the letter gone:
// its hour counts from here. An answer so late that the slot is free already
// changes nothing, since the letter left before the lease ended.
func (d *Desk) Left(lane core.Lane, h Holder, held, now time.Time) time.Time {
	if !Holds(held, now) {
		return held
	}
	return d.move(slots(lane), h, held, now.Add(window))
}

// NotLeft gives a slot back, or sets it to what an earlier attempt, which may
// have left, had put it at.
func (d *Desk) NotLeft(lane core.Lane, h Holder, held, maybe, now time.Time) time.Time {
	switch {
	case !Holds(held, now):
		return time.Time{}
	case Holds(maybe, now):
		return d.move(slots(lane), h, held, maybe)
	}
	d.remove(slots(lane), held, h)
	return time.Time{}
}

// Holds reports whether a slot that comes free at held is still taken at now.
func Holds(held, now time.Time) bool { return held.After(now) }

// Admit gives a direct call its place in the hour, or says when to come again.
func (d *Desk) Admit(h Holder, now time.Time) (retryAfter time.Duration, ok bool) {
	if d.Admissible() == 0 {
		return d.Reset(now), false
	}
	d.add(Admissions, now.Add(time.Hour), h)
	return 0, true
}

// Admissible is how many direct calls would be admitted now.
func (d *Desk) Admissible() int {
	return max(0, d.Rule.Cap-d.State.Admitted-d.State.Paced)
}

// Reset is how long it takes until the next place of Admissible frees; 0 if
// none is taken.
func (d *Desk) Reset(now time.Time) time.Duration {
	at := d.soonest(Admissions, PacedSlots)
	if at.IsZero() {
		return 0
	}
	return at.Sub(now)
}

func slots(lane core.Lane) Set {
	if lane.Paced() {
		return PacedSlots
	}
	return DirectSlots
}

func (d *Desk) count(s Set) *int {
	return [...]*int{DirectSlots: &d.State.Direct, PacedSlots: &d.State.Paced, Admissions: &d.State.Admitted}[s]
}

func (d *Desk) add(s Set, at time.Time, h Holder) {
	if d.Book.Add(s, at, h) {
		*d.count(s)++
	}
}

func (d *Desk) remove(s Set, at time.Time, h Holder) {
	if d.Book.Remove(s, at, h) {
		*d.count(s)--
	}
}

// move adds even what is not there to be moved (Sweep may have brought it back):
// to hold a slot too long is safe.
func (d *Desk) move(s Set, h Holder, from, to time.Time) time.Time {
	d.remove(s, from, h)
	d.add(s, to, h)
	return to
}

// soonest is the first time at which a member of any of the sets ceases to count.
func (d *Desk) soonest(sets ...Set) time.Time {
	var first time.Time
	for _, s := range sets {
		if at, _, ok := d.Book.First(s); ok && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
