package httpapi_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
	"aminobridge/store/bolt"
)

// counting is a store that notes whether its recount has to hurry.
type counting struct {
	*bolt.Store
	hurried bool
}

func (c *counting) Check(ctx context.Context) ([]core.Finding, error) {
	end, bound := ctx.Deadline()
	c.hurried = bound && time.Until(end) < 10*time.Minute
	return c.Store.Check(ctx)
}

// TestAdminCheckTakesItsTime: a recount of many millions takes minutes, longer than
// any other request may.
func TestAdminCheckTakesItsTime(t *testing.T) {
	o := newOffice(t)
	s := &counting{Store: o.store, hurried: true}
	o.app = httpapi.App(slog.New(slog.DiscardHandler))
	httpapi.MountAdmin(o.app, httpapi.Admin{Store: s, Now: o.clock.Now, Clock: o})
	if got := must[httpapi.AdminCheck](o, "GET", "/check", ""); !got.OK || s.hurried {
		t.Errorf("ok %t, in a hurry %t", got.OK, s.hurried)
	}
}
