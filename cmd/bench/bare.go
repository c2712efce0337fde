package main

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify"
	"aminobridge/core"
	"aminobridge/webhooks"
)

// bareMode is the argument with which the bench is the server without a store.
const bareMode = "bare"

// serveBare is the program's own way of a webhook with nothing behind it: the same
// app, log, checks and reading of the body, and a store that knows the shops and
// keeps nothing. What the program can reach at most is what this answers.
func serveBare(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(bareMode, flag.ContinueOnError)
	addr := flags.String("addr", "", "where to listen")
	path := flags.String("shops", "", "the file of the shops")
	if err := flags.Parse(args); err != nil {
		return err
	}
	shops, err := readShops(*path)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	app := httpapi.App(log)
	app.Use(httpapi.Access(log))
	app.Get("/healthz", func(c *fiber.Ctx) error { return nil })
	webhooks.Mount(app, webhooks.Handler{
		Sources: []webhooks.Source{shopify.Source{}}, Store: forgetful(shops), Nudge: func() {},
		Now: func() time.Time { return time.Now().UTC() }, Log: log,
	})
	return listen(ctx, app, *addr)
}

// listen serves until ctx is done.
func listen(ctx context.Context, app *fiber.App, addr string) error {
	stopped := context.AfterFunc(ctx, func() { _ = app.Shutdown() }) // Listen returns what is wrong
	defer stopped()
	return app.Listen(addr)
}

// forgetful is a store that knows shops by their tokens and keeps nothing.
type forgetful map[string]core.Shop

func (f forgetful) ShopByToken(_ context.Context, token string) (core.Shop, error) {
	shop, ok := f[token]
	if !ok {
		return core.Shop{}, core.ErrNotFound
	}
	return shop, nil
}

func (forgetful) Append(context.Context, []core.Event) ([]core.LeaseRef, error) { return nil, nil }

func (forgetful) LeaseLive(context.Context, []core.LeaseRef) (bool, error) { return false, nil }

// writeShops leaves the shops where a server finds them.
func (b *bench) writeShops(shops []shop) (path string, err error) {
	text, err := json.Marshal(shops)
	path = filepath.Join(b.dir, "shops.json")
	if err != nil {
		return path, err
	}
	return path, os.WriteFile(path, text, 0o600)
}

func readShops(path string) (map[string]core.Shop, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var shops []shop
	if err := json.Unmarshal(text, &shops); err != nil {
		return nil, err
	}
	now := time.Now()
	known := map[string]core.Shop{}
	for _, s := range shops {
		known[s.Token] = core.Shop{
			ID: core.NewShopID(now), Vendor: core.NewVendorID(now), Platform: "shopify", Domain: s.Domain, Token: s.Token, Secrets: []string{s.Secret},
		}
	}
	return known, nil
}
