// Package letter turns the frozen inputs of a letter into the bytes of a mail. It
// hides the words in every language, the layout, and the rules that keep foreign
// text (a customer's name, an order's name) from saying anything in a vendor's
// name. It is pure: the same input makes the same bytes, on every machine and in
// every release that has the same Renderer, because a provider takes a retry for
// the same mail only if not one byte differs.
package letter

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"aminobridge/core"
)

// Renderer is the version of everything that decides the bytes. Any change of the
// words, the layout or the rules below raises it; golden files hold it to that.
const Renderer = 1

// ErrRenderer says that the inputs were frozen for a renderer that is not this
// one, so that the bytes of that time cannot be made again.
var ErrRenderer = errors.New("frozen for another renderer")

// Input is all that a mail depends on.
type Input struct {
	Frozen     core.Frozen
	Name       string // the customer's, as told to us
	Email      string // one bare address
	OrderRef   string // "" is none
	ReviewURL  string
	OptOutURL  string
	Vendor     core.VendorID
	Invitation core.InvitationID
	Kind       core.Kind
}

//go:embed mail.gohtml
var layout string

var page = template.Must(template.New("mail").Parse(layout))

// Template is the hash of the words and the layout.
var Template = fingerprint()

func fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q", layout)
	for _, locale := range slices.Sorted(maps.Keys(languages)) {
		fmt.Fprintf(h, "%q%q", locale, languages[locale])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Render makes the mail. It returns ErrRenderer for inputs of another renderer,
// and a *core.FieldError for one that can be no part of a mail.
func Render(in Input) (core.Mail, error) {
	if in.Frozen.Renderer != Renderer || in.Frozen.Template != Template {
		return core.Mail{}, ErrRenderer
	}
	from, err := in.from()
	if err = errors.Join(err, in.check()); err != nil {
		return core.Mail{}, err
	}
	c := compose(in)
	var html bytes.Buffer
	if err := page.Execute(&html, c); err != nil {
		return core.Mail{}, fmt.Errorf("letter of %s: %w", in.Invitation, err)
	}
	return core.Mail{
		From:    from,
		To:      in.Email,
		ReplyTo: in.Frozen.ReplyTo,
		Subject: c.Subject,
		HTML:    html.String(),
		Text:    c.text(),
		Headers: in.headers(),
		Tags: map[string]string{
			"vendor": in.Vendor.String(), "invitation": in.Invitation.String(), "kind": in.Kind.String(),
		},
	}, nil
}

// check is the one gate in front of the headers: no control character passes it,
// so none of them can begin another header.
func (in Input) check() error {
	var faults []error
	fault := func(field, reason string) {
		faults = append(faults, &core.FieldError{Field: field, Code: "invalid", Reason: reason})
	}
	if in.Email == "" || !oneLine(in.Email) || strings.ContainsAny(in.Email, " <>,;") {
		fault("email", "must be one bare address")
	}
	if !oneLine(in.Frozen.ReplyTo) {
		fault("reply_to", "must be one line")
	}
	if tidy(in.Frozen.VendorName) == "" {
		fault("vendor_name", "must not be empty")
	}
	if !isLink(in.ReviewURL) {
		fault("review_url", "must be a plain http or https address")
	}
	if !isLink(in.OptOutURL) {
		fault("opt_out_url", "must be a plain http or https address")
	}
	return errors.Join(faults...)
}

// linkForm leaves out what would have to be escaped in a header, an attribute or
// a line of text, so that a link is the same bytes in all three.
var linkForm = regexp.MustCompile(`^https?://[A-Za-z0-9._~:/\[\]%-]+$`)

func isLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && len(link) <= 1000 && linkForm.MatchString(link)
}

func (in Input) headers() map[string]string {
	h := map[string]string{
		"List-Unsubscribe":      "<" + in.OptOutURL + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Auto-Submitted":        "auto-generated",
		// Google groups complaints by these fields; the last one is the sender of
		// all of them and has 5 to 15 characters.
		"Feedback-ID": in.Vendor.String() + ":" + in.Kind.String() + ":aminobridge",
	}
	if host := listHost(in.Frozen.PublicURL); host != "" {
		h["List-Id"] = "<" + in.Vendor.String() + ".reviews." + host + ">"
	}
	return h
}

var hostForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// listHost is the domain that a List-Id may stand in: RFC 2919 wants a name, so
// a bare IPv6 address gives none.
func listHost(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || !hostForm.MatchString(strings.ToLower(u.Hostname())) {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
