package httpapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

type adminVendors interface {
	PutVendor(ctx context.Context, v core.Vendor) (core.Vendor, error)
	VendorBySlug(ctx context.Context, slug string) (core.Vendor, error)
	Vendors(ctx context.Context, after string, n int) ([]core.Vendor, error)
}

// AdminName names a vendor: the answer to making one.
type AdminName struct {
	ID   core.VendorID `json:"id"`
	Slug string        `json:"slug"`
}

// AdminVendor is a vendor with its settings as `amino vendor set` takes them.
type AdminVendor struct {
	AdminName
	Name      string            `json:"name"`
	CreatedAt time.Time         `json:"created_at"`
	Settings  map[string]string `json:"settings"`
}

// AdminVendors is one page of the vendors, by slug.
type AdminVendors struct {
	Vendors []AdminVendor `json:"vendors"`
	Next    string        `json:"next,omitempty"`
}

// AdminNewVendor asks for a vendor. IfMissing makes the repeat of it a success.
type AdminNewVendor struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	IfMissing bool   `json:"if_missing"`
}

// AdminSet asks for changes of settings, each as key=value.
type AdminSet struct {
	Set []string `json:"set"`
}

func viewVendor(v core.Vendor) AdminVendor {
	out := AdminVendor{AdminName{v.ID, v.Slug}, v.Name, v.CreatedAt, map[string]string{}}
	for _, pair := range v.Settings.Pairs() {
		out.Settings[pair[0]] = pair[1]
	}
	return out
}

func (d desk) vendors(c *fiber.Ctx) error {
	n := listed(c)
	found, err := d.Store.Vendors(c.UserContext(), c.Query("after"), n)
	if err != nil {
		return err
	}
	out := AdminVendors{Vendors: []AdminVendor{}}
	for _, v := range found {
		out.Vendors = append(out.Vendors, viewVendor(v))
	}
	if len(found) == n {
		out.Next = found[n-1].Slug
	}
	return c.JSON(out)
}

func (d desk) vendor(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	return c.JSON(viewVendor(v))
}

func (d desk) addVendor(c *fiber.Ctx) error {
	in, err := readAdmin[AdminNewVendor](c)
	if err != nil {
		return err
	}
	if err := errors.Join(core.CheckSlug(in.Slug), checkName(in.Name)); err != nil {
		return err
	}
	now := core.Micro(d.Now())
	v, err := d.Store.PutVendor(c.UserContext(), core.Vendor{
		ID: core.NewVendorID(now), Slug: in.Slug, Name: in.Name, CreatedAt: now, Settings: core.DefaultSettings(),
	})
	if in.IfMissing && errors.Is(err, core.ErrConflict) {
		v, err = d.Store.VendorBySlug(c.UserContext(), in.Slug)
	}
	if err != nil {
		return fmt.Errorf("vendor %s: %w", in.Slug, err)
	}
	return c.JSON(AdminName{v.ID, v.Slug})
}

// setVendor applies all changes or none.
func (d desk) setVendor(c *fiber.Ctx) error {
	in, err := readAdmin[AdminSet](c)
	if err != nil {
		return err
	}
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	was := v.Settings.Sender
	if v.Settings, err = changed(v.Settings, in.Set); err != nil {
		return err
	}
	if name := v.Settings.Sender; name != "" && name != was && d.Senders[name] == nil {
		return &core.FieldError{Field: "sender", Code: "unknown", Reason: "must be one that this program was started with"}
	}
	if v, err = d.Store.PutVendor(c.UserContext(), v); err != nil {
		return fmt.Errorf("vendor %s: %w", v.Slug, err)
	}
	return c.JSON(viewVendor(v))
}

// changed returns the settings with every pair applied, or every fault.
func changed(s core.Settings, pairs []string) (core.Settings, error) {
	var faults []error
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			faults = append(faults, &core.FieldError{Field: key, Code: "invalid", Reason: "must be of the form key=value"})
			continue
		}
		faults = append(faults, s.Set(key, value))
	}
	if err := errors.Join(faults...); err != nil {
		return s, err
	}
	return s, s.Check()
}

// checkName refuses what cannot stand in a letter or beside a key.
func checkName(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return &core.FieldError{Field: "name", Code: "invalid", Reason: "must be one line of 1 to 200 bytes"}
	}
	return nil
}
