package httpapi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// AdminTime is what the program's clock shows.
type AdminTime struct {
	Now   time.Time `json:"now"`
	Moved string    `json:"moved"` // by how much it was advanced, as in 8d
	Why   string    `json:"why_not,omitempty"`
	By    string    `json:"by,omitempty"` // how far this call moved it
	Idle  bool      `json:"idle"`         // nothing is due now, or on its way
}

// AdminAdvance asks for a move of the clock, as in 8d.
type AdminAdvance struct {
	By string `json:"by"`
}

func (d desk) clock(c *fiber.Ctx) error {
	t, err := d.Clock.Show(c.UserContext())
	if err != nil {
		return err
	}
	return c.JSON(t)
}

func (d desk) advance(c *fiber.Ctx) error {
	in, err := readAdmin[AdminAdvance](c)
	if err != nil {
		return err
	}
	by, err := core.ParseDuration(in.By)
	if err != nil || by <= 0 {
		return &core.FieldError{Field: "by", Code: "invalid", Reason: "must be a time ahead, like 8d or 90m"}
	}
	if err := d.Clock.Advance(c.UserContext(), by); err != nil {
		return err
	}
	return d.movedBy(c, by)
}

func (d desk) next(c *fiber.Ctx) error {
	by, err := d.Clock.Next(c.UserContext())
	if err != nil {
		return err
	}
	return d.movedBy(c, by)
}

// trust is a person saying that the wall clock is right after a jump.
func (d desk) trust(c *fiber.Ctx) error {
	if err := d.Store.TrustWall(c.UserContext()); err != nil {
		return err
	}
	return d.clock(c)
}

func (d desk) movedBy(c *fiber.Ctx, by time.Duration) error {
	t, err := d.Clock.Show(c.UserContext())
	if err != nil {
		return err
	}
	t.By = core.FormatDuration(by)
	return c.JSON(t)
}

type adminSenders interface {
	TrustWall(ctx context.Context) error
	CloseSender(ctx context.Context, s core.SenderState) error
	Sender(ctx context.Context, name string) (core.SenderState, error)
}

// AdminSender is whether a sender may be used.
type AdminSender struct {
	Name    string            `json:"name"`
	Open    bool              `json:"open"`
	Until   *time.Time        `json:"until"` // null while closed: until a person opens it
	Cause   string            `json:"cause,omitempty"`
	Domains map[string]string `json:"domains,omitempty"` // closed ones, and why
}

func (d desk) sender(c *fiber.Ctx) error {
	name, routes, err := d.senderOf(c)
	if err != nil {
		return err
	}
	s, err := d.Store.Sender(c.UserContext(), routes[0])
	if err != nil {
		return err
	}
	return c.JSON(d.viewSender(name, s))
}

// OwnSender stands for the sender that the program was started with.
const OwnSender = "own"

// senderOf finds the routes that lead to the sender. They close and open together.
func (d desk) senderOf(c *fiber.Ctx) (name string, routes []string, err error) {
	name = c.Params("name")
	for other, routes := range d.Senders {
		if name == OwnSender && slices.Contains(routes, "") {
			name = other
		}
	}
	if routes = d.Senders[name]; len(routes) == 0 {
		return "", nil, fmt.Errorf("sender: %w", core.ErrNotFound)
	}
	return name, routes, nil
}

func (d desk) viewSender(name string, s core.SenderState) AdminSender {
	if !s.Closed(d.Now()) {
		return AdminSender{Name: name, Open: true, Domains: s.Domains}
	}
	return AdminSender{Name: name, Until: orNull(s.Until), Cause: s.Cause, Domains: s.Domains}
}

// openSender is a person saying that the cause is gone.
func (d desk) openSender(c *fiber.Ctx) error {
	name, routes, err := d.senderOf(c)
	if err != nil {
		return err
	}
	for _, route := range routes {
		if err := d.Store.CloseSender(c.UserContext(), core.SenderState{Name: route}); err != nil {
			return err
		}
	}
	return c.JSON(d.viewSender(name, core.SenderState{}))
}
