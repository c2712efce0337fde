package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// maxBody is far more than an invitation needs, and little enough to be parsed
// for anybody who has a key.
const maxBody = 64 << 10

// call is a request of a vendor, from the check of its key on. Middleware and
// operations hand each other through it what HTTP has no place for.
type call struct {
	key    core.Key
	wish   wish         // of a POST
	budget *core.Budget // after the call, once the store has told it
}

type callKey struct{}

// callOf is the call that ctx belongs to; authenticate put it there.
func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// authenticate lets nobody past without the key of a vendor.
func (h API) authenticate(c *fiber.Ctx) error {
	hash, err := bearer(c.Get(fiber.HeaderAuthorization))
	if err != nil {
		return err
	}
	key, err := h.Store.KeyByHash(c.UserContext(), hash)
	if errors.Is(err, core.ErrNotFound) {
		return errBadKey
	}
	if err != nil {
		return err
	}
	c.SetUserContext(context.WithValue(c.UserContext(), callKey{}, &call{key: key}))
	return c.Next()
}

func bearer(header string) (hash [32]byte, err error) {
	scheme, key, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return hash, errNoKey
	}
	hash, ok := vault.HashAPIKey(strings.TrimSpace(key))
	if !ok {
		return hash, errBadKey
	}
	return hash, nil
}

// briefly gives every call ten seconds, which is long for one transaction, but
// for DELETE, which may wait for a letter on its way.
func briefly(c *fiber.Ctx) error {
	if c.Method() == fiber.MethodDelete {
		return c.Next()
	}
	return deadline(10 * time.Second)(c)
}

// budgeted tells on every answer of a POST where the vendor stands. Retry-After
// is set here, from the same number as t.
func (h API) budgeted(c *fiber.Ctx) error {
	err := c.Next()
	b, known := h.budgetOf(c.UserContext())
	if !known {
		return err
	}
	c.Set("RateLimit-Policy", fmt.Sprintf(`"invitations";q=%d;w=3600`, b.Cap))
	c.Set("RateLimit", fmt.Sprintf(`"invitations";r=%d;t=%d`, b.Left, seconds(b.Reset)))
	if c.Response().StatusCode() == fiber.StatusTooManyRequests {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retryAfter(b.Reset)))
	}
	return err
}

// budgetOf is not known when the store cannot tell; the answer then goes without,
// since it has its own reason to tell.
func (h API) budgetOf(ctx context.Context) (core.Budget, bool) {
	c := callOf(ctx)
	if c.budget != nil {
		return *c.budget, true
	}
	b, err := h.Store.Budget(ctx, c.key.Vendor)
	return b, err == nil
}

// unencoded refuses a packed body: a megabyte of it may unpack to a gigabyte.
func unencoded(c *fiber.Ctx) error {
	if e := c.Get(fiber.HeaderContentEncoding); e != "" && !strings.EqualFold(e, "identity") {
		return errEncoding
	}
	return c.Next()
}

func small(c *fiber.Ctx) error {
	if len(c.BodyRaw()) > maxBody {
		return errTooLarge
	}
	return c.Next()
}

// asked reads what a POST asks for, before huma, whose adapter would unpack the
// body and answer 422.
func (h API) asked(c *fiber.Ctx) error {
	headers := &c.Request().Header
	w, err := readWish(c.BodyRaw(), h.Now(), texts(headers.PeekAll("Idempotency-Key")), texts(headers.PeekAll("Prefer")))
	if err != nil {
		return err
	}
	callOf(c.UserContext()).wish = w
	return c.Next()
}

func texts(values [][]byte) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
