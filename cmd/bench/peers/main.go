// Command peers is what the bench runs beside the program: the same job as a Go
// developer would build it on a queue that is there already, asynq on Redis or
// River on PostgreSQL, as lean as that can honestly be. It is a module of its own,
// so that the program depends on neither.
//
// With -job the whole job is done: a webhook is checked and queued, and a worker
// asks the vendor's rolling hour, renders the letter, hands it to a provider that
// takes everything, and records and counts what was sent. Without, webhooks are
// queued for a letter in seven days. Left out in the peers' favour, as the smallest
// job has no place for them: suppressions, cooldowns, hours, sealed addresses, an
// access log, and the care for letters that may have left.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// engine is a queue with the worker behind it.
type engine interface {
	enqueue(ctx context.Context, t task) error
	// counts reads what is there, from the database.
	counts(ctx context.Context) (counts, error)
	sent() int64
	close()
}

// counts are what the bench holds a peer to.
type counts struct {
	Kept int64 `json:"kept"` // tasks queued; with -job, invitations recorded as sent
	Sent int64 `json:"sent"` // letters that the provider took
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	addr := flag.String("addr", "", "where to listen")
	path := flag.String("shops", "", "the file of the shops")
	redis := flag.String("redis", "", "asynq on this Redis")
	postgres := flag.String("postgres", "", "River on this PostgreSQL")
	job := flag.Bool("job", false, "do the whole job, at once")
	flag.Parse()
	shops, err := readShops(*path)
	if err != nil {
		return err
	}
	open := func() (engine, error) { return openAsynq(*redis, shops, *job) }
	if *postgres != "" {
		open = func() (engine, error) { return openRiver(ctx, *postgres, shops, *job) }
	}
	e, err := open()
	if err != nil {
		return err
	}
	defer e.close()
	app := serve(e, shops)
	stopped := context.AfterFunc(ctx, func() { _ = app.Shutdown() }) // Listen returns what is wrong
	defer stopped()
	return app.Listen(*addr)
}

func serve(e engine, shops map[string]shop) *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: 1 << 20})
	app.Get("/healthz", func(c *fiber.Ctx) error { return nil })
	app.Get("/sent", func(c *fiber.Ctx) error { return c.SendString(strconv.FormatInt(e.sent(), 10)) })
	app.Get("/counts", func(c *fiber.Ctx) error {
		n, err := e.counts(c.UserContext())
		if err != nil {
			return err
		}
		return c.JSON(n)
	})
	app.Post("/webhooks/shopify/:token", hook{e, shops}.receive)
	return app
}

// shop is what a webhook is checked against.
type shop struct {
	Vendor, Token, Secret string
	id                    core.VendorID
}

// highCap never refuses; that it is not reached is asked for every letter.
const highCap = 1_000_000

func readShops(path string) (map[string]shop, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var shops []shop
	if err := json.Unmarshal(text, &shops); err != nil {
		return nil, err
	}
	known := map[string]shop{}
	for _, s := range shops {
		s.id = core.NewVendorID(time.Now())
		known[s.Token] = s
	}
	return known, nil
}
