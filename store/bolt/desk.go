package bolt

import (
	"encoding/binary"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
)

// desk is one vendor within a transaction: its settings, its pace, its counters
// and its queue. Whatever it gathers is written once, by flush.
type desk struct {
	t      *txn
	vendor core.Vendor
	pace   pace.Desk
	rec    deskRec // as it was read

	counters core.Counters
	waiting  map[int]int // letters by lane
	dirty    bool
	swept    bool
	civil    time.Time // of the last change, for the ready index
	hold     time.Time // pace; it is no use to look before
}

// desk opens a vendor's desk, once a transaction; nil, with core.ErrNotFound, if
// there is no such vendor.
func (t *txn) desk(id core.VendorID) (*desk, error) {
	if d := t.desks[id]; d != nil {
		return d, nil
	}
	v, err := t.vendor(id)
	if err != nil {
		return nil, err
	}
	d := &desk{t: t, vendor: v}
	t.get("desk", d.key('a'), &d.rec)
	var c countersRec
	t.get("desk", d.key('c'), &c)
	d.counters = c.counters()
	d.waiting = d.rec.Waiting
	if d.waiting == nil {
		d.waiting = map[int]int{}
	}
	d.pace = pace.Desk{Rule: pace.RuleOf(v.Settings), State: d.rec.state(), Book: book{d: d}}
	if t.desks == nil {
		t.desks = map[core.VendorID]*desk{}
	}
	t.desks[id] = d
	return d, t.err
}

// open is a desk about to take, free or count slots: what ran out is swept.
func (t *txn) open(id core.VendorID, civil time.Time) (*desk, core.Moment, error) {
	m := t.now(civil)
	d, err := t.desk(id)
	if err != nil {
		return nil, m, err
	}
	d.civil = m.Wall
	if !d.swept {
		d.swept = true
		d.sweep(m.Pace)
	}
	return d, m, t.err
}

// sweep lets go of what ran out; a reading transaction only looks past it.
func (d *desk) sweep(now time.Time) {
	if d.t.tx.Writable() {
		d.pace.Sweep(now)
		return
	}
	d.pace.Book = book{d: d, past: now}
	over := func(s pace.Set) (n int) {
		d.t.each("desk", d.key('g', []byte{byte(s)}), func(rest, _ []byte) bool {
			if readStamp(rest).After(now) {
				return false
			}
			n++
			return true
		})
		return n
	}
	d.pace.State.Direct -= over(pace.DirectSlots)
	d.pace.State.Paced -= over(pace.PacedSlots)
	d.pace.State.Admitted -= over(pace.Admissions)
}

