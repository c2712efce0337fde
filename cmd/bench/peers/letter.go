package main

import (
	"sync/atomic"

	"aminobridge/core"
	"aminobridge/core/letter"
)

// provider takes every letter at once and counts them.
type provider struct{ taken atomic.Int64 }

func (p *provider) sent() int64 { return p.taken.Load() }

// deliver renders the letter of a task, by the program's own renderer, and hands it over.
func (p *provider) deliver(t task) error {
	const base = "https://bench.example"
	mail, err := letter.Render(letter.Input{
		Frozen: core.Frozen{
			Sender: "null", Renderer: letter.Renderer, Template: letter.Template, VendorName: "Bench", From: "reviews@bench.example", PublicURL: base, Locale: t.Locale,
		},
		Name: t.Name, Email: t.Email, OrderRef: t.OrderName, Vendor: t.VendorID, Invitation: t.Invitation, Kind: core.First,
		ReviewURL: core.ReviewURL(base, t.Invitation.String()), OptOutURL: core.OptOutURL(base, t.Invitation.String()),
	})
	if err != nil {
		return err
	}
	if mail.HTML != "" && mail.Text != "" {
		p.taken.Add(1)
	}
	return nil
}
