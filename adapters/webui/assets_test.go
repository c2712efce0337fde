package webui_test

import (
	"regexp"
	"strings"
	"testing"
)

func TestAssetsAreOursAndKeptForEver(t *testing.T) {
	g := newWorld(t).sent()
	page := g.get(g.review).body
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	found := regexp.MustCompile(`(?:href|src)="(/assets/[a-z]+-[0-9a-f]{12}(\.[a-z]+))"`).FindAllStringSubmatch(page, -1)
	if len(found) != len(kinds) {
		t.Fatalf("got %v, want style, script and icon", found)
	}
	for _, m := range found {
		a := g.get(m[1]).want(t, 200)
		if a.header.Get("Content-Type") != kinds[m[2]] || a.header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(a.header.Get("Cache-Control"), "immutable") || len(a.body) < 100 {
			t.Errorf("%s: got %v, %d bytes", m[1], a.header, len(a.body))
		}
		if strings.Contains(strings.ReplaceAll(a.body, "http://www.w3.org/2000/svg", ""), "://") {
			t.Errorf("%s names another site", m[1])
		}
	}
	g.get("/assets/review.css").want(t, 404)
	g.get("/assets/..%2fassets.go").want(t, 404)
}

// TestNothingIsLoadedFromElsewhere holds the page to its promise, the vendor's
// own link apart.
func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	g := newWorld(t).sent()
	page := strings.ReplaceAll(g.get(g.review).body, `<a href="https://morgenrot.example" rel="noreferrer noopener">`, "")
	if i := strings.Index(page, "//"); i >= 0 {
		t.Errorf("the page leads elsewhere: %s", page[i:min(len(page), i+60)])
	}
	if m := regexp.MustCompile(`<style|<[^>]* (on[a-z]+|style)=|javascript:`).FindString(page); m != "" {
		t.Errorf("%q is on the page, which the policy forbids", m)
	}
}
