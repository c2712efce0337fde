package webui_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
)

func (g *guest) opens() answer {
	g.Helper()
	f := url.Values{"stamp": {g.stamp()}, "visible": {"1000"}, "input": {"pointer"}}
	g.now = g.now.Add(time.Second)
	return g.post(g.review+"/open", f)
}

func (g *guest) kept() core.Review {
	g.Helper()
	r, err := g.store.Review(g.Context(), g.vendor.ID, g.id)
	g.must(err)
	return r
}

func TestAPersonOpens(t *testing.T) {
	g := newWorld(t).sent()
	g.opens().want(t, 204)
	g.counts(1, 0)
	g.opens().want(t, 204)
	g.counts(1, 0)
}

func TestAPersonReviews(t *testing.T) {
	g := newWorld(t).sent()
	g.post(g.review, g.fills("rating", "2", "title", "Späte Bohnen", "text", "Kam spät.\r\nSchmeckt.", "display_name", "Kim")).
		want(t, 200, "Thank you", "Späte Bohnen", "Kam spät.\nSchmeckt.", "Kim", "2 stars of five", "until 20 February 2027")
	g.counts(1, 1)
	if r := g.kept(); r.Rating != 2 || r.Title != "Späte Bohnen" || r.Text != "Kam spät.\nSchmeckt." || r.DisplayName != "Kim" || r.Moderation != "pending" {
		t.Errorf("kept %+v", r)
	}
}

func TestTheSameLinkEdits(t *testing.T) {
	g := newWorld(t).sent()
	g.post(g.review, g.fills("rating", "2", "title", "Meh")).want(t, 200)
	a := g.get(g.review).want(t, 200, `value="Meh"`, "Save my changes", "until 20 February 2027")
	if n := strings.Count(a.body, " checked"); n != 1 || !strings.Contains(a.body, `value="2" checked`) {
		t.Errorf("want only the second star chosen, got %d", n)
	}
	g.post(g.review, g.fills("rating", "5", "title", "Grew on me")).want(t, 200, "Grew on me")
	g.counts(1, 1)
	if r := g.kept(); r.Rating != 5 || r.Title != "Grew on me" || r.EditedAt.IsZero() {
		t.Errorf("kept %+v", r)
	}
}

func TestEveryRatingLeadsToTheSamePage(t *testing.T) {
	var pages []string
	for _, rating := range []string{"1", "5"} {
		g := newWorld(t).sent()
		page := g.post(g.review, g.fills("rating", rating)).want(t, 200, "https://morgenrot.example").body
		page = page[:strings.Index(page, "<article")] + page[strings.Index(page, "</article"):]
		pages = append(pages, strings.ReplaceAll(page, g.review, ""))
	}
	if pages[0] != pages[1] {
		t.Errorf("one star leads to\n%s\nfive stars lead to\n%s", pages[0], pages[1])
	}
}

func TestTheStarFromTheMailIsAHint(t *testing.T) {
	g := newWorld(t).sent()
	a := g.get(g.review+"?stars=4").want(t, 200, "you chose 4 stars")
	if strings.Count(a.body, `class="hinted"`) != 4 || strings.Contains(a.body, " checked") {
		t.Error("want four stars highlighted and none chosen")
	}
	for _, other := range []string{"?stars=6", "?stars=%3Cb%3E", "?stars=", ""} {
		if a := g.get(g.review + other); strings.Contains(a.body, "hinted") {
			t.Errorf("%q highlights stars", other)
		}
	}
}

func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	g := newWorld(t).sent()
	text := strings.Repeat("ä", 5001)
	f := g.fills("rating", "3", "title", "kept title", "text", text, "display_name", "Kim")
	a := g.post(g.review, f).want(t, 422, "Your review has 5001 characters; at most 5000 fit", `href="#text"`, `aria-invalid="true"`,
		`value="3" checked`, `value="kept title"`, text, `value="Kim"`, f.Get("stamp"))
	if strings.Contains(a.body, "Thank you") {
		t.Error("a refused review is thanked for")
	}
	f.Set("text", text[:len(text)-len("ä")])
	g.post(g.review, f).want(t, 200)
	g.counts(1, 1)
}

func TestAQuickPersonPressesTwice(t *testing.T) {
	g := newWorld(t).sent()
	f := g.fills("text", "quick")
	g.now = g.now.Add(-time.Second)
	f.Set("stamp", stampField.FindStringSubmatch(g.post(g.review, f).want(t, 422, "press the button once more", "quick").body)[1])
	g.now = g.now.Add(time.Second)
	g.post(g.review, f).want(t, 200)
}

