package review

import (
	"slices"
	"time"

	"aminobridge/core"
)

// Proof is what speaks for a person in front of the page.
type Proof struct {
	Input   string        // the trusted input the page saw: pointer, wheel, touch or key
	Visible time.Duration // how long the page was visible, as the page tells
	Age     time.Duration // how long ago we made the page, as its stamp tells
}

// inputs are those that a browser marks as trusted only if a person made them. A
// scroll event is not among them: script that scrolls causes a trusted one, so
// the page listens to what a person scrolls with.
var inputs = []string{"pointer", "wheel", "touch", "key"}

// leastVisible is how long a page must be visible before a person has seen it.
const leastVisible = time.Second

// Opened reports whether the invitation counts as opened. The page's age limits
// what the page may tell of itself.
func Opened(p Proof) bool {
	return slices.Contains(inputs, p.Input) && p.Visible >= leastVisible && p.Age >= leastVisible
}

// Link is how a review link stands.
type Link uint8

const (
	Closed Link = iota // revoked; nobody learns that it ever was one
	Over               // past its time
	Live
)

// LinkOf tells how the invitation's link stands at the civil time now, whether
// cron has counted the expiry or not. A review can be edited for as long as it
// could have been written.
func LinkOf(i core.Invitation, now time.Time) Link {
	switch {
	case !i.RevokedAt.IsZero():
		return Closed
	case i.State == core.Expired, !i.ExpiresAt.IsZero() && !now.Before(i.ExpiresAt):
		return Over
	}
	return Live
}
