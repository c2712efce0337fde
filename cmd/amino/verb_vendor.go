package main

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"aminobridge/adapters/httpapi"
)

type vendorVerb struct {
	Add  vendorAdd  `cmd:"" help:"Add a vendor."`
	Set  vendorSet  `cmd:"" help:"Change settings: all of the pairs, or none."`
	Show vendorShow `cmd:"" help:"Show a vendor and its settings."`
	List vendorList `cmd:"" help:"List the vendors."`
}

type vendorAdd struct {
	Slug      string `arg:"" help:"Its name in addresses, like my-shop."`
	Name      string `required:"" help:"Its name in letters, like 'My Shop'."`
	IfMissing bool   `help:"Succeed if it is there already."`
}

func (vendorAdd) Help() string {
	return "Example: amino vendor add my-shop --name 'My Shop' --if-missing --json"
}

func (v vendorAdd) Run(s *session) error {
	in := httpapi.AdminNewVendor{Slug: v.Slug, Name: v.Name, IfMissing: v.IfMissing}
	return show(s, http.MethodPost, "/vendors", in, func(w io.Writer, a httpapi.AdminName) { row(w, a.ID, a.Slug) })
}

type vendorSet struct {
	Slug  string   `arg:"" help:"The vendor."`
	Pairs []string `arg:"" name:"key=value" help:"Settings and their new values."`
}

func (vendorSet) Help() string {
	return "Example: amino vendor set my-shop delay=10d hours=10-18 zone=Europe/Berlin cap=60"
}

func (v vendorSet) Run(s *session) error {
	return show(s, http.MethodPatch, vendorPath(v.Slug, ""), httpapi.AdminSet{Set: v.Pairs}, tellVendor)
}

type vendorShow struct {
	Slug string `arg:"" help:"The vendor."`
}

func (vendorShow) Help() string { return "Example: amino vendor show my-shop" }

func (v vendorShow) Run(s *session) error {
	return show(s, http.MethodGet, vendorPath(v.Slug, ""), nil, tellVendor)
}

func tellVendor(w io.Writer, a httpapi.AdminVendor) {
	row(w, "id", a.ID)
	row(w, "slug", a.Slug)
	row(w, "name", a.Name)
	for _, key := range slices.Sorted(maps.Keys(a.Settings)) {
		row(w, key, a.Settings[key])
	}
}

type vendorList struct {
	After string `help:"List those whose slug comes after this one."`
}

func (vendorList) Help() string { return "Example: amino vendor list --json" }

func (v vendorList) Run(s *session) error {
	return show(s, http.MethodGet, "/vendors?n=1000&after="+url.QueryEscape(v.After), nil, func(w io.Writer, a httpapi.AdminVendors) {
		for _, v := range a.Vendors {
			row(w, v.ID, v.Slug, v.Name)
		}
		tellNext(w, "--after", a.Next)
	})
}

// tellNext says how to see the rest of a list.
func tellNext(w io.Writer, flag, next string) {
	if next != "" {
		row(w, "more: "+flag+" "+next)
	}
}

// vendorPath is the admin API's path of a vendor and of what it has.
func vendorPath(slug, rest string) string { return "/vendors/" + url.PathEscape(slug) + rest }
