// Package review holds the rules of a customer's answer: when an invitation
// counts as opened or completed, what a review must look like, and how long its
// link is good. It hides what tells a person from a machine: link scanners fetch
// pages, run their scripts and even submit their forms. A machine that plays a
// person in full is beyond these rules.
package review

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"aminobridge/core"
)

// The limits of a review, in characters.
const (
	MaxTitle       = 200
	MaxText        = 5000
	MaxDisplayName = 80
)

// leastAge is how old a form must be. No person rates within it, and scanners
// submit what they fetch at once.
const leastAge = 2 * time.Second

// Form is what came in from the page. Honeypot is a field that people do not
// see. ShownAt is the time in the form's stamp, zero if the stamp is not ours.
type Form struct {
	Rating, Title, Text, DisplayName string
	Honeypot                         string
	ShownAt, Now                     time.Time
}

// Check reads from a form what the customer wrote, fit to complete the
// invitation. Else it returns every fault as a *core.FieldError, joined; each
// Reason goes on after the field's name and may be shown to the customer.
func Check(f Form) (core.Review, error) {
	r := core.Review{
		Title:       line(f.Title),
		Text:        strings.TrimSpace(clean(f.Text)),
		DisplayName: line(f.DisplayName),
	}
	var ratingFault error
	r.Rating, ratingFault = rating(f.Rating)
	err := errors.Join(
		ratingFault,
		atMost(MaxTitle, "title", r.Title),
		atMost(MaxText, "text", r.Text),
		atMost(MaxDisplayName, "display_name", r.DisplayName),
		byPerson(f),
	)
	if err != nil {
		return core.Review{}, err
	}
	return r, nil
}

// Stars reads a number of stars as a page or a link writes it; 0 is none.
func Stars(text string) int {
	if len(text) == 1 && text[0] >= '1' && text[0] <= '5' {
		return int(text[0] - '0')
	}
	return 0
}

func rating(text string) (int, error) {
	n := Stars(text)
	if n == 0 {
		return 0, &core.FieldError{Field: "rating", Code: "missing", Reason: "is missing: please press one of the five stars"}
	}
	return n, nil
}

func atMost(limit int, field, text string) error {
	n := utf8.RuneCountInString(text)
	if n <= limit {
		return nil
	}
	return &core.FieldError{Field: field, Code: "too_long", Reason: fmt.Sprintf("has %d characters; at most %d fit", n, limit)}
}

// byPerson names one fault only: the first is enough to press the button again.
func byPerson(f Form) error {
	switch {
	case f.Honeypot != "":
		return &core.FieldError{Field: "form", Code: "trap", Reason: "came with its hidden field filled in, as machines do; please press the button once more"}
	case f.ShownAt.IsZero():
		return &core.FieldError{Field: "form", Code: "stamp", Reason: "is not one that this page made; please press the button once more"}
	case f.Now.Sub(f.ShownAt) < leastAge:
		return &core.FieldError{Field: "form", Code: "too_fast", Reason: "came very quickly; please press the button once more"}
	}
	return nil
}
