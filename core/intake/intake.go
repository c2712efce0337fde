// Package intake turns order events into invitations, or into a verdict why not.
// It hides what makes an order one to ask about, and how events that overtake each
// other still come to the same end. Decide is the rule, a pure function that a
// store calls inside its transaction; Loop feeds it.
package intake

import (
	"time"

	"aminobridge/core"
)

// Facts is what a store knows at the moment of the decision.
type Facts struct {
	Settings   core.Settings
	Shop       core.Shop
	Order      core.Order       // zero if the order was never heard of
	Invitation *core.Invitation // the order's, or one that a REST call made for it; nil if none
	Stop       core.Reason      // its letter is leased, and ends with the lease for this reason
	Suppressed core.Reason      // why the event's address is suppressed; "" if it is not
	Recipient  Recipient        // of the event's address
	BadAddress bool             // the event's address is none that mail can be sent to
}

// Recipient is what is known of a vendor's customer by the hash of the address.
type Recipient struct {
	Scheduled int       // other paced or direct invitations that wait to be sent
	LastSent  time.Time // civil
}

// Change is what to do. The zero Change of everything but Reason keeps things as
// they are.
type Change struct {
	Reason core.Reason
	Would  core.Reason // for a test: what a real event would have got

	Order *core.Order // the record to keep in place of the old; nil: unchanged

	// Schedule makes an invitation (Facts.Invitation nil), or revives the one
	// there is, due at Due. One with a Facts.Stop is revived by taking that back.
	Schedule bool
	Due      time.Time

	// Cancel ends the invitation there is with this reason. A leased letter ends
	// with its lease.
	Cancel core.Reason

	Uninstall bool // marks the shop
}
