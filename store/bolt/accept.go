package bolt

import (
	"context"
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
	"aminobridge/core/queue"
)

const (
	keepAnswer = 24 * time.Hour   // under an Idempotency-Key
	sameCall   = 10 * time.Minute // in which a call without an order_ref is a retry
)

// Accept implements store.Invitations.
func (s *Store) Accept(ctx context.Context, ask core.Ask) (core.Accepted, error) {
	var a core.Accepted
	hash := s.keys.AddressHash(ask.Vendor, ask.Email)
	err := s.write(ctx, s.urgent, func(t *txn) error {
		d, m, err := t.open(ask.Vendor, ask.Now)
		if err != nil {
			return err
		}
		c := call{desk: d, ask: ask, m: m, hash: hash}
		if a, err = c.accept(); err != nil {
			return err
		}
		a.Budget = d.budget(m)
		return t.err
	})
	if err != nil {
		return core.Accepted{}, err
	}
	return a, nil
}

// call is one Ask in its transaction. It decides before it writes.
type call struct {
	*desk
	ask  core.Ask
	m    core.Moment
	hash []byte // of the address
}

func (c call) accept() (core.Accepted, error) {
	kept, ok, err := c.kept()
	if ok || err != nil {
		return kept, err
	}
	inv, known, err := c.known()
	if err != nil {
		return core.Accepted{}, err
	}
	a := core.Accepted{Known: known}
	if known {
		a.Invitation, a.Duplicate, err = c.again(inv)
	} else {
		a.Invitation, err = c.schedule(core.Invitation{})
	}
	if err != nil {
		return core.Accepted{}, err
	}
	if a.Invitation.Lane.Paced() && a.Invitation.State == core.Scheduled {
		a.ExpectedAt = c.forecast(a.Invitation, c.m)
	}
	c.keep(a)
	return a, nil
}

// kept is the answer that was given under the same Idempotency-Key.
func (c call) kept() (core.Accepted, bool, error) {
	if c.ask.IdempotencyKey == "" {
		return core.Accepted{}, false, nil
	}
	r, ok := c.answer(c.answerKey())
	if !ok {
		return core.Accepted{}, false, nil
	}
	if string(r.Body) != string(c.ask.BodyHash[:]) {
		return core.Accepted{}, false, core.ErrMismatch
	}
	inv, err := c.t.row(c.vendor.ID, r.Invitation)
	inv.State, inv.Reason = core.State(r.State), core.Reason(r.Reason)
	return core.Accepted{Invitation: inv, Duplicate: r.Duplicate, Known: true, ExpectedAt: moment(r.ExpectedAt)}, true, err
}

// answer reads what is kept under a key and still counts.
func (c call) answer(key []byte) (r answerRec, ok bool) {
	ok = c.t.get("answer", key, &r) && c.m.Wall.Before(moment(r.Until))
	return r, ok
}

func (c call) answerKey() []byte {
	return join(c.vendor.ID[:], c.t.s.keys.Hash("idempotency", c.ask.Key[:], []byte(c.ask.IdempotencyKey)))
}

// callKey is the same for the same call made again.
func (c call) callKey() []byte {
	return join(c.vendor.ID[:], c.t.s.keys.Hash("call", c.ask.Key[:], c.hash, []byte(c.ask.Name)))
}

// known is the invitation that the call is about, if there is one: by its
// order_ref, or a shop's order of that name or id for the same address, if just
// one; without an order_ref the same call a moment ago.
func (c call) known() (inv core.Invitation, ok bool, err error) {
	var id []byte
	if c.ask.OrderRef != "" {
		if id = c.t.getRaw("ref", c.refKey('r', c.ask.OrderRef)); id == nil {
			id = c.ofShop()
		}
	} else if r, ok := c.answer(c.callKey()); ok {
		id = r.Invitation[:]
	}
	if id == nil {
		return inv, false, nil
	}
	inv, err = c.t.row(c.vendor.ID, core.InvitationID(id))
	return inv, err == nil, err
}

// ofShop is the one invitation of a shop's order with this name or id and for
// this address; nil if there is none, or more than one.
func (c call) ofShop() (found []byte) {
	all := map[core.InvitationID]bool{}
	consider := func(id core.InvitationID) bool {
		inv, err := c.t.row(c.vendor.ID, id)
		if err == nil && !inv.Shop.IsZero() && string(inv.AddressHash) == string(c.hash) {
			all[id] = true
			found = id[:]
		}
		return len(all) < 2
	}
	c.t.each("ref", c.refKey('s', c.ask.OrderRef), func(id, _ []byte) bool {
		return len(id) != 16 || consider(core.InvitationID(id))
	})
	c.t.each("order", orderID(c.ask.OrderRef), func(rest, value []byte) bool {
		v, ok := orderOf(rest)
		var o orderRec
		return !ok || v != c.vendor.ID || decode(join(orderID(c.ask.OrderRef), rest), value, &o) != nil || consider(o.Invitation)
	})
	if len(all) != 1 {
		return nil
	}
	return found
}

