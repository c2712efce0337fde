package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// Admin is what the admin API works with. The command line is its only client:
// it is mounted on a socket that only the operator may open, or served in memory
// to a verb that runs without a server. It must never be mounted on a network,
// because it asks for no key.
type Admin struct {
	Store     AdminStore
	Clock     AdminClock
	Now       func() time.Time
	PublicURL string                   // what webhook URLs begin with
	Platforms map[string]AdminPlatform // by the name in a shop's webhook URL
	Senders   map[string][]string      // by name, the routes in the store that lead there
	// Post hands a request to the program's own public routes, in process.
	Post  func(*http.Request) (*http.Response, error)
	Build any // what `amino version` tells
}

// AdminStore is what the admin API needs of a store, by the thing it is about.
type AdminStore interface {
	adminVendors
	adminKeys
	adminShops
	adminLedger
	adminSenders
}

// AdminClock is the program's clock, which can be moved for trying things.
type AdminClock interface {
	// Show tells the time, by how much it was moved, and why it may not be.
	Show(ctx context.Context) (AdminTime, error)
	// Advance moves it ahead and returns once what became due is done.
	Advance(ctx context.Context, by time.Duration) error
	// Next advances it to the next thing that is due, and returns by how much:
	// 0 if nothing is.
	Next(ctx context.Context) (time.Duration, error)
}

// AdminPlatform is what the admin API must know of what shops run on.
type AdminPlatform struct {
	// Domain brings a shop's domain to its one form, or returns a *core.FieldError.
	Domain func(text string) (string, error)
	// Sample is a webhook like the platform's own test notification, signed with
	// the secret, and the id of the order in it.
	Sample func(url, secret string, now time.Time) (r *http.Request, order string, err error)
}

type desk struct{ Admin }

// MountAdmin mounts the admin API under /admin.
func MountAdmin(r fiber.Router, a Admin) {
	d := desk{a}
	g := r.Group("/admin")
	g.Get("/version", d.version)

	g.Get("/vendors", d.vendors)
	g.Post("/vendors", d.addVendor)
	g.Get("/vendors/:slug", d.vendor)
	g.Patch("/vendors/:slug", d.setVendor)

	g.Get("/vendors/:slug/keys", d.keys)
	g.Post("/vendors/:slug/keys", d.addKey)
	g.Delete("/keys/:id", d.revokeKey)

	g.Get("/vendors/:slug/shops", d.shops)
	g.Post("/vendors/:slug/shops", d.addShop)
	g.Patch("/shops/:id", d.setShop)
	g.Post("/shops/:id/test", d.testShop)

	g.Get("/vendors/:slug/queue", d.queue)
	g.Get("/vendors/:slug/events", d.events)
	g.Get("/vendors/:slug/stats", d.stats)
	g.Get("/check", d.check)

	g.Get("/senders/:name", d.sender)
	g.Post("/senders/:name/open", d.openSender)
	g.Get("/clock", d.clock)
	g.Post("/clock/advance", d.advance)
	g.Post("/clock/next", d.next)
	g.Post("/clock/trust", d.trust)
}

func (d desk) version(c *fiber.Ctx) error { return c.JSON(d.Build) }

// vendorOf finds the vendor that the path names.
func (d desk) vendorOf(c *fiber.Ctx) (core.Vendor, error) {
	return d.Store.VendorBySlug(c.UserContext(), c.Params("slug"))
}

// readAdmin reads a JSON body strictly: the one client is ours, so an unknown
// member is a fault.
func readAdmin[T any](c *fiber.Ctx) (in T, err error) {
	dec := json.NewDecoder(bytes.NewReader(c.BodyRaw()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, &core.FieldError{Field: "body", Code: "invalid", Reason: "must be the JSON object of this call"}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return in, &core.FieldError{Field: "body", Code: "invalid", Reason: "must be one JSON object"}
	}
	return in, nil
}

// mostListed bounds one page of a list.
const (
	usualListed = 50
	mostListed  = 1000
)

func listed(c *fiber.Ctx) int {
	return min(max(c.QueryInt("n", usualListed), 1), mostListed)
}