func TestAStampFromTheFutureIsReplaced(t *testing.T) {
	g := newWorld(t).sent()
	f := g.fills()
	g.now = g.now.Add(-time.Hour)
	fresh := stampField.FindStringSubmatch(g.post(g.review, f).want(t, 422).body)[1]
	if fresh == f.Get("stamp") {
		t.Error("the wall went back, and the customer would have to wait for it")
	}
}

func TestAReviewOutlivesAStoreThatFails(t *testing.T) {
	g := newWorld(t).sent()
	g.broken.complete = errors.New("the disk is full of crumbs")
	a := g.post(g.review, g.fills("text", "all of my thoughts")).want(t, 503, "not saved yet", "all of my thoughts", `value="4" checked`)
	if a.header.Get("Retry-After") == "" || strings.Contains(a.body, "crumbs") {
		t.Errorf("got %v", a.header)
	}
	if !strings.Contains(g.logs.String(), "crumbs") || strings.Count(g.logs.String(), "\n") != 1 {
		t.Errorf("want one line in the log, got %q", g.logs.String())
	}
}

func TestAVisitThatCannotBeCountedShowsThePage(t *testing.T) {
	g := newWorld(t).sent()
	g.broken.visit = errors.New("no more room")
	g.get(g.review).want(t, 200, "How was your order")
	log := g.logs.String()
	if strings.Count(log, "\n") != 1 || !strings.Contains(log, g.id.String()) || strings.Contains(log, strings.TrimPrefix(g.review, "/review/")) {
		t.Errorf("want one line with the invitation and without the token, got %q", log)
	}
}

func TestWhoIsSuppressedMayStillReview(t *testing.T) {
	g := newWorld(t).scheduled()
	g.post(g.optOut, oneClick).want(t, 200)
	g.post(g.review, g.fills()).want(t, 200, "Thank you")
	g.counts(1, 1)
}

func TestAReviewBeforeTheMail(t *testing.T) {
	g := newWorld(t).scheduled()
	g.opens().want(t, 204)
	g.counts(0, 0)
	g.post(g.review, g.fills()).want(t, 200, "Thank you")
	g.counts(1, 1)
}

func TestNastyTextIsTextAndIsKept(t *testing.T) {
	cases := map[string]struct{ typed, kept, shown string }{
		"markup":    {"<b>x</b>&amp;", "<b>x</b>&amp;", "&lt;b&gt;x&lt;/b&gt;&amp;amp;"},
		"script":    {"</textarea><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;"},
		"attribute": {`" onfocus="alert(1)" x='`, `" onfocus="alert(1)" x='`, "&#34; onfocus=&#34;alert(1)&#34; x=&#39;"},
		"template":  {"{{.}} ${7*7} { x }", "{{.}} ${7*7} { x }", "{{.}} ${7*7} { x }"},
		"bidi":      {"\u202egnp.exe", "gnp.exe", "gnp.exe"},
		"emoji":     {"👩\u200d🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩\u200d🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩\u200d🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := newWorld(t).sent()
			g.post(g.review, g.fills("title", c.typed, "text", c.typed, "display_name", c.typed)).want(t, 200, c.shown)
			if r := g.kept(); r.Title != c.kept || r.Text != c.kept || r.DisplayName != c.kept {
				t.Errorf("kept %+v, want %q", r, c.kept)
			}
			a := g.get(g.review).want(t, 200, "<textarea", "\n"+c.shown+"</textarea>")
			if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, `" onfocus`) {
				t.Errorf("the text became markup:\n%s", a.body)
			}
		})
	}
}

func TestTheLongestReviewFits(t *testing.T) {
	g := newWorld(t).sent()
	text, title, name := strings.Repeat("😀", 5000), strings.Repeat("😀", 200), strings.Repeat("😀", 80)
	g.post(g.review, g.fills("text", text, "title", title, "display_name", name)).want(t, 200, text)
	if g.kept().Text != text {
		t.Error("something of it is lost")
	}
}

func TestAFirstEmptyLineIsNotEaten(t *testing.T) {
	g := newWorld(t).sent()
	g.post(g.review, g.fills("rating", "", "text", "\n\nlate start")).want(t, 422, ">\n\n\nlate start</textarea>")
}