// key is a key of the desk.
func (d *desk) key(class byte, parts ...[]byte) []byte {
	k := make([]byte, 0, 64)
	k = append(append(k, d.vendor.ID[:]...), class)
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// flush writes state, counters and the place in the ready index.
func (d *desk) flush() {
	if !d.dirty {
		return
	}
	d.dirty = false
	next := d.next()
	if next[byPace] != 0 {
		next[byPace] = max(next[byPace], micros(d.hold))
	}
	d.moveReady(next)
	s := d.pace.State
	d.rec = deskRec{Direct: s.Direct, Paced: s.Paced, Admitted: s.Admitted, VT: micros(s.VT), Turn: s.Turn,
		Route: d.vendor.Settings.Sender, Next: next, Waiting: d.waiting}
	d.t.put("desk", d.key('a'), d.rec)
	d.t.put("desk", d.key('c'), countersRecOf(d.counters))
}

func countersRecOf(c core.Counters) countersRec {
	r := countersRec{Sent: c.Sent, Opened: c.Opened, Completed: c.Completed, Expired: c.Expired, Visits: c.Visits, Accepted: c.Accepted,
		ByState: map[uint8]int64{}, Verdicts: map[string]int64{}}
	for s, n := range c.ByState {
		r.ByState[uint8(s)] = n
	}
	for v, n := range c.Verdicts {
		r.Verdicts[string(v)] = n
	}
	return r
}

func (r countersRec) counters() core.Counters {
	c := core.Counters{Sent: r.Sent, Opened: r.Opened, Completed: r.Completed, Expired: r.Expired, Visits: r.Visits, Accepted: r.Accepted,
		ByState: map[core.State]int64{}, Verdicts: map[core.Reason]int64{}}
	for s, n := range r.ByState {
		c.ByState[core.State(s)] = n
	}
	for v, n := range r.Verdicts {
		c.Verdicts[core.Reason(v)] = n
	}
	return c
}

const (
	byPace  = 0 // the clock of slots, spacing, retries and leases
	byCivil = 1 // the clock of delays and opening hours
)

func readyKey(routeName string, clock byte, at int64, v core.VendorID) []byte {
	return join(route(routeName), []byte{clock}, stamp(moment(at)), v[:])
}

func (d *desk) moveReady(next [2]int64) {
	for clock, at := range d.rec.Next {
		if at != 0 && (at != next[clock] || d.rec.Route != d.vendor.Settings.Sender) {
			d.t.del("ready", readyKey(d.rec.Route, byte(clock), at, d.vendor.ID))
		}
	}
	for clock, at := range next {
		if at != 0 {
			d.t.mark("ready", readyKey(d.vendor.Settings.Sender, byte(clock), at, d.vendor.ID))
		}
	}
}

// next is when to look at the vendor again, by both clocks. Since a wall may
// jump, what waits for the calendar is kept by the wall, and what waits for a
// slot, a retry or a lease by pace time.
func (d *desk) next() (next [2]int64) {
	m := d.t.now(d.civil)
	soonest := func(clock int, at time.Time) {
		if us := micros(at); next[clock] == 0 || us < next[clock] {
			next[clock] = us
		}
	}
	if rest, ok := d.t.first("desk", d.key('e')); ok {
		soonest(byPace, readStamp(rest))
	}
	if d.vendor.Settings.Paused {
		return next
	}
	for _, lane := range []core.Lane{core.Direct, core.Orders, core.Bulk} {
		if d.waiting[int(lane)] == 0 {
			continue
		}
		if h, ok := d.head(lane, retry); ok {
			d.wake(h, m, soonest)
		}
		if h, ok := d.head(lane, fresh); ok {
			d.wake(h, m, soonest)
		}
	}
	return next
}

// wake says when the letter at the head of its line may leave.
func (d *desk) wake(h head, m core.Moment, soonest func(clock int, at time.Time)) {
	due := m.Wall
	if h.lane.Paced() {
		if h.class == fresh && h.at.After(due) {
			due = h.at
		}
		due = d.vendor.Settings.Hours.Open(due, d.vendor.Settings.Location())
	}
	if due.After(m.Wall) {
		soonest(byCivil, due)
		return
	}
	at := m.Pace
	if h.class == retry {
		at = later(at, h.at)
	}
	if h.class == retry && d.again(h, at) {
		soonest(byPace, at)
		return
	}
	slot, _ := d.pace.Next(h.lane, at)
	soonest(byPace, later(at, slot))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// The two lines of a lane: retries go first.
const (
	retry byte = 0 // by pace time
	fresh byte = 1 // by due, civil; direct ones by their call
)

// head is the letter that is first in a line.
type head struct {
	lane  core.Lane
	class byte
	at    time.Time
	id    core.InvitationID
	kind  core.Kind
}

func (d *desk) head(lane core.Lane, class byte) (head, bool) {
	rest, ok := d.t.first("desk", d.key('d', []byte{byte(lane), class}))
	if !ok {
		return head{}, false
	}
	h := head{lane: lane, class: class, at: readStamp(rest)}
	h.id, h.kind = readLetterKey(rest[8:])
	return h, true
}

// again reports whether the letter may use the slot of an earlier attempt.
func (d *desk) again(h head, at time.Time) bool {
	e, ok := d.entry(h.id, h.kind)
	return ok && d.pace.Again(e.Lane, e.FreeAt, at)
}

// ready is the letter of the lane that may be tried now but for the cap.
func (d *desk) ready(lane core.Lane, m core.Moment) (head, bool) {
	if d.waiting[int(lane)] == 0 {
		return head{}, false
	}
	if lane.Paced() && d.vendor.Settings.Hours.Open(m.Wall, d.vendor.Settings.Location()).After(m.Wall) {
		return head{}, false
	}
	if h, ok := d.head(lane, retry); ok && !h.at.After(m.Pace) {
		return h, true
	}
	h, ok := d.head(lane, fresh)
	return h, ok && (!lane.Paced() || !h.at.After(m.Wall))
}

// entry reads a letter of the queue.
func (d *desk) entry(id core.InvitationID, k core.Kind) (core.Entry, bool) {
	var r entryRec
	if !d.t.get("desk", d.key('q', letterKey(id, k)), &r) {
		return core.Entry{}, false
	}
	return r.entry(id, k), true
}

// line is the key under which an entry is found in order.
func (d *desk) line(e core.Entry) []byte {
	who := letterKey(e.Invitation, e.Kind)
	switch {
	case !e.LeaseUntil.IsZero():
		return d.key('e', stamp(e.LeaseUntil), who)
	case !e.RetryAt.IsZero():
		return d.key('d', []byte{byte(e.Lane), retry}, stamp(e.RetryAt), who)
	}
	return d.key('d', []byte{byte(e.Lane), fresh}, stamp(e.Due), who)
}

// queue puts an entry in the queue, or moves it.
func (d *desk) queue(e core.Entry) {
	d.unqueue(e.Invitation, e.Kind)
	d.t.put("desk", d.key('q', letterKey(e.Invitation, e.Kind)), entryRecOf(e))
	d.t.mark("desk", d.line(e))
	d.wait(e, 1)
}

// unqueue takes an entry out, if it is in.
func (d *desk) unqueue(id core.InvitationID, k core.Kind) {
	d.dirty = true
	old, ok := d.entry(id, k)
	if !ok {
		return
	}
	d.t.del("desk", d.line(old))
	d.t.del("desk", d.key('q', letterKey(id, k)))
	d.wait(old, -1)
}

// wait keeps the counts of waiting letters, by lane and by the hour they are due.
func (d *desk) wait(e core.Entry, n int) {
	if !e.LeaseUntil.IsZero() {
		return
	}
	d.waiting[int(e.Lane)] += n
	key := d.key('h', []byte{byte(e.Lane)}, hour(e.Due))
	var c countRec
	d.t.get("desk", key, &c)
	if c.N += int64(n); c.N <= 0 {
		d.t.del("desk", key)
		return
	}
	d.t.put("desk", key, c)
}

func hour(t time.Time) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(micros(t)/int64(time.Hour/time.Microsecond)))
}

