package letter

import (
	"net/mail"

	"aminobridge/core"
)

// from is the sender as the vendor set it. One without a display name gets the
// vendor's: net/mail quotes it or encodes it (RFC 2047), whatever is in it.
func (in Input) from() (string, error) {
	a, err := mail.ParseAddress(in.Frozen.From)
	if err != nil || !oneLine(in.Frozen.From) {
		return "", &core.FieldError{Field: "from", Code: "invalid", Reason: "must be an address like Name <a@b.example>"}
	}
	if a.Name != "" {
		return in.Frozen.From, nil
	}
	a.Name = tidy(in.Frozen.VendorName)
	return a.String(), nil
}
