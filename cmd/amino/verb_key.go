package main

import (
	"io"
	"net/http"
	"net/url"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

type keyVerb struct {
	Create keyCreate `cmd:"" help:"Create an API key. It is shown this one time."`
	List   keyList   `cmd:"" help:"List a vendor's keys, without their secrets."`
	Revoke keyRevoke `cmd:"" help:"End a key at once."`
}

type keyCreate struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
	Name   string `required:"" help:"What it is for, like 'web shop'."`
	Scope  string `default:"invite" enum:"invite,manage" help:"invite: send and count; manage: everything of the vendor."`
}

func (keyCreate) Help() string {
	return "Example: amino key create --vendor my-shop --name 'web shop' --json"
}

func (k keyCreate) Run(s *session) error {
	in := httpapi.AdminNewKey{Name: k.Name, Scope: core.Scope(k.Scope)}
	return show(s, http.MethodPost, vendorPath(k.Vendor, "/keys"), in, func(w io.Writer, a httpapi.AdminSecretKey) {
		row(w, "id", a.ID)
		row(w, "key", a.Key)
		row(w, "", "Keep it now: it is not shown again.")
	})
}

type keyList struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
}

func (keyList) Help() string { return "Example: amino key list --vendor my-shop" }

func (k keyList) Run(s *session) error {
	return show(s, http.MethodGet, vendorPath(k.Vendor, "/keys"), nil, func(w io.Writer, a httpapi.AdminKeys) {
		row(w, "ID", "SCOPE", "CREATED", "REVOKED", "NAME")
		for _, k := range a.Keys {
			row(w, k.ID, k.Scope, minute(&k.CreatedAt), minute(k.RevokedAt), k.Name)
		}
	})
}

type keyRevoke struct {
	ID string `arg:"" help:"The key's id, key_…."`
}

func (keyRevoke) Help() string { return "Example: amino key revoke key_06d2…" }

func (k keyRevoke) Run(s *session) error {
	return show(s, http.MethodDelete, "/keys/"+url.PathEscape(k.ID), nil, func(w io.Writer, a httpapi.AdminRevoked) {
		row(w, a.ID, "revoked", minute(&a.RevokedAt))
	})
}
