package main

import (
	"context"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// moverStore is what moving the clock needs of a store.
type moverStore interface {
	ClockMoved(ctx context.Context) (time.Duration, error)
	MoveClock(ctx context.Context, by time.Duration) error
	Pending(ctx context.Context, now time.Time, n int) ([]core.Event, error)
	Due(ctx context.Context, sender string, now time.Time, n int) ([]core.VendorID, time.Duration, error)
	Vendors(ctx context.Context, after string, n int) ([]core.Vendor, error)
	Letters(ctx context.Context, vendor core.VendorID, n int) ([]core.Entry, error)
	List(ctx context.Context, vendor core.VendorID, f core.Filter, cursor string, n int) (core.Page, error)
}

// mover moves the program's clock, and sees to it that what becomes due is done.
type mover struct {
	store   moverStore
	clock   *clock
	routes  []string // of every sender that runs
	refusal string   // why the clock may not be moved; "" if it may
	// work gets done what is due now and not done by a loop of its own; nil
	// without a server, where nothing is sent.
	work func(ctx context.Context)
}

// mostMoved keeps every time that can be reached far from the ends of its type.
const mostMoved = 3650 * 24 * time.Hour

// settleWait is how long an advance waits for what it made due.
const settleWait = 20 * time.Second

// Show tells the time.
func (m *mover) Show(ctx context.Context) (httpapi.AdminTime, error) {
	moved, err := m.store.ClockMoved(ctx)
	if err != nil {
		return httpapi.AdminTime{}, err
	}
	idle, err := m.idle(ctx)
	return httpapi.AdminTime{Now: core.Micro(m.clock.Now()), Moved: core.FormatDuration(moved), Why: m.refusal, Idle: idle}, err
}

// Advance keeps the move first: a program that ends in between starts at the
// later time.
func (m *mover) Advance(ctx context.Context, by time.Duration) error {
	moved, err := m.store.ClockMoved(ctx)
	switch {
	case err != nil:
		return err
	case m.refusal != "":
		return &core.FieldError{Field: "clock", Code: "refused", Reason: m.refusal}
	case moved+by > mostMoved || by > mostMoved:
		return &core.FieldError{Field: "clock", Code: "refused", Reason: "may be ahead by at most " + core.FormatDuration(mostMoved)}
	}
	if err := m.store.MoveClock(ctx, by); err != nil {
		return err
	}
	m.clock.move(by)
	return m.settle(ctx)
}

// Next advances to the next thing that is due.
func (m *mover) Next(ctx context.Context) (time.Duration, error) {
	by, err := m.untilNext(ctx)
	if err != nil || by <= 0 {
		return 0, err
	}
	return by, m.Advance(ctx, by)
}

// settle waits until what is due is done. It gives up without an error: Show
// tells that something is left.
func (m *mover) settle(ctx context.Context) error {
	if m.work == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, settleWait)
	defer stop()
	for {
		m.work(ctx)
		if idle, err := m.idle(ctx); idle || err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// idle reports whether nothing is due now, and no letter on its way.
func (m *mover) idle(ctx context.Context) (bool, error) {
	now := core.Micro(m.clock.Now())
	events, err := m.store.Pending(ctx, now, 1)
	if err != nil || len(events) > 0 {
		return false, err
	}
	for _, route := range m.routes {
		vendors, _, err := m.store.Due(ctx, route, now, 1)
		if err != nil || len(vendors) > 0 {
			return false, err
		}
	}
	leased := false
	err = m.vendors(ctx, func(v core.Vendor) error {
		entries, err := m.store.Letters(ctx, v.ID, page)
		for _, e := range entries {
			leased = leased || e.LeaseToken != [16]byte{}
		}
		return err
	})
	return !leased && err == nil, err
}

// untilNext is the time until the next letter may leave or the next link is over;
// 0 if there is nothing to wait for.
func (m *mover) untilNext(ctx context.Context) (time.Duration, error) {
	now := core.Micro(m.clock.Now())
	next := time.Duration(0)
	sooner := func(d time.Duration) {
		if d > 0 && (next == 0 || d < next) {
			next = d
		}
	}
	for _, route := range m.routes {
		_, wait, err := m.store.Due(ctx, route, now, page)
		if err != nil {
			return 0, err
		}
		sooner(wait)
	}
	err := m.vendors(ctx, func(v core.Vendor) error {
		return m.links(ctx, v.ID, func(i core.Invitation) { sooner(i.ExpiresAt.Sub(now)) })
	})
	return next, err
}

// links visits the invitations of a vendor that may still expire.
func (m *mover) links(ctx context.Context, v core.VendorID, visit func(core.Invitation)) error {
	for _, state := range []core.State{core.Sent, core.Opened} {
		for cursor, first := "", true; first || cursor != ""; first = false {
			p, err := m.store.List(ctx, v, core.Filter{State: state}, cursor, page)
			if err != nil {
				return err
			}
			for _, i := range p.Invitations {
				visit(i)
			}
			cursor = p.Next
		}
	}
	return nil
}

// page is how much of a list is read at once.
const page = 500

func (m *mover) vendors(ctx context.Context, visit func(core.Vendor) error) error {
	for after, more := "", true; more; {
		list, err := m.store.Vendors(ctx, after, page)
		if err != nil {
			return err
		}
		for _, v := range list {
			if err := visit(v); err != nil {
				return err
			}
			after = v.Slug
		}
		more = len(list) == page
	}
	return nil
}
