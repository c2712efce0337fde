package core

import "time"

// Ask is a call that wants one invitation.
type Ask struct {
	Vendor   VendorID
	Key      KeyID
	Email    string // one bare address, checked by the caller
	Name     string
	OrderRef string // "" is none
	Locale   string
	Lane     Lane          // Direct, or what the call asked for
	Delay    time.Duration // paced lanes: from Now; negative: the vendor's
	SendAt   time.Time     // paced lanes: replaces the delay, if not zero
	Now      time.Time     // civil

	IdempotencyKey string // "" is none
	BodyHash       [32]byte
}

// Accepted is the answer to an Ask.
type Accepted struct {
	Invitation Invitation
	Duplicate  bool      // sent before: nobody is mailed
	Known      bool      // an earlier call made this invitation
	Budget     Budget    // after the call
	ExpectedAt time.Time // zero: not known
}

// ClaimAsk asks for up to N letters of one vendor. Frozen holds what the process
// knows of a letter's inputs; the vendor's part is filled in by the claim.
type ClaimAsk struct {
	Vendor VendorID
	Sender string
	Window time.Duration // the sender's
	N      int
	Now    time.Time // civil
	Jitter float64
	Frozen Frozen
}

// Filter narrows a list of invitations; the zero value is all of them.
type Filter struct {
	State    State
	Email    string
	OrderRef string
}

// Page is one page of a list. A page may be short and still have a Next.
type Page struct {
	Invitations []Invitation
	Next        string
}

// Seen is what happened on a review page, for Visit, Open and Complete.
type Seen struct {
	Vendor     VendorID
	Invitation InvitationID
	Now        time.Time // civil
}

// Finding is one difference that Check found: what is kept against what a
// recount says.
type Finding struct {
	Vendor VendorID
	What   string
	Kept   int64
	Found  int64
}
