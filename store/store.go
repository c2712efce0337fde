// Package store is the contract of a store: what the rest of the program may
// rely on, whichever store is behind it. store/storetest holds every store to it.
//
// A method is one transaction. After a refusal nothing has changed; after a
// fault of the disk the outcome is unknown, the store is fenced, and every write
// from then on returns core.ErrFenced. Batch methods do a bounded part per call,
// report whether there is more, and may be repeated.
//
// Two times: now is civil and an argument. Pace time belongs to the store, which
// reads its clock once inside each method marked P, after it holds the vendor.
//
// Refusals common to all: core.ErrNotFound for a thing that is not there or is
// another vendor's, core.ErrFull, core.ErrFenced, and the context's error if it
// was done before the transaction began.
package store

import (
	"context"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// Store is the contract.
type Store interface {
	Intake
	Queue
	Invitations
	Pages
	Desk
	Upkeep

	// Keys are the data keys of this store, for tokens and hashes.
	Keys() *vault.Keys
	// Fenced is closed when a write failed with its outcome unknown. The program
	// then ends: a new start reads what the disk really holds.
	Fenced() <-chan struct{}
	// Close waits for what is being written; from then on the store refuses.
	Close() error
}

// Intake is the way of an order event.
type Intake interface {
	// Append keeps events durably; what it returned nil for is never lost (I1).
	// A repeat (core.Event.RepeatKey under the same order) is not kept again. An
	// event that withdraws is applied and given its verdict in the same
	// transaction; if a letter of the order is leased, the letter ends with that
	// lease, and its ref is returned, for a repeat too: until LeaseLive says
	// otherwise, the withdrawal must not be acknowledged (I4). Uninstalled marks
	// the shop, which every claim checks. With too much undecided, inviting events
	// are refused with core.ErrBusy, withdrawing ones never. P.
	Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error)

	// Pending lists up to n events without a verdict whose NotBefore is reached,
	// oldest first. One that cannot be read comes with Poison set.
	Pending(ctx context.Context, now time.Time, n int) ([]core.Event, error)

	// Decide gives each event the verdict of intake.Decide over the facts at that
	// moment, and carries it out: one verdict per event, ever; an event decided
	// before is passed over. Each is a transaction of its own, so that one that fails
	// fails alone; events of one order are decided in the order given. It returns the
	// verdicts given now, also beside an error. P.
	Decide(ctx context.Context, events []core.Event, now time.Time) ([]core.Verdict, error)

	// Verdicts lists a vendor's verdicts, newest first, before the cursor of the
	// page before ("" to begin).
	Verdicts(ctx context.Context, vendor core.VendorID, cursor string, n int) (verdicts []core.Verdict, next string, err error)
}

// Queue is the way of a letter.
type Queue interface {
	// Due lists up to n vendors of the sender that may have a letter ready, those
	// that wait longest first; none while the sender is closed. It may name a
	// vendor too early, never too late. wait is the time until the next vendor
	// after those may be ready; negative if there is none. P.
	Due(ctx context.Context, sender string, now time.Time, n int) (vendors []core.VendorID, wait time.Duration, err error)

	// Claim leases up to ask.N letters of the vendor. In one transaction it ends
	// lapsed leases (a maybe end, always), re-checks what applies to each letter's
	// lane, asks pace for a slot, counts the attempt, freezes the inputs of a
	// fresh round, and moves the vendor to its next time. No two claims lease the
	// same letter at once; a taken slot is charged to the end of the lease, so
	// that a crash needs no repair (I3). What may not be sent any more is ended
	// here, with its reason (I4). With nothing to lease: core.ErrNothingDue, though
	// leases and letters may have been ended; an empty list without an error means
	// that so many letters were ended that there may be more. P.
	Claim(ctx context.Context, ask core.ClaimAsk) ([]core.Claimed, error)

	// Wanted reports whether a leased letter may still be begun: the lease is live,
	// no no has met it, the vendor is not paused and the shop is there. The worker
	// asks it last, since a letter may wait for its worker. P.
	Wanted(ctx context.Context, ref core.LeaseRef) (bool, error)

	// Settle ends a lease with how its attempt ended, by queue.Settle. For a lease
	// that is not the letter's any more it returns core.ErrLeaseLost, except that
	// a provider's yes for a letter not recorded as sent is always recorded, once.
	// P.
	Settle(ctx context.Context, ref core.LeaseRef, o core.Outcome, now time.Time) error

	// LeaseLive reports whether any of the leases is still neither settled nor
	// over. P.
	LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error)

	// CloseSender adds a closing, of the sender or of some of its domains, to those
	// there are: of two causes the longer stands, and one without an Until, which
	// waits for a person, over all others. With neither it opens all.
	CloseSender(ctx context.Context, s core.SenderState) error
	// Sender reads it; a sender never closed is open.
	Sender(ctx context.Context, name string) (core.SenderState, error)
}

