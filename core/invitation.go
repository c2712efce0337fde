package core

import (
	"strconv"
	"time"
)

// Invitation is our wish to ask one customer about one order.
type Invitation struct {
	ID       InvitationID
	Vendor   VendorID
	Shop     ShopID // zero for a REST call
	Order    OrderKey
	OrderRef string // as the vendor or the shop calls the order
	Lane     Lane
	State    State
	Reason   Reason // why it rests; "" while it does not

	Email       string // "" after retention or erasure
	Name        string
	AddressHash []byte // keyed; stays
	Locale      string

	CreatedAt   time.Time
	DueAt       time.Time
	FulfilledAt time.Time // the order's; for a REST call the time of the call
	SentAt      time.Time // each of these is set once
	OpenedAt    time.Time
	CompletedAt time.Time
	ExpiresAt   time.Time
	ExpiredAt   time.Time
	RestedAt    time.Time
	RevokedAt   time.Time
	ForgetAt    time.Time // when address and name are forgotten; zero while that is open

	Maybe      bool   // an attempt ended with the answer lost; never revived
	ByLink     bool   // counted as sent because the customer came by the link
	Visits     int    // every fetch of the page, by whomever
	ProviderID string // of the first letter
	Attempts   int
	Round      int    // of the next send key: no attempt had it
	Detail     string // the provider's word for a refusal; no address in it
}

// Frozen are the inputs of a letter's bytes, fixed at the first attempt of a
// round: the same inputs make the same bytes, so that a retry under the same
// send key is a repeat to the provider. Address and name belong to them too and
// stay in the invitation, which may not be corrected while they matter.
type Frozen struct {
	Sender     string // a send key means nothing to another one
	Renderer   int    // version of core/letter
	Template   string // hash of the words
	VendorName string
	Website    string
	Postal     string
	From       string
	ReplyTo    string
	PublicURL  string
	TokenKey   int // version of the key of both tokens
	Locale     string
}

// Moment is one instant on both clocks. A wall that ran backwards over a boot
// can be told by Boot.
type Moment struct {
	Pace, Wall time.Time
	Boot       string
}

// Entry is a letter in the queue.
type Entry struct {
	Invitation InvitationID
	Kind       Kind
	Lane       Lane
	Due        time.Time // civil; when a paced letter is wanted
	RetryAt    time.Time // pace; not zero once an attempt failed
	Attempt    int
	Round      int

	LeaseToken [16]byte // zero while not leased
	LeaseUntil time.Time

	FreeAt      time.Time // pace; of the slot the letter holds, zero if none
	MaybeFreeAt time.Time // pace; what the last maybe end left the slot at
	FirstTry    Moment    // of this round
	FirstMaybe  Moment
	Frozen      Frozen

	// A no that met the lease: the letter ends with it, without retry, and the
	// invitation becomes Stop, for the reason StopCause.
	Stop      State
	StopCause Reason
}

// Leased reports whether a worker holds the letter at the pace time now.
func (e Entry) Leased(now time.Time) bool { return e.LeaseUntil.After(now) }

// MaybeSent reports whether an attempt ended with its answer lost.
func (e Entry) MaybeSent() bool { return !e.FirstMaybe.Pace.IsZero() }

// SendKey is the idempotency key that the letter carries to the provider.
func (e Entry) SendKey() string {
	return e.Invitation.String() + "/" + e.Kind.String() + "/" + strconv.Itoa(e.Round)
}

// LeaseRef names one lease of one letter.
type LeaseRef struct {
	Vendor     VendorID
	Invitation InvitationID
	Kind       Kind
	Token      [16]byte
}

// Claimed is a leased letter as a worker gets it. Remaining counts from before
// the call of Claim.
type Claimed struct {
	Ref        LeaseRef
	Remaining  time.Duration
	Entry      Entry
	Invitation Invitation
	Bytes      []byte // of an earlier maybe end; nil: make them from Entry.Frozen
}

// Review is what a customer wrote.
type Review struct {
	Invitation  InvitationID
	Vendor      VendorID
	Rating      int    // 1 to 5
	Title       string // at most 200 characters
	Text        string // at most 5000 characters
	DisplayName string // at most 80 characters
	Moderation  string // pending
	CreatedAt   time.Time
	EditedAt    time.Time
}

// Counters are kept, never scanned for. The first four are the contract's.
type Counters struct {
	Sent, Opened, Completed, Expired int64
	Visits                           int64
	Accepted                         int64            // invitations ever made
	ByState                          map[State]int64  // invitations now in each state
	Verdicts                         map[Reason]int64 // verdicts ever given
}

// Day is one UTC day of the series.
type Day struct {
	Date                             string // 2026-11-22
	Sent, Opened, Completed, Expired int64
}

// Budget is where a vendor stands under its cap.
type Budget struct {
	Cap   int
	Left  int           // direct calls that would be admitted now
	Reset time.Duration // until the next place frees; 0 if none is taken
	Live  int           // slots held
	Queue map[Lane]int  // letters waiting
}
