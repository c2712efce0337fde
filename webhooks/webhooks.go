// Package webhooks receives what shops tell us. It hides the order of the checks,
// the limits of a request, and how long a shop may be kept waiting; what a body
// means is its platform's business.
package webhooks

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/queue"
)

const (
	// maxBody is far above the largest order we know of, 18 KB. The app's own
	// limit is higher, so that a body over this one is still told so in words.
	maxBody = 1 << 20
	// answerWithin leaves half a second of the five that Shopify waits in all.
	answerWithin = 4500 * time.Millisecond
	// leaseWithin is how long a withdrawal waits for a letter that is on its way;
	// the platform's retry then waits again.
	leaseWithin = 3 * time.Second
	// retryAfter, in seconds, is about as long as a lease has left at most.
	retryAfter = "60"
)

// Source is one platform's way of signing and telling. header returns "" for a
// header that is missing or repeated.
type Source interface {
	Platform() string
	Signed(secrets []string, header func(string) string, body []byte) bool
	Topic(header func(string) string) string
	Decode(topic string, header func(string) string, body []byte) core.Event
}

// Store is what webhooks need of a store.
type Store interface {
	ShopByToken(ctx context.Context, token string) (core.Shop, error)
	Append(ctx context.Context, events []core.Event) ([]core.LeaseRef, error)
	LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error)
}

// Handler answers webhooks. Nudge is called when there is something to decide.
type Handler struct {
	Sources []Source
	Store   Store
	Nudge   func()
	Now     func() time.Time
	Log     *slog.Logger
}

// Mount adds the route. A request is refused by the first that applies: 404 for
// a path that names no shop, 415 for an encoded body, 413 for one too large, 401
// for one that the shop did not sign, 400 for one without a topic or content. 200
// means that the event is kept and, if it withdraws, that no letter of its order
// is on its way any more; 503 that the platform shall come again.
func Mount(r fiber.Router, h Handler) {
	r.Post("/webhooks/:platform/:token", h.receive)
}

func (h Handler) receive(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), answerWithin)
	defer cancel()
	source, shop, err := h.find(ctx, c.Params("platform"), strings.Clone(c.Params("token")))
	// The bytes as they were signed, uncopied: nothing of them outlives this call.
	header, body := once(c), c.Request().Body()
	switch {
	case errors.Is(err, core.ErrNotFound):
		return refuse(c, fiber.StatusNotFound, "there is no such webhook address")
	case err != nil:
		return h.later(c, shop, "", err)
	case encoded(c):
		return refuse(c, fiber.StatusUnsupportedMediaType, "the body must not be encoded")
	case len(body) > maxBody:
		return refuse(c, fiber.StatusRequestEntityTooLarge, "the body is larger than 1 MiB")
	case !source.Signed(shop.Secrets, header, body):
		return refuse(c, fiber.StatusUnauthorized, "the signature is missing or wrong")
	}
	topic := source.Topic(header)
	if topic == "" || len(body) == 0 {
		return refuse(c, fiber.StatusBadRequest, "the topic or the body is missing")
	}
	e := source.Decode(topic, header, body)
	h.complete(&e, shop)
	if err := h.keep(ctx, e); err != nil {
		return h.later(c, shop, topic, err)
	}
	c.Status(fiber.StatusOK) // and no SendStatus, which would write a body
	return nil
}

// find names the shop by the token alone; the platform must then be the shop's.
func (h Handler) find(ctx context.Context, platform, token string) (Source, core.Shop, error) {
	for _, source := range h.Sources {
		if source.Platform() != platform {
			continue
		}
		shop, err := h.Store.ShopByToken(ctx, token)
		if err == nil && shop.Platform != source.Platform() {
			err = core.ErrNotFound
		}
		return source, shop, err
	}
	return nil, core.Shop{}, core.ErrNotFound
}

// complete adds what the body cannot know.
func (h Handler) complete(e *core.Event, shop core.Shop) {
	e.ReceivedAt = core.Micro(h.Now())
	e.ID = core.NewEventID(e.ReceivedAt)
	e.NotBefore = e.ReceivedAt
	e.Vendor, e.Shop = shop.Vendor, shop.ID
}

// keep makes the event durable and waits for letters in the way of a withdrawal.
// With ctx done first the event may be kept or not: the platform's retry is then
// a repeat, or the first telling.
func (h Handler) keep(ctx context.Context, e core.Event) error {
	refs, err := h.Store.Append(ctx, []core.Event{e})
	if err != nil {
		return err
	}
	h.Nudge()
	if len(refs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, leaseWithin)
	defer cancel()
	return queue.Await(ctx, h.Store, refs)
}

// later asks the platform to come again. Nothing was lost: what is not answered
// with 200 is told again.
func (h Handler) later(c *fiber.Ctx, shop core.Shop, topic string, err error) error {
	if !errors.Is(err, core.ErrWait) {
		h.Log.Warn("a webhook has to come again", "vendor", shop.Vendor, "shop", shop.ID, "topic", topic, "error", err)
	}
	c.Set(fiber.HeaderRetryAfter, retryAfter)
	return refuse(c, fiber.StatusServiceUnavailable, "not now; please send this again")
}

// refuse answers in words of our own: nothing of the request is echoed.
func refuse(c *fiber.Ctx, status int, why string) error {
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.Status(status).SendString(why + "\n")
}

// once reads a header that came exactly once. Of two signatures nobody can say
// which one the platform meant.
func once(c *fiber.Ctx) func(string) string {
	return func(name string) string {
		if values := c.Request().Header.PeekAll(name); len(values) == 1 {
			return string(values[0])
		}
		return ""
	}
}

func encoded(c *fiber.Ctx) bool {
	for _, v := range c.Request().Header.PeekAll(fiber.HeaderContentEncoding) {
		if len(v) > 0 && !strings.EqualFold(string(v), "identity") {
			return true
		}
	}
	return false
}
