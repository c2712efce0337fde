package main

import (
	"context"
	"strings"
)

// counts are what the API says of a vendor.
type counts struct {
	Sent     int64 `json:"sent"`
	Accepted int64 `json:"accepted"`
	Expired  int64 `json:"expired"`
}

// vendor makes a vendor and a key by which its counts are read.
func (s *server) vendor(ctx context.Context, slug string, settings ...string) (key string, err error) {
	if err := s.amino(ctx, nil, "vendor", "add", slug, "--name", "Bench"); err != nil {
		return "", err
	}
	if err := s.amino(ctx, nil, append([]string{"vendor", "set", slug}, settings...)...); err != nil {
		return "", err
	}
	var made struct{ Key string }
	err = s.amino(ctx, &made, "key", "create", "--vendor", slug, "--name", "bench")
	return made.Key, err
}

// secret is what the bench's shops sign with.
const secret = "bench-3f7c1f4a9d2e"

// shop makes a vendor with one shop, whose letters are due in a week, so that
// what is measured is the way from webhook to invitation.
func (s *server) shop(ctx context.Context) (made shop, key string, err error) {
	made = shop{Vendor: "bench-shop", Domain: "bench-0000.myshopify.com", Secret: secret}
	if key, err = s.vendor(ctx, made.Vendor, "cap=1000000", "hours=always"); err != nil {
		return made, "", err
	}
	var hook struct {
		ID  string
		URL string `json:"webhook_url"`
	}
	err = s.amino(ctx, &hook, "shop", "add", "--vendor", made.Vendor, "--platform", "shopify", "--domain", made.Domain, "--secret", secret)
	made.ID, made.Token = hook.ID, hook.URL[strings.LastIndex(hook.URL, "/")+1:]
	return made, key, err
}

// counts reads a vendor's counts over the same API that its program has.
func (s *server) counts(ctx context.Context, key string) (counts, error) {
	var body struct{ Stats counts }
	err := fetch(ctx, "http://"+s.addr+"/api/v1/invitations/stats?detail=true", key, &body)
	return body.Stats, err
}

// orders opens the way of webhooks into the program. Every order of the bench is
// one to invite for, so that what is kept is its invitation.
func (s *server) orders(o *orders, key string) *target {
	return &target{process: s.process, load: load{addr: s.addr, writer: o.writer}, kept: func(ctx context.Context) (int64, error) {
		c, err := s.counts(ctx, key)
		return c.Accepted, err
	}}
}
