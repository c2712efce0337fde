package core

import (
	"context"
	"fmt"
	"time"
)

// Mail is a letter ready to leave, as every sender takes it.
type Mail struct {
	From    string
	To      string // one bare address
	ReplyTo string
	Subject string
	HTML    string
	Text    string
	Headers map[string]string
	Tags    map[string]string // opaque ids only
}

// Sender hands one letter to a mail provider. Send returns the provider's id, or
// a *SendError that says how the attempt ended; any other error counts as Lost.
// The same key with the same bytes must be one mail for as long as Window.
type Sender interface {
	Name() string
	Window() time.Duration // 0: the key protects nothing; Forever: without limit
	Send(ctx context.Context, m Mail, key string) (id string, err error)
}

// Forever is a Window without limit.
const Forever = time.Duration(1<<63 - 1)

// SendFault is how an attempt ended, if not well: the rows of DESIGN section 7.
type SendFault uint8

const (
	Lost        SendFault = iota + 1 // timeout, 408, 5xx, an unreadable 2xx, anything unheard of: it may have been sent
	Unreachable                      // not one byte left
	RateLimited                      // 429: come again later
	InFlight                         // 409: the same key is being worked on
	QuotaUsed                        // 429: the account's quota; the sender closes until its reset
	SenderShut                       // 401, 403 of the key, 404, 451: the sender closes until a person acts
	DomainShut                       // 403 of the sender's domain: that domain closes
	Rejected                         // 400, 413, 422: this letter will never be taken
	KeyMismatch                      // 409: the key is known with another body
	Unmade                           // the letter could not be made from its inputs
)

// NotLeft reports whether it is certain that the provider did not take the letter.
func (f SendFault) NotLeft() bool {
	switch f {
	case Unreachable, RateLimited, QuotaUsed, SenderShut, DomainShut, Rejected, Unmade:
		return true
	}
	return false
}

// SendError is a failed attempt. Detail is the provider's word for it, such as
// "validation_error": a code, never a message, which may hold an address.
type SendError struct {
	Fault      SendFault
	Status     int
	Detail     string
	RetryAfter time.Duration // 0: not said
}

func (e *SendError) Error() string {
	if e.Status == 0 {
		return "the mail provider gave no answer: " + e.Detail
	}
	return fmt.Sprintf("the mail provider answered %d %s", e.Status, e.Detail)
}

// Outcome is how an attempt ended, for Settle. Err nil means that the provider
// took the letter under ProviderID. Begun is false when the worker gave the
// letter back without an attempt. Jitter in [0, 1) picks the backoff. Bytes are
// what was sent, kept after a maybe end.
type Outcome struct {
	Begun      bool
	ProviderID string
	Err        *SendError
	Jitter     float64
	Bytes      []byte
}

// SenderState is whether a sender may be used. Until zero with a Cause means
// closed until a person acts. Domains are closed one by one.
type SenderState struct {
	Name    string
	Until   time.Time // civil
	Cause   string    // "" while open
	Domains map[string]string
}

// Closed reports whether the sender is closed at the civil time now.
func (s SenderState) Closed(now time.Time) bool {
	return s.Cause != "" && (s.Until.IsZero() || now.Before(s.Until))
}
