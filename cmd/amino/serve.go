package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"aminobridge/cmd/internal/tune"
	"aminobridge/core"
)

type serveVerb struct {
	Addr      string `placeholder:"HOST:PORT" help:"Where to listen (AMINO_ADDR; 127.0.0.1:8080)."`
	PublicURL string `name:"public-url" placeholder:"URL" help:"What the links in mails begin with (AMINO_PUBLIC_URL)."`
}

func (serveVerb) Help() string {
	return "With nothing configured it listens on this machine alone, keeps every mail on a page, and sends none.\n\nExample: amino serve --addr 127.0.0.1:8080 --data ./amino-data"
}

func (serveVerb) Run(s *session) error {
	tune.Runtime(os.Getenv)
	return serve(s.ctx, s.settings, newLog(s.err, slog.LevelInfo), func(p *service) { p.greet(s.ctx, s.out) })
}

// serve runs the service until ctx is done or one of its parts fails. started is
// called once it answers.
func serve(ctx context.Context, s settings, log *slog.Logger, started func(*service)) error {
	if err := s.checkServe(); err != nil {
		return err
	}
	ln, err := listen(s.Addr)
	if err != nil {
		return err
	}
	defer func() { _ = ln.Close() }()
	store, clk, err := openFolder(ctx, s, true, log)
	if err != nil {
		return err
	}
	if err := checkLive(ctx, s, store); err != nil {
		return errors.Join(err, store.Close())
	}
	p, err := wire(s, baseURL(s, ln), store, clk, log)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	p.mover.work = p.work
	if err := p.reopen(ctx); err != nil {
		return errors.Join(err, store.Close())
	}
	socket := socketPath(s.Data)
	sock, err := listenSocket(socket)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	defer func() { _ = os.Remove(socket) }()
	err = p.run(ctx, ln, sock, started)
	return errors.Join(err, store.Close())
}

// baseURL is what links begin with: for a trial on this machine, where we listen.
func baseURL(s settings, ln net.Listener) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	return "http://" + ln.Addr().String()
}

const (
	// drainMost is how long the end may take in all; what supervises the program
	// usually kills it after 30 s.
	drainMost = 25 * time.Second
	// drainNotice is how long we go on taking requests after /readyz said no, so
	// that a balancer can look elsewhere. Nobody balances a loopback.
	drainNotice = 3 * time.Second
	// drainRequests is how long requests that have begun may take.
	drainRequests = 15 * time.Second
)

// run starts every part and returns when all have stopped: after ctx is done, or
// after the first of them failed.
func (p *service) run(ctx context.Context, ln, sock net.Listener, started func(*service)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.intake.Run(ctx) })
	for _, q := range p.queues {
		g.Go(func() error { return q.Run(ctx) })
	}
	g.Go(func() error { return p.chores.run(ctx) })
	g.Go(func() error { return p.public.Listener(ln) })
	g.Go(func() error { return p.admin.Listener(sock) })
	g.Go(func() error { return watch(ctx, p.store.Fenced()) })
	g.Go(func() error { p.drain(ctx, ln, sock); return nil })
	p.log.Info("serving", "addr", ln.Addr().String(), "version", buildInfo().Version)
	started(p)

	ended := make(chan error, 1)
	go func() { ended <- g.Wait() }()
	<-ctx.Done()
	select {
	case err := <-ended:
		p.log.Info("stopped")
		return errors.Join(err, p.store.Cause())
	case <-time.After(drainMost):
		return errors.New("the program could not end in time; what was on its way is settled at the next start")
	}
}

// watch ends the program when the store writes no more: only a new start reads
// what the disk really holds.
func watch(ctx context.Context, fenced <-chan struct{}) error {
	select {
	case <-fenced:
		return core.ErrFenced
	case <-ctx.Done():
		return nil
	}
}

// drain says no to new work, then ends the requests that have begun.
func (p *service) drain(ctx context.Context, ln, sock net.Listener) {
	<-ctx.Done()
	p.stopping.Store(true)
	if !isLoopback(p.settings.Addr) {
		<-time.After(drainNotice)
	}
	within, stop := context.WithTimeout(context.Background(), drainRequests)
	defer stop()
	for _, part := range []struct {
		app *fiber.App
		ln  net.Listener
	}{{p.public, ln}, {p.admin, sock}} {
		if err := part.app.ShutdownWithContext(within); err != nil && !errors.Is(err, net.ErrClosed) {
			p.log.Warn("requests were cut off", "error", err)
		}
		_ = part.ln.Close() // a server that had not begun to serve never will
	}
}

// greet prints where to look, when nothing is configured.
func (p *service) greet(ctx context.Context, out io.Writer) {
	switch {
	case p.settings.ResendAPIKey != "":
		fmt.Fprintf(out, "Real mail leaves through Resend, with links to %s.\nIf it refuses the key or the domain, this says so: amino sender show\n\n", p.base)
		return
	case !p.settings.private():
		p.log.Warn("no mail provider is set: mails are kept in the folder's mailbox and reach nobody; set AMINO_RESEND_API_KEY")
		return
	}
	fmt.Fprintf(out, "Amino Bridge runs for development: no mail leaves this machine.\n\n")
	for _, l := range p.links() {
		fmt.Fprintf(out, "  %-9s %s\n", l.what, l.url)
	}
	if isTerminal(out) {
		p.greetWithKey(ctx, out)
	}
}

// link is a page worth a look.
type link struct{ what, url string }

func (p *service) links() []link {
	return []link{
		{"mails", p.base + mailboxPath},
		{"API", p.base + "/openapi.json"},
		{"health", p.base + "/healthz"},
	}
}
