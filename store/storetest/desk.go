package storetest

import (
	"fmt"

	"aminobridge/core"
)

var deskStories = []story{
	{promise: "a vendor is kept whole", tell: func(w *world) {
		w.change("cap=7 hours=10-18 zone=Europe/Berlin website=https://first.example delay=36h over_cap=queue")
		w.restart()
		for what, read := range map[string]func() (core.Vendor, error){
			"by id":   func() (core.Vendor, error) { return w.Vendor(w.ctx, w.vendor.ID) },
			"by slug": func() (core.Vendor, error) { return w.VendorBySlug(w.ctx, "first") },
		} {
			got, err := read()
			w.must(err)
			equal(w, what, got.ID, w.vendor.ID)
			equal(w, what+": name", got.Name, "Shop first")
			equal(w, what+": created", got.CreatedAt.Equal(w.vendor.CreatedAt), true)
			equal(w, what+": version", got.Version, w.vendor.Version)
			equal(w, what+": settings", got.Settings, w.vendor.Settings)
		}
	}},
	{promise: "a vendor that is not there", tell: func(w *world) {
		_, err := w.Vendor(w.ctx, core.NewVendorID(w.now()))
		w.wants(err, core.ErrNotFound)
		_, err = w.VendorBySlug(w.ctx, "nobody")
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "a slug in use is refused", tell: func(w *world) {
		_, err := w.PutVendor(w.ctx, core.Vendor{ID: core.NewVendorID(w.now()), Slug: "first", Name: "Other", Settings: core.DefaultSettings()})
		w.wants(err, core.ErrConflict)
		got, err := w.VendorBySlug(w.ctx, "first")
		w.must(err)
		equal(w, "the slug's vendor", got.ID, w.vendor.ID)
	}},
	{promise: "a change of a version gone is refused, and changes nothing", tell: func(w *world) {
		stale := w.vendor
		w.change("cap=7")
		equal(w, "the version rises", w.vendor.Version > stale.Version, true)
		stale.Settings.Cap = 9
		_, err := w.PutVendor(w.ctx, stale)
		w.wants(err, core.ErrConflict)
		got, err := w.Vendor(w.ctx, w.vendor.ID)
		w.must(err)
		equal(w, "cap", got.Settings.Cap, 7)
	}},
	{promise: "vendors are listed by slug, after the slug given, up to n", tell: func(w *world) {
		w.newVendor("zeta", "")
		w.newVendor("alpha", "")
		slugs := func(after string, n int) (out []string) {
			vendors, err := w.Vendors(w.ctx, after, n)
			w.must(err)
			for _, v := range vendors {
				out = append(out, v.Slug)
			}
			return out
		}
		equal(w, "all", fmt.Sprint(slugs("", 10)), "[alpha first zeta]")
		equal(w, "the first two", fmt.Sprint(slugs("", 2)), "[alpha first]")
		equal(w, "the rest", fmt.Sprint(slugs("first", 2)), "[zeta]")
	}},
	{promise: "a key is found by its hash until it is revoked", tell: func(w *world) {
		key := core.Key{ID: core.NewKeyID(w.now()), Vendor: w.vendor.ID, Name: "shop floor", Scope: core.ScopeManage, CreatedAt: w.now()}
		w.must(w.AddKey(w.ctx, key, hash("secret")))
		w.restart()
		got, err := w.KeyByHash(w.ctx, hash("secret"))
		w.must(err)
		equal(w, "id", got.ID, key.ID)
		equal(w, "vendor", got.Vendor, key.Vendor)
		equal(w, "name", got.Name, key.Name)
		equal(w, "scope", got.Scope, key.Scope)
		_, err = w.KeyByHash(w.ctx, hash("another secret"))
		w.wants(err, core.ErrNotFound)
		w.must(w.RevokeKey(w.ctx, key.ID, w.now()))
		_, err = w.KeyByHash(w.ctx, hash("secret"))
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "keys are listed with those revoked, each vendor its own", tell: func(w *world) {
		add := func(v core.VendorID, name string) core.KeyID {
			k := core.Key{ID: core.NewKeyID(w.now()), Vendor: v, Name: name, Scope: core.ScopeInvite, CreatedAt: w.now()}
			w.must(w.AddKey(w.ctx, k, hash(name)))
			return k.ID
		}
		revoked := add(w.vendor.ID, "old")
		add(w.vendor.ID, "new")
		add(w.newVendor("second", "").ID, "other")
		w.must(w.RevokeKey(w.ctx, revoked, w.now()))
		keys, err := w.ListKeys(w.ctx, w.vendor.ID)
		w.must(err)
		state := map[string]bool{}
		for _, k := range keys {
			state[k.Name] = k.RevokedAt.IsZero()
		}
		equal(w, "name and in use", fmt.Sprint(state), "map[new:true old:false]")
	}},
	{promise: "a key that is not there is not revoked", tell: func(w *world) {
		w.wants(w.RevokeKey(w.ctx, core.NewKeyID(w.now()), w.now()), core.ErrNotFound)
	}},
	{promise: "a key of a vendor that is not there is not added", tell: func(w *world) {
		key := core.Key{ID: core.NewKeyID(w.now()), Vendor: core.NewVendorID(w.now()), Name: "lost"}
		w.wants(w.AddKey(w.ctx, key, hash("secret")), core.ErrNotFound)
	}},
	{promise: "a shop is kept whole, its secrets too", tell: func(w *world) {
		w.shop.Secrets = []string{"new secret", "old secret"}
		w.shop.ConnectedAt = w.now()
		s, err := w.PutShop(w.ctx, w.shop)
		w.must(err)
		w.restart()
		for what, read := range map[string]func() (core.Shop, error){
			"by id":    func() (core.Shop, error) { return w.Shop(w.ctx, w.shop.ID) },
			"by token": func() (core.Shop, error) { return w.ShopByToken(w.ctx, w.shop.Token) },
		} {
			got, err := read()
			w.must(err)
			equal(w, what, got.ID, w.shop.ID)
			equal(w, what+": vendor", got.Vendor, w.vendor.ID)
			equal(w, what+": platform", got.Platform, "shopify")
			equal(w, what+": domain", got.Domain, "first.example")
			equal(w, what+": token", got.Token, w.shop.Token)
			equal(w, what+": secrets", fmt.Sprint(got.Secrets), "[new secret old secret]")
			equal(w, what+": connected", got.ConnectedAt.Equal(w.shop.ConnectedAt), true)
			equal(w, what+": version", got.Version, s.Version)
		}
	}},
	{promise: "a shop that is not there", tell: func(w *world) {
		_, err := w.Shop(w.ctx, core.NewShopID(w.now()))
		w.wants(err, core.ErrNotFound)
		_, err = w.ShopByToken(w.ctx, "no such token")
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "a domain that the platform has here already is refused, whoever's it is", tell: func(w *world) {
		s := core.Shop{ID: core.NewShopID(w.now()), Vendor: w.newVendor("second", "").ID, Platform: "shopify", Domain: "first.example", Token: "other"}
		_, err := w.PutShop(w.ctx, s)
		w.wants(err, core.ErrConflict)
		_, err = w.ShopByToken(w.ctx, "other")
		w.wants(err, core.ErrNotFound)
		s.Platform = "woo"
		_, err = w.PutShop(w.ctx, s)
		w.must(err)
	}},
	{promise: "a change of a shop's version gone is refused", tell: func(w *world) {
		stale := w.shop
		_, err := w.PutShop(w.ctx, w.shop)
		w.must(err)
		stale.Secrets = []string{"lost"}
		_, err = w.PutShop(w.ctx, stale)
		w.wants(err, core.ErrConflict)
		got, err := w.Shop(w.ctx, w.shop.ID)
		w.must(err)
		equal(w, "secrets", fmt.Sprint(got.Secrets), "[secret of first.example]")
	}},
	{promise: "a shop's new token is the only one it has", tell: func(w *world) {
		w.shop.Token = "next token"
		_, err := w.PutShop(w.ctx, w.shop)
		w.must(err)
		_, err = w.ShopByToken(w.ctx, "next token")
		w.must(err)
		_, err = w.ShopByToken(w.ctx, "token of first.example")
		w.wants(err, core.ErrNotFound)
	}},
	{promise: "shops are listed, each vendor its own", tell: func(w *world) {
		w.newShop(w.vendor.ID, "another.example")
		w.newShop(w.newVendor("second", "").ID, "second.example")
		shops, err := w.ListShops(w.ctx, w.vendor.ID)
		w.must(err)
		domains := map[string]bool{}
		for _, s := range shops {
			domains[s.Domain] = true
		}
		equal(w, "domains", fmt.Sprint(domains), "map[another.example:true first.example:true]")
	}},
	{promise: "a verified webhook connects its shop", tell: func(w *world) {
		w.order("1")
		got, err := w.Shop(w.ctx, w.shop.ID)
		w.must(err)
		equal(w, "connected", got.ConnectedAt.Equal(w.now()), true)
	}},
}
