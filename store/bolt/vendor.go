package bolt

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"aminobridge/core"
)

func under(class byte, parts ...[]byte) []byte { return append([]byte{class}, join(parts...)...) }

func (t *txn) vendor(id core.VendorID) (core.Vendor, error) {
	key := under('i', id[:])
	record := t.getRaw("vendor", key)
	if record == nil {
		return core.Vendor{}, errNoVendor
	}
	return t.s.vendors.read(key, record, func() (core.Vendor, error) {
		r := vendorRec{Settings: settingsRec(core.DefaultSettings())}
		if !t.get("vendor", key, &r) {
			return core.Vendor{}, errors.Join(t.err, errNoVendor)
		}
		return r.vendor(id), nil
	})
}

var errNoVendor = fmt.Errorf("vendor: %w", core.ErrNotFound)

// PutVendor implements store.Desk. Its letters may be ready at another time from
// now on, so the ready index is written anew.
func (s *Store) PutVendor(ctx context.Context, v core.Vendor) (core.Vendor, error) {
	if err := errors.Join(core.CheckSlug(v.Slug), v.Settings.Check()); err != nil {
		return core.Vendor{}, err
	}
	err := s.write(ctx, s.urgent, func(t *txn) error {
		owner := t.getRaw("vendor", under('s', []byte(v.Slug)))
		if owner != nil && string(owner) != string(v.ID[:]) {
			return fmt.Errorf("vendor %s: %w", v.Slug, core.ErrConflict)
		}
		if old, err := t.vendor(v.ID); err == nil {
			if old.Version != v.Version {
				return fmt.Errorf("vendor %s: %w", v.Slug, core.ErrConflict)
			}
			if old.Slug != v.Slug {
				t.del("vendor", under('s', []byte(old.Slug)))
			}
		} else if v.Version != 0 {
			return err
		}
		t.put("vendor", under('i', v.ID[:]), vendorRec{v.Slug, v.Name, micros(v.CreatedAt), v.Version + 1, settingsRec(v.Settings)})
		t.putRaw("vendor", under('s', []byte(v.Slug)), clone(v.ID[:]))
		return t.reread(v.ID)
	})
	if err != nil {
		return core.Vendor{}, err
	}
	v.Version++
	return v, nil
}

// reread opens the desk under new settings and has its place in the ready index
// written anew. It knows no civil time: what is due is then named by the calendar
// alone, which may be too early and is never too late.
func (t *txn) reread(id core.VendorID) error {
	if d := t.desks[id]; d != nil {
		d.flush()
		delete(t.desks, id)
	}
	d, _, err := t.open(id, time.Time{})
	if err != nil {
		return err
	}
	d.dirty = true
	return t.err
}

// Vendor implements store.Desk.
func (s *Store) Vendor(ctx context.Context, id core.VendorID) (v core.Vendor, err error) {
	err = s.view(ctx, func(t *txn) error {
		v, err = t.vendor(id)
		return err
	})
	return v, err
}

// VendorBySlug implements store.Desk.
func (s *Store) VendorBySlug(ctx context.Context, slug string) (v core.Vendor, err error) {
	err = s.view(ctx, func(t *txn) error {
		id := t.getRaw("vendor", under('s', []byte(slug)))
		if id == nil {
			return fmt.Errorf("vendor: %w", core.ErrNotFound)
		}
		v, err = t.vendor(core.VendorID(id))
		return err
	})
	return v, err
}

// Vendors implements store.Desk.
func (s *Store) Vendors(ctx context.Context, after string, n int) (vendors []core.Vendor, err error) {
	err = s.view(ctx, func(t *txn) error {
		c := t.tx.Bucket([]byte("vendor")).Cursor()
		for k, id := c.Seek(under('s', []byte(after))); hasPrefix(k, []byte{'s'}) && len(vendors) < n; k, id = c.Next() {
			if string(k[1:]) == after {
				continue
			}
			v, err := t.vendor(core.VendorID(id))
			if err != nil {
				return err
			}
			vendors = append(vendors, v)
		}
		return nil
	})
	return vendors, err
}

// AddKey implements store.Desk.
func (s *Store) AddKey(ctx context.Context, k core.Key, hash [32]byte) error {
	return s.write(ctx, s.urgent, func(t *txn) error {
		if _, err := t.vendor(k.Vendor); err != nil {
			return err
		}
		if t.has("key", under('h', hash[:])) || t.has("key", under('i', k.ID[:])) {
			return fmt.Errorf("key: %w", core.ErrConflict)
		}
		t.putKey(k, hash[:])
		t.putRaw("key", under('i', k.ID[:]), clone(hash[:]))
		t.mark("key", under('v', k.Vendor[:], k.ID[:]))
		return t.err
	})
}

func (t *txn) putKey(k core.Key, hash []byte) {
	t.put("key", under('h', hash), keyRec{k.ID, k.Vendor, k.Name, string(k.Scope), micros(k.CreatedAt), micros(k.RevokedAt)})
}

func (t *txn) key(hash []byte) (core.Key, error) {
	var r keyRec
	if hash == nil || !t.get("key", under('h', hash), &r) {
		return core.Key{}, errors.Join(t.err, fmt.Errorf("key: %w", core.ErrNotFound))
	}
	return core.Key{ID: r.ID, Vendor: r.Vendor, Name: r.Name, Scope: core.Scope(r.Scope), CreatedAt: moment(r.CreatedAt), RevokedAt: moment(r.RevokedAt)}, nil
}

// KeyByHash implements store.Desk.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (k core.Key, err error) {
	err = s.view(ctx, func(t *txn) error {
		if k, err = t.key(hash[:]); err == nil && !k.RevokedAt.IsZero() {
			k, err = core.Key{}, fmt.Errorf("key: %w", core.ErrNotFound)
		}
		return err
	})
	return k, err
}

