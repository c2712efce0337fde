package webui_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
)

var oneClick = url.Values{"List-Unsubscribe": {"One-Click"}}

func (g *guest) suppressed() core.Reason {
	g.Helper()
	why, err := g.store.Suppressed(g.Context(), g.vendor.ID, g.id)
	g.must(err)
	return why
}

func TestLookingAtTheOptOutPageChangesNothing(t *testing.T) {
	g := newWorld(t).sent()
	g.get(g.optOut).want(t, 200, "Kaffeerösterei Morgenrot", "Stop these e-mails", `value="One-Click"`)
	g.do("HEAD", g.optOut, "").want(t, 200)
	if why := g.suppressed(); why != "" {
		t.Errorf("got %q, want nothing", why)
	}
	if v := g.invitation().Visits; v != 0 {
		t.Errorf("got %d visits, want none: this is not the review page", v)
	}
}

func TestOneClickOptsOut(t *testing.T) {
	const multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	cases := []struct {
		name, body string
		header     []string
	}{
		{"the page's button", oneClick.Encode(), []string{"Sec-Fetch-Site", "same-origin"}},
		{"a mail provider", oneClick.Encode(), nil},
		{"a mail program in a browser, from another site", oneClick.Encode(), []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://mail.example"}},
		{"a mail provider that sends parts", multipart, []string{"Content-Type", "multipart/form-data; boundary=b"}},
		{"without a content type", oneClick.Encode(), []string{"Content-Type", ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newWorld(t).scheduled()
			g.do("POST", g.optOut, c.body, c.header...).want(t, 200, "will not ask you for a review again")
			if why := g.suppressed(); why != core.OptedOut {
				t.Errorf("got %q, want %q", why, core.OptedOut)
			}
			if s := g.invitation().State; s != core.Suppressed {
				t.Errorf("got %v, want the mail withdrawn", s)
			}
		})
	}
}

func TestOptingOutAgainIsSettledToo(t *testing.T) {
	g := newWorld(t).sent()
	g.post(g.optOut, oneClick).want(t, 200)
	g.get(g.optOut).want(t, 200, "That’s settled")
	g.post(g.optOut, oneClick).want(t, 200)
}

func TestOptOutNeedsThePress(t *testing.T) {
	g := newWorld(t).sent()
	for name, body := range map[string]string{"empty": "", "another field": "x=y", "another value": "List-Unsubscribe=No", "broken parts": "--x"} {
		header := []string{}
		if name == "broken parts" {
			header = []string{"Content-Type", "multipart/form-data; boundary=b"}
		}
		if a := g.do("POST", g.optOut, body, header...); a.status != 400 {
			t.Errorf("%s: got %d, want 400", name, a.status)
		}
	}
	if why := g.suppressed(); why != "" {
		t.Errorf("got %q, want nothing", why)
	}
}

func TestOptOutWorksForEver(t *testing.T) {
	g := newWorld(t).sent()
	_, err := g.store.Cancel(t.Context(), g.vendor.ID, g.id, true, g.now)
	g.must(err)
	g.now = g.now.Add(400 * day)
	_, _, err = g.store.Expire(t.Context(), g.now, 10)
	g.must(err)
	_, _, err = g.store.Retain(t.Context(), g.now.Add(400*day), 10)
	g.must(err)
	g.get(g.optOut).want(t, 200, "Stop these e-mails")
	g.post(g.optOut, oneClick).want(t, 200)
}

func TestOptOutWaitsForALetterOnItsWay(t *testing.T) {
	w := newWorld(t)
	g, ref := w.leased()
	w.mount(30 * time.Millisecond)
	a := g.post(g.optOut, oneClick).want(t, 503, "may still arrive", "Check again")
	if a.header.Get("Retry-After") == "" {
		t.Error("want Retry-After")
	}
	if why := g.suppressed(); why != core.OptedOut {
		t.Errorf("got %q, want it noted already", why)
	}
	w.must(w.store.Settle(t.Context(), ref, core.Outcome{Begun: true, ProviderID: "p1"}, w.now))
	g.post(g.optOut, oneClick).want(t, 200)
}

func TestOptOutIsAnsweredWhenTheLetterSettles(t *testing.T) {
	w := newWorld(t)
	g, ref := w.leased()
	w.broken.looked = func(ctx context.Context) {
		w.must(w.store.Settle(ctx, ref, core.Outcome{Begun: true, ProviderID: "p1"}, w.now))
	}
	g.post(g.optOut, oneClick).want(t, 200, "will not ask you")
	if strings.Contains(g.logs.String(), "error") {
		t.Errorf("got %q", g.logs.String())
	}
}
