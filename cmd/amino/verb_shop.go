package main

import (
	"io"
	"net/http"
	"net/url"

	"aminobridge/adapters/httpapi"
)

type shopVerb struct {
	Add  shopAdd  `cmd:"" help:"Add a shop, and get the address for its webhooks."`
	Set  shopSet  `cmd:"" help:"Set its webhook secret; the one before stays valid until the next."`
	Test shopTest `cmd:"" help:"Send it a signed test notification, as its platform would."`
	List shopList `cmd:"" help:"List a vendor's shops."`
}

type shopAdd struct {
	Vendor    string `required:"" placeholder:"SLUG" help:"The vendor."`
	Platform  string `default:"shopify" help:"What the shop runs on: shopify."`
	Domain    string `required:"" help:"Its permanent domain, like x.myshopify.com."`
	Secret    string `help:"What its webhooks are signed with; it can be set later."`
	IfMissing bool   `help:"Succeed if it is there already."`
}

func (shopAdd) Help() string {
	return "Example: amino shop add --vendor my-shop --platform shopify --domain x.myshopify.com --secret SECRET"
}

func (v shopAdd) Run(s *session) error {
	in := httpapi.AdminNewShop{Platform: v.Platform, Domain: v.Domain, Secret: v.Secret, IfMissing: v.IfMissing}
	return show(s, http.MethodPost, vendorPath(v.Vendor, "/shops"), in, func(w io.Writer, a httpapi.AdminHook) {
		row(w, "id", a.ID)
		row(w, "webhook_url", a.WebhookURL)
	})
}

type shopSet struct {
	ID     string `arg:"" help:"The shop's id, shop_…."`
	Secret string `required:"" help:"What its webhooks are signed with from now on."`
}

func (shopSet) Help() string { return "Example: amino shop set shop_06d2… --secret SECRET" }

func (v shopSet) Run(s *session) error {
	return show(s, http.MethodPatch, shopPath(v.ID, ""), httpapi.AdminSecret{Secret: v.Secret}, func(w io.Writer, a httpapi.AdminShop) {
		row(w, a.ID, a.Domain)
		row(w, "secrets", a.Secrets)
	})
}

type shopTest struct {
	ID string `arg:"" help:"The shop's id, shop_…."`
}

func (shopTest) Help() string { return "Example: amino shop test shop_06d2…" }

func (v shopTest) Run(s *session) error {
	return show(s, http.MethodPost, shopPath(v.ID, "/test"), nil, func(w io.Writer, a httpapi.AdminTrial) {
		row(w, "answer", a.Status)
		row(w, "verdict", a.Verdict, a.Sentence)
		row(w, "a real one", a.Would, a.WouldSentence)
	})
}

type shopList struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
}

func (shopList) Help() string { return "Example: amino shop list --vendor my-shop" }

func (v shopList) Run(s *session) error {
	return show(s, http.MethodGet, vendorPath(v.Vendor, "/shops"), nil, func(w io.Writer, a httpapi.AdminShops) {
		row(w, "ID", "PLATFORM", "DOMAIN", "SECRETS", "CONNECTED", "REMOVED", "WEBHOOK URL")
		for _, p := range a.Shops {
			row(w, p.ID, p.Platform, p.Domain, p.Secrets, minute(p.ConnectedAt), minute(p.UninstalledAt), p.WebhookURL)
		}
	})
}

func shopPath(id, rest string) string { return "/shops/" + url.PathEscape(id) + rest }
