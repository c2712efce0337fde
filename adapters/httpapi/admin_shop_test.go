package httpapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

func TestAdminKeepsTheSecretBefore(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	id := o.shop("one")
	for _, c := range []struct {
		set  string
		want []string
	}{
		{"two", []string{"two", "one"}},
		{"two", []string{"two", "one"}}, // again, as a script would
		{"three", []string{"three", "two"}},
	} {
		_, answer := o.call("PATCH", "/shops/"+id.String(), `{"secret":"`+c.set+`"}`)
		if strings.Contains(answer, c.set) {
			t.Errorf("the answer shows a secret: %s", answer)
		}
		if s, err := o.store.Shop(t.Context(), id); err != nil || !slices.Equal(s.Secrets, c.want) {
			t.Errorf("after %s the secrets are %v, %v, want %v", c.set, s.Secrets, err, c.want)
		}
	}
}

func TestAdminConnectsAgain(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	id := o.shop("one")
	s, err := o.store.Shop(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s.UninstalledAt = o.clock.Now()
	if _, err := o.store.PutShop(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if shop := must[httpapi.AdminShop](o, "PATCH", "/shops/"+id.String(), `{"secret":"two"}`); shop.UninstalledAt != nil {
		t.Error("a shop that got a new secret still counts as removed")
	}
}

// TestAdminUninstallToldLate: a removal from before a person connected the shop,
// for the first time or again, is outdated; one from before a new secret is not.
func TestAdminUninstallToldLate(t *testing.T) {
	o := newOffice(t)
	v := o.vendor("acme")
	o.clock.Pass(time.Hour)
	id := o.shop("one")
	made := o.clock.Now()
	removed := func(at time.Time) bool {
		t.Helper()
		e := core.Event{ID: core.NewEventID(at), Vendor: v.ID, Shop: id, Kind: core.Uninstalled, ReceivedAt: o.clock.Now(), NotBefore: o.clock.Now(), At: at}
		if _, err := o.store.Append(t.Context(), []core.Event{e}); err != nil {
			t.Fatal(err)
		}
		s, err := o.store.Shop(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return !s.UninstalledAt.IsZero()
	}
	secret := func(text string) {
		o.clock.Pass(time.Hour)
		must[httpapi.AdminShop](o, "PATCH", "/shops/"+id.String(), `{"secret":"`+text+`"}`)
		o.clock.Pass(time.Hour)
	}
	want(t, "removed before it was added", removed(made.Add(-time.Second)), false)
	secret("two") // of a shop that is there, which makes nothing before it outdated
	want(t, "removed before its secret was changed", removed(made.Add(time.Minute)), true)
	secret("three")
	want(t, "removed before it was connected again", removed(made.Add(2*time.Minute)), false)
	want(t, "removed since", removed(o.clock.Now()), true)
}

func TestAdminShopIfMissing(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	o.vendor("other")
	id := o.shop("")
	for _, c := range []struct {
		vendor, secret string
		status         int
		secrets        []string
	}{
		{"acme", "", 200, nil},
		{"acme", "one", 200, []string{"one"}}, // it had none
		{"acme", "one", 200, []string{"one"}},
		{"acme", "", 200, []string{"one"}},
		{"acme", "two", 400, []string{"one"}},
		{"other", "one", 400, []string{"one"}},
	} {
		status, answer := o.call("POST", "/vendors/"+c.vendor+"/shops", `{"platform":"shopify","domain":"x.shop","secret":"`+c.secret+`","if_missing":true}`)
		if status != c.status || status == 200 && !strings.Contains(answer, id.String()) {
			t.Errorf("%s with %q: %d %s, want %d", c.vendor, c.secret, status, answer, c.status)
		}
		if s, err := o.store.Shop(t.Context(), id); err != nil || !slices.Equal(s.Secrets, c.secrets) {
			t.Errorf("%s with %q: the secrets are %v, want %v", c.vendor, c.secret, s.Secrets, c.secrets)
		}
	}
}
