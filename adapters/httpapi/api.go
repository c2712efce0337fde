// Package httpapi speaks HTTP to programs: the REST API of vendors, which is a
// contract, the admin API of the command line, and the one table that turns
// errors into answers for the whole app. It hides Fiber, huma and every shape of
// JSON; what it passes on are the types of core.
package httpapi

//go:generate go test -run TestOpenAPI . -update

import (
	"context"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// API is what the REST API works with. Every field is required.
type API struct {
	Store     Store
	Keys      Tokens
	PublicURL string           // what review links begin with
	Now       func() time.Time // civil
	Log       *slog.Logger
	Nudge     func()       // wakes the queue when there is a new letter
	Ready     func() error // why no work may be taken on; nil: it may
}

// Store is what the REST API needs of a store.
type Store interface {
	KeyByHash(ctx context.Context, hash [32]byte) (core.Key, error)

	Accept(ctx context.Context, ask core.Ask) (core.Accepted, error)
	Budget(ctx context.Context, vendor core.VendorID) (core.Budget, error)
	Forecast(ctx context.Context, vendor core.VendorID, id core.InvitationID, now time.Time) (time.Time, error)
	Invitation(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Invitation, error)
	List(ctx context.Context, vendor core.VendorID, f core.Filter, cursor string, n int) (core.Page, error)
	Counters(ctx context.Context, vendor core.VendorID) (core.Counters, error)
	Series(ctx context.Context, vendor core.VendorID, from, to time.Time) ([]core.Day, error)
	Cancel(ctx context.Context, vendor core.VendorID, id core.InvitationID, revoke bool, now time.Time) ([]core.LeaseRef, error)
	LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error)

	Sender(ctx context.Context, name string) (core.SenderState, error)
}

// Tokens makes the last part of a review link; *vault.Keys does.
type Tokens interface {
	TokenVersion() int
	ReviewToken(version int, v core.VendorID, i core.InvitationID) string
}

// invitations is where the API lives; Location and the routes agree on it.
const invitations = "/api/v1/invitations"

// Mount mounts the REST API, its description, and the two probes.
func Mount(app *fiber.App, h API) {
	app.Get("/healthz", h.healthy)
	app.Get("/readyz", h.ready)

	app.Use("/api/v1", h.authenticate, briefly)
	app.Post(invitations, h.budgeted, unencoded, small, h.asked)
	app.Get("/openapi.json", describe(h.operations(app)))
}

// healthy says that the process runs and answers, and no more.
func (h API) healthy(c *fiber.Ctx) error { return c.JSON(health{OK: true}) }

// programsOwn is the sender of every vendor that has not chosen another.
const programsOwn = ""

// ready says whether work may be taken on. A closed sender is told but does not
// make it unready: calls are accepted and their mail waits.
func (h API) ready(c *fiber.Ctx) error {
	if err := h.Ready(); err != nil {
		return errNotReady
	}
	s, err := h.Store.Sender(c.UserContext(), programsOwn)
	if err != nil {
		return err
	}
	state := "open"
	if s.Closed(h.Now()) {
		state = "closed"
	}
	return c.JSON(health{OK: true, Sender: state})
}
