package httpapi

import (
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// Access logs one line for each request, with the route's template: the path
// itself holds the tokens of links and webhooks. A webhook that was taken is an event, which
// has a log of its own.
func Access(log *slog.Logger) fiber.Handler {
	return func(c *fiber.Ctx) error {
		start := time.Now()
		if err := c.Next(); err != nil {
			if err := c.App().ErrorHandler(c, err); err != nil {
				return err
			}
		}
		level := slog.LevelInfo
		if accepted := c.Response().StatusCode() == fiber.StatusOK; accepted && strings.HasPrefix(routeOf(c), "/webhooks/") {
			level = slog.LevelDebug
		}
		if !log.Enabled(c.UserContext(), level) {
			return nil
		}
		log.LogAttrs(c.UserContext(), level, "request",
			slog.String("method", c.Method()),
			slog.String("route", routeOf(c)),
			slog.Int("status", c.Response().StatusCode()),
			slog.Duration("took", time.Since(start)),
			slog.String("request", c.GetRespHeader(fiber.HeaderXRequestID)),
		)
		return nil
	}
}

// routeOf is the template of the last route that took the request. For one that
// no handler took it is the middleware's own, which has no template to tell.
func routeOf(c *fiber.Ctx) string {
	if r := c.Route(); r.Path != "/" || c.Path() == "/" {
		return r.Path
	}
	return "(none)"
}
