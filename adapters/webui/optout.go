package webui

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/queue"
)

// leaseLasts is the longest that a letter on its way can stand before a no.
const leaseLasts = 60 * time.Second

// retryAfter is, in seconds, half of what a lease lasts.
const retryAfter = "30"

// optOutVisit is one request behind an opt-out link, which works for ever.
type optOutVisit struct {
	Seen   core.Seen
	Vendor core.Vendor
}

func (p Pages) comeToOptOut(c *fiber.Ctx) (v optOutVisit, err error) {
	v.Seen.Now = p.Now()
	if v.Seen.Vendor, v.Seen.Invitation, err = p.Keys.ParseOptOut(c.Params("token")); err != nil {
		return v, err
	}
	v.Vendor, err = p.Store.Vendor(c.UserContext(), v.Seen.Vendor)
	return v, err
}

// ask shows what the button does, and changes nothing: scanners follow this link too.
func (p Pages) ask(c *fiber.Ctx) error {
	v, err := p.comeToOptOut(c)
	if err != nil {
		return failed(c, err)
	}
	why, err := p.Store.Suppressed(c.UserContext(), v.Seen.Vendor, v.Seen.Invitation)
	if err != nil {
		return failed(c, err)
	}
	if why != "" {
		return render(c, fiber.StatusOK, optedOut(v))
	}
	return render(c, fiber.StatusOK, optOutForm(v))
}

// optOut is the no, by the page's button or by the one click in a mail program
// (RFC 8058), which comes from anywhere, without cookie, and follows no redirect.
// It is acknowledged once no letter can leave any more.
func (p Pages) optOut(c *fiber.Ctx) error {
	fields, err := readForm(c)
	if err != nil {
		return err
	}
	v, err := p.comeToOptOut(c)
	if err != nil {
		return failed(c, err)
	}
	if !strings.EqualFold(fields.Get("List-Unsubscribe"), "One-Click") {
		return render(c, fiber.StatusBadRequest, optOutForm(v))
	}
	refs, err := p.Store.SuppressRecipient(c.UserContext(), v.Seen, core.OptedOut)
	if err != nil {
		return failed(c, err)
	}
	return p.acknowledge(c, v, refs)
}

func (p Pages) acknowledge(c *fiber.Ctx, v optOutVisit, refs []core.LeaseRef) error {
	wait := p.OptOutWait
	if wait == 0 {
		wait = leaseLasts
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), wait)
	defer cancel()
	err := queue.Await(ctx, p.Store, refs)
	if errors.Is(err, core.ErrWait) || err != nil && ctx.Err() != nil {
		c.Set(fiber.HeaderRetryAfter, retryAfter)
		return render(c, fiber.StatusServiceUnavailable, optOutWaits(v))
	}
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, optedOut(v))
}