// Invitations is the way of a REST call.
type Invitations interface {
	// Accept turns a call into an invitation. In this order: the kept answer of
	// the same Idempotency-Key (core.ErrMismatch for another body); the
	// invitation that the OrderRef names already, or a retry of the same key,
	// address and name within ten minutes, by the rules of DESIGN section 4; a
	// suppressed address (a suppressed invitation, no admission); admission of a
	// direct call (*core.CapError); and only then a letter in the queue. A
	// repeated call mails nobody and takes no admission. P.
	Accept(ctx context.Context, ask core.Ask) (core.Accepted, error)

	// Budget is where the vendor stands, for the RateLimit headers. P.
	Budget(ctx context.Context, vendor core.VendorID) (core.Budget, error)

	// Forecast is when the letter of a scheduled invitation is likely to leave:
	// an estimate; zero while the sender is closed or the vendor paused. P.
	Forecast(ctx context.Context, vendor core.VendorID, id core.InvitationID, now time.Time) (time.Time, error)

	// Invitation reads one, the attempts of a letter in the queue counted in.
	Invitation(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Invitation, error)
	// List pages through a vendor's invitations, newest first.
	List(ctx context.Context, vendor core.VendorID, f core.Filter, cursor string, n int) (core.Page, error)
	// Letters lists the entries of a vendor's queue, by lane, then due.
	Letters(ctx context.Context, vendor core.VendorID, n int) ([]core.Entry, error)

	// Counters are kept, and never fall (I5).
	Counters(ctx context.Context, vendor core.VendorID) (core.Counters, error)
	// Series are the days from..to, both included, that have anything to tell.
	Series(ctx context.Context, vendor core.VendorID, from, to time.Time) ([]core.Day, error)

	// Cancel ends a scheduled invitation for good. If its letter is leased, the
	// letter ends with the lease and the ref is returned; wait for it, then ask
	// for the invitation: it may have been sent. core.ErrAlreadySent if it left
	// before. With revoke the link closes whatever the state, which stays. P.
	Cancel(ctx context.Context, vendor core.VendorID, id core.InvitationID, revoke bool, now time.Time) ([]core.LeaseRef, error)
}

// Pages is the way of the customer.
type Pages interface {
	// Visit counts a fetch of the page, by whomever, and changes nothing else.
	Visit(ctx context.Context, s core.Seen) error
	// Open records that a person saw the page: once, and counted once the
	// invitation counts as sent. On an unknown invitation it proves the mail. P.
	Open(ctx context.Context, s core.Seen) error
	// Complete keeps a review as pending moderation, or edits it by the same link.
	// The first one completes the invitation; one not yet sent then counts as
	// sent, opened and completed, and its mail is withdrawn unless leased.
	// core.ErrRefusedLink after revocation or expiry. P.
	Complete(ctx context.Context, s core.Seen, r core.Review) error
	// Review reads it; core.ErrNotFound if there is none.
	Review(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Review, error)

	// SuppressRecipient puts the invitation's recipient on the vendor's
	// suppression list, for ever, even after the address was erased, and ends what
	// is scheduled for it. Leased letters end with their lease and are returned;
	// until LeaseLive says otherwise, the no must not be acknowledged (I4). P.
	SuppressRecipient(ctx context.Context, s core.Seen, why core.Reason) ([]core.LeaseRef, error)
	// Suppressed reports whether and why the invitation's recipient is suppressed.
	Suppressed(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Reason, error)
}

// Desk keeps vendors, keys and shops.
type Desk interface {
	// PutVendor creates a vendor (Version 0) or replaces the version it was read
	// at; core.ErrConflict for a slug in use or a version gone. P.
	PutVendor(ctx context.Context, v core.Vendor) (core.Vendor, error)
	// Vendor and VendorBySlug read one.
	Vendor(ctx context.Context, id core.VendorID) (core.Vendor, error)
	VendorBySlug(ctx context.Context, slug string) (core.Vendor, error)
	// Vendors lists up to n vendors in the order of their slugs, after the slug given.
	Vendors(ctx context.Context, after string, n int) ([]core.Vendor, error)

	// AddKey keeps a key by its hash; core.ErrConflict if it is there.
	AddKey(ctx context.Context, k core.Key, hash [32]byte) error
	// KeyByHash returns core.ErrNotFound for a revoked key as for one never made.
	KeyByHash(ctx context.Context, hash [32]byte) (core.Key, error)
	// ListKeys lists a vendor's keys, revoked ones too, oldest first.
	ListKeys(ctx context.Context, vendor core.VendorID) ([]core.Key, error)
	// RevokeKey ends a key at once: no KeyByHash after it finds the key.
	RevokeKey(ctx context.Context, id core.KeyID, now time.Time) error

	// PutShop creates a shop (Version 0) or replaces the version it was read at.
	// core.ErrConflict for a domain that the platform has here already.
	PutShop(ctx context.Context, s core.Shop) (core.Shop, error)
	// Shop and ShopByToken read one, secrets opened.
	Shop(ctx context.Context, id core.ShopID) (core.Shop, error)
	ShopByToken(ctx context.Context, token string) (core.Shop, error)
	// ListShops lists a vendor's shops, oldest first.
	ListShops(ctx context.Context, vendor core.VendorID) ([]core.Shop, error)
}

// Upkeep is the way of cron and of the operator.
type Upkeep interface {
	// Expire counts up to n invitations whose link is past its time, once each.
	Expire(ctx context.Context, now time.Time, n int) (done int, more bool, err error)
	// Retain forgets up to n things whose time is over: address and name of
	// finished invitations (ids, hashes, states and times stay), kept answers,
	// verdict logs.
	Retain(ctx context.Context, now time.Time, n int) (done int, more bool, err error)

	// WallChecked compares the wall with the boot clock since the last call or
	// the last run, and reports whether the wall has run without a jump long
	// enough that what hangs on the calendar may be done (DESIGN section 6).
	WallChecked(ctx context.Context) (steady bool, err error)

	// TrustWall ends that wait: a person says that the wall is right.
	TrustWall(ctx context.Context) error

	// ClockMoved is by how much the movable clock of this store was advanced;
	// MoveClock adds to it and marks the store: it never takes a real sender.
	ClockMoved(ctx context.Context) (time.Duration, error)
	MoveClock(ctx context.Context, by time.Duration) error

	// Check recounts what is kept against what is stored and lists every
	// difference, and the faults of the file itself.
	Check(ctx context.Context) ([]core.Finding, error)
}
