package httpapi

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/vault"
)

type adminShops interface {
	PutShop(ctx context.Context, s core.Shop) (core.Shop, error)
	Shop(ctx context.Context, id core.ShopID) (core.Shop, error)
	ListShops(ctx context.Context, vendor core.VendorID) ([]core.Shop, error)
}

// AdminNewShop asks for a shop. IfMissing makes the repeat of it a success.
type AdminNewShop struct {
	Platform  string `json:"platform"`
	Domain    string `json:"domain"`
	Secret    string `json:"secret"`
	IfMissing bool   `json:"if_missing"`
}

// AdminHook is where a shop's webhooks go: the answer to making one.
type AdminHook struct {
	ID         core.ShopID `json:"id"`
	WebhookURL string      `json:"webhook_url"`
}

// AdminShop is a shop without its secrets.
type AdminShop struct {
	AdminHook
	Platform      string     `json:"platform"`
	Domain        string     `json:"domain"`
	Secrets       int        `json:"secrets"` // how many verify its webhooks
	CreatedAt     time.Time  `json:"created_at"`
	ConnectedAt   *time.Time `json:"connected_at"`
	UninstalledAt *time.Time `json:"uninstalled_at"`
}

// AdminShops are a vendor's shops.
type AdminShops struct {
	Shops []AdminShop `json:"shops"`
}

// AdminSecret is a shop's new webhook secret.
type AdminSecret struct {
	Secret string `json:"secret"`
}

func (d desk) hook(s core.Shop) AdminHook {
	return AdminHook{s.ID, d.PublicURL + "/webhooks/" + s.Platform + "/" + s.Token}
}

func (d desk) viewShop(s core.Shop) AdminShop {
	return AdminShop{d.hook(s), s.Platform, s.Domain, len(s.Secrets), s.CreatedAt, orNull(s.ConnectedAt), orNull(s.UninstalledAt)}
}

func (d desk) shops(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	found, err := d.Store.ListShops(c.UserContext(), v.ID)
	if err != nil {
		return err
	}
	out := AdminShops{Shops: []AdminShop{}}
	for _, s := range found {
		out.Shops = append(out.Shops, d.viewShop(s))
	}
	return c.JSON(out)
}

func (d desk) addShop(c *fiber.Ctx) error {
	in, err := readAdmin[AdminNewShop](c)
	if err != nil {
		return err
	}
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	s, err := d.newShop(v, in)
	if err != nil {
		return err
	}
	s, err = d.Store.PutShop(c.UserContext(), s)
	if in.IfMissing && errors.Is(err, core.ErrConflict) {
		s, err = d.shopThere(c.UserContext(), v, in)
	}
	if err != nil {
		return fmt.Errorf("shop of vendor %s: %w", v.Slug, err)
	}
	return c.JSON(d.hook(s))
}

func (d desk) newShop(v core.Vendor, in AdminNewShop) (core.Shop, error) {
	p, ok := d.Platforms[in.Platform]
	if !ok {
		return core.Shop{}, &core.FieldError{Field: "platform", Code: "unknown", Reason: "is none of those there are: shopify"}
	}
	domain, err := p.Domain(in.Domain)
	if err == nil && in.Secret != "" {
		err = checkSecret(in.Secret)
	}
	now := core.Micro(d.Now())
	s := core.Shop{ID: core.NewShopID(now), Vendor: v.ID, Platform: in.Platform, Domain: domain, Token: vault.NewShopToken(), CreatedAt: now, Since: now}
	if in.Secret != "" {
		s.Secrets = []string{in.Secret}
	}
	return s, err
}

// shopThere finds the shop that is there already, and gives it the secret if it
// has none. One of another vendor, or with another secret, is a conflict: a
// script that believes its secret was taken would lose every webhook.
func (d desk) shopThere(ctx context.Context, v core.Vendor, in AdminNewShop) (core.Shop, error) {
	domain, err := d.Platforms[in.Platform].Domain(in.Domain)
	if err != nil {
		return core.Shop{}, err
	}
	shops, err := d.Store.ListShops(ctx, v.ID)
	if err != nil {
		return core.Shop{}, err
	}
	for _, s := range shops {
		switch {
		case s.Platform != in.Platform || s.Domain != domain:
		case in.Secret == "" || holds(s, in.Secret):
			return s, nil
		case len(s.Secrets) == 0:
			s.Secrets = []string{in.Secret}
			return d.Store.PutShop(ctx, s)
		}
	}
	return core.Shop{}, &core.FieldError{Field: "domain", Code: "conflict", Reason: "is there already, with another secret or at another vendor"}
}

func holds(s core.Shop, secret string) bool {
	for _, known := range s.Secrets {
		if subtle.ConstantTimeCompare([]byte(known), []byte(secret)) == 1 {
			return true
		}
	}
	return false
}

// setShop puts a new secret before the one in use, which stays for webhooks that
// the platform signed before it changed over; older ones go. A person who sets a
// secret connects the shop again.
func (d desk) setShop(c *fiber.Ctx) error {
	in, err := readAdmin[AdminSecret](c)
	if err != nil {
		return err
	}
	if err := checkSecret(in.Secret); err != nil {
		return err
	}
	s, err := d.shopOf(c)
	if err != nil {
		return err
	}
	secrets := []string{in.Secret}
	for _, old := range s.Secrets {
		if len(secrets) < 2 && old != in.Secret {
			secrets = append(secrets, old)
		}
	}
	s.Secrets = secrets
	if !s.UninstalledAt.IsZero() {
		s.UninstalledAt, s.Since = time.Time{}, core.Micro(d.Now())
	}
	if s, err = d.Store.PutShop(c.UserContext(), s); err != nil {
		return fmt.Errorf("shop %s: %w", s.ID, err)
	}
	return c.JSON(d.viewShop(s))
}

func (d desk) shopOf(c *fiber.Ctx) (core.Shop, error) {
	id, err := core.ParseShopID(c.Params("id"))
	if err != nil {
		return core.Shop{}, err
	}
	return d.Store.Shop(c.UserContext(), id)
}

// checkSecret refuses what no platform gives out. An empty secret would verify
// whatever anybody signs with nothing.
func checkSecret(secret string) error {
	if secret == "" || len(secret) > 256 || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return &core.FieldError{Field: "secret", Code: "invalid", Reason: "must be one word, as the platform shows it"}
	}
	return nil
}
