package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// link is what one customer was sent.
type link struct {
	Review string `json:"review_url"`
	OptOut string `json:"opt_out_url"`
}

// links invites n customers at once and reads their mails.
func (b *bench) links(ctx context.Context, s *server, n int) (links []link, err error) {
	calls, err := s.desk(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.amino(ctx, nil, "vendor", "set", "bench-desk", "paused=false"); err != nil {
		return nil, err
	}
	if _, err := calls.round(ctx, b.connections, floodFor, 1, uint64(n)); err != nil {
		return nil, err
	}
	err = until(ctx, func() (bool, error) {
		links = nil
		err := fetch(ctx, "http://"+s.addr+"/mailbox.json?limit=1000", "", &links)
		return len(links) == n, err
	})
	return links, err
}

// glances asks each of the other routes again and again until ctx is done, a
// customer of its own each time.
func glances(ctx context.Context, addr string, links []link) map[string]answers {
	path := func(url string) string { return strings.TrimPrefix(url, "http://"+addr) }
	routes := map[string]func(l link) string{
		"healthz":             func(link) string { return "GET /healthz" },
		"the review page":     func(l link) string { return "GET " + path(l.Review) },
		"the opt-out page":    func(l link) string { return "GET " + path(l.OptOut) },
		"an opt-out (a POST)": func(l link) string { return "POST " + path(l.OptOut) },
	}
	var mu sync.Mutex
	all := map[string]answers{}
	var askers sync.WaitGroup
	for name, route := range routes {
		askers.Go(func() {
			a := ask(ctx, addr, links, route)
			mu.Lock()
			defer mu.Unlock()
			all[name] = a
		})
	}
	askers.Wait()
	return all
}

func ask(ctx context.Context, addr string, links []link, route func(link) string) (a answers) {
	c := conn{addr: addr}
	defer c.close()
	every := time.NewTicker(glance)
	defer every.Stop()
	for n, l := range links {
		request := route(l) + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n"
		if strings.HasPrefix(request, http.MethodPost) {
			const yes = "List-Unsubscribe=One-Click"
			request = fmt.Sprintf("%s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", route(l), addr, len(yes), yes)
		}
		begun := time.Now()
		got, _ := c.do([]byte(request))
		a.add(uint64(n), got, time.Since(begun))
		select {
		case <-ctx.Done():
			slices.Sort(a.took)
			return a
		case <-every.C:
		}
	}
	slices.Sort(a.took)
	return a
}