// book is a desk as pace sees it. What is over at past is not seen.
type book struct {
	d    *desk
	past time.Time
}

func (b book) key(s pace.Set, at time.Time, h pace.Holder) []byte {
	return b.d.key('g', []byte{byte(s)}, stamp(at), letterKey(h.Invitation, h.Kind))
}

func (b book) begin() time.Time {
	if b.past.IsZero() {
		return b.past
	}
	return b.past.Add(time.Microsecond)
}

func (b book) First(s pace.Set) (time.Time, pace.Holder, bool) {
	prefix := b.d.key('g', []byte{byte(s)})
	k, _ := b.d.t.tx.Bucket([]byte("desk")).Cursor().Seek(append(clone(prefix), stamp(b.begin())...))
	if !hasPrefix(k, prefix) {
		return time.Time{}, pace.Holder{}, false
	}
	return member(k[len(prefix):], true)
}

func (b book) Last(s pace.Set) (time.Time, pace.Holder, bool) {
	rest, ok := b.d.t.last("desk", b.d.key('g', []byte{byte(s)}))
	return member(rest, ok)
}

func member(rest []byte, ok bool) (time.Time, pace.Holder, bool) {
	if !ok {
		return time.Time{}, pace.Holder{}, false
	}
	id, kind := readLetterKey(rest[8:])
	return readStamp(rest), pace.Holder{Invitation: id, Kind: kind}, true
}

func (b book) Add(s pace.Set, at time.Time, h pace.Holder) bool {
	key := b.key(s, at, h)
	fresh := !b.d.t.has("desk", key)
	b.d.dirty = true
	b.d.t.mark("desk", key)
	return fresh
}

func (b book) Remove(s pace.Set, at time.Time, h pace.Holder) bool {
	key := b.key(s, at, h)
	if at.IsZero() || !b.d.t.has("desk", key) {
		return false
	}
	b.d.dirty = true
	b.d.t.del("desk", key)
	return true
}