// again is the same order_ref once more: nobody is mailed twice for it.
func (c call) again(inv core.Invitation) (_ core.Invitation, duplicate bool, err error) {
	switch inv.State {
	case core.Scheduled:
		return c.correct(inv), false, nil
	case core.Suppressed:
		return inv, false, nil
	case core.Cancelled, core.Failed:
		if inv.SentAt.IsZero() && !inv.Maybe && inv.RevokedAt.IsZero() {
			inv, err = c.schedule(inv)
			return inv, false, err
		}
	}
	return inv, true, nil
}

// correct takes over address and name, unless a letter may have left with the
// old ones. A letter tried before gets a new send key, since its bytes change.
func (c call) correct(inv core.Invitation) core.Invitation {
	e, inv, queued := c.letter(inv, c.m)
	if !queued || e.Leased(c.m.Pace) || e.MaybeSent() || inv.Email == c.ask.Email && inv.Name == c.ask.Name {
		return inv
	}
	inv.Email, inv.Name, inv.AddressHash = c.ask.Email, c.ask.Name, c.hash
	if why := c.suppressed(c.hash); why != "" {
		inv = c.drop(e, inv)
		inv.State, inv.Reason = core.Suppressed, why
		c.save(inv)
		return inv
	}
	c.save(inv)
	if !e.FirstTry.Pace.IsZero() {
		c.queue(queue.NewRound(e))
	}
	return inv
}

// schedule makes an invitation, or revives the one given, and its letter.
func (c call) schedule(inv core.Invitation) (core.Invitation, error) {
	fresh := inv.ID.IsZero()
	if fresh {
		inv = core.Invitation{ID: core.NewInvitationID(c.m.Wall), Vendor: c.vendor.ID, OrderRef: c.ask.OrderRef, CreatedAt: c.m.Wall, FulfilledAt: c.m.Wall}
	}
	inv.Email, inv.Name, inv.AddressHash, inv.Locale = c.ask.Email, c.ask.Name, c.hash, c.ask.Locale
	inv.Lane, inv.DueAt, inv.State, inv.Reason = c.ask.Lane, c.due(), core.Scheduled, ""
	if why := c.suppressed(c.hash); why != "" {
		inv.State, inv.Reason = core.Suppressed, why
	} else if inv.Lane.Paced() && c.cooling() {
		inv.State, inv.Reason = core.Cancelled, core.InCooldown
	} else if err := c.admit(&inv); err != nil {
		return inv, err
	}
	c.save(inv)
	if inv.State == core.Scheduled {
		c.requeue(inv, inv.Lane, inv.DueAt)
	}
	if fresh && inv.OrderRef != "" {
		c.t.putRaw("ref", c.refKey('r', inv.OrderRef), clone(inv.ID[:]))
		c.t.mark("ref", join(c.refKey('s', inv.OrderRef), inv.ID[:]))
	}
	return inv, nil
}

// admit gives a direct call its place in the hour. Over the cap, a vendor may
// have chosen to queue.
func (c call) admit(inv *core.Invitation) error {
	if inv.Lane.Paced() {
		return nil
	}
	wait, ok := c.pace.Admit(pace.Holder{Invitation: core.NewInvitationID(c.m.Wall), Kind: core.First}, c.m.Pace)
	switch {
	case ok:
		return nil
	case c.vendor.Settings.OverCap == "queue":
		inv.Lane = core.Orders
		return nil
	}
	return &core.CapError{RetryAfter: wait}
}

func (c call) cooling() bool {
	var r recipientRec
	c.t.get("recipient", c.recipientKey(c.hash), &r)
	cooldown := c.vendor.Settings.Cooldown
	return cooldown > 0 && (len(c.scheduledFor(c.hash, 1)) > 0 || r.LastSent != 0 && c.m.Wall.Sub(moment(r.LastSent)) < cooldown)
}

// due is when a paced letter is wanted. A direct one is wanted now.
func (c call) due() time.Time {
	delay := c.ask.Delay
	if delay < 0 {
		delay = c.vendor.Settings.Delay
	}
	switch {
	case !c.ask.Lane.Paced():
		return c.m.Wall
	case !c.ask.SendAt.IsZero():
		return later(c.m.Wall, core.Micro(c.ask.SendAt))
	}
	return c.m.Wall.Add(delay)
}

// keep remembers the answer, for the same key or the same call.
func (c call) keep(a core.Accepted) {
	r := answerRec{Body: c.ask.BodyHash[:], Invitation: a.Invitation.ID, Duplicate: a.Duplicate, State: uint8(a.Invitation.State), Reason: string(a.Invitation.Reason), ExpectedAt: micros(a.ExpectedAt)}
	put := func(key []byte, life time.Duration) {
		r.Until = micros(c.m.Wall.Add(life))
		c.t.put("answer", key, r)
		c.t.mark("forget", join(stamp(moment(r.Until)), []byte{forgetAnswer}, key))
	}
	if c.ask.IdempotencyKey != "" {
		put(c.answerKey(), keepAnswer)
	}
	if c.ask.OrderRef == "" && !a.Known {
		put(c.callKey(), sameCall)
	}
}
