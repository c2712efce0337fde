// Package core is the vocabulary of the service: the types that everything else
// passes around, the states of an invitation, the reasons for a verdict, ids and
// the errors a caller can act on. It decides nothing that needs a store, a clock
// or a network, and imports only the standard library.
package core

import "time"

// Clock is what a store asks the machine, and only in methods that take or free
// a slot. Boot identifies the current boot and how long it has lasted, suspend
// included (Linux: CLOCK_BOOTTIME); Now is the wall, which may jump.
type Clock interface {
	Now() time.Time
	Boot() (id string, up time.Duration)
}

// Micro cuts a time to what a store keeps: UTC, whole microseconds.
func Micro(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// ReviewURL is the link in the mail and in the answer to a call: the same text
// in both.
func ReviewURL(publicURL, token string) string { return publicURL + "/review/" + token }

// OptOutURL is where a customer says no.
func OptOutURL(publicURL, token string) string { return publicURL + "/u/" + token }
