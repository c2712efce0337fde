package httpapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// TestServerBoundsBodies: what the server holds in memory before anybody is known
// is little more than the most that a route takes.
func TestServerBoundsBodies(t *testing.T) {
	const most = 1<<20 + 64<<10
	for size, want := range map[int]int{most: 200, most + 1: 413} {
		app := httpapi.App(slog.New(slog.DiscardHandler))
		app.Post("/whole", func(c *fiber.Ctx) error { return c.SendStatus(http.StatusOK) })
		head := fmt.Sprintf("POST /whole HTTP/1.1\r\nHost: amino.test\r\nContent-Length: %d\r\n\r\n", size)
		res, text := raw(t, app, head+strings.Repeat(" ", size))
		if res.StatusCode != want {
			t.Errorf("a body of %d bytes: %d %s, want %d", size, res.StatusCode, text, want)
		}
	}
}

// TestSendAtInThePast is due now, and paced all the same: even the zero time was
// given.
func TestSendAtInThePast(t *testing.T) {
	for _, at := range []string{"0001-01-01T00:00:00Z", "2001-01-01T00:00:00Z", noon.Format("2006-01-02T15:04:05Z")} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t, "delay=7d")
			a := w.post(`{"email":"ann@shop.example","name":"Ann","send_at":"` + at + `"}`)
			want(t, "status", a.status, 202)
			id, err := core.ParseInvitationID(a.id())
			w.must(err)
			inv, err := w.Invitation(t.Context(), w.vendor.ID, id)
			w.must(err)
			want(t, "lane", inv.Lane, core.Orders)
			want(t, "due", inv.DueAt, noon)
			want(t, "ready", len(w.claim()), 1)
		})
	}
}
