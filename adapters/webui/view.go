package webui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"aminobridge/core"
	"aminobridge/core/review"
)

// formPage is the form with what stands in it.
type formPage struct {
	visit
	Stamp   string
	Fields  review.Form
	Hint    int // the star pressed in the mail, which chooses none
	Faults  []*core.FieldError
	Unsaved bool
}

// Editing reports whether there is a review to change.
func (p formPage) Editing() bool { return p.Invitation.State == core.Completed }

// fault is the first fault of a field, nil if it has none.
func (p formPage) fault(field string) *core.FieldError {
	i := slices.IndexFunc(p.Faults, func(f *core.FieldError) bool { return f.Field == field })
	if i < 0 {
		return nil
	}
	return p.Faults[i]
}

// until goes on with the day on which the link ends, where the vendor is; "" if
// no end is set.
func (v visit) until() string {
	if v.Invitation.ExpiresAt.IsZero() {
		return ""
	}
	return " until " + v.Invitation.ExpiresAt.In(v.Vendor.Settings.Location()).Format("2 January 2006")
}

func fieldsOf(r core.Review) review.Form {
	return review.Form{Rating: strconv.Itoa(r.Rating), Title: r.Title, Text: r.Text, DisplayName: r.DisplayName}
}

// faults takes apart what review.Check has joined.
func faults(err error) (list []*core.FieldError) {
	joined, _ := err.(interface{ Unwrap() []error })
	if joined == nil {
		return nil
	}
	for _, e := range joined.Unwrap() {
		if f, ok := errors.AsType[*core.FieldError](e); ok {
			list = append(list, f)
		}
	}
	return list
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
