package bolt

import (
	"math/rand/v2"
	"time"

	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/core/queue"
)

// row reads an invitation of the vendor.
func (t *txn) row(v core.VendorID, id core.InvitationID) (core.Invitation, error) {
	var r invitationRec
	if !t.get("invitation", id[:], &r) || r.Vendor != v {
		if t.err != nil {
			return core.Invitation{}, t.err
		}
		return core.Invitation{}, core.ErrNotFound
	}
	return t.s.invitation(id, r)
}

// save writes an invitation and everything that follows from the difference to
// what is stored: counters, lists, recipients, what is due by calendar. Nothing
// else changes any of these, so that they cannot drift apart.
func (d *desk) save(now core.Invitation) {
	d.dirty = true
	var was core.Invitation
	var r invitationRec
	if d.t.get("invitation", now.ID[:], &r) {
		was = r.bare(now.ID)
	}
	d.settleTimes(was, &now)
	d.count(was, now)
	d.listState(was, now)
	d.trackRecipient(was, now)
	d.calendarExpiry(was, now)
	d.calendarForget(was, now)
	d.t.put("invitation", now.ID[:], d.t.s.invitationRec(now))
}

// settleTimes fills in the times that follow from the state.
func (d *desk) settleTimes(was core.Invitation, now *core.Invitation) {
	if was.SentAt.IsZero() && !now.SentAt.IsZero() {
		now.ExpiresAt = now.SentAt.Add(d.vendor.Settings.Expiry)
	}
	if now.State == was.State {
		return
	}
	now.RestedAt, now.ForgetAt = time.Time{}, time.Time{}
	if now.State.Final() || now.State.Resting() {
		now.RestedAt = d.civil
		now.ForgetAt = d.civil.Add(d.vendor.Settings.Retention)
	}
	if !now.State.Resting() {
		now.Reason = ""
	}
}

// tally is what an invitation adds to the four counters of the contract.
type tally struct{ sent, opened, completed, expired time.Time }

func tallyOf(i core.Invitation) tally {
	var t tally
	if i.SentAt.IsZero() {
		return t
	}
	t = tally{sent: i.SentAt, completed: i.CompletedAt, expired: i.ExpiredAt}
	if !i.OpenedAt.IsZero() { // an open before sending counts with the sending
		t.opened = later(i.OpenedAt, i.SentAt)
	}
	return t
}

func (d *desk) count(was, now core.Invitation) {
	c := &d.counters
	if was.State != now.State {
		if was.State != 0 {
			c.ByState[was.State]--
		} else {
			c.Accepted++
		}
		c.ByState[now.State]++
	}
	c.Visits += int64(now.Visits - was.Visits)
	a, b := tallyOf(was), tallyOf(now)
	d.countOne(&c.Sent, a.sent, b.sent, func(r *dayRec) *int64 { return &r.Sent })
	d.countOne(&c.Opened, a.opened, b.opened, func(r *dayRec) *int64 { return &r.Opened })
	d.countOne(&c.Completed, a.completed, b.completed, func(r *dayRec) *int64 { return &r.Completed })
	d.countOne(&c.Expired, a.expired, b.expired, func(r *dayRec) *int64 { return &r.Expired })
}

// countOne counts what has happened now and had not before. None of the four is
// ever taken back.
func (d *desk) countOne(total *int64, was, now time.Time, of func(*dayRec) *int64) {
	if now.IsZero() || !was.IsZero() {
		return
	}
	*total++
	key := join(d.vendor.ID[:], []byte(now.Format(time.DateOnly)))
	var day dayRec
	d.t.get("series", key, &day)
	*of(&day)++
	d.t.put("series", key, day)
}

// listed reports whether a state has a list of its own. Scheduled ones are in
// the queue, and nearly all others are sent.
func listed(s core.State) bool { return s != 0 && s != core.Scheduled && s != core.Sent }

func (d *desk) listState(was, now core.Invitation) {
	if was.State == 0 {
		d.t.mark("desk", d.key('l', now.ID[:]))
	}
	if was.State == now.State {
		return
	}
	if listed(was.State) {
		d.t.del("desk", d.key('s', []byte{byte(was.State)}, was.ID[:]))
	}
	if listed(now.State) {
		d.t.mark("desk", d.key('s', []byte{byte(now.State)}, now.ID[:]))
	}
}

// What is known of a customer, by the hash of the address: all invitations, and
// those that wait to be sent.
const (
	everInvited byte = 0
	waiting     byte = 1
)

func (d *desk) recipientKey(hash []byte, parts ...[]byte) []byte {
	return join(d.vendor.ID[:], hash, join(parts...))
}

// trackRecipient keeps what is known of a customer.
func (d *desk) trackRecipient(was, now core.Invitation) {
	if was.State != 0 && string(was.AddressHash) != string(now.AddressHash) {
		d.t.del("recipient", d.recipientKey(was.AddressHash, []byte{everInvited}, was.ID[:]))
		d.t.del("recipient", d.recipientKey(was.AddressHash, []byte{waiting}, was.ID[:]))
		was.State = 0
	}
	if was.State == 0 {
		d.t.mark("recipient", d.recipientKey(now.AddressHash, []byte{everInvited}, now.ID[:]))
	}
	// A review may complete an invitation whose letter is on its way still.
	queued := d.t.has("desk", d.key('q', letterKey(now.ID, core.First)))
	line := d.recipientKey(now.AddressHash, []byte{waiting}, now.ID[:])
	switch waits := now.State == core.Scheduled || queued; {
	case waits && !d.t.has("recipient", line):
		d.t.mark("recipient", line)
	case !waits && d.t.has("recipient", line):
		d.t.del("recipient", line)
	}
}

