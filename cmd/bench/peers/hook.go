package main

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/shopify"
	"aminobridge/core"
)

// task is what a webhook leaves in the queue: all that its letter needs. Vendor and
// order make it one, however often it is told.
type task struct {
	Vendor     string            `json:"vendor" river:"unique"`
	Order      string            `json:"order" river:"unique"`
	VendorID   core.VendorID     `json:"vendor_id"`
	Invitation core.InvitationID `json:"invitation"`
	OrderName  string            `json:"order_name"`
	Email      string            `json:"email"`
	Name       string            `json:"name"`
	Locale     string            `json:"locale"`
	At         time.Time         `json:"at"`
}

// Kind is River's name for it.
func (task) Kind() string { return "invitation" }

// delay is the time from an order to its letter, unless the whole job is done.
const delay = 7 * 24 * time.Hour

type hook struct {
	engine engine
	shops  map[string]shop
}

// receive makes the program's own checks of a webhook, and answers once the queue
// has the task durably.
func (h hook) receive(c *fiber.Ctx) error {
	s, ok := h.shops[c.Params("token")]
	source, body := shopify.Source{}, c.BodyRaw()
	// A second header of the same name is not looked for.
	header := func(name string) string { return c.Get(name) }
	switch {
	case !ok:
		return c.SendStatus(fiber.StatusNotFound)
	case !source.Signed([]string{s.Secret}, header, body):
		return c.SendStatus(fiber.StatusUnauthorized)
	}
	e := source.Decode(source.Topic(header), header, body)
	if e.Kind != core.Fulfilled || !e.IsFulfilled || e.Email == "" || e.Test {
		return nil // nobody is asked
	}
	return h.engine.enqueue(c.UserContext(), task{
		Vendor: s.Vendor, Order: strings.Clone(e.Order.ID), VendorID: s.id, Invitation: core.NewInvitationID(time.Now()),
		OrderName: e.OrderName, Email: e.Email, Name: e.Name, Locale: e.Locale, At: e.At,
	})
}
