package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/maphash"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify"
	"aminobridge/cmd/internal/tune"
	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/core/letter"
	"aminobridge/core/queue"
	"aminobridge/core/vault"
	"aminobridge/store/bolt"
	"aminobridge/webhooks"
)

// wholeMode is the argument with which the bench is the program around a mail
// provider that takes every letter at once: over the real one, what is measured
// would be Go's HTTP client.
const wholeMode = "whole"

// hands is how many letters are handed over at once. The program has few, as its
// provider takes some a second; here their settling is what takes time, and is
// grouped.
const hands = 64

// serveWhole puts the program's parts together as cmd/amino does: webhooks, intake
// and queue over the real store, in one process.
func serveWhole(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet(wholeMode, flag.ContinueOnError)
	addr := flags.String("addr", "", "where to listen")
	path := flags.String("file", "", "the store's file, to be made")
	shops := flags.String("shops", "", "the file of the shops")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tune.Runtime(os.Getenv)
	begun := time.Now()
	clock := clock{begun}
	store, err := bolt.Open(*path, vault.NewMaster(), clock)
	if err != nil {
		return err
	}
	vendors, err := openShops(ctx, store, *shops)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	sender := &nullSender{seed: maphash.MakeSeed(), seen: map[uint64]bool{}}
	letters := &queue.Loop{
		Store: store, Sender: sender, Routes: []string{""}, Links: store.Keys(), Workers: hands, Now: clock.Now, Log: log, Up: clock.up,
		Process: core.Frozen{
			Sender: sender.Name(), Renderer: letter.Renderer, Template: letter.Template, From: "reviews@bench.example",
			PublicURL: "https://bench.example", TokenKey: store.Keys().TokenVersion(),
		},
	}
	timed := &timedStore{Store: store, at: map[uint64]int64{}}
	verdicts := &intake.Loop{Store: timed, Decided: letters.Nudge, Now: clock.Now, Log: log}
	app := httpapi.App(log)
	app.Use(httpapi.Access(log))
	webhooks.Mount(app, webhooks.Handler{Sources: []webhooks.Source{shopify.Source{}}, Store: store, Nudge: verdicts.Nudge, Now: clock.Now, Log: log})
	app.Get("/healthz", func(c *fiber.Ctx) error { return nil })
	app.Get("/sent", func(c *fiber.Ctx) error { return c.SendString(strconv.FormatInt(sender.sent(), 10)) })
	app.Get("/counts", func(c *fiber.Ctx) error { return countAll(c, store, vendors, sender) })
	app.Get("/verdicts", timed.tell)

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return verdicts.Run(ctx) })
	g.Go(func() error { return letters.Run(ctx) })
	g.Go(func() error { return listen(ctx, app, *addr) })
	return errors.Join(g.Wait(), recount(store), store.Close())
}

// recount fails when the program's own check of its file finds anything.
func recount(store *bolt.Store) error {
	found, err := store.Check(context.Background())
	if len(found) > 0 {
		err = errors.Join(err, fmt.Errorf("the check of the store found %v", found))
	}
	return err
}

// openShops makes the vendors and their shops: each sends what is due at once, and
// nothing but the cap, which is asked for every letter, could stop it.
func openShops(ctx context.Context, store *bolt.Store, path string) (vendors []core.VendorID, err error) {
	known, err := readShops(path)
	if err != nil {
		return nil, err
	}
	for token, shop := range known {
		s := core.DefaultSettings()
		for _, set := range [][2]string{{"pacing", "burst"}, {"cap", "1000000"}, {"reserve", "0"}, {"delay", "0s"}, {"hours", "always"}, {"cooldown", "0s"}} {
			if err := s.Set(set[0], set[1]); err != nil {
				return nil, err
			}
		}
		now := time.Now()
		v, err := store.PutVendor(ctx, core.Vendor{ID: shop.Vendor, Slug: strings.TrimSuffix(shop.Domain, ".myshopify.com"), Name: "Bench", CreatedAt: core.Micro(now), Settings: s})
		if err != nil {
			return nil, fmt.Errorf("vendor of %s: %w", token, err)
		}
		shop.CreatedAt, shop.Since = core.Micro(now), core.Micro(now)
		if _, err := store.PutShop(ctx, shop); err != nil {
			return nil, fmt.Errorf("shop of %s: %w", v.Slug, err)
		}
		vendors = append(vendors, v.ID)
	}
	return vendors, nil
}

// clock is the machine's; every start counts as a boot of its own.
type clock struct{ begun time.Time }

func (clock) Now() time.Time { return time.Now().UTC() }

func (c clock) up() time.Duration { return time.Since(c.begun) }

func (c clock) Boot() (id string, up time.Duration) {
	return "bench-" + c.begun.Format(time.RFC3339Nano), c.up()
}

// nullSender takes every letter at once, and knows each by the hash of its key: a
// second with the same one is a mail too many.
type nullSender struct {
	mu    sync.Mutex
	seed  maphash.Seed
	seen  map[uint64]bool
	wrong int64 // sent twice, or nothing to send
}

func (*nullSender) Name() string { return "null" }

func (*nullSender) Window() time.Duration { return 0 }

func (n *nullSender) Send(_ context.Context, m core.Mail, key string) (id string, err error) {
	hash := maphash.String(n.seed, key)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[hash] || m.HTML == "" || m.To == "" {
		n.wrong++
	}
	n.seen[hash] = true
	return key, nil
}

func (n *nullSender) sent() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return int64(len(n.seen)) + n.wrong
}

func countAll(c *fiber.Ctx, store *bolt.Store, vendors []core.VendorID, sender *nullSender) error {
	d := done{Sent: sender.sent()}
	for _, v := range vendors {
		counters, err := store.Counters(c.UserContext(), v)
		if err != nil {
			return err
		}
		d.Kept += counters.Sent
	}
	return c.JSON(d)
}

// timedStore notes when each order had its verdict, durably.
type timedStore struct {
	intake.Store
	mu sync.Mutex
	at map[uint64]int64 // by number, Unix nanoseconds
}

func (t *timedStore) Decide(ctx context.Context, events []core.Event, now time.Time) ([]core.Verdict, error) {
	verdicts, err := t.Store.Decide(ctx, events, now)
	done := time.Now().UnixNano()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range verdicts {
		if id, err := strconv.ParseUint(v.Order.ID, 10, 64); err == nil {
			t.at[id-firstOrder] = done
		}
	}
	return verdicts, err
}

// tell answers with the times of the verdicts since it was last asked.
func (t *timedStore) tell(c *fiber.Ctx) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	text, err := json.Marshal(t.at)
	clear(t.at)
	if err != nil {
		return err
	}
	return c.Send(text)
}
