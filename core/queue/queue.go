// Package queue gets letters out: which letter may still leave, how an attempt
// ended and what follows from it. The rules are pure functions that a store calls
// inside its transactions; Loop claims, sends and settles. What a provider
// speaks is hidden behind core.Sender, when a vendor may send in core/pace.
package queue

import (
	"time"

	"aminobridge/core"
)

// Facts is what a store knows of a letter at the moment of a claim.
type Facts struct {
	Settings   core.Settings
	Invitation core.Invitation
	Suppressed core.Reason // "" if the address is not
	ShopGone   bool        // the invitation's shop was uninstalled
	Withdrawn  core.Reason // why the invitation's order is withdrawn; "" if it is not
	LastSent   time.Time   // civil; the recipient's last mail of another invitation
	HasBytes   bool        // what a maybe end kept
}

// Refuse reports why a letter may not be sent any more, and what its invitation
// becomes; zero if it may. Cooldown and the rules of orders, max_age among them,
// are not for direct calls. A letter that may have left is never handed to another
// sender than the one that may have it.
func Refuse(e core.Entry, f Facts, m core.Moment, window time.Duration, process core.Frozen) (core.State, core.Reason) {
	switch {
	case f.Suppressed != "":
		return core.Suppressed, f.Suppressed
	case !f.Invitation.RevokedAt.IsZero():
		return core.Cancelled, core.Revoked
	case e.Lane.Paced() && f.ShopGone:
		return core.Cancelled, core.ShopUninstalled
	case e.Lane.Paced() && f.Withdrawn != "":
		return core.Cancelled, f.Withdrawn
	case e.Lane.Paced() && m.Wall.Sub(f.Invitation.DueAt) > f.Settings.MaxAge:
		return core.Cancelled, core.Stale
	case e.Lane.Paced() && cooling(f, m.Wall):
		return core.Cancelled, core.InCooldown
	case e.MaybeSent() && (e.Frozen.Sender != process.Sender || over(e.FirstMaybe, m, window)):
		return core.Unknown, core.AnswerLost
	case e.MaybeSent() && !f.HasBytes && e.Frozen.Renderer != process.Renderer:
		return core.Unknown, core.RendererGone
	}
	return 0, ""
}

func cooling(f Facts, now time.Time) bool {
	return f.Settings.Cooldown > 0 && !f.LastSent.IsZero() && now.Sub(f.LastSent) < f.Settings.Cooldown
}

// over reports whether a window that began at since has run out, by whichever
// clock says so first. A wall behind the one at since, after a new boot, tells
// nothing of the time between; then the window counts as over.
func over(since, now core.Moment, window time.Duration) bool {
	if window == core.Forever {
		return false
	}
	if since.Boot != now.Boot && now.Wall.Before(since.Wall) {
		return true
	}
	return now.Pace.Sub(since.Pace) >= window || now.Wall.Sub(since.Wall) >= window
}

// Begin counts an attempt that is about to be leased: it freezes the inputs of
// the letter's bytes, unless an attempt may have left with the old ones. New
// inputs, or a send key too old to protect, begin a new round.
func Begin(e core.Entry, inputs core.Frozen, m core.Moment, window time.Duration) core.Entry {
	if !e.MaybeSent() {
		if !e.FirstTry.Pace.IsZero() && (e.Frozen != inputs || over(e.FirstTry, m, window)) {
			e = NewRound(e)
		}
		e.Frozen = inputs
	}
	if e.FirstTry.Pace.IsZero() {
		e.FirstTry = m
	}
	e.Attempt++
	return e
}

// NewRound gives the letter a fresh send key. Only for a letter that no attempt
// may have got out, or by a person who takes that upon themselves.
func NewRound(e core.Entry) core.Entry {
	e.Round++
	e.FirstTry, e.FirstMaybe, e.MaybeFreeAt = core.Moment{}, core.Moment{}, time.Time{}
	return e
}

// Inputs are the vendor's part of a letter's frozen inputs, put over the
// process's.
func Inputs(process core.Frozen, v core.Vendor, inv core.Invitation) core.Frozen {
	in := process
	in.VendorName, in.Website, in.Postal, in.ReplyTo = v.Name, v.Settings.Website, v.Settings.Address, v.Settings.ReplyTo
	if v.Settings.From != "" {
		in.From = v.Settings.From
	}
	in.Locale = inv.Locale
	if in.Locale == "" {
		in.Locale = v.Settings.Locale
	}
	return in
}