// mailed notes when a customer had a mail, for the cooldown. A link that was
// followed is none.
func (d *desk) mailed(hash []byte, at time.Time) {
	key := d.recipientKey(hash)
	var r recipientRec
	d.t.get("recipient", key, &r)
	r.LastSent = max(r.LastSent, micros(at))
	d.t.put("recipient", key, r)
}

// scheduledFor lists up to n of the vendor's invitations to one customer whose
// letter waits, or is on its way.
func (d *desk) scheduledFor(hash []byte, n int) (ids []core.InvitationID) {
	d.t.each("recipient", d.recipientKey(hash, []byte{waiting}), func(id, _ []byte) bool {
		ids = append(ids, core.InvitationID(id))
		return len(ids) < n
	})
	return ids
}

// expires is when cron counts the invitation as expired; zero if never.
func expires(i core.Invitation) time.Time {
	if i.State == core.Sent || i.State == core.Opened {
		return i.ExpiresAt
	}
	return time.Time{}
}

func (d *desk) calendarExpiry(was, now core.Invitation) {
	old, at := expires(was), expires(now)
	if old.Equal(at) {
		return
	}
	if !old.IsZero() {
		d.t.del("expiry", join(stamp(old), was.ID[:]))
	}
	if !at.IsZero() {
		d.t.putRaw("expiry", join(stamp(at), now.ID[:]), clone(d.vendor.ID[:]))
	}
}

// What is forgotten, and by which key.
const (
	forgetPerson byte = 1 // vendor|invitation
	forgetAnswer byte = 2 // vendor|hash
	forgetEvent  byte = 3 // vendor|number
)

func (d *desk) calendarForget(was, now core.Invitation) {
	if was.ForgetAt.Equal(now.ForgetAt) {
		return
	}
	if !was.ForgetAt.IsZero() {
		d.t.del("forget", join(stamp(was.ForgetAt), []byte{forgetPerson}, d.vendor.ID[:], was.ID[:]))
	}
	if !now.ForgetAt.IsZero() {
		d.t.mark("forget", join(stamp(now.ForgetAt), []byte{forgetPerson}, d.vendor.ID[:], now.ID[:]))
	}
}

// suppressed is why the vendor must not write to an address; "" if it may.
func (d *desk) suppressed(hash []byte) core.Reason {
	var r stopRec
	d.t.get("stop", join(d.vendor.ID[:], hash), &r)
	return core.Reason(r.Reason)
}

// withdraw ends the invitation's letter, if it has one, and gives the invitation
// the state that follows. A leased letter ends with its lease: then the
// invitation stays as it is, and the lease is returned to be waited for.
func (d *desk) withdraw(inv core.Invitation, m core.Moment, to core.State, why core.Reason) *core.LeaseRef {
	e, inv, queued := d.letter(inv, m)
	if e.Leased(m.Pace) {
		return d.stop(e, to, why)
	}
	if queued {
		inv = d.drop(e, inv)
	}
	d.become(inv, to, why)
	return nil
}

// letter is the invitation's first letter in the queue, beside the invitation. A
// lease that ran out without anybody having claimed since is settled here: it may
// have left, and the invitation may have ended with it.
func (d *desk) letter(inv core.Invitation, m core.Moment) (core.Entry, core.Invitation, bool) {
	e, queued := d.entry(inv.ID, core.First)
	if !queued || e.LeaseUntil.IsZero() || e.Leased(m.Pace) {
		return e, inv, queued
	}
	d.settle(e, inv, queue.Lapsed(rand.Float64()), m)
	inv, err := d.t.row(d.vendor.ID, inv.ID)
	if err != nil {
		d.t.fail(err)
	}
	e, queued = d.entry(inv.ID, core.First)
	return e, inv, queued
}

// stop makes a leased letter end with its lease. What a person said stands over
// what a shop says later.
func (d *desk) stop(e core.Entry, to core.State, why core.Reason) *core.LeaseRef {
	if e.Stop == 0 || intake.ByShop(e.StopCause) || !intake.ByShop(why) {
		e.Stop, e.StopCause = to, why
	}
	d.dirty = true
	d.t.put("desk", d.key('q', letterKey(e.Invitation, e.Kind)), entryRecOf(e))
	return &core.LeaseRef{Vendor: d.vendor.ID, Invitation: e.Invitation, Kind: e.Kind, Token: e.LeaseToken}
}

// drop takes a letter out of the queue for good and leaves in the invitation
// what must be known of it later. Its slot stays as it is: taken, if an attempt
// may have left.
func (d *desk) drop(e core.Entry, inv core.Invitation) core.Invitation {
	d.unqueue(e.Invitation, e.Kind)
	d.t.del("bytes", letterKey(e.Invitation, e.Kind))
	inv.Attempts += e.Attempt
	if inv.Round = e.Round; !e.FirstTry.Pace.IsZero() {
		inv.Round++
	}
	inv.Maybe = inv.Maybe || e.MaybeSent()
	return inv
}

// become moves an invitation to a state, if the table of states has the way.
func (d *desk) become(inv core.Invitation, to core.State, why core.Reason) {
	if inv.State.May(to) {
		inv.State, inv.Reason = to, why
	}
	d.save(inv)
}
