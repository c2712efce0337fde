package core

import (
	"errors"
	"fmt"
	"time"
)

// The errors a caller can act on. Whatever matches none of them is a fault of ours.
var (
	// ErrInvalid: the input is wrong; a *FieldError inside says where.
	ErrInvalid = errors.New("invalid")
	// ErrNotFound: no such thing, or not of this vendor.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the thing exists already, or changed since it was read.
	ErrConflict = errors.New("conflict")
	// ErrMismatch: the Idempotency-Key was used with another body.
	ErrMismatch = errors.New("idempotency key used with another body")
	// ErrAlreadySent: too late to take the mail back.
	ErrAlreadySent = errors.New("already sent")
	// ErrNothingDue: no letter of this vendor may leave now.
	ErrNothingDue = errors.New("nothing due")
	// ErrLeaseLost: the lease ran out and somebody else holds the letter, or it ended.
	ErrLeaseLost = errors.New("lease lost")
	// ErrWait: a letter is on its way; ask again when its lease is settled or over.
	ErrWait = errors.New("a letter is on its way")
	// ErrBusy: too much is undecided; the shop shall come again.
	ErrBusy = errors.New("too many events wait for their verdict")
	// ErrFull: the store may not grow any more.
	ErrFull = errors.New("the store is full")
	// ErrFenced: a write failed with its outcome unknown; the store writes no more.
	ErrFenced = errors.New("the store is fenced after a failed write")
	// ErrRefusedLink: the link's MAC is not ours, or the invitation was revoked.
	ErrRefusedLink = errors.New("link not valid")
)

// FieldError is one fault of the input. It never holds the bad value, which may
// be an address or a secret.
type FieldError struct{ Field, Code, Reason string }

func (e *FieldError) Error() string   { return fmt.Sprintf("%s: %s", e.Field, e.Reason) }
func (e *FieldError) Is(t error) bool { return t == ErrInvalid }

// CapError says that the vendor's direct calls of the last hour are used up, and
// when the next place frees.
type CapError struct{ RetryAfter time.Duration }

func (e *CapError) Error() string {
	return fmt.Sprintf("the hourly cap is reached; the next place frees in %d s", int(e.RetryAfter.Seconds()+0.999))
}
