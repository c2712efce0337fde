package webui_test

import (
	"strings"
	"testing"

	"aminobridge/core"
)

func TestLinksThatLeadNowhereLookAlike(t *testing.T) {
	w := newWorld(t)
	g := w.sent()
	want := w.get("/review/x").want(t, 404, "This link does not work")
	_, err := w.store.Cancel(t.Context(), w.vendor.ID, g.id, true, w.now)
	w.must(err)
	keys := w.store.Keys()
	token := strings.TrimPrefix(g.review, "/review/")
	forged := []byte(token)
	forged[60] ^= 1
	cases := map[string]answer{
		"revoked":                         g.get(g.review),
		"a form sent to a revoked one":    g.post(g.review, map[string][]string{"rating": {"4"}}),
		"a beacon sent to a revoked one":  g.post(g.review+"/open", map[string][]string{"input": {"key"}}),
		"bad MAC":                         w.get("/review/" + string(forged)),
		"cut":                             w.get("/review/" + token[:65]),
		"longer":                          w.get("/review/" + token + "A"),
		"an opt-out token":                w.get(strings.Replace(g.optOut, "/u/", "/review/", 1)),
		"a vendor that is not":            w.get("/review/" + keys.ReviewToken(1, core.NewVendorID(w.now), g.id)),
		"an invitation that is not":       w.get("/review/" + keys.ReviewToken(1, w.vendor.ID, core.NewInvitationID(w.now))),
		"opt-out: bad MAC":                w.get("/u/x"),
		"opt-out: a review token":         w.get("/u/" + token),
		"opt-out: POST with a bad MAC":    w.post("/u/x", oneClick),
		"opt-out: a vendor that is not":   w.get("/u/" + keys.OptOutToken(1, core.NewVendorID(w.now), g.id)),
		"opt-out: no invitation":          w.get("/u/" + keys.OptOutToken(1, w.vendor.ID, core.NewInvitationID(w.now))),
		"opt-out: POST for no invitation": w.post("/u/"+keys.OptOutToken(1, w.vendor.ID, core.NewInvitationID(w.now)), oneClick),
	}
	for name, got := range cases {
		if got.status != 404 || got.body != want.body || len(got.header) != len(want.header) {
			t.Errorf("%s: got %d %v\n%s", name, got.status, got.header, got.body)
		}
	}
}

func TestALinkExpiresAtOnce(t *testing.T) {
	g := newWorld(t).sent()
	end := g.invitation().ExpiresAt
	f := g.fills()
	g.now = end.Add(-1000)
	g.get(g.review).want(t, 200, "How was your order")
	g.now = end
	g.get(g.review).want(t, 410, "This link has expired", "is over")
	g.post(g.review, f).want(t, 410, "This link has expired")
	g.post(g.review+"/open", map[string][]string{"input": {"key"}, "visible": {"1000"}, "stamp": f["stamp"]}).want(t, 422)
	g.counts(0, 0)
}

func TestAReviewCanBeChangedUntilTheLinkExpires(t *testing.T) {
	g := newWorld(t).sent()
	f := g.fills("rating", "5")
	g.post(g.review, f).want(t, 200)
	g.now = g.invitation().ExpiresAt
	g.get(g.review).want(t, 410, "is kept", "The time to change it is over")
	f.Set("rating", "1")
	g.post(g.review, f).want(t, 410)
	if r := g.kept(); r.Rating != 5 {
		t.Errorf("got rating %d, want 5", r.Rating)
	}
}

func TestPagesTellNothingOfTheCustomer(t *testing.T) {
	g := newWorld(t).sent()
	pages := []answer{g.get(g.review), g.post(g.review, g.fills()), g.get(g.optOut), g.post(g.optOut, oneClick), g.get(g.optOut)}
	g.now = g.now.Add(91 * day)
	for _, a := range append(pages, g.get(g.review)) {
		for _, secret := range []string{address, "kunde.example", "Theodora", "Unverwechselbar", "Bestellung-"} {
			if strings.Contains(a.body, secret) {
				t.Errorf("%q is on a page that can be forwarded", secret)
			}
		}
	}
}

func TestPagesAreClosedToTheWorld(t *testing.T) {
	g := newWorld(t).sent()
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"Referrer-Policy":         "no-referrer",
		"Cache-Control":           "no-store",
		"X-Content-Type-Options":  "nosniff",
		"X-Robots-Tag":            "noindex, nofollow",
		"Set-Cookie":              "",
		"Location":                "",
	}
	for _, a := range []answer{g.get(g.review), g.get("/review/x"), g.post(g.review, g.fills()), g.opens(), g.get(g.optOut), g.post(g.optOut, oneClick)} {
		for name, value := range want {
			if got := a.header.Get(name); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
		}
	}
}

func TestAVendorsNameIsText(t *testing.T) {
	w := newWorld(t)
	w.vendor.Name, w.vendor.Settings.Website = `<img src=x onerror="alert(1)">`, ""
	v, err := w.store.PutVendor(t.Context(), w.vendor)
	w.must(err)
	w.vendor = v
	a := w.get(w.sent().review).want(t, 200, "&lt;img src=x")
	if strings.Contains(a.body, "<img") || strings.Contains(a.body, "Visit") {
		t.Errorf("want the name as text and no link without a website:\n%s", a.body)
	}
}
