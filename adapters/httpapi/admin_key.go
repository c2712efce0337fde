package httpapi

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/vault"
)

type adminKeys interface {
	AddKey(ctx context.Context, k core.Key, hash [32]byte) error
	ListKeys(ctx context.Context, vendor core.VendorID) ([]core.Key, error)
	RevokeKey(ctx context.Context, id core.KeyID, now time.Time) error
}

// AdminNewKey asks for an API key; an empty scope is "invite".
type AdminNewKey struct {
	Name  string     `json:"name"`
	Scope core.Scope `json:"scope"`
}

// AdminSecretKey is the one answer that holds a key.
type AdminSecretKey struct {
	ID  core.KeyID `json:"id"`
	Key string     `json:"key"`
}

// AdminKey is a key without its secret, which nobody has any more.
type AdminKey struct {
	ID        core.KeyID `json:"id"`
	Name      string     `json:"name"`
	Scope     core.Scope `json:"scope"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at"`
}

// AdminKeys are a vendor's keys.
type AdminKeys struct {
	Keys []AdminKey `json:"keys"`
}

// AdminRevoked says that a key has ended.
type AdminRevoked struct {
	ID        core.KeyID `json:"id"`
	RevokedAt time.Time  `json:"revoked_at"`
}

func (d desk) keys(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	found, err := d.Store.ListKeys(c.UserContext(), v.ID)
	if err != nil {
		return err
	}
	out := AdminKeys{Keys: []AdminKey{}}
	for _, k := range found {
		out.Keys = append(out.Keys, AdminKey{k.ID, k.Name, k.Scope, k.CreatedAt, orNull(k.RevokedAt)})
	}
	return c.JSON(out)
}

func (d desk) addKey(c *fiber.Ctx) error {
	in, err := readAdmin[AdminNewKey](c)
	if err != nil {
		return err
	}
	if in.Scope == "" {
		in.Scope = core.ScopeInvite
	}
	if in.Scope != core.ScopeInvite && in.Scope != core.ScopeManage {
		return &core.FieldError{Field: "scope", Code: "unknown", Reason: "must be invite or manage"}
	}
	if err := checkName(in.Name); err != nil {
		return err
	}
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	now := core.Micro(d.Now())
	key, hash := vault.NewAPIKey()
	k := core.Key{ID: core.NewKeyID(now), Vendor: v.ID, Name: in.Name, Scope: in.Scope, CreatedAt: now}
	if err := d.Store.AddKey(c.UserContext(), k, hash); err != nil {
		return fmt.Errorf("key of vendor %s: %w", v.Slug, err)
	}
	return c.JSON(AdminSecretKey{k.ID, key})
}

func (d desk) revokeKey(c *fiber.Ctx) error {
	id, err := core.ParseKeyID(c.Params("id"))
	if err != nil {
		return err
	}
	now := core.Micro(d.Now())
	if err := d.Store.RevokeKey(c.UserContext(), id, now); err != nil {
		return fmt.Errorf("key %s: %w", id, err)
	}
	return c.JSON(AdminRevoked{id, now})
}

// orNull writes a time that is not set as null.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
