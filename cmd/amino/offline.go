package main

import (
	"context"
	"log/slog"

	"github.com/gofiber/fiber/v2"
)

// offline serves the admin API over the folder's file, for one verb. Events get
// their verdicts meanwhile, but no letter leaves: that is the server's.
func offline(s *session) (app *fiber.App, end func(), err error) {
	store, clk, err := openFolder(s.ctx, s.settings, false, newLog(s.err, slog.LevelWarn))
	if err != nil {
		return nil, nil, err
	}
	base := s.settings.PublicURL
	if base == "" {
		base = "http://" + s.settings.Addr
	}
	p, err := wire(s.settings, base, store, clk, newLog(s.err, slog.LevelError))
	if err != nil {
		_ = store.Close()
		return nil, nil, err
	}
	ctx, stop := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.intake.Run(ctx) // a fenced store refuses the verb as well
	}()
	return p.admin, func() { stop(); <-ended; _ = store.Close() }, nil
}
