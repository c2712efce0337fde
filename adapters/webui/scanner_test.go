package webui_test

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestScannersCountNothing is what is known of machines that look at links in
// mail: they fetch, run scripts, post and submit (DESIGN section 8).
func TestScannersCountNothing(t *testing.T) {
	cases := []struct {
		name   string
		visits int
		does   func(t *testing.T, g *guest)
	}{
		{"HEAD", 1, func(t *testing.T, g *guest) {
			if a := g.do("HEAD", g.review, ""); a.status != 200 || a.body != "" {
				t.Errorf("got %d and %d bytes, want 200 and none", a.status, len(a.body))
			}
		}},
		{"GET fifty times", 50, func(_ *testing.T, g *guest) {
			for range 50 {
				g.get(g.review)
			}
		}},
		{"GET by a scanner that says so", 1, func(_ *testing.T, g *guest) {
			g.do("GET", g.review, "", "User-Agent", "Barracuda Sentinel (EE)", "Sec-Purpose", "prefetch;prerender")
		}},
		{"GET with a star", 1, func(t *testing.T, g *guest) {
			if a := g.get(g.review + "?stars=5"); strings.Contains(a.body, "checked") {
				t.Error("the star from the mail is chosen already")
			}
		}},
		{"the script's beacon without input", 1, func(t *testing.T, g *guest) {
			stamp := g.stamp()
			g.now = g.now.Add(time.Minute)
			g.post(g.review+"/open", url.Values{"stamp": {stamp}, "visible": {"5000"}, "input": {""}}).want(t, 422)
		}},
		{"a beacon caused by a script that scrolls", 1, func(t *testing.T, g *guest) {
			stamp := g.stamp()
			g.now = g.now.Add(time.Minute)
			g.post(g.review+"/open", url.Values{"stamp": {stamp}, "visible": {"5000"}, "input": {"scroll"}}).want(t, 422)
		}},
		{"a beacon within the first second", 1, func(t *testing.T, g *guest) {
			stamp := g.stamp()
			g.now = g.now.Add(999 * time.Millisecond)
			g.post(g.review+"/open", url.Values{"stamp": {stamp}, "visible": {"5000"}, "input": {"key"}}).want(t, 422)
		}},
		{"a beacon of a page hardly visible", 1, func(t *testing.T, g *guest) {
			stamp := g.stamp()
			g.now = g.now.Add(time.Minute)
			g.post(g.review+"/open", url.Values{"stamp": {stamp}, "visible": {"999"}, "input": {"key"}}).want(t, 422)
		}},
		{"a beacon with another link's stamp", 1, func(t *testing.T, g *guest) {
			other := g.sent().stamp()
			g.now = g.now.Add(time.Minute)
			g.get(g.review)
			g.post(g.review+"/open", url.Values{"stamp": {other}, "visible": {"5000"}, "input": {"key"}}).want(t, 422)
		}},
		{"a beacon without anything", 0, func(t *testing.T, g *guest) {
			g.do("POST", g.review+"/open", "").want(t, 422)
			g.do("GET", g.review+"/open", "").want(t, 405)
		}},
		{"the form as it is", 1, func(t *testing.T, g *guest) {
			f := g.fills()
			f.Del("rating")
			g.post(g.review, f).want(t, 422, "Your rating is missing")
		}},
		{"the form with a rating within two seconds", 1, func(t *testing.T, g *guest) {
			f := g.fills()
			g.now = g.now.Add(-time.Microsecond)
			g.post(g.review, f).want(t, 422, "came very quickly")
		}},
		{"the form with every field filled in", 1, func(t *testing.T, g *guest) {
			g.post(g.review, g.fills("homepage", "https://x.example", "text", "x")).want(t, 422, "hidden field")
		}},
		{"a form that no page made", 0, func(t *testing.T, g *guest) {
			g.post(g.review, url.Values{"rating": {"5"}, "stamp": {"AAZg2HC6wDzJTgd1jH5xPkUo1BnfuPL0"}}).want(t, 422, "not one that this page made")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newWorld(t).sent()
			c.does(t, g)
			g.counts(0, 0)
			if inv := g.invitation(); inv.Visits != c.visits || inv.State.String() != "sent" {
				t.Errorf("got %d visits, %v, want %d, sent", inv.Visits, inv.State, c.visits)
			}
		})
	}
}
