// Package webui serves the pages that customers see: the review page behind the
// link in a mail, and the page where they say no. It hides HTML, assets, and
// what browsers and link scanners do with forms. Every page works
// without script, sets no cookie and loads nothing from elsewhere.
package webui

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/review"
	"aminobridge/core/vault"
)

//go:generate go tool templ generate

// Reviews is what the review page needs of a store.
type Reviews interface {
	Invitation(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Invitation, error)
	Visit(ctx context.Context, s core.Seen) error
	Open(ctx context.Context, s core.Seen) error
	Complete(ctx context.Context, s core.Seen, r core.Review) error
	Review(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Review, error)
}

// OptOuts is what the opt-out page needs of a store.
type OptOuts interface {
	SuppressRecipient(ctx context.Context, s core.Seen, why core.Reason) ([]core.LeaseRef, error)
	Suppressed(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Reason, error)
	LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error)
}

// Store is what the pages need of a store.
type Store interface {
	Reviews
	OptOuts
	Vendor(ctx context.Context, id core.VendorID) (core.Vendor, error)
}

// Pages serves the customers. OptOutWait is how long an opt-out waits for a
// letter that is on its way; zero means 60 s, the longest a lease lasts.
type Pages struct {
	Store      Store
	Keys       *vault.Keys
	Now        func() time.Time // civil
	Log        *slog.Logger
	OptOutWait time.Duration
}

// Mount adds the pages and their assets to r. Fiber answers HEAD wherever it
// answers GET.
func Mount(r fiber.Router, p Pages) {
	r.Get("/assets/:name", serveAsset)
	r.Get("/review/:token", private, p.show)
	r.Post("/review/:token", private, ownPageOnly, p.submit)
	r.Post("/review/:token/open", private, ownPageOnly, p.open)
	r.Get("/u/:token", private, p.ask)
	r.Post("/u/:token", private, p.optOut)
}

// policy allows the page its own style, icon, script and form, and the script its
// beacon.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// private keeps a page and the token in its address from caches, search engines,
// frames and the sites it links to.
func private(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set("X-Robots-Tag", "noindex, nofollow")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	return c.Next()
}

func (p Pages) stamps() review.Stamps {
	return review.Stamps{MAC: func(parts ...[]byte) []byte { return p.Keys.Hash("review form", parts...) }}
}

// render writes a whole page or none.
func render(c *fiber.Ctx, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(c.UserContext(), &b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).Send(b.Bytes())
}

// failed answers for a link that leads nowhere, always with the same page:
// whoever tries links learns nothing. Other errors are not for a page to tell.
func failed(c *fiber.Ctx, err error) error {
	if errors.Is(err, core.ErrRefusedLink) || errors.Is(err, core.ErrNotFound) {
		return render(c, fiber.StatusNotFound, noSuchLink())
	}
	return err
}
