package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// patience is how long any request may take: the minute for which a no waits for
// a letter on its way, and some for the store.
const patience = 65 * time.Second

// App is a Fiber app with the settings and the first middleware that every route
// of the program needs. A body over BodyLimit is refused before any of them runs.
func App(log *slog.Logger) *fiber.App {
	app := fiber.New(fiber.Config{
		ErrorHandler:                 ErrorHandler(log),
		Immutable:                    true,             // Fiber reuses its buffers: one customer's address would show up in another's
		BodyLimit:                    1<<20 + 64<<10,   // held before anybody is known; above what any route takes, so that it says so itself
		ReadTimeout:                  10 * time.Second, // slow requests are the cheapest attack
		WriteTimeout:                 10 * time.Second, // counts from the answer, not from the request
		IdleTimeout:                  15 * time.Second,
		ReadBufferSize:               16 << 10, // the most that all headers may be
		Concurrency:                  4096,     // connections; at 16 KiB each, 64 MiB
		DisablePreParseMultipartForm: true,     // nothing is parsed before it is known who asks
		EnableTrustedProxyCheck:      true,     // with no proxy trusted, forwarded headers are not believed
		DisableStartupMessage:        true,
	})
	app.Use(recovered, identified, unambiguous, secured, deadline(patience))
	return app
}

// panicked is a panic of a handler, as an error.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

// recovered makes an error of a panic: without it, one bad request ends the process.
func recovered(c *fiber.Ctx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p, debug.Stack()}
		}
	}()
	return c.Next()
}

type requestKey struct{}

// requestID is the id of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// identify gives a request its id, once. The caller's own is not taken over: it
// could be anything, and would end up in our log.
func identify(c *fiber.Ctx) {
	if requestID(c.UserContext()) != "" {
		return
	}
	id := rand.Text()
	c.SetUserContext(context.WithValue(c.UserContext(), requestKey{}, id))
	c.Set(fiber.HeaderXRequestID, id)
}

func identified(c *fiber.Ctx) error {
	identify(c)
	return c.Next()
}

// unambiguous refuses what two servers in a row may read as two different
// requests and what fasthttp lets pass: both kinds of length, and a header
// continued on the next line. The connection cannot be trusted after that.
func unambiguous(c *fiber.Ctx) error {
	if ambiguous(c.Request().Header.RawHeaders()) {
		c.Context().SetConnectionClose()
		return errFraming
	}
	return c.Next()
}

func ambiguous(headers []byte) bool {
	var length, encoding bool
	for line := range bytes.Lines(headers) {
		if line[0] == ' ' || line[0] == '\t' {
			return true
		}
		name, _, _ := bytes.Cut(line, []byte(":"))
		length = length || bytes.EqualFold(name, []byte("Content-Length"))
		encoding = encoding || bytes.EqualFold(name, []byte("Transfer-Encoding"))
	}
	return length && encoding
}

// secured sets what every answer has unless its handler says otherwise: nothing
// is kept, framed, guessed at or told to the next site.
func secured(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	return c.Next()
}

// deadline ends what a handler waits for; Fiber's own context has no end. Webhooks
// have an earlier one of their own.
func deadline(d time.Duration) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if strings.HasPrefix(c.Path(), "/webhooks/") {
			return c.Next()
		}
		ctx, stop := context.WithTimeout(c.UserContext(), d)
		defer stop()
		c.SetUserContext(ctx)
		return c.Next()
	}
}
