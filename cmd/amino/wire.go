package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/mailbox"
	"aminobridge/adapters/resend"
	"aminobridge/adapters/shopify"
	"aminobridge/adapters/webui"
	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/core/letter"
	"aminobridge/core/queue"
	"aminobridge/core/vault"
	"aminobridge/store/bolt"
	"aminobridge/webhooks"
)

// service is the program around one open folder: its loops and its two apps, the
// public one and the one of the verbs.
type service struct {
	settings settings
	base     string // what links begin with
	store    *bolt.Store
	clock    *clock
	log      *slog.Logger
	stopping atomic.Bool

	box    *mailbox.Box
	intake *intake.Loop
	queues []*queue.Loop
	chores *chores
	mover  *mover
	public *fiber.App
	admin  *fiber.App
}

// mailboxPath is where the mailbox shows its mails.
const mailboxPath = "/mailbox"

// wire puts the parts together. Nothing runs yet.
func wire(s settings, base string, store *bolt.Store, clk *clock, log *slog.Logger) (*service, error) {
	p := &service{settings: s, base: base, store: store, clock: clk, log: log}
	p.intake = &intake.Loop{Store: store, Decided: p.nudge, Now: clk.Now, Log: log}
	p.chores = &chores{store: store, now: clk.Now, log: log}
	if err := p.openSenders(); err != nil {
		return nil, err
	}
	p.mountPublic()
	p.mountAdmin()
	return p, nil
}

// openSenders gives each sender its loop. Vendors that name none are led to the
// one the program was started with.
func (p *service) openSenders() (err error) {
	if p.box, err = mailbox.Open(filepath.Join(p.settings.Data, "mailbox"), mailboxKey(p.store.Keys()), p.clock.Now); err != nil {
		return err
	}
	if p.settings.ResendAPIKey == "" {
		p.queues = []*queue.Loop{p.queue(p.box, "", p.box.Name())}
		return nil
	}
	mail, err := resend.New(p.settings.ResendAPIKey, p.settings.ResendBaseURL, p.clock.Now, nil)
	if err != nil {
		return err
	}
	p.queues = []*queue.Loop{p.queue(mail, "", mail.Name()), p.queue(p.box, p.box.Name())}
	return nil
}

// workers is how many letters are handed over at once: more than a provider's
// usual rate of some a second needs, even if each takes a second.
const workers = 8

func (p *service) queue(sender core.Sender, routes ...string) *queue.Loop {
	keys := p.store.Keys()
	return &queue.Loop{
		Store: p.store, Sender: sender, Routes: routes, Links: keys, Workers: workers, Now: p.clock.Now, Log: p.log,
		Up: func() time.Duration { _, up := p.clock.Boot(); return up },
		Process: core.Frozen{
			Sender: sender.Name(), Renderer: letter.Renderer, Template: letter.Template, From: p.from(), PublicURL: p.base, TokenKey: keys.TokenVersion(),
		},
	}
}

// from is the sender's address where the operator gave none, which is allowed for
// mails that stay here.
func (p *service) from() string {
	if p.settings.From == "" {
		return "reviews@amino.example"
	}
	return p.settings.From
}

// mailboxKey is the key of the mails that the mailbox keeps.
func mailboxKey(keys *vault.Keys) (key [32]byte) {
	copy(key[:16], keys.Hash("mailbox", []byte{0}))
	copy(key[16:], keys.Hash("mailbox", []byte{1}))
	return key
}

// mountPublic makes the app that anybody may reach. The mailbox's pages show
// addresses and links to whoever asks, so they are there for this machine alone.
func (p *service) mountPublic() {
	p.public = httpapi.App(p.log)
	p.public.Use(httpapi.Access(p.log), forwarded(p.settings.TrustedProxies))
	httpapi.Mount(p.public, httpapi.API{
		Store: p.store, Keys: p.store.Keys(), PublicURL: p.base, Now: p.clock.Now, Log: p.log, Nudge: p.nudge, Ready: p.ready,
	})
	webhooks.Mount(p.public, webhooks.Handler{
		Sources: []webhooks.Source{shopify.Source{}}, Store: p.store, Nudge: p.intake.Nudge, Now: p.clock.Now, Log: p.log,
	})
	webui.Mount(p.public, webui.Pages{Store: p.store, Keys: p.store.Keys(), Now: p.clock.Now, Log: p.log})
	if p.settings.private() {
		p.public.Use(mailboxPath, sameMachine)
		mailbox.Mount(p.public, p.box)
	}
}

// reopen opens what was closed until a person acts, domains among them: the one who
// starts the program has. A cause that is still there closes it again at the first
// letter. What is closed until a time stays so.
func (p *service) reopen(ctx context.Context) error {
	for _, route := range p.routes() {
		s, err := p.store.Sender(ctx, route)
		if err != nil {
			return err
		}
		if err := p.store.CloseSender(ctx, core.SenderState{Name: route}); err != nil {
			return err
		}
		if s.Cause == "" || s.Until.IsZero() {
			continue
		}
		if err := p.store.CloseSender(ctx, core.SenderState{Name: route, Cause: s.Cause, Until: s.Until}); err != nil {
			return err
		}
	}
	return nil
}

func (p *service) mountAdmin() {
	senders := map[string][]string{}
	for _, q := range p.queues {
		senders[q.Sender.Name()] = q.Routes
	}
	p.mover = &mover{store: p.store, clock: p.clock, routes: p.routes(), refusal: whyNotMove(p.settings)}
	p.admin = httpapi.App(p.log)
	httpapi.MountAdmin(p.admin, httpapi.Admin{
		Store: p.store, Now: p.clock.Now, PublicURL: p.base, Platforms: platforms(), Senders: senders, Build: buildInfo(),
		Post:  func(r *http.Request) (*http.Response, error) { return p.public.Test(r, -1) },
		Clock: p.mover,
	})
}

func (p *service) routes() (all []string) {
	for _, q := range p.queues {
		all = append(all, q.Routes...)
	}
	return all
}

func (p *service) nudge() {
	for _, q := range p.queues {
		q.Nudge()
	}
}

// work has everything done that is due now.
func (p *service) work(ctx context.Context) {
	p.chores.all(ctx)
	p.intake.Nudge()
	p.nudge()
}

// ready says why no work may be taken on.
func (p *service) ready() error {
	select {
	case <-p.store.Fenced():
		return core.ErrFenced
	default:
	}
	if p.stopping.Load() {
		return context.Canceled
	}
	return nil
}
