package intake

import (
	"strings"
	"time"

	"aminobridge/core"
)

// Decide says what an order event comes to. It is pure: a store calls it inside
// its transaction and carries out the Change. The order in which the events of an
// order arrive does not matter to whether it is invited in the end, only the
// times in their bodies do.
func Decide(f Facts, e core.Event, now time.Time) Change {
	switch {
	case e.Poison:
		return Change{Reason: core.Poison}
	case e.Kind == core.Ignored:
		return Change{Reason: core.IgnoredTopic}
	}
	c := act(f, e, now)
	if e.Test && c.Reason != core.Unmapped {
		return Change{Reason: core.TestOrder, Would: c.Reason}
	}
	return c
}

func act(f Facts, e core.Event, now time.Time) Change {
	switch e.Kind {
	case core.Fulfilled:
		return fulfilled(f, e, now)
	case core.Cancellation, core.Refund:
		return withdrawn(f, e)
	case core.Uninstalled:
		return uninstalled(f.Shop, e)
	}
	return Change{Reason: core.Unmapped}
}

// uninstalled believes a body without a time: a mail after the removal is worse
// than one too few. A shop is connected from the moment a person added it, not
// from its first webhook, which may have been late.
func uninstalled(shop core.Shop, e core.Event) Change {
	if !e.At.IsZero() && e.At.Before(shop.Since) {
		return Change{Reason: core.UninstallStale}
	}
	return Change{Reason: core.ShopUninstalled, Uninstall: true}
}

func fulfilled(f Facts, e core.Event, now time.Time) Change {
	order := note(f.Order, e)
	c := Change{Order: &order}
	c.Reason = refusal(f, e, order, now)
	switch {
	case c.Reason == "":
		c.Reason = core.Invited
		if f.Invitation != nil {
			c.Reason = core.Rescheduled
		}
		c.Schedule, c.Due = true, later(e.At.Add(f.Settings.Delay), now)
	case order.Withdrawn() && scheduled(f.Invitation):
		// The body told of a withdrawal whose own event has not come.
		c.Reason, c.Cancel = core.WithdrawnBefore, order.WithdrawnBy
	}
	return c
}

// refusal is why the fulfilment invites nobody; "" if it does. What the shop
// shall mend comes first, what only time or the customer can change comes last.
func refusal(f Facts, e core.Event, order core.Order, now time.Time) core.Reason {
	switch {
	case !f.Shop.UninstalledAt.IsZero():
		return core.ShopUninstalled
	case !e.IsFulfilled:
		return core.NotFulfilled
	case !order.WithdrawnAt.IsZero() && !e.At.IsZero() && !e.At.After(order.WithdrawnAt):
		return core.WithdrawnBefore
	case e.At.IsZero():
		return core.NoTime
	case strings.TrimSpace(e.Email) == "":
		return core.NoAddress
	case f.BadAddress:
		return core.BadAddress
	case f.Invitation != nil && !revivable(f):
		return standing(*f.Invitation)
	case now.Sub(e.At) > f.Settings.MaxAge:
		return core.Stale
	case f.Suppressed != "":
		return core.OnSuppression
	case cooling(f.Recipient, f.Settings.Cooldown, now):
		return core.InCooldown
	}
	return ""
}

// revivable reports whether a newer fulfilment brings the invitation back: only
// what the shop itself withdrew, and only if its mail cannot have left.
func revivable(f Facts) bool {
	i := *f.Invitation
	if i.State == core.Scheduled {
		return ByShop(f.Stop)
	}
	return i.State == core.Cancelled && ByShop(i.Reason) && i.SentAt.IsZero() && !i.Maybe && i.RevokedAt.IsZero()
}

// ByShop reports whether it was the shop that withdrew, which a newer fulfilment
// takes back, and not a person.
func ByShop(why core.Reason) bool {
	switch why {
	case core.OrderCancelled, core.OrderRefunded, core.WithdrawnBefore:
		return true
	}
	return false
}

// standing is what to say of an invitation that is there and stays as it is.
func standing(i core.Invitation) core.Reason {
	switch {
	case i.State != core.Cancelled || i.Maybe || !i.SentAt.IsZero():
		return core.AlreadyInvited
	case !i.RevokedAt.IsZero():
		return core.Revoked
	case i.Reason == "":
		return core.AlreadyInvited
	}
	return i.Reason
}

func cooling(r Recipient, cooldown time.Duration, now time.Time) bool {
	if cooldown <= 0 {
		return false
	}
	return r.Scheduled > 0 || !r.LastSent.IsZero() && now.Sub(r.LastSent) < cooldown
}

func withdrawn(f Facts, e core.Event) Change {
	order := note(f.Order, e)
	c := Change{Order: &order}
	switch {
	case order.WithdrawnAt.IsZero():
		c.Reason = core.PartialRefund
	case !order.Withdrawn():
		c.Reason = core.WithdrawalIsStale
	case f.Invitation == nil:
		c.Reason = core.WithdrawalNoted
	case scheduled(f.Invitation):
		c.Reason, c.Cancel = order.WithdrawnBy, order.WithdrawnBy
	case revivable(f):
		c.Reason = f.Invitation.Reason
	case mayHaveLeft(*f.Invitation):
		c.Reason = core.WithdrawnTooLate
	default:
		c.Reason = core.WithdrawalNoted
	}
	return c
}

func scheduled(i *core.Invitation) bool { return i != nil && i.State == core.Scheduled }

func mayHaveLeft(i core.Invitation) bool {
	return !i.State.Resting() || i.State == core.Unknown || i.Maybe
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
