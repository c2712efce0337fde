package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"
)

type demoVerb struct {
	Addr string `placeholder:"HOST:PORT" default:"127.0.0.1:0" help:"Where to listen; by default a free port of this machine."`
	Exit bool   `help:"End after the story, instead of waiting for Ctrl-C."`
}

func (demoVerb) Help() string {
	return "A played shop sends signed webhooks, played people read their mail, at a clock that runs ahead. Nothing leaves this machine, and the folder is gone afterwards.\n\nExample: amino demo --exit"
}

// Run serves a folder of its own and plays the story against it over HTTP, as a
// shop, a mail scanner and customers would. None of the operator's settings
// apply: a demo must not reach a real provider.
func (v demoVerb) Run(s *session) error {
	if !isLoopback(v.Addr) {
		return errors.New("the demo has no secrets, so it listens on a loopback address alone")
	}
	folder, err := os.MkdirTemp("", "amino-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	told := make(chan error, 1)
	err = serve(ctx, settings{Addr: v.Addr, Data: folder}, newLog(s.err, slog.LevelError), func(p *service) {
		go func() {
			told <- v.story(ctx, s, p)
			if v.Exit {
				stop()
			}
		}()
	})
	select {
	case fault := <-told:
		return errors.Join(fault, err)
	default: // Ctrl-C came first
		return err
	}
}

// story prints the links, plays, and sums up what came of it.
func (v demoVerb) story(ctx context.Context, s *session, p *service) error {
	for _, l := range p.links() {
		fmt.Fprintf(s.out, "  %-9s %s\n", l.what, l.url)
	}
	fmt.Fprintln(s.out)
	began := time.Now()
	d := newPlay(ctx, s.out, p.base, p.settings.Data)
	d.play()
	err := d.sum(time.Since(began))
	if !v.Exit && ctx.Err() == nil {
		fmt.Fprintf(s.out, "\nThe pages above stay open until Ctrl-C; then all of it is gone. Write a review yourself:\n\n  %s\n", d.linkForYou())
	}
	return err
}

// play is one demo: the story so far, and what it has shown.
type play struct {
	ctx   context.Context
	out   io.Writer
	base  string
	admin *http.Client
	web   *http.Client
	began time.Time // by the program's clock

	key      string            // the vendor's, of scope manage
	hook     string            // the shop's webhook URL
	secret   string            // and what it signs with
	urls     map[string]string // review_url by address, as the API told it
	refused  int               // 429s
	withdrew int
	optedOut int
	scanned  bool  // a scanner came, and counted nothing
	fault    error // the first; what comes after it is not played
}

func newPlay(ctx context.Context, out io.Writer, base, folder string) *play {
	return &play{
		ctx: ctx, out: out, base: base, urls: map[string]string{}, secret: "demo-webhook-secret",
		admin: &http.Client{Transport: overSocket(folder)}, web: &http.Client{Timeout: 10 * time.Second},
	}
}

// linkForYou is a link that has not expired, for whoever watched.
func (d *play) linkForYou() string {
	const you = demoCap + 1 // no other guest has this number
	d.invite(you)
	return d.urls[guest(you)]
}

// say tells one line of the story, at the time that the program's clock shows.
func (d *play) say(format string, args ...any) {
	if d.fault == nil {
		fmt.Fprintf(d.out, "%s  %s\n", d.since(), fmt.Sprintf(format, args...))
	}
}

// broken ends the story.
func (d *play) broken(format string, args ...any) {
	if d.fault == nil {
		d.fault = fmt.Errorf(format, args...)
	}
}

// until waits for what the program does by itself.
func (d *play) until(what string, reached func() bool) {
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	for d.fault == nil && !reached() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-limit.C:
			d.broken("%s did not happen in time", what)
		case <-d.ctx.Done():
			d.broken("the story was cut short")
		}
	}
}