// ListKeys implements store.Desk.
func (s *Store) ListKeys(ctx context.Context, vendor core.VendorID) (keys []core.Key, err error) {
	err = s.view(ctx, func(t *txn) error {
		if _, err := t.vendor(vendor); err != nil {
			return err
		}
		t.each("key", under('v', vendor[:]), func(id, _ []byte) bool {
			k, err := t.key(t.getRaw("key", under('i', id)))
			if err != nil {
				t.fail(err)
			}
			keys = append(keys, k)
			return true
		})
		return nil
	})
	return keys, err
}

// RevokeKey implements store.Desk.
func (s *Store) RevokeKey(ctx context.Context, id core.KeyID, now time.Time) error {
	return s.write(ctx, s.urgent, func(t *txn) error {
		hash := t.getRaw("key", under('i', id[:]))
		k, err := t.key(hash)
		if err != nil {
			return err
		}
		if k.RevokedAt.IsZero() {
			k.RevokedAt = core.Micro(now)
			t.putKey(k, clone(hash))
		}
		return t.err
	})
}

func (t *txn) shop(id core.ShopID) (core.Shop, error) {
	key := under('i', id[:])
	record := t.getRaw("shop", key)
	if record == nil {
		return core.Shop{}, errNoShop
	}
	return t.s.shops.read(key, record, func() (core.Shop, error) { return t.openShop(id, key) })
}

var errNoShop = fmt.Errorf("shop: %w", core.ErrNotFound)

// openShop opens a shop's record, and its secrets.
func (t *txn) openShop(id core.ShopID, key []byte) (core.Shop, error) {
	var r shopRec
	if !t.get("shop", key, &r) {
		return core.Shop{}, errors.Join(t.err, errNoShop)
	}
	shop := core.Shop{ID: id, Vendor: r.Vendor, Platform: r.Platform, Domain: r.Domain, Token: r.Token,
		CreatedAt: moment(r.CreatedAt), Since: moment(r.Since), ConnectedAt: moment(r.ConnectedAt), UninstalledAt: moment(r.UninstalledAt), Version: r.Version}
	for i, sealed := range r.Secrets {
		secret, err := t.s.unseal(r.Vendor, id, "secret"+strconv.Itoa(i), sealed)
		if err != nil {
			return shop, err
		}
		shop.Secrets = append(shop.Secrets, secret)
	}
	return shop, nil
}

// putShop writes the next version of a shop.
func (t *txn) putShop(shop core.Shop) {
	r := shopRec{shop.Vendor, shop.Platform, shop.Domain, shop.Token, nil, micros(shop.CreatedAt), micros(shop.Since), micros(shop.ConnectedAt), micros(shop.UninstalledAt), shop.Version + 1}
	for i, secret := range shop.Secrets {
		r.Secrets = append(r.Secrets, t.s.seal(shop.Vendor, shop.ID, "secret"+strconv.Itoa(i), secret))
	}
	t.put("shop", under('i', shop.ID[:]), r)
	t.putRaw("shop", under('t', []byte(shop.Token)), clone(shop.ID[:]))
	t.putRaw("shop", domainKey(shop), clone(shop.ID[:]))
	t.mark("shop", under('v', shop.Vendor[:], shop.ID[:]))
}

func domainKey(shop core.Shop) []byte {
	return under('d', text(shop.Platform), []byte(shop.Domain))
}

// PutShop implements store.Desk.
func (s *Store) PutShop(ctx context.Context, shop core.Shop) (core.Shop, error) {
	err := s.write(ctx, s.urgent, func(t *txn) error {
		if _, err := t.vendor(shop.Vendor); err != nil {
			return err
		}
		if owner := t.getRaw("shop", domainKey(shop)); owner != nil && string(owner) != string(shop.ID[:]) {
			return fmt.Errorf("shop %s: %w", shop.Domain, core.ErrConflict)
		}
		old, err := t.shop(shop.ID)
		switch {
		case err == nil && (old.Version != shop.Version || old.Vendor != shop.Vendor):
			return fmt.Errorf("shop %s: %w", shop.Domain, core.ErrConflict)
		case err == nil:
			t.del("shop", under('t', []byte(old.Token)))
			t.del("shop", domainKey(old))
		case shop.Version != 0:
			return err
		}
		t.putShop(shop)
		return t.err
	})
	if err != nil {
		return core.Shop{}, err
	}
	shop.Version++
	return shop, nil
}

// Shop implements store.Desk.
func (s *Store) Shop(ctx context.Context, id core.ShopID) (shop core.Shop, err error) {
	err = s.view(ctx, func(t *txn) error {
		shop, err = t.shop(id)
		return err
	})
	return shop, err
}

// ShopByToken implements store.Desk.
func (s *Store) ShopByToken(ctx context.Context, token string) (shop core.Shop, err error) {
	err = s.view(ctx, func(t *txn) error {
		id := t.getRaw("shop", under('t', []byte(token)))
		if id == nil {
			return errNoShop
		}
		shop, err = t.shop(core.ShopID(id))
		return err
	})
	return shop, err
}

// ListShops implements store.Desk.
func (s *Store) ListShops(ctx context.Context, vendor core.VendorID) (shops []core.Shop, err error) {
	err = s.view(ctx, func(t *txn) error {
		if _, err := t.vendor(vendor); err != nil {
			return err
		}
		t.each("shop", under('v', vendor[:]), func(id, _ []byte) bool {
			shop, err := t.shop(core.ShopID(id))
			if err != nil {
				t.fail(err)
			}
			shops = append(shops, shop)
			return true
		})
		return nil
	})
	return shops, err
}
