package webui

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/review"
)

// visit is one request behind a review link that leads somewhere.
type visit struct {
	Token      string
	Seen       core.Seen
	Invitation core.Invitation
	Vendor     core.Vendor
	Link       review.Link
}

// come follows the token of the request. It returns core.ErrRefusedLink for a
// link that is closed or never was one.
func (p Pages) come(c *fiber.Ctx) (v visit, err error) {
	v.Token, v.Seen.Now = c.Params("token"), p.Now()
	if v.Seen.Vendor, v.Seen.Invitation, err = p.Keys.ParseReview(v.Token); err != nil {
		return v, err
	}
	if v.Invitation, err = p.Store.Invitation(c.UserContext(), v.Seen.Vendor, v.Seen.Invitation); err != nil {
		return v, err
	}
	if v.Link = review.LinkOf(v.Invitation, v.Seen.Now); v.Link == review.Closed {
		return v, core.ErrRefusedLink
	}
	v.Vendor, err = p.Store.Vendor(c.UserContext(), v.Seen.Vendor)
	return v, err
}

// show answers GET and HEAD, which change nothing but the count of visits.
func (p Pages) show(c *fiber.Ctx) error {
	v, err := p.come(c)
	if err != nil {
		return failed(c, err)
	}
	p.count(c.UserContext(), v.Seen)
	if v.Link == review.Over {
		return render(c, fiber.StatusGone, expired(v))
	}
	page := p.form(c, v)
	if page.Editing() {
		r, err := p.Store.Review(c.UserContext(), v.Seen.Vendor, v.Seen.Invitation)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
		page.Fields = fieldsOf(r)
	}
	return render(c, fiber.StatusOK, reviewForm(page))
}

// count counts a visit. The page does not depend on it: a customer can write
// while nothing can be counted.
func (p Pages) count(ctx context.Context, s core.Seen) {
	if err := p.Store.Visit(ctx, s); err != nil {
		p.Log.WarnContext(ctx, "visit not counted", "vendor", s.Vendor, "invitation", s.Invitation, "error", err)
	}
}

// form is an empty form, stamped with its time.
func (p Pages) form(c *fiber.Ctx, v visit) formPage {
	return formPage{
		visit: v,
		Stamp: p.stamps().Make(v.Token, v.Seen.Now),
		Hint:  review.Stars(c.Query("stars")),
	}
}

// submit takes a review, or gives the form back with what is wrong and all that
// was typed.
func (p Pages) submit(c *fiber.Ctx) error {
	fields, err := readForm(c)
	if err != nil {
		return err
	}
	v, err := p.come(c)
	if err != nil {
		return failed(c, err)
	}
	if v.Link == review.Over {
		return render(c, fiber.StatusGone, expired(v))
	}
	page := p.filled(c, v, fields)
	r, err := review.Check(page.Fields)
	if err != nil {
		page.Faults = faults(err)
		return render(c, fiber.StatusUnprocessableEntity, reviewForm(page))
	}
	return p.keep(c, page, r)
}

// filled is the form as it came in. Its stamp stays while it is good for
// anything, so that a second press on the button need not wait again.
func (p Pages) filled(c *fiber.Ctx, v visit, fields url.Values) formPage {
	page := p.form(c, v)
	page.Fields = review.Form{
		Rating:      fields.Get("rating"),
		Title:       fields.Get("title"),
		Text:        fields.Get("text"),
		DisplayName: fields.Get("display_name"),
		Honeypot:    fields.Get("homepage"),
		ShownAt:     p.stamps().Read(fields.Get("stamp"), v.Token),
		Now:         v.Seen.Now,
	}
	if at := page.Fields.ShownAt; !at.IsZero() && !at.After(v.Seen.Now) {
		page.Stamp = fields.Get("stamp")
	}
	return page
}

// keep stores the review. If the store cannot, the customer keeps the form.
func (p Pages) keep(c *fiber.Ctx, page formPage, r core.Review) error {
	err := p.Store.Complete(c.UserContext(), page.Seen, r)
	switch {
	case err == nil:
		return p.thank(c, r)
	case errors.Is(err, core.ErrRefusedLink), errors.Is(err, core.ErrNotFound):
		return failed(c, err)
	}
	p.Log.ErrorContext(c.UserContext(), "review not kept", "vendor", page.Seen.Vendor, "invitation", page.Seen.Invitation, "error", err)
	page.Unsaved = true
	c.Set(fiber.HeaderRetryAfter, retryAfter)
	return render(c, fiber.StatusServiceUnavailable, reviewForm(page))
}

// thank reads the invitation again, for a first review may have set its end.
func (p Pages) thank(c *fiber.Ctx, r core.Review) error {
	v, err := p.come(c)
	if err != nil {
		return failed(c, err)
	}
	return render(c, fiber.StatusOK, thanks(v, r))
}

// open takes the beacon of the page's script, which tells that a person was
// there. Without script, only a review does.
func (p Pages) open(c *fiber.Ctx) error {
	fields, err := readForm(c)
	if err != nil {
		return err
	}
	v, err := p.come(c)
	if err != nil {
		return failed(c, err)
	}
	if v.Link == review.Over || !review.Opened(p.proof(v, fields)) {
		return fiber.NewError(fiber.StatusUnprocessableEntity, "This does not count as opened.")
	}
	if err := p.Store.Open(c.UserContext(), v.Seen); err != nil {
		return failed(c, err)
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (p Pages) proof(v visit, fields url.Values) review.Proof {
	proof := review.Proof{Input: fields.Get("input")}
	if ms, err := strconv.ParseInt(fields.Get("visible"), 10, 32); err == nil {
		proof.Visible = time.Duration(ms) * time.Millisecond
	}
	if at := p.stamps().Read(fields.Get("stamp"), v.Token); !at.IsZero() {
		proof.Age = v.Seen.Now.Sub(at)
	}
	return proof
}
